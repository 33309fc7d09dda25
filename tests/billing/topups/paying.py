"""Paying as customers do: an account that begins a top-up, its payment page, a saved card."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
from django.utils import timezone

from billing.models import Card, ProviderEvent, TopUp, Wallet
from billing.providers.stripe import client, customers
from billing.selectors.payers import payer_of
from billing.services import auto_top_up, cards, inbox, top_ups
from organizations.models import Account
from tests.factories import make_user

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld

VISA = "4242 4242 4242 4242"
DECLINED = "4000 0000 0000 0002"
CONFIRMED = "4000 0027 6000 3184"  # the bank wants the payer to confirm every payment


def begin(
    account: Account,
    amount: str = "50",
    provider: str = "stripe",
    *,
    saves_card: bool = False,
    organization_id: int | None = None,
) -> TopUp:
    """A top-up whose row is written and whose provider was not asked yet."""
    return top_ups.start(
        wallet_id=account.wallet.pk,
        amount=Decimal(amount),
        provider=provider,
        organization_id=organization_id,
        saves_card=saves_card,
        user_id=make_user().pk,
    )


def open_page(account: Account, amount: str = "50", **options: Any) -> TopUp:
    """A top-up whose payment page is open."""
    return top_ups.submit(top_up_id=begin(account, amount, **options).pk)


def press_pay(top_up: TopUp, number: str = VISA) -> int:
    """Pay on the provider's page; the status of its answer: 303 when it is done, 402 when the card was refused."""
    typed = {"number": number, "expiry": "12/34", "cvc": "123", "name": "Ada Payer"}
    return httpx.post(top_up.redirect_url, data=typed, follow_redirects=False).status_code


def confirm(stripe: StripeWorld) -> None:
    """Say yes on the bank's page of the last payment."""
    intent = stripe.site.objects("payment_intent")[-1]
    page = f"{stripe.url}/c/authenticate/{intent['id']}"
    assert httpx.post(page, data={"answer": "confirm"}, follow_redirects=False).status_code == 303


def saved_card(stripe: StripeWorld, account: Account, token: str = "pm_card_visa") -> Card:
    """A card of the account at Stripe and here."""
    customer = customers.customer_of(payer_of(account))
    made = client.client().v1.payment_methods.attach(token, {"customer": customer})
    card = cards.sync(facts=_facts(account, made.to_dict()))
    assert card is not None
    return card


def automatic(account: Account) -> TopUp:
    """An automatic top-up of 50 by the account's default card, begun by its rule as it stands after `watch`."""
    top_up = auto_top_up.attempt(wallet_id=account.wallet.pk)
    assert top_up is not None
    return top_up


def watch(account: Account) -> None:
    """Turn automatic top-up on: 50 when less than 40 remain."""
    auto_top_up.save_rule(
        wallet_id=account.wallet.pk,
        threshold=Decimal(40),
        amount=Decimal(50),
        monthly_ceiling=None,
        is_on=True,
        user_id=make_user().pk,
    )


def time_passes(minutes: int = 120) -> None:
    """All that waits for its next try is due."""
    earlier = timezone.now() - timedelta(minutes=minutes)
    TopUp.objects.filter(next_check_at__isnull=False).update(next_check_at=earlier)
    ProviderEvent.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=earlier)


def sweep() -> None:
    """What the schedule does, whatever the broker lost."""
    time_passes()
    inbox.handle_due()
    top_ups.check_due()


def balance(account: Account) -> Decimal | int:
    """The wallet's paid balance, to be compared with whole numbers."""
    return Wallet.objects.get(account=account).paid.amount


def _facts(account: Account, method: dict[str, Any]) -> Any:
    from billing.providers.base import CardFacts

    card = method["card"]
    return CardFacts(method["id"], account.pk, card["brand"], card["last4"], card["exp_month"], card["exp_year"])
