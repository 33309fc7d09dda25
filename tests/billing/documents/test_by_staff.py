"""What staff do with documents: send one again, and credit part of an invoice; nothing else is credited by hand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from billing.documents.content import Line, Tax
from billing.models import Document, DocumentKind, Transaction, Wallet
from billing.services.documents import by_staff, due
from billing.services.documents.files import pdf_of
from billing.verification.run import verify
from notifications.models import Notice
from organizations.models import Account
from tests.billing.documents.issued import issue_one, make_issuer, organization_of, pay, stated
from tests.billing.documents.test_certificates import use
from tests.billing.wallets import make_wallet, parts

pytestmark = pytest.mark.django_db


def invoice(wallet: Wallet) -> Document:
    """An invoice over 100 and 19 of tax."""
    lines, taxes = (Line("Calls", Decimal(100)),), (Tax("VAT", Decimal(19), Decimal(100), Decimal(19)),)
    return issue_one(wallet, make_issuer(), "invoice:1", kind=DocumentKind.INVOICE, lines=lines, taxes=taxes)


def test_a_credit_takes_its_share_off_the_invoice_and_off_what_is_owed() -> None:
    wallet = make_wallet()
    use(wallet, "30")
    document = invoice(wallet)
    note = by_staff.credit_invoice(document_id=document.pk, total=Decimal("11.90"), reason=" Bad line ", user_id=None)
    assert (note.kind, note.corrects, stated(note)) == ("credit_note", document, ("10.00", "1.90", "11.90"))
    assert note.content["reason"] == "Bad line"
    assert parts(wallet)["debt"] == Decimal("18.1")
    given = Transaction.objects.filter(wallet=wallet, kind="credit").order_by("number")
    assert [(each.key, each.amount.amount, each.reason) for each in given] == [
        (f"credit:{document.pk}:1", Decimal(10), "Bad line"),
        (f"credit:{document.pk}:1:tax", Decimal("1.9"), "Bad line"),
    ]
    rest = by_staff.credit_invoice(document_id=document.pk, total=Decimal("107.10"), reason="All", user_id=None)
    assert stated(rest) == ("90.00", "17.10", "107.10")
    assert parts(wallet)["paid"] == Decimal(89)
    with pytest.raises(ValidationError, match=r"Only \$0.00 of this invoice is left"):
        by_staff.credit_invoice(document_id=document.pk, total=Decimal("0.01"), reason="More", user_id=None)
    assert [each.name for each in verify(["trial_balance", "credit_notes_within_document"])] == []


def test_a_credit_that_cannot_be_given_moves_nothing(plain_pdf: None) -> None:
    wallet = make_wallet()
    document = invoice(wallet)
    receipt = issue_one(wallet, make_issuer(), "receipt:1")
    for document_id, total, reason, words in (
        (document.pk, "119.01", "Why", "is left to credit"),
        (document.pk, "0", "Why", "above zero"),
        (document.pk, "NaN", "Why", "above zero"),
        (document.pk, "1.001", "Why", "above zero"),
        (document.pk, "1", "  ", "Say why"),
        (receipt.pk, "1", "Why", "Only invoices"),
    ):
        with pytest.raises(ValidationError, match=words):
            by_staff.credit_invoice(document_id=document_id, total=Decimal(total), reason=reason, user_id=None)
    assert not Transaction.objects.exists()
    assert Document.objects.count() == 2


def test_a_document_is_sent_again_to_everybody_it_concerns(
    account_with_issuer: Callable[..., Account], plain_pdf: None
) -> None:
    account = account_with_issuer("aipbx")
    pay(account, "10", organization_of(account, email="books@example.com"))
    due.issue_due()
    document = Document.objects.get()
    pdf_of(document)
    by_staff.resend(document_id=document.pk)
    by_staff.resend(document_id=document.pk)
    told = Notice.objects.filter(event="document_ready").order_by("id")
    assert [each.audience for each in told] == ["address", "people", "people"]
    assert {each.facts["address"] for each in told} == {"books@example.com"}
