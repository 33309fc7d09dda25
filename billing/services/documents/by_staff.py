"""What staff do with documents: send one again, and credit part of an invoice with a reason.

Only invoices are credited by hand. A receipt is credited by refunding its payment, a certificate by reversing usage, so
that what documents state is always what moved.
"""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import Approval, Document, DocumentKind, GrantKind, LedgerAccountKind, PeriodStatus, TransactionKind
from billing.selectors.prices import cents
from billing.services import alone
from billing.services.books import Books, Note
from billing.services.documents.credit_notes import PARTIES, Credit, credit, left_of
from billing.services.documents.files import pdf_of
from billing.services.documents.news import tell_ready
from billing.services.ledger import open_books, write
from billing.templatetags.money import money_text

REASON_LENGTH = 255


def resend(*, document_id: int) -> None:
    """Send the document once more, to the members who pay and to the organization's address for documents."""
    document = Document.objects.select_related("wallet", "organization").get(pk=document_id)
    pdf_of(document)
    with transaction.atomic():
        tell_ready(document, again=f"{timezone.now().timestamp():.6f}")


def credit_invoice(
    *,
    document_id: int,
    total: Decimal,
    reason: str,
    user_id: int | None,
    once: str = "",
    approval: Approval | None = None,
) -> Document:
    """Take `total`, with its share of the tax, off a period's invoice: a credit note, and as much paid into the wallet.

    What is owed shrinks by it, the oldest invoice first; where nothing is, it stays as paid balance. Raises
    ValidationError for another kind of document, an invoice that was written off, no reason, an amount that is not to
    the cent, and more than is left; SecondPersonNeededError for more than the person may give alone
    (`billing.services.second_person` asks for it). The same `once` credits once.
    """
    text = reason.strip()[:REASON_LENGTH]
    if not text:
        raise ValidationError({"reason": _("Say why: it stands on the credit note.")})
    with transaction.atomic():
        wallet_id = Document.objects.values_list("wallet_id", flat=True).get(pk=document_id)
        allowed = alone.of_person(wallet_id=wallet_id, actor_id=user_id)
        books, _reads = open_books([wallet_id])
        document = Document.objects.select_related(*PARTIES).get(pk=document_id)
        if document.kind != DocumentKind.INVOICE:
            raise ValidationError(
                _("Only invoices are credited here. Refund a receipt's payment; reverse a certificate's usage.")
            )
        if document.period is not None and document.period.status == PeriodStatus.UNCOLLECTIBLE:
            raise ValidationError(_("This invoice was written off: nothing is owed by it any more."))
        key = f"credit:{document.pk}:{once or document.corrections.count() + 1}"
        if (done := document.corrections.filter(key=key).first()) is not None:
            return done
        net, tax = _share(document, total)
        alone.check(
            allowed,
            wallet_id=wallet_id,
            amount=total,
            is_refund=False,
            now=books.now,
            currency=str(document.currency),
            approval=approval,
        )
        _give(books, document, LedgerAccountKind.ADJUSTMENT, net, key, text, user_id)
        _give(books, document, LedgerAccountKind.TAX, tax, f"{key}{alone.TAX_OF_CREDIT}", text, user_id)
        books.wallets[document.wallet_id].repaid = total  # also where a reversal has lowered what is owed
        write(books)
        return credit(document, Credit(key=key, net=net, tax=tax, at=books.now, reason=text))


def _share(document: Document, total: Decimal) -> tuple[Decimal, Decimal]:
    """Net and tax of so much of the document; the last of it takes the exact rest."""
    left_net, left_tax = left_of(document)
    if not total.is_finite() or total <= 0 or total != cents(total):
        raise ValidationError({"total": _("Enter an amount above zero, to the cent.")})
    if total > left_net + left_tax:
        most = money_text(left_net + left_tax, str(document.currency))
        raise ValidationError({"total": _("Only %(most)s of this invoice is left to credit.") % {"most": most}})
    if total == left_net + left_tax:
        return left_net, left_tax
    tax = min(cents(document.tax.amount * total / document.total.amount), left_tax)
    net = min(total - tax, left_net)
    return net, total - net


def _give(
    books: Books,
    document: Document,
    origin: LedgerAccountKind,
    amount: Decimal,
    key: str,
    reason: str,
    user: int | None,
) -> None:
    if amount > 0:
        note = Note(TransactionKind.CREDIT.value, key, f"Credit for {document.label}", reason, user)
        books.grant(books.wallets[document.wallet_id], GrantKind.PAID.value, amount, note, against=origin, source=key)
