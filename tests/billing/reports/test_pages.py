"""The reports' pages: who may see them, what they say, and what their files hold."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.models import BillingPeriod, PaymentDifference
from billing.selectors.reports import ageing
from billing.services import ledger_days
from tests.billing.wallets import make_product, make_wallet
from tests.config.admin_rows import make_clerk

pytestmark = pytest.mark.django_db
NAMES = ("trial_balance", "liabilities", "reconciliation", "ageing", "margin")
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def rows_of(client: Client, name: str, **query: str) -> list[list[str]]:
    file = client.get(reverse(f"admin:report_{name}"), {**query, "format": "csv"})
    assert file.status_code == 200
    return list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))


def test_reports_are_for_those_who_may_see_them() -> None:
    seen = make_clerk("billing.view_reports")
    unseen = make_clerk("billing.view_transaction", "billing.view_ledgerday")
    for user, expected in ((seen, [200, 200, 403, 403, 200]), (unseen, [403] * 5)):
        client = Client()
        client.force_login(user)
        codes = [client.get(reverse(f"admin:report_{name}")).status_code for name in NAMES]
        files = [client.get(reverse(f"admin:report_{name}"), {"format": "csv"}).status_code for name in NAMES]
        assert (codes, files) == (expected, expected)
    assert Client().get(reverse("admin:report_liabilities")).status_code == 302


def test_an_empty_installation_says_so_and_takes_few_queries(staff_client: Client) -> None:
    for name in NAMES:
        with CaptureQueriesContext(connection) as queries:
            page = staff_client.get(reverse(f"admin:report_{name}"))
        assert page.context["report"].empty in page.content.decode()
        assert len(queries) <= 12, name
        for extension in ("csv", "xlsx"):
            assert staff_client.get(reverse(f"admin:report_{name}"), {"format": extension}).status_code == 200


def test_the_trial_balance_and_liabilities_never_add_two_currencies(staff_client: Client) -> None:
    dollars, roubles = make_product(), make_product(currency="RUB")
    wallets = [
        make_wallet(dollars, paid="10", promo="2"),
        make_wallet(dollars, paid="0.000001"),
        make_wallet(roubles, paid="7"),
    ]
    rows = rows_of(staff_client, "trial_balance")
    assert rows[0] == ["product", "ledger_account", "debit", "credit", "balance", "currency"]
    assert [row[1:] for row in rows[1:]] == [
        ["Paid balance", "0.000000", "7.000000", "7.000000", "RUB"],
        ["Adjustments", "7.000000", "0.000000", "-7.000000", "RUB"],
        ["Paid balance", "0.000000", "10.000001", "10.000001", "USD"],
        ["Promo balance", "0.000000", "2.000000", "2.000000", "USD"],
        ["Promo given", "2.000000", "0.000000", "-2.000000", "USD"],
        ["Adjustments", "10.000001", "0.000000", "-10.000001", "USD"],
    ]
    page = staff_client.get(reverse("admin:report_liabilities"))
    totals = {panel.title: [str(cell) for cell in panel.total] for panel in page.context["panels"]}
    assert set(totals) == {"By product, USD", "By product, RUB", "By account, USD", "By account, RUB"}
    assert "10.00" in totals["By account, USD"][3]
    one = rows_of(staff_client, "liabilities", account=str(wallets[0].account_id), product=str(dollars.pk))
    assert one[-1][3:] == ["10.000000", "2.000000", "0.000000", "0.000000", "12.000000", "USD"]
    other = staff_client.get(
        reverse("admin:report_liabilities"), {"account": wallets[2].account_id, "product": dollars.pk}
    )
    assert "This account is a customer of" in other.content.decode()


def test_a_moment_is_asked_for_in_utc_and_not_before_it_comes(staff_client: Client) -> None:
    make_wallet(paid="10")
    url = reverse("admin:report_trial_balance")
    assert "now" in staff_client.get(url).context["report"].about
    before = staff_client.get(url, {"day": "2026-03-20", "time": "11:59"})
    assert before.context["report"].tables == []
    assert "not begun" in staff_client.get(url, {"day": "2026-03-21"}).content.decode()
    assert "Write a time" in staff_client.get(url, {"time": "noon"}).content.decode()


@pytest.mark.parametrize("account", ["a\0b", "abc", "9" * 30, "²"])
def test_an_address_that_names_no_account_is_told_so(staff_client: Client, account: str) -> None:
    for name in ("margin", "ageing"):
        page = staff_client.get(reverse(f"admin:report_{name}"), {"account": account})
        assert page.status_code == 200
        assert "account" in page.context["form"].errors, name


@pytest.mark.parametrize(("first", "last"), [("9999-12-01", "9999-12-31"), ("0001-01-01", "0001-01-31")])
def test_days_that_no_report_has_are_refused_with_words(staff_client: Client, first: str, last: str) -> None:
    for name in ("margin", "reconciliation"):
        page = staff_client.get(reverse(f"admin:report_{name}"), {"first_day": first, "last_day": last})
        assert "Choose days of this century." in page.content.decode(), name


def test_differences_are_counted_by_month_and_listed_by_age(staff_client: Client) -> None:
    for number, (days, closed, words) in enumerate(
        [(70, False, ""), (3, False, ""), (40, True, "Bank's fault"), (2, True, "")]
    ):
        PaymentDifference.objects.create(
            provider="stripe",
            kind="unknown_payment",
            reference=f"pi_{number}",
            first_seen_at=NOW - timedelta(days=days),
            last_seen_at=NOW,
            explanation=words,
            closed_at=NOW if closed else None,
        )
    page = staff_client.get(reverse("admin:report_reconciliation"))
    months, each = page.context["report"].tables
    assert [(line.values[0], *line.values[3:]) for line in months.lines] == [("2026-01", 1, 0, 0), ("2026-03", 1, 0, 1)]
    assert [(line.values[2], line.values[7], line.values[8]) for line in each.lines] == [
        ("pi_0", 70, "open"),
        ("pi_1", 3, "open"),
        ("pi_3", 2, "gone"),
    ]


def invoice(wallet_id: int, *, due: date, total: str, settled: str = "0", **fields: object) -> BillingPeriod:
    closed = datetime.combine(due - timedelta(days=30), datetime.min.time(), UTC)
    return BillingPeriod.objects.create(
        wallet_id=wallet_id,
        currency="USD",
        starts_on=due - timedelta(days=60),
        ends_on=due - timedelta(days=31),
        starts_at=closed - timedelta(days=30),
        ends_at=closed,
        closes_at=closed,
        closed_at=closed,
        due_on=due,
        net=D(total),
        total=D(total),
        settled=D(settled),
        **{"status": "open", **fields},
    )


def test_invoices_are_put_where_their_lateness_says(staff_client: Client) -> None:
    wallet = make_wallet()
    for late, total in (
        (-5, "1"),
        (0, "2"),
        (1, "4"),
        (30, "8"),
        (31, "16"),
        (60, "32"),
        (61, "64"),
        (90, "128"),
        (91, "256"),
    ):
        invoice(wallet.pk, due=NOW.date() - timedelta(days=late), total=total)
    invoice(wallet.pk, due=NOW.date() - timedelta(days=7), total="1000", settled="990.5", status="overdue")
    (found,) = ageing.by_account(ageing.open_invoices(NOW), NOW.date())
    assert found.amounts == (D(3), D("21.5"), D(48), D(192), D(256))
    rows = rows_of(staff_client, "ageing")
    assert rows[1][3:] == ["10", "3.000000", "21.500000", "48.000000", "192.000000", "256.000000", "520.500000", "USD"]


def test_an_invoice_that_was_paid_since_was_still_open_then() -> None:
    wallet = make_wallet()
    due = date(2026, 2, 1)
    invoice(wallet.pk, due=due, total="50", settled="50", status="paid", paid_at=NOW - timedelta(days=2))
    assert ageing.open_invoices(NOW) == []
    earlier = ledger_days.end_of(NOW.date() - timedelta(days=4))
    assert [(one.due, one.days_late(date(2026, 3, 16))) for one in ageing.open_invoices(earlier)] == [(D(50), 43)]
    assert ageing.open_invoices(ledger_days.end_of(date(2026, 1, 1))) == []
