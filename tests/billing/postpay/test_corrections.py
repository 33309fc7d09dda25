"""What is corrected after an invoice is out: reversed usage, credits, and money that was paid for all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError

from billing.models import BillingPeriod, Document, DocumentKind, PaymentDifference
from billing.services.documents import by_staff
from billing.services.postpay import ending, paying
from billing.verification.run import verify
from organizations.models import Account
from tests.billing.postpay.accounts import at, call, close_running
from tests.billing.postpay.test_closing import amounts, taxed
from tests.usage.events import key_of
from usage.services.void import void_event

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]


@pytest.fixture
def invoiced(postpay_account: Make) -> Callable[[], Account]:
    """February's invoice over two calls of 0.90 with 20% tax."""

    def make() -> Account:
        taxed("20", at_top_up=False)
        with at("2026-02-10 12:00"):
            account = postpay_account()
            call(account)
            call(account, event_id="wrong")
        with at("2026-03-04 00:00"):
            close_running(account)
        return account

    return make


def reverse(moment: str) -> None:
    with at(moment):
        void_event(key=key_of("aitelier"), source="pbx", event_id="wrong", reason="Wrong number")


def pay(period: BillingPeriod, amount: str, reference: str = "ref-1") -> None:
    with at("2026-03-06 12:00"):
        paying.record_transfer(
            period_id=period.pk, amount=D(amount), received_on=date(2026, 3, 6), bank_reference=reference, user_id=None
        )
    period.refresh_from_db()


@pytest.mark.parametrize("first", ["0", "1.26"])
def test_an_invoice_paid_in_full_is_paid_also_where_usage_of_it_was_reversed(
    invoiced: Callable[[], Account], first: str
) -> None:
    account = invoiced()
    february = BillingPeriod.objects.order_by("id")[0]
    if D(first):
        pay(february, first, "part")
    reverse("2026-03-05 12:00")
    pay(february, str(D("2.16") - D(first)))
    assert (february.status, february.settled.amount) == ("paid", D("2.16"))
    with at("2026-03-10 12:00"):
        call(account)
        call(account)
    with at("2026-04-04 00:00"):
        march = close_running(account)
    assert amounts(march) == (D("0.90"), D("0.18"), D("1.08"), 0)
    account.wallet.refresh_from_db()
    assert account.wallet.debt.amount == D("1.08")
    assert not PaymentDifference.objects.exists()
    assert verify() == []


def test_reversals_beyond_a_months_usage_are_taken_off_the_next_invoices_with_their_tax(
    invoiced: Callable[[], Account],
) -> None:
    account = invoiced()
    pay(BillingPeriod.objects.get(closed_at__isnull=False), "2.16")
    with at("2026-03-20 12:00"):
        call(account, "conversation")
    reverse("2026-03-20 13:00")
    closed = []
    for month in ("04", "05", "06"):
        with at(f"2026-{month}-04 00:00"):
            closed.append(amounts(close_running(account)))
            call(account)
    # March: 0.60 - 0.90. Then 0.90 a month, of which 0.30 is paid by what is left of March.
    nothing = (D(0), D(0), D(0), D(0))
    assert closed == [
        nothing,
        (D("0.60"), D("0.12"), D("0.72"), D(0)),
        (D("0.90"), D("0.18"), D("1.08"), D(0)),
    ]
    lines = Document.objects.get(label="INV-2026-0002").content["lines"]
    assert [line["amount"] for line in lines] == ["0.90", "0.60", "-0.90"]
    assert verify() == []


def test_reversals_that_an_invoice_has_taken_off_what_was_owed_are_on_no_other(
    invoiced: Callable[[], Account],
) -> None:
    account = invoiced()
    reverse("2026-03-20 13:00")
    with at("2026-03-20 14:00"):
        ending.void(period_id=BillingPeriod.objects.get(status="open").pk, reason="Wrong buyer", actor_id=None)
    listed = []
    for month in ("04", "05"):
        with at(f"2026-{month}-04 00:00"):
            document = close_running(account).documents.get(kind=DocumentKind.INVOICE)
            listed.append([line["amount"] for line in document.content["lines"]])
            call(account)
    assert listed == [["-0.90", "1.80"], ["0.90"]]
    assert verify() == []


def test_an_invoice_credited_in_full_asks_for_nothing_also_where_usage_of_it_was_reversed(
    invoiced: Callable[[], Account],
) -> None:
    account = invoiced()
    february = BillingPeriod.objects.order_by("id")[0]
    reverse("2026-03-05 12:00")
    document = Document.objects.get(kind=DocumentKind.INVOICE)
    with at("2026-03-06 12:00"):
        by_staff.credit_invoice(document_id=document.pk, total=D("2.16"), reason="Wrong", user_id=None)
    february.refresh_from_db()
    account.wallet.refresh_from_db()
    assert (february.status, february.due) == ("paid", D(0))
    assert (account.wallet.paid.amount, account.wallet.debt.amount) == (D("0.90"), 0)
    assert verify() == []


def test_an_invoice_of_which_a_part_was_credited_is_not_voided(invoiced: Callable[[], Account]) -> None:
    account = invoiced()
    with at("2026-03-10 12:00"):
        call(account)
    with at("2026-04-04 00:00"):
        march = close_running(account)
        document = Document.objects.get(period=march, kind=DocumentKind.INVOICE)
        by_staff.credit_invoice(document_id=document.pk, total=D("0.54"), reason="Bad line", user_id=None)
        with pytest.raises(ValidationError, match="Part of this invoice was credited"):
            ending.void(period_id=march.pk, reason="Wrong buyer", actor_id=None)
    assert verify() == []


def test_an_invoice_that_was_written_off_is_not_credited_too(invoiced: Callable[[], Account]) -> None:
    account = invoiced()
    february = BillingPeriod.objects.order_by("id")[0]
    with at("2026-03-10 12:00"):
        ending.write_off(period_id=february.pk, reason="Insolvent", actor_id=None)
        document = Document.objects.get(kind=DocumentKind.INVOICE)
        with pytest.raises(ValidationError, match="written off"):
            by_staff.credit_invoice(document_id=document.pk, total=D("2.16"), reason="Why", user_id=None)
    account.wallet.refresh_from_db()
    assert (account.wallet.paid.amount, account.wallet.debt.amount) == (0, 0)
