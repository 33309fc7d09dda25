"""A wallet with a rule: set, charged below its threshold, attempted and looked at."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from billing.models import AutoTopUp, AutoTopUpStatus, Card, TopUp, Wallet
from billing.selectors.auto_top_up import automatic
from billing.services import auto_top_up
from billing.services.books import Note
from billing.services.credits import adjust
from billing.services.ledger import open_books, write
from notifications.models import Incident
from notifications.selectors.incidents import open_incidents
from organizations.models import Account
from tests.billing.letters import told
from tests.billing.topups.paying import saved_card
from tests.factories import make_member

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld

DECLINING = "pm_card_chargeCustomerFail"
ASKING = "pm_card_authenticationRequired"
CONFIRMED, FAILED, TURNED_OFF = "confirmation", "auto_top_up_failed:", "auto_top_up_disabled:"


def set_rule(
    account: Account, *, threshold: str = "20", amount: str = "50", ceiling: str | None = None, is_on: bool = True
) -> AutoTopUp:
    """Save the account's rule; nothing is attempted yet, as no worker listens."""
    return auto_top_up.save_rule(
        wallet_id=account.wallet.pk,
        threshold=Decimal(threshold),
        amount=Decimal(amount),
        monthly_ceiling=Decimal(ceiling) if ceiling else None,
        is_on=is_on,
        user_id=None,
    )


def rule_of(account: Account) -> AutoTopUp:
    """The rule as it stands."""
    return AutoTopUp.objects.get(pk=account.wallet.pk)


def standing(account: Account) -> tuple[str, int]:
    """The rule's status and its failures in a row."""
    rule = rule_of(account)
    return AutoTopUpStatus(rule.status).value, rule.failures


def charge(account: Account, amount: str, key: str) -> None:
    """One call that costs so much."""
    with transaction.atomic():
        books, _ = open_books([account.wallet.pk])
        books.charge(books.wallets[account.wallet.pk], Decimal(amount), Note("call", key, "Call"))
        write(books)


def spend(account: Account, amount: str, key: str) -> None:
    """Money gone without a call, so that every invariant still holds."""
    adjust(wallet_id=account.wallet.pk, amount=-Decimal(amount), reason="Spent", actor_id=None, key=key)


def attempt(account: Account) -> TopUp | None:
    """What a worker does when it is rung."""
    return auto_top_up.attempt(wallet_id=account.wallet.pk)


def retry(account: Account) -> TopUp:
    """What a member does who presses the button of the banner."""
    return auto_top_up.retry(wallet_id=account.wallet.pk, user_id=make_member(account).pk)


def cool_down(account: Account) -> None:
    """The pause after a failure is over."""
    AutoTopUp.objects.filter(pk=account.wallet.pk).update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def attempts(account: Account) -> list[tuple[Decimal, str, str]]:
    """The automatic top-ups, oldest first: amount, status and why it failed."""
    return [(each.amount.amount, each.status, each.failure_code) for each in automatic(account.wallet.pk).reverse()]


def balance(account: Account) -> Decimal:
    """The customer's money."""
    wallet = Wallet.objects.get(account=account)
    return Decimal(wallet.paid.amount + wallet.promo.amount + wallet.allotment.amount - wallet.debt.amount)


def armed_below(account: Account) -> Decimal | None:
    """The balance below which the wallet's charges ring."""
    below = Wallet.objects.get(account=account).auto_top_up_below
    return below.amount if below is not None else None


def banner(account: Account) -> Incident | None:
    """What the pages show of automatic top-up."""
    return next(iter(open_incidents(account.pk)), None)


def letters(kind: str) -> int:
    """How many letters of a kind are sent."""
    return len(told.letters(kind))


def behave(stripe: StripeWorld, card: Card, **behaviour: Any) -> None:
    """Have the card do something else from now on, such as `decline="insufficient_funds"`."""
    stripe.site.set_card_behaviour(card.reference, **behaviour)


def with_card(stripe: StripeWorld, account: Account, token: str = "pm_card_visa") -> Card:
    """The account's card, saved at Stripe and here."""
    return saved_card(stripe, account, token)
