"""Issuers, drafts and documents for tests; the renderer is a stand-in where pages are not what is asked about."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from billing.documents.content import Line
from billing.models import Document, DocumentKind, Issuer, Payment, ProductTerms, TopUp, Wallet
from billing.services import bank, top_ups
from billing.services.documents import Draft, issue
from organizations.models import Account, Organization, Product
from tests.factories import make_user

_numbers = itertools.count(1)
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def make_issuer(**fields: Any) -> Issuer:
    """A legal entity in New York."""
    known = {"slug": f"issuer-{next(_numbers)}", "name": "Voice Inc.", "country": "US", "region": "NY"}
    return Issuer.objects.create(**{**known, "registered_office": "1 Broadway\nNew York", **fields})


def draft(wallet: Wallet, issuer: Issuer, key: str, **fields: Any) -> Draft:
    """A receipt for a dollar."""
    known: dict[str, Any] = {
        "kind": DocumentKind.RECEIPT,
        "currency": "USD",
        "organization": None,
        "lines": (Line("Top-up", Decimal(1)),),
        "at": NOON,
    }
    return Draft(wallet=wallet, issuer=issuer, key=key, **{**known, **fields})


def issue_one(wallet: Wallet, issuer: Issuer, key: str, **fields: Any) -> Document:
    """The draft, issued in a transaction of its own."""
    with transaction.atomic():
        return issue(draft(wallet, issuer, key, **fields))


def issuer_of(product: Product, **fields: Any) -> Issuer:
    """The product's issuer, as old as time, which certifies usage."""
    terms = ProductTerms.objects.get(product=product)
    issuer = terms.issuer or make_issuer()
    Issuer.objects.filter(pk=issuer.pk).update(
        **{"created_at": datetime(2020, 1, 1, tzinfo=UTC), "issues_certificates": True, "language": "en", **fields}
    )
    ProductTerms.objects.filter(pk=terms.pk).update(issuer=issuer)
    issuer.refresh_from_db()
    return issuer


def organization_of(account: Account, **fields: Any) -> Organization:
    """An organization of the account in a state without sales tax."""
    known = {"name": "TechMaster LLC", "country": "US", "region": "DE", "tax_id": "12-3456789"}
    return Organization.objects.create(account=account, **{**known, **fields})


def pay(account: Account, amount: str, organization: Organization | None = None) -> Payment:
    """A top-up by bank that was paid in full."""
    top_up = order(account, amount, organization)
    return transfer(top_up, top_up.total.amount)


def order(account: Account, amount: str, organization: Organization | None = None) -> TopUp:
    """A top-up by bank that waits for its money."""
    top_up = top_ups.start(
        wallet_id=account.wallet.pk,
        amount=Decimal(amount),
        provider="bank",
        organization_id=organization.pk if organization else None,
        saves_card=False,
        user_id=make_user().pk,
    )
    return top_ups.submit(top_up_id=top_up.pk)


def transfer(top_up: TopUp, amount: Decimal) -> Payment:
    """Money that came for it."""
    return bank.record_transfer(
        top_up_id=top_up.pk,
        amount=amount,
        received_on=timezone.now().date(),
        bank_reference=f"B{next(_numbers)}",
        user_id=None,
    )


def stated(document: Document) -> tuple[str, str, str]:
    """Net, tax and total, as text."""
    return tuple(f"{each.amount:.2f}" for each in (document.net, document.tax, document.total))  # type: ignore[return-value]
