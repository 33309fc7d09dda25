"""Staff end an invoice that is not paid: nobody will pay it, or it was wrong.

Uncollectible: what is still asked for is written off in the ledger, and the account owes it no more. Void: the tax goes
back, a credit note says so, and what was invoiced is owed on no invoice again, so that the next one asks for it;
whoever wants to let go of it adjusts the balance.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from billing.documents.content import from_json
from billing.models import Approval, BillingPeriod, Document, DocumentKind, PeriodStatus, TransactionKind, Transfer
from billing.services import alone, doorbells
from billing.services.books import Books, Note
from billing.services.chain import TransferPart
from billing.services.documents import Draft, issue
from billing.services.ledger import load_grants, open_books, write
from billing.services.postpay.closing import SEND
from billing.services.postpay.reckoning import ASKED
from billing.services.postpay.settling import finish_switch, mind_overdue


def write_off(*, period_id: int, reason: str, actor_id: int | None, approval: Approval | None = None) -> BillingPeriod:
    """Give an invoice up: what is still to be paid of it is written off. One that was given up stays so.

    Raises ValidationError without a reason, and for an invoice that asks for nothing; SecondPersonNeededError for more
    than the actor may give up alone (`billing.services.second_person` asks for it).
    """
    text = _reason(reason)
    with transaction.atomic():
        wallet_id = BillingPeriod.objects.values_list("wallet_id", flat=True).get(pk=period_id)
        allowed = alone.of_person(wallet_id=wallet_id, actor_id=actor_id)
        books, period = _open(period_id)
        if period.status == PeriodStatus.UNCOLLECTIBLE:
            return period
        _check_asked(period)
        wallet = books.wallets[period.wallet_id]
        lost = min(period.due, wallet.debt)
        if lost > 0:
            alone.check(
                allowed,
                wallet_id=wallet_id,
                amount=lost,
                is_refund=False,
                now=books.now,
                currency=wallet.currency,
                approval=approval,
            )
            note = Note(
                TransactionKind.ADJUSTMENT.value, write_off_key(period.pk), "Invoice written off", text, actor_id
            )
            books.write_off(wallet, lost, note)
        _end(books, period, PeriodStatus.UNCOLLECTIBLE, text)
    return period


def write_off_key(period_id: int) -> str:
    """The ledger's key of what was given up of the invoice."""
    return f"uncollectible:{period_id}"


def void(*, period_id: int, reason: str, actor_id: int | None) -> BillingPeriod:
    """Take an invoice back of which nothing was paid, with a credit note. One that was voided stays so.

    Raises ValidationError without a reason, for one that asks for nothing, and for one that was paid or credited in
    part.
    """
    text = _reason(reason)
    with transaction.atomic():
        books, period = _open(period_id)
        if period.status == PeriodStatus.VOID:
            return period
        _check_asked(period)
        if period.settled.amount > 0:
            raise ValidationError(_("Part of this invoice was paid. Credit the rest instead."))
        if Document.objects.filter(corrects__period=period, kind=DocumentKind.CREDIT_NOTE).exists():
            raise ValidationError(_("Part of this invoice was credited. Credit the rest instead."))
        _return_tax(books, period, text, actor_id)
        _end(books, period, PeriodStatus.VOID, text)
        _credit(books, period, text)
    return period


def _open(period_id: int) -> tuple[Books, BillingPeriod]:
    wallet_id = BillingPeriod.objects.values_list("wallet_id", flat=True).get(pk=period_id)
    books, _reads = open_books([wallet_id])
    return books, BillingPeriod.objects.select_related("wallet__account__product").get(pk=period_id)


def _check_asked(period: BillingPeriod) -> None:
    if period.status not in ASKED:
        raise ValidationError(_("This invoice is not waiting for payment."))


def _reason(reason: str) -> str:
    text = reason.strip()
    if not text:
        raise ValidationError({"reason": _("Say why: the log keeps it.")})
    return text[:255]


def _return_tax(books: Books, period: BillingPeriod, reason: str, actor_id: int | None) -> None:
    parts: list[TransferPart] = list(
        Transfer.objects.filter(transaction__wallet_id=period.wallet_id, transaction__key=f"tax:{period.pk}")
        .order_by("id")
        .values_list("source_id", "target_id", "amount", "grant_id")
    )
    if parts:
        grants = load_grants(books, [grant_id for *_part, grant_id in parts if grant_id is not None])
        note = Note(TransactionKind.TAX.value, f"tax_back:{period.pk}", "Tax of a voided invoice", reason, actor_id)
        books.reverse(books.wallets[period.wallet_id], parts, grants, note, spent_on=None)


def _end(books: Books, period: BillingPeriod, status: PeriodStatus, reason: str) -> None:
    period.status, period.note = status, reason
    period.next_check_at = books.now if period.provider_reference else None
    period.save(update_fields=["status", "note", "next_check_at"])
    wallet = books.wallets[period.wallet_id]
    mind_overdue(books, wallet)
    finish_switch(books, wallet)
    write(books)
    if period.provider_reference:
        doorbells.ring(SEND, period.pk)


def _credit(books: Books, period: BillingPeriod, reason: str) -> None:
    """A credit note over the whole invoice: its lines, its taxes."""
    invoice = period.documents.select_related("issuer", "organization").get(kind=DocumentKind.INVOICE)
    content = from_json(invoice.content)
    with translation.override(invoice.language):
        issue(
            Draft(
                kind=DocumentKind.CREDIT_NOTE,
                key=f"void:{period.pk}",
                wallet=period.wallet,
                issuer=invoice.issuer,
                organization=invoice.organization,
                currency=str(invoice.currency),
                lines=content.lines,
                taxes=content.taxes,
                treatment=content.treatment,
                total=invoice.total.amount,
                at=books.now,
                language=invoice.language,
                supplied_from=invoice.supplied_from,
                supplied_until=invoice.supplied_until,
                corrects=invoice,
                reason=reason,
                period=period,
            )
        )
