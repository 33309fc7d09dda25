"""Disputes and receipts: a lost one is credited, an open one is not, and one won at last is taken back."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.models import Document, Payment
from billing.providers.base import DisputeFacts
from billing.services import disputes
from billing.services.documents import due
from billing.verification.run import verify
from organizations.models import Account
from tests.billing.documents.issued import organization_of, pay, stated
from tests.billing.documents.test_certificates import use

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plain_pdf")]
WithIssuer = Callable[..., Account]


def dispute(payment: Payment, *states: str, amount: str = "54.44") -> None:
    """The payment is disputed and goes through these states."""
    for state in states:
        facts = DisputeFacts(
            f"dp_{payment.pk}", payment.reference, "", Decimal(amount), "USD", state, "fraudulent", timezone.now()
        )
        disputes.settle(facts=facts, provider="bank")


def corrections() -> list[tuple[str, tuple[str, str, str]]]:
    found = Document.objects.filter(corrects__isnull=False).order_by("id")
    return [(each.key.partition(":")[0], stated(each)) for each in found]


@pytest.fixture
def payment(account_with_issuer: WithIssuer) -> Payment:
    """$50 and the tax of New York, with its receipt."""
    account = account_with_issuer("aipbx")
    paid = pay(account, "50", organization_of(account, region="NY"))
    due.issue_due()
    return paid


def test_an_open_dispute_is_not_credited_and_a_lost_one_is(payment: Payment) -> None:
    dispute(payment, "opened")
    assert due.issue_due() == 0
    dispute(payment, "lost")
    assert due.issue_due() == 1
    assert corrections() == [("dispute", ("50.00", "4.44", "54.44"))]
    assert due.issue_due() == 0


def test_a_dispute_of_spent_money_is_credited_in_full(payment: Payment) -> None:
    use(payment.wallet, "45")
    dispute(payment, "opened", "lost", amount="27.22")
    due.issue_due()
    assert corrections() == [("dispute", ("25.00", "2.22", "27.22"))]
    assert verify(["documents_state_what_moved", "credit_notes_within_document", "document_numbers"]) == []


def test_a_dispute_that_was_won_leaves_no_document(payment: Payment) -> None:
    dispute(payment, "opened", "won")
    assert (due.issue_due(), corrections()) == (0, [])


def test_a_dispute_that_was_won_after_it_was_lost_takes_the_credit_back(payment: Payment) -> None:
    dispute(payment, "opened", "lost")
    due.issue_due()
    dispute(payment, "won")
    assert due.issue_due() == 1
    assert corrections() == [("dispute", ("50.00", "4.44", "54.44")), ("reinstated", ("50.00", "4.44", "54.44"))]
    assert due.issue_due() == 0
    assert verify(["documents_state_what_moved", "credit_notes_within_document"]) == []
