"""The dashboard: figures that agree with the ledger, and what wants attention."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from billing.admin.figures import GROUPS
from billing.models import (
    AutoTopUp,
    BillingPeriod,
    LedgerVerification,
    PaymentDifference,
    PeriodStatus,
    ProviderEvent,
    TransactionKind,
)
from billing.services import bank, refunds, top_ups
from billing.services.credits import adjust
from billing.services.postpay import paying, switching
from notifications.models import Delivery, SweepRun, WebhookEndpoint
from organizations.models import Account, Product, Service, User
from tests.billing.postpay.accounts import call, switched
from tests.billing.postpay.test_closing import taxed
from tests.config.admin_rows import charge, fill, make_clerk
from usage.models import DailyUsage, RejectedEvent
from usage.services.void import void


def stats(client: Client) -> dict[str, dict[str, Any]]:
    return {stat["label"]: stat for stat in client.get(reverse("admin:index")).context["stats"]}


def money(client: Client) -> dict[str, list[str]]:
    panel = client.get(reverse("admin:index")).context["panels"][0]
    return {strip_tags(str(row[0])): [strip_tags(str(cell)) for cell in row[1:]] for row in panel.rows}


def charts(client: Client, heading: str) -> list[dict[str, Any]]:
    groups = client.get(reverse("admin:index")).context["chart_groups"]
    return next(drawn for title, drawn, _legend in groups if title.startswith(heading))


def test_the_dashboard_takes_at_most_twenty_queries(products: dict[str, Product], staff_client: Client) -> None:
    fill(products)
    with CaptureQueriesContext(connection) as queries:
        assert staff_client.get(reverse("admin:index")).status_code == 200
    assert len(queries) <= 20


def test_money_in_and_out_is_what_the_ledger_moved(make_account: Callable[..., Account], staff_client: Client) -> None:
    account = make_account("aipbx", paid="25", promo="1")
    charge(account, "evt-1")
    reversed_event = charge(account, "evt-2")
    void(event=reversed_event, reason="Wrong number", actor_id=None)
    make_account("osmtalk", paid="500")
    shown = money(staff_client)
    assert shown["AI PBX"] == ["$25.00", "$0.014", "$25.00", "$0.00", "$1.00", "$0.014", "$0.00", "$0.00"]
    assert shown["osmTalk"][0] == "₹500.00"
    assert "Aitelier" not in shown


def test_each_product_has_its_own_chart_in_its_own_currency(
    make_account: Callable[..., Account], staff_client: Client
) -> None:
    charge(make_account("aipbx", paid="25"), "evt-1")
    (chart,) = charts(staff_client, "Spending")
    assert chart["title"] == "AI PBX"
    assert strip_tags(str(chart["total"])) == "$0.014"
    assert '"0.014000"' in chart["data"]


def test_a_chart_ends_with_the_latest_day_that_an_account_has(
    make_account: Callable[..., Account], staff_client: Client
) -> None:
    """At 20:00 UTC it is tomorrow in Auckland: what is spent there now has its bar."""
    with time_machine.travel(datetime(2026, 11, 10, 20, tzinfo=UTC), tick=False):
        account = make_account("aipbx", paid="25")
        Account.objects.filter(pk=account.pk).update(timezone="Pacific/Auckland")
        charge(account, "evt-1")
        (chart,) = charts(staff_client, "Spending")
    assert strip_tags(str(chart["total"])) == "$0.014"
    drawn = json.loads(chart["data"])
    assert (drawn["labels"][-1], drawn["datasets"][0]["data"][-1]) == ("Nov 11", "0.014000")
    assert len(drawn["labels"]) == 30


def test_money_in_and_back_has_a_chart_of_its_own(make_account: Callable[..., Account], staff_client: Client) -> None:
    make_account("aipbx", paid="25")
    (chart,) = charts(staff_client, "Money in and back")
    shown, back = json.loads(chart["data"])["datasets"]
    assert (shown["label"], shown["data"][-1], back["label"], set(back["data"])) == (
        "In, USD",
        "25.000000",
        "Back, USD",
        {"0"},
    )


def test_the_margin_is_taken_of_charges_with_a_known_cost(
    make_account: Callable[..., Account], staff_client: Client
) -> None:
    charge(make_account("aipbx", paid="25"), "evt-1")
    usage = DailyUsage.objects.get()
    usage.cost, usage.costed_spent = Decimal("0.004"), Decimal("0.010")
    usage.save()
    panel = staff_client.get(reverse("admin:index")).context["panels"][1]
    (row,) = [[strip_tags(str(cell)) for cell in row] for row in panel.rows]
    assert row == ["AI PBX", "1", "$0.014", "$0.01", "$0.004", "$0.006", "60.0%"]


def test_everybody_sees_the_figures_of_the_lists_that_they_may_open(make_account: Callable[..., Account]) -> None:
    charge(make_account("aipbx", paid="25"), "evt-1")
    client = Client()
    client.force_login(make_clerk("usage.view_rejectedevent", "usage.view_dailyusage"))
    context = client.get(reverse("admin:index")).context
    assert [stat["label"] for stat in context["stats"]] == ["Rejected events"]
    assert [panel.title for panel in context["panels"]] == ["Margin this month"]
    assert context["low_panels"] == []
    assert "chart_groups" not in context


def test_wallets_below_their_floor_are_listed_the_lowest_first(
    make_account: Callable[..., Account], staff_client: Client
) -> None:
    """letustalk.md: below $0.10 no call starts; aipbx.md: at zero none does."""
    low = make_account("letustalk", name="Low")
    make_account("letustalk", name="Rich", paid="5")
    make_account("aipbx", name="Empty")
    make_account("aipbx", name="Cents", paid="0.01")
    suspended = make_account("aipbx", name="Suspended")
    Account.objects.filter(pk=suspended.pk).update(status="suspended")
    adjust(wallet_id=low.wallet.pk, amount=Decimal("-0.45"), reason="Test", actor_id=None, key="test")  # of 0.50
    (panel,) = staff_client.get(reverse("admin:index")).context["low_panels"]
    rows = [[strip_tags(str(cell)) for cell in row] for row in panel.rows]
    assert rows == [["Empty", "AI PBX", "$0.00", "$0.00"], ["Low", "letustalk.ai", "$0.05", "$0.10"]]
    assert panel.note == "2 wallets, the lowest first"


def test_the_last_verification_stands_there_with_its_age(staff_client: Client) -> None:
    assert stats(staff_client)["Ledger"]["figure"] == "Not verified yet"
    ended = timezone.now() - timedelta(hours=3, minutes=1)
    LedgerVerification.objects.create(started_at=ended, finished_at=ended, transactions=12, is_sound=True)
    sound = stats(staff_client)["Ledger"]
    assert (sound["figure"], sound["is_bad"]) == ("Sound", False)
    assert sound["note"].replace("\xa0", " ") == "Verified 3 hours ago, 12 transactions"
    LedgerVerification.objects.create(started_at=ended, finished_at=ended, transactions=12, is_sound=False)
    assert (stats(staff_client)["Ledger"]["figure"], stats(staff_client)["Ledger"]["is_bad"]) == ("Broken", True)


def test_late_sweeps_are_named(staff_client: Client) -> None:
    now = timezone.now()
    for name in settings.SWEEPS:
        SweepRun.objects.update_or_create(name=name, defaults={"started_at": now, "finished_at": now})
    assert stats(staff_client)["Sweeps"]["figure"] == "On time"
    SweepRun.objects.filter(name="expire_holds").update(finished_at=now - timedelta(minutes=5))
    late = stats(staff_client)["Sweeps"]
    assert (late["figure"], late["note"], late["is_bad"]) == ("1 late", "expire holds", True)


@pytest.mark.parametrize(("hours", "count"), [(1, "1"), (25, "0")])
def test_rejections_of_the_last_day_are_counted(
    hours: int, count: str, products: dict[str, Product], staff_client: Client
) -> None:
    RejectedEvent.objects.create(
        service=products["aipbx"].services.get(),
        code="invalid_event",
        detail="x",
        body="{}",
        received_at=timezone.now() - timedelta(hours=hours),
    )
    assert stats(staff_client)["Rejected events"]["figure"] == count


def test_undelivered_messages_are_those_given_up_and_those_waiting_too_long(staff_client: Client) -> None:
    now = timezone.now()
    for key, status in (("dead", "dead"), ("waiting", "pending"), ("fresh", "pending"), ("sent", "sent")):
        Delivery.objects.create(
            key=key, channel="email", recipient="a@example.com", body="x", status=status, next_attempt_at=now
        )
    Delivery.objects.filter(key="waiting").update(created_at=now - timedelta(minutes=6))
    assert stats(staff_client)["Undelivered messages"]["figure"] == "2"


def test_endpoints_that_fail_are_counted_and_those_that_are_off_named(
    products: dict[str, Product], staff_client: Client
) -> None:
    assert stats(staff_client)["Failing endpoints"]["is_bad"] is False
    service, now = Service.objects.get(slug="aipbx"), timezone.now()
    for url, is_active, failing_since in (("a", True, None), ("b", True, now), ("c", False, now), ("d", False, None)):
        WebhookEndpoint.objects.create(
            service=service, url=url, secret="whsec_aG9va3M=", is_active=is_active, failing_since=failing_since
        )
    found = stats(staff_client)["Failing endpoints"]
    assert (found["figure"], found["is_bad"]) == ("1", True)
    assert found["note"] == "services do not take messages; 2 switched off"


def test_services_that_report_nothing_are_named(products: dict[str, Product], staff_client: Client) -> None:
    silent = stats(staff_client)["Silent services"]
    assert (silent["figure"], silent["is_bad"]) == (0, False)
    Service.objects.filter(slug__in=["osmtalk", "osmapi"]).update(silent_since=timezone.now())
    silent = stats(staff_client)["Silent services"]
    assert (silent["figure"], silent["note"], silent["is_bad"]) == (2, "osmAPI, osmTalk", True)


def test_what_of_the_payments_waits_for_a_person_is_counted(
    make_account: Callable[..., Account], staff_client: Client
) -> None:
    labels = ["Refund requests", "Failing auto top-ups", "Webhook failures", "Payment differences"]
    before = stats(staff_client)
    assert [(before[label]["figure"], before[label]["is_bad"]) for label in labels] == [("0", False)] * 4
    now = timezone.now()
    AutoTopUp.objects.create(
        wallet=make_account("aitelier").wallet, currency="USD", threshold=10, amount=50, failures=1
    )
    event = {"provider": "stripe", "kind": "refund.updated", "object_kind": "refund", "object_id": "re_1"}
    ProviderEvent.objects.create(**event, event_id="evt_1", status="failed", received_at=now)
    ProviderEvent.objects.create(**event, event_id="evt_2", status="pending", received_at=now)
    seen = {"provider": "stripe", "kind": "unknown_payment", "first_seen_at": now, "last_seen_at": now}
    PaymentDifference.objects.create(**seen, reference="pi_1")
    PaymentDifference.objects.create(**seen, reference="pi_2", closed_at=now)
    after = stats(staff_client)
    assert [after[label]["figure"] for label in labels] == ["0", "1", "1", "1"]
    for label in labels:
        assert staff_client.get(after[label]["url"]).status_code == 200


def test_money_back_is_counted_apart_from_money_in(
    make_account: Callable[..., Account], staff: User, staff_client: Client
) -> None:
    wallet = make_account("aitelier").wallet
    top_up = top_ups.start(
        wallet_id=wallet.pk,
        amount=Decimal(100),
        provider="bank",
        organization_id=None,
        saves_card=False,
        user_id=staff.pk,
    )
    today = timezone.now().date()
    payment = bank.record_transfer(
        top_up_id=top_up.pk, amount=Decimal(100), received_on=today, bank_reference="B-1", user_id=staff.pk
    )
    refunds.refund_payment(payment_id=payment.pk, amount=Decimal(30), reason="Asked", user_id=staff.pk)
    panel = staff_client.get(reverse("admin:index")).context["panels"][0]
    heads = [column.label for column in panel.columns]
    (row,) = [dict(zip(heads, map(strip_tags, map(str, cells)), strict=True)) for cells in panel.rows]
    assert (row["In today"], row["In this month"], row["Back"]) == ("$100.00", "$100.00", "$30.00")


def test_a_paid_invoice_is_money_in_and_its_tax_is_nothing_spent(
    make_account: Callable[..., Account], staff: User, staff_client: Client
) -> None:
    account = make_account("aitelier")
    taxed("10")
    with time_machine.travel(timezone.now() - timedelta(days=2)):
        switched(account)
    call(account)
    switching.switch_back(wallet_id=account.wallet.pk, reason="Asked", actor_id=staff.pk)
    period = BillingPeriod.objects.get(status=PeriodStatus.OPEN)
    paying.record_transfer(
        period_id=period.pk,
        amount=Decimal("0.99"),
        received_on=timezone.now().date(),
        bank_reference="B-1",
        user_id=staff.pk,
    )
    assert money(staff_client)["Aitelier"] == ["$0.99", "$0.90", "$0.99", "$0.00", "$0.00", "$0.90", "$0.00", "$0.00"]


def test_every_kind_of_transaction_has_its_place() -> None:
    assert set(GROUPS) == set(TransactionKind)
