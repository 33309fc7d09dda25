"""Customers of postpay are told of invoices on every page and led to where they are paid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal as D

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import BillingPeriod
from billing.services.postpay import minding, paying
from organizations.models import Account, Role
from tests.billing.postpay.accounts import at, call, close_running
from tests.factories import make_member

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]


@pytest.fixture
def invoiced(postpay_account: Make) -> Account:
    """An account with February's invoice of 0.90, due on April 2."""
    with at("2026-02-10 12:00"):
        account = postpay_account()
        call(account)
    with at("2026-03-04 00:00"):
        close_running(account)
    return account


def reader(account: Account, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(make_member(account, role))
    return client


def banner(account: Account, moment: str, role: Role = Role.OWNER) -> str:
    """The overview's page at that moment."""
    with at(moment):
        return reader(account, role).get(reverse("overview")).content.decode()


def test_a_banner_tells_of_an_invoice_a_week_before_it_is_due_and_after(invoiced: Account) -> None:
    assert "is due on April 2" not in banner(invoiced, "2026-03-25 12:00")
    soon = banner(invoiced, "2026-03-26 12:00")
    assert "Invoice INV-2026-0001 is due on April 2" in soon
    assert "From April 6 on no new call starts until it is paid." in soon
    assert "Pay $0.90" in soon
    assert "Pay $0.90" not in banner(invoiced, "2026-03-26 12:00", Role.VIEWER)
    assert "Invoice INV-2026-0001 is overdue" in banner(invoiced, "2026-04-03 12:00")
    with at("2026-04-06 12:00"):
        minding.check_due()
    stopped = banner(invoiced, "2026-04-06 12:00")
    assert "An invoice is overdue" in stopped
    assert "Pay $0.90" in stopped


def test_the_page_shows_the_bank_details_and_then_that_it_is_paid(invoiced: Account) -> None:
    period = BillingPeriod.objects.order_by("id")[0]
    page = reverse("invoice_pay", args=[period.reference])
    with at("2026-03-10 12:00"):
        html = reader(invoiced).get(page).content.decode()
        assert "To transfer" in html and f"IN-{period.pk:06d}" in html and "107000000" in html
        paying.record_transfer(
            period_id=period.pk, amount=D("0.90"), received_on=date(2026, 3, 9), bank_reference="r", user_id=None
        )
        html = reader(invoiced).get(page).content.decode()
    assert "To transfer" not in html
    assert "Paid" in html


def test_the_page_leads_on_to_stripes(invoiced: Account) -> None:
    period = BillingPeriod.objects.order_by("id")[0]
    BillingPeriod.objects.filter(pk=period.pk).update(pay_url="https://invoice.stripe.com/i/x", collects_by="stripe")
    answer = reader(invoiced).get(reverse("invoice_pay", args=[period.reference]))
    assert (answer.status_code, answer["Location"]) == (303, "https://invoice.stripe.com/i/x")


def test_what_a_part_payment_left_is_not_asked_for_by_stripes_page(invoiced: Account) -> None:
    """That page asks for all of the invoice, as it did when it was made."""
    period = BillingPeriod.objects.order_by("id")[0]
    BillingPeriod.objects.filter(pk=period.pk).update(pay_url="https://invoice.stripe.com/i/x", collects_by="stripe")
    with at("2026-03-10 12:00"):
        paying.record_transfer(
            period_id=period.pk, amount=D("0.50"), received_on=date(2026, 3, 9), bank_reference="r", user_id=None
        )
        answer = reader(invoiced).get(reverse("invoice_pay", args=[period.reference]))
    assert answer.status_code == 200
    assert (answer.context["due"], answer.context["is_bank"]) == (D("0.40"), True)
    assert f"IN-{period.pk:06d}" in answer.content.decode()


def test_a_used_up_credit_limit_asks_for_no_top_up(postpay_account: Make) -> None:
    with at("2026-03-01 12:00"):
        account = postpay_account(limit="2.70")
    for day in (2, 3, 4):
        with at(f"2026-03-0{day} 12:00"):
            call(account)
    page = banner(account, "2026-03-05 12:00")
    assert "Nothing left" in page
    assert "No call starts until the next invoice is paid." in page
    assert "until the balance is topped up" not in page
