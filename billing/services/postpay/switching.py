"""An account begins to pay by monthly invoice, and goes back to prepaid (aitelier.md, 'Postpay').

Switching on opens the first period at this moment: what was charged before is no part of it, but what is owed already
is asked for by the first invoice. Switching back closes the running period at once; while its invoice is unpaid the
account stays postpay without credit, and it is prepaid again with the payment of its last invoice.
"""

from __future__ import annotations

import logging
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import BillingPeriod, PeriodStatus, PostpayTerms, Wallet, WalletMode
from billing.models.postpay import COLLECTS_BY
from billing.providers import provider as provider_called
from billing.selectors.taxation import issuer_of
from billing.services import alerts
from billing.services.books import Books
from billing.services.credits import check_amount
from billing.services.ledger import open_books, write
from billing.services.postpay import periods
from billing.services.postpay.closing import close_in
from billing.services.postpay.settling import finish_switch
from billing.services.state import ZERO, WalletState
from organizations.models import Organization

logger = logging.getLogger(__name__)

LEVELS = alerts.OF_SETTINGS | alerts.LOW | alerts.EMPTY


def switch_to_postpay(
    *,
    wallet_id: int,
    credit_limit: Decimal,
    collects_by: str,
    net_days: int,
    late_usage_hours: int,
    overdue_grace_days: int,
    organization_id: int | None,
    reason: str,
    actor_id: int | None,
) -> PostpayTerms:
    """Have the account pay by invoice from now on, calls going down to `credit_limit` (> 0, the wallet's currency).

    On one that does already it changes the terms: of the running period, not of invoices that are out. Raises
    ValidationError by field, and for a product that sells credits or has no issuer.
    """
    text = _reason(reason)
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        wallet = books.wallets[wallet_id]
        organization = _check(wallet, credit_limit, collects_by, organization_id)
        terms = PostpayTerms.objects.filter(pk=wallet_id).first() or PostpayTerms(wallet_id=wallet_id)
        before = (wallet.mode, wallet.credit_limit)
        terms.collects_by, terms.net_days, terms.late_usage_hours = collects_by, net_days, late_usage_hours
        terms.overdue_grace_days, terms.organization, terms.ends_on = overdue_grace_days, organization, None
        wallet.mode, wallet.credit_limit = WalletMode.POSTPAY.value, credit_limit
        is_new = not BillingPeriod.objects.filter(wallet_id=wallet_id, status=PeriodStatus.DRAFT).exists()
        if is_new:
            _check_is_another_day(books, wallet)
            terms.starts_on = wallet.date_of(books.now)
        terms.save()
        if is_new:
            periods.open_first(books, wallet, terms)
        _write_mode(books, wallet)
    logger.info(
        "wallet %s: user %s switched it from %s to postpay, limit %s: %s",
        wallet_id,
        actor_id,
        before,
        credit_limit,
        text,
    )
    return terms


def switch_back(*, wallet_id: int, reason: str, actor_id: int | None) -> bool:
    """End postpay: the running period is closed at once and no call starts on credit. Says whether it is prepaid now.

    It is at once where nothing is to pay, else with the last invoice's payment. Again changes nothing. Raises
    ValidationError without a reason.
    """
    text = _reason(reason)
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        wallet = books.wallets[wallet_id]
        if wallet.mode != WalletMode.POSTPAY:
            return True
        terms = PostpayTerms.objects.get(pk=wallet_id)
        if terms.ends_on is not None:
            return False
        terms.ends_on = wallet.date_of(books.now)
        terms.save(update_fields=["ends_on"])
        wallet.credit_limit = ZERO
        running = BillingPeriod.objects.select_related("wallet__account__product__terms").filter(
            wallet_id=wallet_id, status=PeriodStatus.DRAFT
        )
        _close_last(books, wallet, running.first())
    logger.info("wallet %s: user %s ended postpay: %s", wallet_id, actor_id, text)
    return bool(Wallet.objects.get(pk=wallet_id).mode == WalletMode.PREPAID)


def _close_last(books: Books, wallet: WalletState, period: BillingPeriod | None) -> None:
    """Close the running period, and take the account back where its invoice asks for nothing."""
    if period is not None:
        close_in(books, period, is_last=True)
    with transaction.atomic():
        again, _reads = open_books([wallet.id])
        state = again.wallets[wallet.id]
        state.credit_limit = ZERO
        if not finish_switch(again, state):
            alerts.take_stock(state, alerts.OF_SETTINGS)
            Wallet.objects.filter(pk=wallet.id).update(credit_limit=ZERO)
            again.touched.add(wallet.id)
        write(again)


def _write_mode(books: Books, wallet: WalletState) -> None:
    Wallet.objects.filter(pk=wallet.id).update(mode=wallet.mode, credit_limit=wallet.credit_limit)
    alerts.take_stock(wallet, LEVELS)
    books.touched.add(wallet.id)
    write(books)


def _check(
    wallet: WalletState, credit_limit: Decimal, collects_by: str, organization_id: int | None
) -> Organization | None:
    """The organization that invoices go to. Raises ValidationError by field."""
    if wallet.currency == "CREDIT":
        raise ValidationError(_("A product that sells credits has no postpay: an invoice asks for money."))
    account = Wallet.objects.select_related("account__product").get(pk=wallet.id).account
    if issuer_of(account) is None:
        raise ValidationError(_("The product has no issuer: nobody could write the invoice. Give its terms one first."))
    try:
        check_amount(credit_limit, wallet.currency)
    except ValidationError as error:
        raise ValidationError({"credit_limit": error.messages}) from error
    if collects_by not in dict(COLLECTS_BY) or not provider_called(collects_by).is_ready():
        raise ValidationError({"collects_by": _("This way to pay is not available. Choose another one.")})
    if organization_id is None:
        return None
    organization = Organization.objects.filter(pk=organization_id, account_id=wallet.account_id).first()
    if organization is None:
        raise ValidationError({"organization": _("This organization is not the account's.")})
    return organization


def _check_is_another_day(books: Books, wallet: WalletState) -> None:
    """A period is called by the day it begins on. Raises ValidationError where one began and was ended on this day."""
    today = wallet.date_of(books.now)
    if BillingPeriod.objects.filter(wallet_id=wallet.id, starts_on__gte=today).exists():
        raise ValidationError(_("Postpay began and ended today already. Switch again tomorrow."))


def _reason(reason: str) -> str:
    text = reason.strip()
    if not text:
        raise ValidationError({"reason": _("Say why: the log keeps it.")})
    return text[:255]
