"""Revenue, cost and margin are what the events add up to, and no margin is taken of what nobody reported a cost of."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from billing.verification.run import verify
from organizations.models import Account
from tests.usage.events import charge, event, key_of
from usage.models import UsageEvent
from usage.selectors.reports.margin import DIMENSIONS, Asked, margin
from usage.services.void import void_event

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]
URL = "admin:report_margin"


def asked(**options: Any) -> Asked:
    today = timezone.now().date()
    return Asked(first_day=today - timedelta(days=3), last_day=today + timedelta(days=1), **options)


@pytest.fixture
def world(bare_account: Make) -> list[Account]:
    """Two products' accounts: calls with a cost, without one, free, reversed and simulated."""
    first = bare_account("aipbx", paid="10", projects={"front": "live", "pilot": "sandbox"})
    second = bare_account("aitelier", paid="10")
    for number, cost in enumerate(("0.004", "0.0015", "")):
        costs: Any = {"provider_costs": {"llm": cost}} if cost else {}
        sizes: Any = {"llm_input_tokens": 1000 * (number + 1), "model": "gpt-realtime"}
        for project in ("front", "pilot"):
            charge("aipbx", event(first, project=project, channel="web" if number else "phone", **sizes, **costs))
    charge("aipbx", event(first, event_id="gone", project="front", stt_seconds=600, provider_costs={"llm": "0.5"}))
    void_event(key=key_of("aipbx"), source="pbx", event_id="gone", reason="Wrong")
    charge("aitelier", event(second, outcome="success", tier="standard"))
    charge("aitelier", event(second, status="failed", provider_costs={"llm": "0.03"}))
    return [first, second]


def expanded(of: str) -> dict[tuple[Any, str], list[D]]:
    """Events, charged, charged with a known cost, and cost, event by event."""
    sums: dict[tuple[Any, str], list[D]] = defaultdict(lambda: [D(0)] * 4)
    for one in UsageEvent.objects.filter(status="accepted", is_simulated=False).select_related("account"):
        total = one.total.amount if one.total else D(0)
        keys = {"product": one.account.product_id, "account": one.account_id, "project": one.project_id}
        key = keys.get(of) or getattr(one, of)
        added = [D(1), total, total if one.cost.amount else D(0), one.cost.amount]
        sums[key, one.currency] = [a + b for a, b in zip(sums[key, one.currency], added, strict=True)]
    return dict(sums)


@pytest.mark.parametrize("of", DIMENSIONS)
def test_every_grouping_adds_up_what_the_events_say(world: list[Account], of: str) -> None:
    found = margin(asked(), [of], rows_max=100)
    assert {(one.key[0][0], one.currency): [one.events, one.charged, one.costed, one.cost] for one in found} == (
        expanded(of)
    )
    assert len(found) == len(expanded(of))
    assert verify(["daily_usage_equals_events"]) == []


def test_the_margin_is_of_what_has_a_known_cost_alone(world: list[Account]) -> None:
    pbx, atelier = world
    (of_pbx,) = margin(asked(account_id=pbx.pk), ["account"], rows_max=100)
    assert (of_pbx.charged, of_pbx.costed) == (D("0.03"), D("0.015"))  # 1, 2 and 3 thousand tokens at 0.005
    assert (of_pbx.cost, of_pbx.margin) == (D("0.0055"), D("0.0095"))
    (of_atelier,) = margin(asked(account_id=atelier.pk), ["account"], rows_max=100)
    assert (of_atelier.charged, of_atelier.costed, of_atelier.margin) == (D("0.9"), D(0), D("-0.03"))
    (sandbox,) = margin(asked(is_simulated=True), ["account"], rows_max=100)
    assert (sandbox.events, sandbox.cost) == (3, D("0.0055"))


def test_a_roll_up_that_says_more_was_known_than_was_is_found(world: list[Account]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE usage_dailyusage SET costed_spent = spent")
    (finding,) = verify(["daily_usage_equals_events"])
    assert finding.rows


@pytest.mark.usefixtures("world")
def test_a_process_that_does_not_know_the_column_yet_goes_on_writing() -> None:
    columns = "account_id, project_id, is_simulated, event_type, channel, model, tier, outcome, currency, count"
    columns += ", free_count, seconds, tokens, spent, cost"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO usage_dailyusage (day, {columns}) SELECT day - 400, {columns} FROM usage_dailyusage"
            " RETURNING costed_spent"
        )
        assert {row[0] for row in cursor.fetchall()} == {D(0)}


def test_the_page_says_what_is_not_reported_and_counts_its_queries(bare_account: Make, staff_client: Client) -> None:
    account = bare_account("aitelier", paid="10")
    charge("aitelier", event(account, outcome="success", tier="standard"))
    with CaptureQueriesContext(connection) as queries:
        page = staff_client.get(reverse(URL), {"by": "account", "then": "day"})
    text = page.content.decode()
    assert "not reported" in text
    assert "100" not in [str(cell) for panel in page.context["panels"] for row in panel.rows for cell in row]
    assert len(queries) <= 12


def test_files_hold_every_row_exactly_and_run_no_formula(world: list[Account], staff_client: Client) -> None:
    Account.objects.filter(pk=world[0].pk).update(name='=HYPERLINK("http://example.com")')
    query = {"by": "account", "then": "model"}
    file = staff_client.get(reverse(URL), {**query, "format": "csv"})
    assert file["Content-Disposition"].startswith('attachment; filename="margin-by-account-model-')
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    names = {row["account"] for row in rows}
    assert '\'=HYPERLINK("http://example.com")' in names
    assert sum(D(row["charged"]) for row in rows if row["currency"] == "USD") == sum(
        one[1] for (_, currency), one in expanded("model").items() if currency == "USD"
    )
    book = load_workbook(io.BytesIO(staff_client.get(reverse(URL), {**query, "format": "xlsx"}).content))
    sheet = list(book.active.iter_rows(values_only=True))
    heads, *lines = sheet
    place = heads.index("charged")
    assert [D(str(line[place])) for line in lines] == [D(row["charged"]) for row in rows]
    assert {line[0] for line in lines} == names
    assert all(cell.data_type != "f" for row in book.active.iter_rows() for cell in row)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"first_day": "2026-03-02", "last_day": "2026-03-01"}, "lies before the first one"),
        ({"first_day": "2024-01-01", "last_day": "2026-03-01"}, "more than 400 days"),
        ({"first_day": "soon"}, "Enter a valid date"),
        ({"by": "day", "then": "day"}, "the first group already"),
        ({"by": "weather"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_shown_is_said_beside_its_field(
    staff_client: Client, db: None, query: dict[str, str], words: str
) -> None:
    page = staff_client.get(reverse(URL), query)
    assert words in page.content.decode()
    assert page.context["report"] is None
    file = staff_client.get(reverse(URL), {**query, "format": "csv"})
    assert (file.status_code, words in file.content.decode()) == (400, True)
