"""Issuing a document: its number, its frozen content and its row, together or not at all.

The unique key of wallet and cause decides who is first; whoever comes second gets the document that is there, and its
number goes back with the savepoint. The PDF is made after the commit, by a worker.
"""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from billing.documents.content import Content, Reference, to_json
from billing.models import Document, DocumentKind
from billing.services.documents.draft import Draft
from billing.services.documents.numbering import take_number
from billing.services.documents.parties import buyer_party, document_language, issuer_party
from billing.services.doorbells import ring


def issue(draft: Draft) -> Document:
    """The document of the draft's cause: issued now, in the caller's transaction, or the one that was issued before.

    Takes the series' lock: any wallet is locked before. Raises ValueError where lines and taxes do not come to the
    draft's total or are worth less than nothing, and TransactionManagementError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("Documents are issued inside a transaction only.")
    issued = _issued(draft)
    if issued is not None:
        return issued
    try:
        with transaction.atomic():
            document = _write(draft)
    except IntegrityError:
        issued = _issued(draft)
        if issued is None:
            raise
        return issued
    ring("billing.render_document", document.pk)
    return document


def _issued(draft: Draft) -> Document | None:
    return Document.objects.filter(wallet=draft.wallet, key=draft.key).first()


def _write(draft: Draft) -> Document:
    issued_on = draft.at.astimezone(ZoneInfo(draft.issuer.timezone)).date()
    net, tax = _sums(draft)
    language = draft.language or document_language(draft.wallet.account, draft.issuer)
    number, label = take_number(issuer_id=draft.issuer.pk, kind=DocumentKind(draft.kind), year=issued_on.year)
    content = Content(
        kind=DocumentKind(draft.kind).value,
        label=label,
        language=language,
        currency=draft.currency,
        issued_on=issued_on,
        product=draft.wallet.account.product.name,
        issuer=issuer_party(draft.issuer),
        buyer=buyer_party(draft.wallet.account, draft.organization),
        lines=draft.lines,
        taxes=draft.taxes,
        net=net,
        tax=tax,
        total=net + tax,
        due=draft.due,
        due_on=draft.due_on,
        supplied_from=draft.supplied_from,
        supplied_until=draft.supplied_until,
        treatment=draft.treatment,
        settlements=draft.settlements,
        charged=draft.charged,
        payment_reference=draft.payment_reference,
        pay_url=draft.pay_url,
        corrects=_reference(draft.corrects),
        reason=draft.reason,
        bank_details=draft.bank_details,
        footer=draft.issuer.footer,
    )
    return Document.objects.create(
        issuer=draft.issuer,
        kind=draft.kind,
        year=issued_on.year,
        number=number,
        label=label,
        wallet=draft.wallet,
        organization=draft.organization,
        currency=draft.currency,
        net=net,
        tax=tax,
        total=net + tax,
        tax_lines=to_json(content)["taxes"],
        language=language,
        issued_on=issued_on,
        issued_at=draft.at,
        supplied_from=draft.supplied_from,
        supplied_until=draft.supplied_until,
        content=to_json(content),
        payment=draft.payment,
        top_up=draft.top_up,
        period=draft.period,
        refund=draft.refund,
        dispute=draft.dispute,
        corrects=draft.corrects,
        key=draft.key,
    )


def _sums(draft: Draft) -> tuple[Decimal, Decimal]:
    """Net and tax: what lines and taxes come to."""
    net = sum((line.amount for line in draft.lines), Decimal(0))
    tax = sum((each.amount for each in draft.taxes), Decimal(0))
    if net < 0 or tax < 0:
        raise ValueError(f"{draft.key}: a document is not worth less than nothing ({net} + {tax}).")
    if draft.total is not None and net + tax != draft.total:
        raise ValueError(f"{draft.key}: {net} + {tax} is not {draft.total}.")
    return net, tax


def _reference(document: Document | None) -> Reference | None:
    return Reference(document.label, document.issued_on, document.kind) if document else None
