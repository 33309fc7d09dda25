"""Workers are told at once of what calls for a document, and never inside the transaction that moves the money."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from celery import current_app
from django.conf import settings

from billing.models import Document, DocumentFailure, Payment
from billing.services import refunds
from billing.services.documents import due, receipts
from organizations.models import Account
from tests.billing.documents.issued import order, pay

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plain_pdf")]
WithIssuer = Callable[..., Account]


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The tasks that were sent, with their row."""
    sent: list[tuple[str, int]] = []

    def send(task: str, args: tuple[int], **_: Any) -> None:
        sent.append((task, args[0]))

    monkeypatch.setattr(current_app, "send_task", send)
    return sent


def test_money_in_and_out_rings_for_its_documents(
    account_with_issuer: WithIssuer, rung: list[tuple[str, int]], django_capture_on_commit_callbacks: Any
) -> None:
    account = account_with_issuer("aipbx")
    with django_capture_on_commit_callbacks(execute=True):
        top_up = order(account, "25")
    assert ("billing.issue_proforma", top_up.pk) in rung
    with django_capture_on_commit_callbacks(execute=True):
        payment = pay(account, "50")
    assert ("billing.issue_receipt", payment.pk) in rung
    refund = refunds.refund_payment(payment_id=payment.pk, amount=Decimal(5), reason="Asked for.", user_id=None)
    with django_capture_on_commit_callbacks(execute=True):
        refunds.mark_sent(refund_id=refund.pk, bank_reference="SEPA")
    assert ("billing.credit_refund", refund.pk) in rung
    with django_capture_on_commit_callbacks(execute=True):
        due.at_once("receipt", payment.pk)
    assert ("billing.render_document", Document.objects.get(key=f"receipt:{payment.pk}").pk) in rung


@pytest.mark.parametrize("name", ["issue_receipt", "issue_proforma", "credit_refund", "render_document"])
def test_every_doorbell_has_its_task_away_from_slow_providers(name: str) -> None:
    current_app.loader.import_default_modules()
    assert f"billing.{name}" in current_app.tasks
    assert settings.CELERY_TASK_ROUTES[f"billing.{name}"] == {"queue": "celery"}


def test_a_receipt_that_cannot_be_written_keeps_no_money_out_and_holds_up_no_other(
    account_with_issuer: WithIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_with_issuer("aipbx")
    bad, good = pay(account, "50"), pay(account, "10")
    write = receipts._draft

    def fails(payment: Payment, *rest: Any) -> Any:
        if payment == bad:
            raise ValueError("No such tax.")
        return write(payment, *rest)

    monkeypatch.setattr(receipts, "_draft", fails)
    assert due.issue_due() == 1
    assert [each.payment for each in Document.objects.all()] == [good]
    failure = DocumentFailure.objects.get()
    assert (failure.cause, failure.error) == (f"receipt:{bad.pk}", "ValueError: No such tax.")
    account.wallet.refresh_from_db()
    assert account.wallet.paid.amount == Decimal(60)
    monkeypatch.setattr(receipts, "_draft", write)
    DocumentFailure.objects.update(next_attempt_at=failure.created_at)
    assert due.issue_due() == 1
    assert list(Document.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert not DocumentFailure.objects.exists()
