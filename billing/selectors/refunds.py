"""What of a wallet's money can go back, payment by payment, newest first, and what stands in the way.

aitelier.md, 'The wallet': unused balance is refundable for 12 months after the last activity, back to the original
payment method. Refundable of a payment is what is unspent of the lot that it filled; promo and allotments never are.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Max, OuterRef, Subquery
from django.utils.translation import gettext as _

from billing.models import (
    Dispute,
    DisputeStatus,
    HourlyMovement,
    Payment,
    PaymentProvider,
    Refund,
    RefundStatus,
    TopUpTerms,
    Wallet,
)
from billing.models.ledger import USAGE_KINDS
from billing.providers import provider as provider_called
from billing.selectors.refund_shares import NOTHING, ZERO, Portion, portion, refunded

MONTHS_PER_YEAR = 12
DISPUTED = (DisputeStatus.OPENED, DisputeStatus.LOST)  # an inquiry is best answered by a refund


@dataclass(frozen=True, slots=True)
class RefundablePayment:
    """One payment: what is `unspent` of it, how much of that is asked for already (`requested`), and how much may
    still be asked for (`refundable`), for which the payer gets `charge_amount` in the payment's charge currency."""

    payment: Payment
    unspent: Decimal
    requested: Decimal
    refundable: Decimal
    charge_amount: Decimal
    blocked_because: str


@dataclass(frozen=True, slots=True)
class Refundable:
    """The wallet's refundable money at one moment; `deadline` is when it stops being so, None where nothing moved."""

    total: Decimal
    currency: str
    payments: list[RefundablePayment]
    deadline: datetime | None
    blocked_because: str


def refundable(*, wallet_id: int, at: datetime) -> Refundable:
    """What can be refunded at `at`, of the payments that are not used up: a wallet may have had thousands."""
    wallet = Wallet.objects.select_related("account__product__top_up_terms").get(pk=wallet_id)
    payments = list(
        Payment.objects.filter(wallet_id=wallet_id, grant__is_spent=False).select_related("grant").order_by("-id")
    )
    months = _months(wallet)
    until = _deadline(wallet, months)
    blocked = _wallet_block(wallet, at, months, until)
    shown = _payments(payments, blocked)
    balance = wallet.paid.amount + wallet.promo.amount + wallet.allotment.amount - wallet.debt.amount
    total = min(sum((each.refundable for each in shown), ZERO), max(balance - wallet.held.amount, ZERO))
    if not blocked and total <= 0:
        held = any(each.refundable > 0 for each in shown)
        blocked = _("Calls in progress hold the balance.") if held else _("No unspent payment is left.")
    return Refundable(total, wallet.currency, shown, until, blocked)


def wallet_block(wallet: Wallet, at: datetime) -> str:
    """Why nothing of the wallet can be refunded at `at`, in words for the customer; empty where nothing forbids it."""
    months = _months(wallet)
    return _wallet_block(wallet, at, months, _deadline(wallet, months))


def payment_block(payment: Payment) -> str:
    """Why this payment cannot be refunded, in words for the customer; empty where nothing forbids it."""
    return _payment_block(payment, payment.disputes.filter(status__in=DISPUTED).exists())


def last_activity(wallet_id: int) -> datetime | None:
    """The newest usage or payment of the wallet (aitelier.md, 'Refundable')."""
    used = HourlyMovement.objects.filter(wallet_id=OuterRef("pk"), kind__in=USAGE_KINDS)
    newest = used.order_by("-day", "-hour", "-last_at").values("last_at")[:1]
    moments = Wallet.objects.filter(pk=wallet_id).values_list(Subquery(newest), Max("payments__paid_at")).get()
    return max((moment for moment in moments if moment), default=None)


def months_later(moment: datetime, months: int) -> datetime:
    """The same day and time so many calendar months later; a month without that day ends on its last."""
    year, month = divmod(moment.year * MONTHS_PER_YEAR + moment.month - 1 + months, MONTHS_PER_YEAR)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _months(wallet: Wallet) -> int:
    terms: TopUpTerms | None = getattr(wallet.account.product, "top_up_terms", None)
    return terms.refund_months if terms else 0


def _deadline(wallet: Wallet, months: int) -> datetime | None:
    """Until when unspent money goes back; None where nothing has moved yet."""
    last = last_activity(wallet.pk) if months else None
    return months_later(last, months) if last else None


def _wallet_block(wallet: Wallet, at: datetime, months: int, until: datetime | None) -> str:
    if not months:
        return _("Top-ups of this product are not refundable.")
    if wallet.is_frozen:
        return _("The account is frozen. Refunds are possible again when it is not.")
    if until is not None and at > until:
        words = _("The balance was refundable until %(day)s: %(months)s months after the last activity.")
        return words % {"day": f"{until:%Y-%m-%d}", "months": months}
    return ""


def _payments(payments: Sequence[Payment], blocked: str) -> list[RefundablePayment]:
    ids = [payment.pk for payment in payments]
    taken = refunded(ids)
    asked = dict(
        Refund.objects.filter(payment_id__in=ids, status=RefundStatus.REQUESTED).values_list("payment_id", "amount")
    )
    disputed = set(Dispute.objects.filter(payment_id__in=ids, status__in=DISPUTED).values_list("payment_id", flat=True))
    found = []
    for payment in payments:
        assert payment.grant is not None
        unspent = payment.grant.remaining.amount
        requested = Decimal(asked.get(payment.pk, ZERO))
        why = blocked or _payment_block(payment, payment.pk in disputed)
        if not why and requested:
            why = _("A refund of this payment waits for a decision.")
        part = NOTHING if why or unspent <= 0 else _sendable(payment, unspent, taken[payment.pk])
        if not why and unspent > 0 and not part.amount:
            why = _("What is left is too little to send back.")
        found.append(RefundablePayment(payment, unspent, requested, part.amount, part.charge_amount, why))
    return found


def _sendable(payment: Payment, unspent: Decimal, before: Portion) -> Portion:
    part = portion(payment, unspent, before=before)
    return part if part.charge_amount > 0 and part.total > 0 else NOTHING


def _payment_block(payment: Payment, is_disputed: bool) -> str:
    if is_disputed:
        return _("The payment is disputed.")
    if payment.provider == PaymentProvider.BANK:  # sent by hand
        return ""
    provider = provider_called(payment.provider)
    if not provider.is_ready() or provider.is_live() != payment.is_live:
        return _("%(provider)s cannot be reached with the present keys.") % {"provider": payment.get_provider_display()}
    return ""
