"""The invoice for a top-up by bank transfer (счёт на оплату): what to pay, where to, and which reference to quote."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.utils import timezone, translation

from billing.models import Document, DocumentKind, Issuer, PaymentProvider, TopUp
from billing.providers.bank import reference_of
from billing.services.documents.draft import Draft
from billing.services.documents.issuing import issue
from billing.services.documents.parties import document_language
from billing.services.documents.receipts import top_up_line
from billing.services.documents.shares import taxes_of
from billing.services.locking import lock_wallets
from organizations.database import run


def issue_proforma(*, top_up_id: int) -> Document | None:
    """The top-up's invoice, issued now where it has none; None where it calls for none.

    That is: a product without an issuer, a top-up that is not by bank transfer, is over or was begun before the issuer.
    """
    with transaction.atomic():
        wallet_id = TopUp.objects.values_list("wallet_id", flat=True).get(pk=top_up_id)
        run(lock_wallets([wallet_id]))
        top_up = TopUp.objects.select_related(
            "organization", "wallet__account__product__terms__issuer", "wallet__account__product__top_up_terms"
        ).get(pk=top_up_id)
        issuer = top_up.wallet.account.product.terms.issuer
        if issuer is None or not _is_due(top_up, issuer):
            return Document.objects.filter(wallet_id=wallet_id, key=_key(top_up_id)).first()
        language = document_language(top_up.wallet.account, issuer)
        with translation.override(language):
            return issue(_draft(top_up, issuer, language))


def _key(top_up_id: int) -> str:
    return f"proforma:{top_up_id}"


def _is_due(top_up: TopUp, issuer: Issuer) -> bool:
    is_open = top_up.provider == PaymentProvider.BANK and top_up.is_in_flight
    return is_open and top_up.created_at >= issuer.created_at


def _draft(top_up: TopUp, issuer: Issuer, language: str) -> Draft:
    net, total = top_up.net.amount, top_up.total.amount
    product = top_up.wallet.account.product
    return Draft(
        kind=DocumentKind.PROFORMA,
        key=_key(top_up.pk),
        wallet=top_up.wallet,
        issuer=issuer,
        organization=top_up.organization,
        currency=str(top_up.price_currency),
        lines=(top_up_line(product.name, top_up.amount.amount, str(top_up.currency), net),),
        taxes=taxes_of(top_up.tax_lines, tax=Decimal(top_up.tax.amount), base=net),
        treatment=top_up.tax_treatment,
        language=language,
        at=timezone.now(),
        total=total,
        due=total,
        payment_reference=reference_of(top_up.pk),
        bank_details="" if issuer.bank_account else product.top_up_terms.bank_details,
        top_up=top_up,
    )
