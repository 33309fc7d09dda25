"""Staff switch accounts, see what a period would invoice, close it, and record what came: each with a reason."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from billing.models import BillingPeriod, Document, Payment, PostpayTerms, Wallet
from billing.verification.run import verify
from organizations.models import Account
from tests.billing.postpay.accounts import call, running
from tests.billing.postpay.test_closing import taxed
from tests.config.admin_steps import act
from tests.factories import open_test_account

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]


def period_page(period: BillingPeriod, name: str = "change") -> str:
    return reverse(f"admin:billing_billingperiod_{name}", args=[period.pk])


def test_staff_switch_an_account_with_terms_a_reason_and_a_confirmation(
    products: dict[str, Any], staff_client: Client
) -> None:
    wallet = open_test_account(products["aitelier"]).wallet
    address = reverse("admin:billing_wallet_switch_to_postpay", args=[wallet.pk])
    asked, answer, sent = act(
        staff_client,
        address,
        credit_limit="500",
        collects_by="bank",
        organization="",
        net_days="14",
        late_usage_hours="48",
        overdue_grace_days="5",
        reason="Agreed by mail",
    )
    assert answer.status_code == 302
    assert "$500.00" in asked and "14 days" in asked
    staff_client.post(address, {**sent, "step": "confirm"})
    wallet.refresh_from_db()
    terms = PostpayTerms.objects.get()
    assert (wallet.mode, wallet.credit_limit.amount, terms.net_days) == ("postpay", D(500), 14)
    assert BillingPeriod.objects.count() == 1
    assert "reason: Agreed by mail" in LogEntry.objects.order_by("-id")[0].change_message


def test_a_running_period_shows_what_it_would_invoice_and_is_closed_by_staff(
    postpay_account: Make, staff_client: Client
) -> None:
    taxed("10")
    account = postpay_account()
    call(account)
    period = running(account)
    html = staff_client.get(period_page(period)).content.decode()
    assert "Success · Standard" in html
    assert "Sales tax 10%" in html
    assert not Document.objects.exists()
    asked, answer, _sent = act(staff_client, period_page(period, "close_now"), reason="Leaves us")
    assert (answer.status_code, "$0.99" in asked) == (302, True)
    assert Document.objects.get().total.amount == D("0.99")
    assert "INV-" in staff_client.get(period_page(period)).content.decode()


def test_staff_record_a_transfer_once_and_write_off_the_rest(postpay_account: Make, staff_client: Client) -> None:
    account = postpay_account()
    call(account)
    period = running(account)
    act(staff_client, period_page(period, "close_now"), reason="Leaves us")
    fields = {"amount": "0.50", "received_on": "2026-01-05", "bank_reference": "B-1", "reason": "Statement of today"}
    for _ in range(2):
        act(staff_client, period_page(period, "record_transfer"), **fields)
    assert Payment.objects.get().amount.amount == D("0.50")
    act(staff_client, period_page(period, "write_off"), reason="Insolvent")
    period.refresh_from_db()
    assert (period.status, Wallet.objects.get().debt.amount) == ("uncollectible", D(0))
    assert verify() == []


def test_the_wallets_page_shows_its_periods_and_takes_it_back_to_prepaid(
    postpay_account: Make, staff_client: Client
) -> None:
    account = postpay_account()
    page = reverse("admin:billing_wallet_change", args=[account.wallet.pk])
    assert "Postpay periods" in staff_client.get(page).content.decode()
    act(staff_client, reverse("admin:billing_wallet_end_postpay", args=[account.wallet.pk]), reason="Asked for it")
    assert Wallet.objects.get().mode == "prepaid"
