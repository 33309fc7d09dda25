"""Automatic top-up: the attempts that a wallet's rule makes, by itself or on a customer's word.

One attempt is in flight per wallet (`top_up_one_automatic`): `attempt` decides under the wallet's lock, writes the
top-up and disarms the wallet in one transaction, and only then asks the provider. What comes of it is settled by
`billing.services.auto_top_up_outcomes`. A charge that takes the balance below `Wallet.auto_top_up_below` rings for an
attempt; `attempt_due` finds what no bell told of. Nothing is attempted while the wallet is frozen by a dispute, the
account suspended or invoiced, or the product does not offer it.
"""

from __future__ import annotations

import logging
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import AutoTopUp, AutoTopUpStatus, Card, TopUp, TopUpOrigin, TopUpStatus, TopUpTerms, WalletMode
from billing.providers.base import FailureReason
from billing.selectors.auto_top_up import (
    added_in,
    amount_to_add,
    default_organization,
    in_flight,
    month_of,
    most_at_once,
    price_of_automatic,
)
from billing.selectors.cards import default_card
from billing.services import top_ups
from billing.services.auto_top_up_outcomes import ACTING, arm, ceiling_reached, disarm, failed, unpriced
from billing.services.auto_top_up_rule import save_rule, turn_off
from billing.services.books import Books
from billing.services.ledger import open_books, write
from billing.services.settling import fail
from billing.services.state import WalletState
from organizations.database import run
from organizations.models import Account

__all__ = ["attempt", "attempt_due", "retry", "save_rule", "turn_off"]

logger = logging.getLogger(__name__)

BATCH = 200
DUE = """
SELECT w.id
  FROM billing_autotopup r
  JOIN billing_wallet w ON w.id = r.wallet_id
  JOIN organizations_account a ON a.id = w.account_id
 WHERE r.status IN ('on', 'cooling') AND (r.next_attempt_at IS NULL OR r.next_attempt_at <= %s::timestamptz)
   AND (w.auto_top_up_below IS NULL OR w.paid + w.promo + w.allotment - w.debt < w.auto_top_up_below)
   AND NOT w.is_frozen AND w.mode = 'prepaid' AND a.status = 'active' AND w.id > %s::bigint
   AND NOT EXISTS (SELECT FROM billing_topup t WHERE t.wallet_id = w.id AND t.origin = 'auto'
                    AND t.status IN ('created', 'pending', 'requires_action', 'unknown'))
 ORDER BY w.id LIMIT %s::int
"""


def attempt(*, wallet_id: int) -> TopUp | None:
    """Top the wallet up as its rule says, if it is time to; None where nothing was attempted.

    Safe to call at any moment and as often as one likes. Never inside a transaction.
    """
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        top_up = _begin_by_rule(books, books.wallets[wallet_id])
        write(books)
    return None if top_up is None else _submitted(top_up)


def attempt_due() -> int:
    """Attempt for every wallet whose balance or time asks for it, and that no bell told of; returns how many began."""
    began, last = 0, 0
    while True:
        (due,) = run((DUE, [timezone.now(), last, BATCH]))
        if not due:
            return began
        for (wallet_id,) in due:
            try:
                began += attempt(wallet_id=wallet_id) is not None
            except Exception:  # one wallet must not keep the others waiting
                logger.exception("The automatic top-up of wallet %s could not be attempted", wallet_id)
        last = due[-1][0]


def retry(*, wallet_id: int, user_id: int) -> TopUp:
    """Charge at once because a member or staff says so, without waiting for the cooling to end; their id is kept.

    Also for a rule that three failures have disabled: a success turns it on again, a failure leaves it disabled. The
    attempt that is in flight is returned instead of a second one; the month's ceiling holds. Raises ValidationError,
    which says what to do, where nothing can be charged or need be. Never inside a transaction.
    """
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        wallet = books.wallets[wallet_id]
        rule = AutoTopUp.objects.filter(pk=wallet_id).exclude(status=AutoTopUpStatus.OFF).first()
        if rule is None:
            raise ValidationError(_("Automatic top-up is off. Turn it on first."))
        top_up = in_flight(wallet_id) or _begin_by_hand(books, wallet, rule, user_id)
        write(books)
    return _submitted(top_up)


