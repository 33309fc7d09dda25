"""What one person may take off an invoice alone, and what waits for a second one: write-offs and credit notes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from billing.models import Approval, BillingPeriod, Document, DocumentKind, ProductTerms, Transaction
from billing.services import alone, second_person
from billing.services.documents import by_staff
from billing.services.postpay import ending
from billing.verification.run import verify
from organizations.models import Account, User
from tests.billing.postpay.accounts import at, call, close_running
from tests.billing.postpay.test_closing import taxed
from tests.billing.postpay.test_corrections import pay
from tests.config.admin_steps import act
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice(postpay_account: Callable[..., Account]) -> Document:
    """One of 1.08 in a product where one person may move 1.00 alone."""
    taxed("20", at_top_up=False)
    with at("2026-02-10 12:00"):
        account = postpay_account()
        call(account)
    ProductTerms.objects.filter(product=account.product).update(approval_limit=1)
    with at("2026-03-04 00:00"):
        close_running(account)
    return Document.objects.get(kind=DocumentKind.INVOICE)


def period_of(invoice: Document) -> BillingPeriod:
    assert invoice.period is not None
    return BillingPeriod.objects.get(pk=invoice.period.pk)


def write_off(invoice: Document, by: User) -> second_person.Answer:
    return second_person.write_off(
        period_id=period_of(invoice).pk, reason="Insolvent", actor_id=by.pk, token=uuid.uuid4()
    )


def credit(invoice: Document, total: str, by: User, token: uuid.UUID | None = None) -> second_person.Answer:
    return second_person.credit_invoice(
        document_id=invoice.pk, total=D(total), reason="Outage", actor_id=by.pk, token=token or uuid.uuid4()
    )


def test_the_services_refuse_one_person_above_the_limit(invoice: Document) -> None:
    ann = make_user()
    with pytest.raises(alone.SecondPersonNeededError):
        ending.write_off(period_id=period_of(invoice).pk, reason="Insolvent", actor_id=ann.pk)
    with pytest.raises(alone.SecondPersonNeededError):
        by_staff.credit_invoice(document_id=invoice.pk, total=D("1.01"), reason="Outage", user_id=ann.pk)
    assert (period_of(invoice).status, Document.objects.count()) == ("open", 1)


def test_a_write_off_above_the_limit_waits_and_is_done_once(invoice: Document) -> None:
    ann, bob = make_user(), make_user()
    waiting = write_off(invoice, ann).asked
    assert waiting is not None and waiting.amount.amount == D("1.08")
    assert (waiting.get_kind_display(), period_of(invoice).status) == ("Write off an invoice", "open")
    with pytest.raises(ValidationError, match="somebody else must approve it"):
        second_person.approve(approval_id=waiting.pk, user_id=ann.pk)
    for _ in range(2):
        assert second_person.approve(approval_id=waiting.pk, user_id=bob.pk).status == "approved"
    posted = Transaction.objects.get(key=f"uncollectible:{period_of(invoice).pk}")
    assert (posted.amount.amount, posted.actor, period_of(invoice).status) == (D("1.08"), ann, "uncollectible")
    assert verify() == []


def test_what_was_paid_meanwhile_is_not_written_off(invoice: Document) -> None:
    waiting = write_off(invoice, make_user()).asked
    assert waiting is not None
    pay(period_of(invoice), "0.50")
    lapsed = second_person.approve(approval_id=waiting.pk, user_id=make_user().pk)
    assert (lapsed.status, lapsed.words) == ("lapsed", "What is still to pay is not what it was. Ask again.")
    assert period_of(invoice).status == "open"
    answer = write_off(invoice, make_user())  # 0.58 may be one person's
    assert (answer.asked, period_of(invoice).status) == (None, "uncollectible")
    assert verify() == []


def test_a_credit_note_above_the_limit_waits_and_small_ones_of_a_day_count_together(invoice: Document) -> None:
    ann, bob, token = make_user(), make_user(), uuid.uuid4()
    for _ in range(2):
        first = credit(invoice, "0.60", ann, token)
        assert (first.asked, first.document) == (None, Document.objects.get(kind=DocumentKind.CREDIT_NOTE))
    assert sum(each.amount.amount for each in Transaction.objects.filter(kind="credit")) == D("0.60")
    waiting = credit(invoice, "0.48", ann).asked
    assert waiting is not None and waiting.get_kind_display() == "Credit an invoice"
    second_person.approve(approval_id=waiting.pk, user_id=bob.pk)
    assert credit(invoice, "0.48", ann, uuid.UUID(waiting.key.split(":")[2])).asked == waiting
    assert Document.objects.filter(kind=DocumentKind.CREDIT_NOTE).count() == 2
    assert verify() == []


def test_staff_are_told_that_it_waits_and_see_the_invoice(invoice: Document, staff_client: Client) -> None:
    page = reverse("admin:billing_billingperiod_write_off", args=[period_of(invoice).pk])
    asked, _answer, _sent = act(staff_client, page, reason="Insolvent")
    assert "A second person" in asked
    waiting = Approval.objects.get()
    html = staff_client.get(reverse("admin:billing_approval_change", args=[waiting.pk])).content.decode()
    assert "Write off an invoice" in html
    assert reverse("admin:billing_billingperiod_change", args=[period_of(invoice).pk]) in html
    credit_page = reverse("admin:billing_document_credit", args=[invoice.pk])
    act(staff_client, credit_page, total="1.08", reason="Outage")
    assert Approval.objects.count() == 2
    assert period_of(invoice).status == "open"
