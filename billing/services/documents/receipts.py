"""Receipts: one for each payment that was credited, stating exactly what it brought and what was paid for it.

Issued by a worker after the payment's commit. An invoice's payment has none: the invoice shows it. Where a refund or a
lost dispute was credited and the money came back after all, a receipt of its own takes the credit note back.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from billing.documents.content import Charged, Line, Settlement
from billing.models import Document, DocumentKind, Issuer, Payment, PaymentProvider, ProductTerms
from billing.services.documents.draft import Draft
from billing.services.documents.issuing import issue
from billing.services.documents.parties import document_language
from billing.services.documents.shares import taxes_of
from billing.services.locking import lock_wallets
from billing.templatetags.money import CREDIT
from billing.templatetags.stored import said
from organizations.database import run


def receipt_key(payment_id: int) -> str:
    """What makes a payment's receipt once."""
    return f"receipt:{payment_id}"


def issue_receipt(*, payment_id: int) -> Document | None:
    """The payment's receipt, issued now where it has none; None where the payment calls for none.

    That is: a product without an issuer, a payment from before its issuer, an invoice's payment, and test money in
    production.
    """
    with transaction.atomic():
        payment = Payment.objects.select_related(
            "wallet__account__product__terms__issuer", "top_up__organization", "subscription__plan"
        ).get(pk=payment_id)
        issuer = payment.wallet.account.product.terms.issuer
        if issuer is None or not _is_due(payment, issuer):
            return None
        run(lock_wallets([payment.wallet_id]))
        language = document_language(payment.wallet.account, issuer)
        with translation.override(language):
            return issue(_draft(payment, issuer, language))


def receipts_missing(*, wallet_id: int, organization_id: int) -> bool:
    """Whether a payment of the organization calls for a receipt and has none yet."""
    issuer = ProductTerms.objects.select_related("issuer").get(product__accounts__wallet=wallet_id).issuer
    paid = Payment.objects.filter(wallet_id=wallet_id, top_up__organization_id=organization_id)
    without = paid.exclude(documents__kind=DocumentKind.RECEIPT)
    return issuer is not None and any(_is_due(each, issuer) for each in without)


def _is_due(payment: Payment, issuer: Issuer) -> bool:
    is_real = payment.is_live or not settings.PRODUCTION
    return payment.period_id is None and is_real and payment.created_at >= issuer.created_at


def _draft(payment: Payment, issuer: Issuer, language: str) -> Draft:
    total, tax = payment.total.amount, payment.tax.amount
    top_up = payment.top_up
    sold = top_up or payment.subscription
    assert sold is not None  # an invoice's payment has no receipt
    return Draft(
        kind=DocumentKind.RECEIPT,
        key=receipt_key(payment.pk),
        wallet=payment.wallet,
        issuer=issuer,
        organization=top_up.organization if top_up else None,
        currency=str(payment.price_currency),
        lines=(_line(payment, total - tax),),
        taxes=taxes_of(sold.tax_lines, tax=tax, base=total - tax),
        treatment=sold.tax_treatment,
        language=language,
        at=timezone.now(),
        total=total,
        settlements=(Settlement(paid_by(payment), total, _day(payment, issuer)),),
        charged=charged_of(payment, payment.charge_amount.amount),
        payment_reference=payment.reference.partition(":")[2] or payment.reference,
        payment=payment,
        top_up=top_up,
    )


def paid_by(payment: Payment) -> str:
    """The card, or else the way, in the active language: Visa ending 4242."""
    return said(payment.card) or str(PaymentProvider(payment.provider).label)


def charged_of(payment: Payment, charge_amount: Decimal) -> Charged | None:
    """What went through the provider, where it takes another currency than the price's."""
    rate = payment.top_up.exchange_rate if payment.top_up else None
    if rate is None or payment.charge_currency == payment.price_currency:
        return None
    return Charged(charge_amount, str(payment.charge_currency), rate)


def _line(payment: Payment, net: Decimal) -> Line:
    product = payment.wallet.account.product.name
    if payment.subscription is not None:
        words = _("%(plan)s plan, one month, %(product)s")
        return Line(words % {"plan": payment.subscription.plan.name, "product": product}, net)
    return top_up_line(product, payment.amount.amount, str(payment.currency), net)


def top_up_line(product: str, amount: Decimal, currency: str, net: Decimal) -> Line:
    """A top-up as what is sold, in the active language: money on the balance, or so many credits."""
    if currency != CREDIT:
        return Line(_("Top-up of the %(product)s balance") % {"product": product}, net)
    price = (net / amount).quantize(Decimal("0.000001"))
    return Line(
        _("Call credits, %(product)s") % {"product": product},
        net,
        quantity=amount.quantize(Decimal(1)),
        unit=_("credits"),
        unit_price=price if price * amount == net else None,
    )


def _day(payment: Payment, issuer: Issuer) -> date:
    return payment.paid_at.astimezone(ZoneInfo(issuer.timezone)).date()