def _begin_by_rule(books: Books, wallet: WalletState) -> TopUp | None:
    """The row of an attempt, if the rule asks for one now. A pause that is over ends here."""
    rule = AutoTopUp.objects.filter(pk=wallet.id, status__in=ACTING).first()
    if rule is None or in_flight(wallet.id) is not None:
        return None
    if rule.next_attempt_at is not None and rule.next_attempt_at > books.now:
        return None
    terms, account = _terms_and_account(wallet)
    if _obstacle(wallet, terms):
        return None
    if wallet.balance >= rule.threshold.amount:
        _wait_for_the_threshold(rule, wallet)
        return None
    amount = _amount(rule, wallet, terms)
    if amount == 0:
        ceiling_reached(rule, wallet, month=month_of(books.now, wallet.zone))
        return None
    try:
        return _begin(books, wallet, rule, account, amount, card=default_card(wallet.id), user_id=None)
    except ValidationError as error:
        unpriced(rule, wallet, books, amount=amount, why="; ".join(error.messages))
        return None


def _begin_by_hand(books: Books, wallet: WalletState, rule: AutoTopUp, user_id: int) -> TopUp:
    """The row of a retry, or a ValidationError that says why there can be none."""
    terms, account = _terms_and_account(wallet)
    card = default_card(wallet.id)
    if obstacle := _obstacle(wallet, terms):
        raise ValidationError(obstacle)
    if card is None:
        raise ValidationError(_("No card is saved. Add one, then retry the charge."))
    if wallet.balance >= rule.threshold.amount:
        raise ValidationError(_("The balance is not below the threshold any more: nothing needs to be charged."))
    amount = _amount(rule, wallet, terms)
    if amount == 0:
        raise ValidationError(_("The monthly ceiling leaves no room for another charge. Raise it first."))
    return _begin(books, wallet, rule, account, amount, card=card, user_id=user_id)


def _begin(
    books: Books,
    wallet: WalletState,
    rule: AutoTopUp,
    account: Account,
    amount: Decimal,
    *,
    card: Card | None,
    user_id: int | None,
) -> TopUp:
    """Write the attempt and disarm the wallet; without a card the attempt has failed already.

    Raises ValidationError when the amount has no price.
    """
    price = price_of_automatic(account, amount, at=books.now)
    organization = default_organization(account)
    disarm(wallet)
    top_up = top_ups.new_top_up(
        wallet_id=wallet.id,
        price=price,
        at=books.now,
        origin=TopUpOrigin.AUTO,
        organization_id=organization.pk if organization else None,
        user_id=user_id,
        card=card,
        ceiling=rule.monthly_ceiling.amount if rule.monthly_ceiling is not None else None,
        month=month_of(books.now, wallet.zone),
    )
    if card is None:
        words = _("No payment method is set for automatic top-ups.")
        fail(top_up, FailureReason.NO_PAYMENT_METHOD, words, books.now)
        top_up.save()
        failed(rule, wallet, books, top_up, reason=FailureReason.NO_PAYMENT_METHOD)
    return top_up


def _submitted(top_up: TopUp) -> TopUp:
    """The attempt with what the provider made of it, where it has not been asked yet."""
    return top_ups.submit(top_up_id=top_up.pk) if top_up.status == TopUpStatus.CREATED else top_up


def _amount(rule: AutoTopUp, wallet: WalletState, terms: TopUpTerms) -> Decimal:
    """What to charge for now, zero where the month's ceiling leaves no room."""
    left = None
    if rule.monthly_ceiling is not None:
        left = rule.monthly_ceiling.amount - added_in(wallet.id, month_of(wallet.local_now, wallet.zone))
    amount = rule.amount.amount
    return amount_to_add(
        balance=wallet.balance,
        threshold=rule.threshold.amount,
        amount=amount,
        most=most_at_once(terms, amount=amount, left=left),
    )


def _wait_for_the_threshold(rule: AutoTopUp, wallet: WalletState) -> None:
    """Nothing is to be charged: whatever the rule waited for is over, its next failure is still the next in a row."""
    rule.status, rule.next_attempt_at = AutoTopUpStatus.ON, None
    rule.save(update_fields=["status", "next_attempt_at"])
    arm(rule, wallet)


def _obstacle(wallet: WalletState, terms: TopUpTerms) -> str:
    """Why no card may be charged now, in words; empty when it may."""
    if not terms.offers_auto_top_up:
        return _("Automatic top-up is not offered.")
    if wallet.account_status != Account.Status.ACTIVE:
        return _("The account is suspended. Payments are closed until it is active again.")
    if wallet.is_frozen:
        return _("A payment is disputed: no card is charged until that is decided.")
    if wallet.mode != WalletMode.PREPAID:
        return _("The account pays by invoice.")
    return ""


def _terms_and_account(wallet: WalletState) -> tuple[TopUpTerms, Account]:
    account = Account.objects.select_related("product").get(pk=wallet.account_id)
    return TopUpTerms.objects.get(pk=account.product_id), account
