"""The rule of automatic top-up: what a customer agrees to, and what a saved or removed card means for it.

Turning it on is an agreement to be charged, kept with who gave it and when. A change while an attempt is in flight
does not touch the attempt; a change while the rule cools down does not end the pause.
"""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import AutoTopUp, AutoTopUpStatus, TopUpTerms, WalletMode
from billing.providers.base import FailureReason
from billing.selectors.auto_top_up import INCIDENT_KIND, price_of_automatic
from billing.selectors.cards import default_card
from billing.services.auto_top_up_outcomes import ACTING, TASK, arm, disarm, unresolved, warn_without_card
from billing.services.books import Books
from billing.services.credits import check_amount
from billing.services.doorbells import ring
from billing.services.ledger import open_books, write
from billing.services.state import WalletState
from notifications.services.incidents import resolve
from organizations.models import Account


def save_rule(
    *,
    wallet_id: int,
    threshold: Decimal,
    amount: Decimal,
    monthly_ceiling: Decimal | None,
    is_on: bool,
    user_id: int | None,
) -> AutoTopUp:
    """Set the rule, amounts in the wallet's currency. One that is turned on below its threshold begins at once.

    Turned on anew it has no failures. Raises ValidationError, keyed by the field to correct; a rule that is turned off
    is only asked for amounts that can be kept.
    """
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        wallet = books.wallets[wallet_id]
        _check(books, wallet, threshold=threshold, amount=amount, monthly_ceiling=monthly_ceiling, is_on=is_on)
        rule = AutoTopUp.objects.filter(pk=wallet_id).first() or AutoTopUp(pk=wallet_id, currency=wallet.currency)
        rule.threshold, rule.amount, rule.monthly_ceiling = threshold, amount, monthly_ceiling
        if not is_on:
            _turn_off(rule, wallet)
        elif rule.status not in ACTING:
            _turn_on(rule, wallet, books, user_id)
        elif rule.status == AutoTopUpStatus.ON:
            rule.next_attempt_at = None  # it waited for the next month: the ceiling may be another now
        rule.save()
        rule.refresh_from_db()
        arm(rule, wallet)
        if is_on and wallet.balance >= threshold and default_card(wallet_id) is None:
            warn_without_card(rule, wallet)
        write(books)
    return rule


def turn_off(*, wallet_id: int) -> bool:
    """Turn the rule off as it stands; says whether that changed anything. An attempt in flight goes on."""
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        rule = AutoTopUp.objects.filter(pk=wallet_id).exclude(status=AutoTopUpStatus.OFF).first()
        if rule is not None:
            _turn_off(rule, books.wallets[wallet_id])
            rule.save(update_fields=["status", "failures", "next_attempt_at"])
        write(books)
    return rule is not None


def card_saved(books: Books, wallet: WalletState) -> None:
    """The wallet has a card to charge where it had none: a rule that failed for want of one tries again now."""
    rule = AutoTopUp.objects.filter(pk=wallet.id, status__in=ACTING).first()
    known = unresolved(wallet.account_id)
    if rule is None or known is None or known.reason != FailureReason.NO_PAYMENT_METHOD:
        return
    resolve(account_id=wallet.account_id, kind=INCIDENT_KIND)
    if rule.status == AutoTopUpStatus.COOLING:
        rule.next_attempt_at = books.now
        rule.save(update_fields=["next_attempt_at"])
        ring(TASK, wallet.id)


def card_removed(wallet: WalletState) -> None:
    """A rule that is on and has no card left says so before it needs one."""
    rule = AutoTopUp.objects.filter(pk=wallet.id, status__in=ACTING).first()
    if rule is not None and default_card(wallet.id) is None:
        warn_without_card(rule, wallet)


def _turn_on(rule: AutoTopUp, wallet: WalletState, books: Books, user_id: int | None) -> None:
    rule.status, rule.failures, rule.next_attempt_at = AutoTopUpStatus.ON, 0, None
    rule.agreed_by_id, rule.agreed_at = user_id, books.now
    resolve(account_id=wallet.account_id, kind=INCIDENT_KIND)


def _turn_off(rule: AutoTopUp, wallet: WalletState) -> None:
    rule.status, rule.failures, rule.next_attempt_at = AutoTopUpStatus.OFF, 0, None
    disarm(wallet)
    resolve(account_id=wallet.account_id, kind=INCIDENT_KIND)


def _check(
    books: Books,
    wallet: WalletState,
    *,
    threshold: Decimal,
    amount: Decimal,
    monthly_ceiling: Decimal | None,
    is_on: bool,
) -> None:
    """Raises ValidationError for a rule that could never work; every field that is wrong is named."""
    faults: dict[str, list[str]] = {}
    given = {"threshold": threshold, "amount": amount, "monthly_ceiling": monthly_ceiling}
    for name, value in given.items():
        if value is not None:
            try:
                check_amount(value, wallet.currency)
            except ValidationError as error:
                faults[name] = error.messages
    if not faults and is_on:
        account = Account.objects.select_related("product").get(pk=wallet.account_id)
        _check_offer(account, wallet)
        try:
            price_of_automatic(account, amount, at=books.now)
        except ValidationError as error:
            if "amount" not in error.message_dict:  # a card cannot be charged at all
                raise ValidationError(error.messages) from error
            faults["amount"] = error.messages
    if not faults and monthly_ceiling is not None and monthly_ceiling < amount:
        faults["monthly_ceiling"] = [_("The ceiling must leave room for one top-up at least.")]
    if faults:
        raise ValidationError(faults)


def _check_offer(account: Account, wallet: WalletState) -> None:
    if not TopUpTerms.objects.filter(pk=account.product_id, offers_auto_top_up=True).exists():
        raise ValidationError(_("Automatic top-up is not offered. Top up by hand instead."))
    if wallet.mode != WalletMode.PREPAID:
        raise ValidationError(_("The account pays by invoice: there is nothing to top up."))
