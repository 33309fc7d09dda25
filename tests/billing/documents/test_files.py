"""A document's PDF is made once, from what the document said when it was issued, and stays the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, transaction

from billing.models import Document, DocumentFailure, DocumentFile, Issuer
from billing.services.documents import due, files
from billing.services.documents.files import pdf_of
from notifications.models import Delivery, Event, Notice
from notifications.services.deliveries import send_due
from notifications.services.fan_out import expand_due
from organizations.database import run
from organizations.models import Account, Organization
from tests.billing.documents.issued import issue_one, make_issuer, organization_of, pay
from tests.billing.threads import at_once
from tests.billing.wallets import make_wallet
from tests.factories import make_member

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_two_workers_keep_one_file_and_tell_once(monkeypatch: pytest.MonkeyPatch) -> None:
    document = issue_one(make_wallet(), make_issuer(), "certificate:1", kind="certificate")
    drawn = iter([b"%PDF first", b"%PDF second"])
    monkeypatch.setattr(files, "_render", lambda _document: next(drawn))
    stored = at_once([partial(files._store, document, pdf) for pdf in (b"%PDF first", b"%PDF second")])
    assert len({bytes(each.pdf) for each in stored if isinstance(each, DocumentFile)}) == 1
    file = DocumentFile.objects.get()
    assert file.sha256 == hashlib.sha256(bytes(file.pdf)).hexdigest()
    assert file.size == len(bytes(file.pdf))
    assert Notice.objects.filter(event=Event.DOCUMENT_READY).count() == 1


def test_a_download_is_the_same_bytes_when_all_names_have_changed(
    account_with_issuer: Callable[..., Account],
) -> None:
    account = account_with_issuer("aipbx")
    organization = organization_of(account)
    pay(account, "50", organization)
    due.issue_due()
    document = Document.objects.get()
    first = pdf_of(document)
    Issuer.objects.update(name="Another Ltd.", registered_office="Elsewhere")
    Organization.objects.update(name="Renamed LLC", email="new@example.com")
    Account.objects.update(name="Renamed")
    again = pdf_of(Document.objects.get())
    assert bytes(again.pdf) == bytes(first.pdf)
    assert files._render(Document.objects.get()) == bytes(first.pdf)
    assert bytes(first.pdf).startswith(b"%PDF")


def test_neither_document_nor_file_can_be_changed_or_removed(plain_pdf: None) -> None:
    pdf_of(issue_one(make_wallet(), make_issuer(), "a"))
    for table, column in (("document", "label"), ("documentfile", "sha256")):
        for statement in (f"UPDATE billing_{table} SET {column} = 'x'", f"DELETE FROM billing_{table}"):
            with pytest.raises(DatabaseError, match=f"on billing_{table} is refused"), transaction.atomic():
                run((statement, []))


def test_a_document_that_cannot_be_drawn_waits_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    wallet, issuer = make_wallet(), make_issuer()
    bad, good = issue_one(wallet, issuer, "a"), issue_one(wallet, issuer, "b")

    def draw(document: Document) -> bytes:
        if document == bad:
            raise RuntimeError("No such letter.")
        return b"%PDF"

    monkeypatch.setattr(files, "_render", draw)
    assert due.render_due() == 1
    assert [each.document for each in DocumentFile.objects.all()] == [good]
    failure = DocumentFailure.objects.get()
    assert (failure.cause, failure.error, failure.failures) == (f"pdf:{bad.pk}", "RuntimeError: No such letter.", 1)
    assert due.render_due() == 0
    assert DocumentFailure.objects.get().failures == 1
    DocumentFailure.objects.update(next_attempt_at=failure.created_at)
    assert due.render_due() == 0
    assert DocumentFailure.objects.get().failures == 2
    monkeypatch.setattr(files, "_render", lambda _document: b"%PDF")
    DocumentFailure.objects.update(next_attempt_at=failure.created_at)
    assert due.render_due() == 1
    assert not DocumentFailure.objects.exists()


def letters() -> list[tuple[str, ...]]:
    """Who got which letter with which files."""
    expand_due()
    send_due("email")
    return [(each.to[0], str(each.subject), *[name for name, *_rest in each.attachments]) for each in mail.outbox]


def ready(key: str, *, email: str = "", **fields: Any) -> Document:
    """A document of an account with an owner, told of."""
    wallet = make_wallet()
    make_member(wallet.account, email="owner@example.com")
    organization = organization_of(wallet.account, email=email)
    document = issue_one(wallet, make_issuer(), key, organization=organization, **fields)
    pdf_of(document)
    return document


def test_a_certificate_goes_to_the_members_who_pay_and_to_the_address_for_documents(plain_pdf: None) -> None:
    ready("certificate:1", kind="certificate", email="books@example.com")
    subject = "Test: Completion certificate ACT-2026-0001 is ready"
    assert letters() == [
        ("owner@example.com", subject, "ACT-2026-0001.pdf"),
        ("books@example.com", subject, "ACT-2026-0001.pdf"),
    ]


def test_a_receipt_goes_to_the_address_for_documents_alone(plain_pdf: None) -> None:
    """The members have the letter of the top-up itself."""
    document = ready("receipt:1", email="books@example.com")
    assert letters() == [("books@example.com", "Test: Receipt RCP-2026-0001 is ready", "RCP-2026-0001.pdf")]
    pdf_of(document)
    assert len(letters()) == 1


def test_a_receipt_without_an_address_for_documents_is_told_to_nobody(plain_pdf: None) -> None:
    ready("receipt:1")
    assert not Notice.objects.exists()


def test_an_address_that_belongs_to_a_member_hears_once(plain_pdf: None) -> None:
    ready("certificate:1", kind="certificate", email="Owner@example.com")
    assert [to for to, *_rest in letters()] == ["owner@example.com"]
    assert Delivery.objects.count() == 1
