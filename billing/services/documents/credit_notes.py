"""Credit notes: what goes back of a document that was issued. Nothing is ever credited beyond the document.

`credit` writes one in the caller's transaction, for whoever moves the money: a refund that succeeded, a dispute that
was lost, usage that was reversed, an invoice made void. A document's own money is not moved here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import translation
from django.utils.translation import gettext as _

from billing.documents.content import Charged, Line, Settlement
from billing.models import Dispute, Document, DocumentKind, Refund
from billing.services.documents.draft import Draft
from billing.services.documents.issuing import issue
from billing.services.documents.shares import ZERO, taxes_of

PARTIES = ("wallet__account__product", "issuer", "organization", "payment__top_up")
"""What a correction copies of the document's rows, to be loaded with it."""


class CreditedTooMuchError(ValueError):
    """More is to be credited than is left of the document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What goes back: `net` and `tax` in the document's currency. `key` is the cause, once per wallet."""

    key: str
    net: Decimal
    tax: Decimal
    at: datetime
    reason: str = ""
    supplied_from: date | None = None
    supplied_until: date | None = None
    settlements: tuple[Settlement, ...] = ()
    charged: Charged | None = None
    refund: Refund | None = None
    dispute: Dispute | None = None


def credit(document: Document, back: Credit) -> Document:
    """The credit note of this cause on the document: issued now, in the caller's transaction, or before.

    The caller has locked the wallet. Raises CreditedTooMuchError, and ValueError for nothing at all.
    """
    issued = Document.objects.filter(wallet_id=document.wallet_id, key=back.key).first()
    if issued is not None:
        return issued
    net, tax = left_of(document)
    if back.net > net or back.tax > tax:
        raise CreditedTooMuchError(f"{document.label}: {back.net} + {back.tax} of {net} + {tax} that are left.")
    if back.net + back.tax <= 0:
        raise ValueError(f"{document.label}: nothing is credited.")
    with translation.override(document.language):
        words = _("Credit for %(document)s") % {"document": document.label}
    return issue(correction(document, DocumentKind.CREDIT_NOTE, back, words))


def correction(document: Document, kind: DocumentKind, back: Credit, words: str) -> Draft:
    """A document that corrects this one by so much, in one line: same issuer, buyer, currency, language and taxes."""
    return Draft(
        kind=kind,
        key=back.key,
        wallet=document.wallet,
        issuer=document.issuer,
        organization=document.organization,
        currency=str(document.currency),
        lines=(Line(words, back.net),),
        taxes=taxes_of(document.tax_lines, tax=back.tax, base=back.net),
        treatment=document.content["treatment"],
        language=document.language,
        at=back.at,
        total=back.net + back.tax,
        supplied_from=back.supplied_from,
        supplied_until=back.supplied_until,
        settlements=back.settlements,
        charged=back.charged,
        corrects=document,
        reason=back.reason,
        payment=document.payment,
        top_up=document.top_up,
        period=document.period,
        refund=back.refund,
        dispute=back.dispute,
    )


def left_of(document: Document) -> tuple[Decimal, Decimal]:
    """Net and tax of the document that no credit note has taken, or that came back after one."""
    notes = Document.objects.filter(corrects=document, kind=DocumentKind.CREDIT_NOTE)
    returned = Document.objects.filter(corrects__corrects=document, corrects__kind=DocumentKind.CREDIT_NOTE)
    credited, back = _sums(notes), _sums(returned)
    return document.net.amount - credited[0] + back[0], document.tax.amount - credited[1] + back[1]


def _sums(documents: Any) -> tuple[Decimal, Decimal]:
    sums = documents.aggregate(net=Sum("net"), tax=Sum("tax"))
    return sums["net"] or ZERO, sums["tax"] or ZERO
