"""Invoices to pay, said above every page of an account that pays by invoice: a week before one is due, and after."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import BillingPeriod, Document, DocumentKind, WalletMode
from billing.services.postpay.reckoning import ASKED
from billing.templatetags.moments import day_long, day_span
from billing.templatetags.money import money_text
from billing.views.banners import Action, Banner

if TYPE_CHECKING:
    from billing.views.shell import Frame

SHOWN_BEFORE = timedelta(days=7)


def oldest_unpaid(frame: Frame) -> BillingPeriod | None:
    """The invoice that is to be paid first, with its document's `label` and `document_reference`."""
    if frame.wallet.mode != WalletMode.POSTPAY:
        return None
    invoice = Document.objects.filter(period=OuterRef("pk"), kind=DocumentKind.INVOICE)
    asked = BillingPeriod.objects.filter(wallet=frame.wallet, status__in=ASKED).annotate(
        label=Subquery(invoice.values("label")[:1]), document_reference=Subquery(invoice.values("reference")[:1])
    )
    return asked.order_by("id").first()


def invoice_banners(frame: Frame) -> list[Banner]:
    """The invoice that is due soon or overdue; none once calls are stopped, of which another banner tells."""
    if frame.wallet.is_overdue:
        return []
    period = oldest_unpaid(frame)
    if period is None or period.due_on is None or period.blocks_on is None:
        return []
    if frame.today < period.due_on - SHOWN_BEFORE:
        return []
    is_late = frame.today > period.due_on
    words = {"number": getattr(period, "label", ""), "day": day_long(period.due_on)}
    title = _("Invoice %(number)s is overdue") if is_late else _("Invoice %(number)s is due on %(day)s")
    text = _("%(amount)s for %(period)s. From %(day)s on no new call starts until it is paid.") % {
        "amount": money_text(period.to_pay, str(period.currency)),
        "period": day_span(period.starts_on, period.ends_on),
        "day": day_long(period.blocks_on),
    }
    return [Banner(f"invoice-{period.pk}", "bad" if is_late else "warn", title % words, text, _actions(frame, period))]


def pay_actions(frame: Frame) -> tuple[Action, ...]:
    """The way to pay what is overdue, for those who may pay."""
    period = oldest_unpaid(frame)
    return _actions(frame, period) if period is not None else ()


def _actions(frame: Frame, period: BillingPeriod) -> tuple[Action, ...]:
    if not frame.may_pay:
        return ()
    amount = money_text(period.to_pay, str(period.currency))
    pay = Action(_("Pay %(amount)s") % {"amount": amount}, reverse("invoice_pay", args=[period.reference]))
    reference = getattr(period, "document_reference", None)
    if reference is None:
        return (pay,)
    return pay, Action(_("Invoice as PDF"), reverse("document_pdf", args=[reference]))
