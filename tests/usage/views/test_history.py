"""The history: every movement once, in order, however it is filtered and paged."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from billing.models import GrantKind, Transaction, TransactionKind
from billing.services.credits import credit
from organizations.models import Account
from tests.usage.events import charge, event
from usage.models import UsageEvent
from usage.services.void import void

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAYS = 8


@pytest.fixture
def account(bare_account: Callable[..., Account]) -> Account:
    """Eight days: a credit every other day between two batches of calls and crawls, a sandbox beside them."""
    with time_machine.travel(START - timedelta(days=1), tick=False):
        account = bare_account("aitelier", paid="50", projects={"desk": "live", "back": "live", "pilot": "sandbox"})
    for day in range(DAYS):
        morning = START + timedelta(days=day)
        with time_machine.travel(morning, tick=False):
            charge("aitelier", *_calls(account, "desk", 3), *_calls(account, "pilot", 2))
        if day % 2:
            with time_machine.travel(morning + timedelta(minutes=10), tick=False):
                give(account, f"credit-{day}")
        with time_machine.travel(morning + timedelta(minutes=20), tick=False):
            crawl = event(account, event_type="crawl.completed", project="back", pages=300, crawler_seconds=1800)
            charge("aitelier", *_calls(account, "desk", 2), crawl)
    return account


def _calls(account: Account, project: str, count: int) -> list[Any]:
    return [event(account, project=project, outcome="conversation") for _ in range(count)]


def give(account: Account, key: str) -> None:
    credit(
        wallet_id=account.wallet.pk,
        kind=GrantKind.PAID,
        amount=Decimal(5),
        key=key,
        transaction_kind=TransactionKind.CREDIT,
        description="Bank transfer",
    )


def pages(client: Client, **query: Any) -> list[list[Any]]:
    """The rows of all pages, from the newest by "Older"."""
    found, parameters = [], dict(query)
    with time_machine.travel(START + timedelta(days=DAYS), tick=False):
        while True:
            page = client.get(reverse("history"), parameters).context["page"]
            found.append(page.rows)
            if page.older is None:
                return found
            parameters["before"] = page.older


def rows(client: Client, **query: Any) -> list[Any]:
    return [row for page in pages(client, **query) for row in page]


def test_one_by_one_is_the_ledger_itself(account: Account, reader: Callable[..., Client]) -> None:
    found = rows(reader(account), view="each", simulated="hidden")
    ledger = Transaction.objects.filter(wallet=account.wallet).order_by("-number")
    assert [(row.number, row.amount, row.balance_after) for row in found] == [
        (each.number, each.amount.amount, each.balance_after.amount) for each in ledger
    ]
    assert len(pages(reader(account), view="each", simulated="hidden")) == 3


def test_by_day_a_days_calls_are_one_row(account: Account, reader: Callable[..., Client]) -> None:
    found = rows(reader(account), simulated="hidden")
    newest = [(row.kind, row.count, row.amount, row.first_number, row.number) for row in found[:3]]
    last = Transaction.objects.filter(wallet=account.wallet).order_by("-number")[0].number
    assert newest == [
        ("crawl", 1, Decimal("-0.5"), last, last),
        ("call", 5, Decimal("-3"), last - 6, last - 1),
        ("credit", 1, Decimal(5), last - 3, last - 3),
    ]
    assert sum(row.amount for row in found) == account.wallet.__class__.objects.get(account=account).paid.amount
    assert sum(row.count for row in found) == Transaction.objects.filter(wallet=account.wallet).count()


@pytest.mark.parametrize("view", ["", "each"])
@pytest.mark.parametrize("simulated", ["", "hidden"])
@pytest.mark.parametrize("kind", ["", "call", "credit"])
def test_newer_leads_back_the_same_way(
    account: Account,
    reader: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch,
    view: str,
    simulated: str,
    kind: str,
) -> None:
    monkeypatch.setattr("usage.views.history.PAGE_SIZE", 3)
    client = reader(account)
    query = {"view": view, "simulated": simulated, "type": kind}
    older = pages(client, **query)
    assert len(older) > 1
    with time_machine.travel(START + timedelta(days=DAYS), tick=False):
        page = client.get(reverse("history"), {**query, "before": _edge_before_last(client, query)}).context["page"]
        back = [page.rows]
        while page.newer is not None:
            page = client.get(reverse("history"), {**query, "after": page.newer}).context["page"]
            back.append(page.rows)
    forth = [(row.stream, row.key) for shown in older for row in shown]
    assert len(forth) == len(set(forth))
    seen_back = [(row.stream, row.key) for shown in reversed(back) for row in shown]
    assert seen_back == forth


def _edge_before_last(client: Client, query: dict[str, str]) -> str:
    edge, parameters = "", dict(query)
    while True:
        page = client.get(reverse("history"), parameters).context["page"]
        if page.older is None:
            return edge
        edge = parameters["before"] = page.older


def test_the_types_offered_are_those_that_there_is_anything_of(
    account: Account, bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    def offered(client: Client, **query: str) -> list[str]:
        return [value for value, _label in client.get(reverse("history"), query).context["query"].kind.options]

    assert offered(reader(account)) == ["", "call", "crawl", "credit"]
    assert offered(reader(account), type="allotment") == ["", "call", "crawl", "credit", "allotment"]
    sandbox = bare_account("aitelier", projects={"pilot": "sandbox"})
    assert offered(reader(sandbox)) == [""]
    charge("aitelier", event(sandbox, project="pilot", goal_reached=True))
    assert offered(reader(sandbox)) == [""]
    charge("aitelier", event(sandbox, event_type="crawl.completed", project="pilot", pages=300, crawler_seconds=1800))
    assert offered(reader(sandbox)) == ["", "call", "crawl"]


def test_filters_find_what_they_name_and_nothing_else(account: Account, reader: Callable[..., Client]) -> None:
    client = reader(account)
    back = account.projects.get(external_id="back")
    assert {row.kind for row in rows(client, view="each", type="credit")} == {"credit"}
    assert len(rows(client, view="each", type="credit")) == 5
    assert [row.kind for row in rows(client, view="each", project=back.pk)] == ["crawl"] * DAYS
    day = rows(client, view="each", when="2026-03-02")
    assert {f"{row.day:%m-%d}" for row in day} == {"03-02"}
    assert len(day) == 7 + 2  # two of them simulated
    assert len(rows(client, when="2026-02")) == 1
    eighth = rows(client, when="other", **{"from": "2026-03-08", "to": "2026-03-08", "type": "call"})
    assert sorted((row.is_simulated, row.count) for row in eighth) == [(False, 5), (True, 2)]
    assert rows(client, when="today") == []


def test_simulated_charges_stand_among_the_others_as_such_and_can_be_hidden(
    account: Account, reader: Callable[..., Client]
) -> None:
    client = reader(account)
    one_by_one = [row for row in rows(client, view="each") if row.is_simulated]
    assert len(one_by_one) == 2 * DAYS
    by_day = [row for row in rows(client) if row.is_simulated]
    assert [(row.count, row.amount, row.number, row.balance_after) for row in by_day] == [
        (2, Decimal("-1.2"), None, None)
    ] * DAYS
    for view in ("", "each"):
        assert not any(row.is_simulated for row in rows(client, view=view, simulated="hidden"))
    page = client.get(reverse("history"), {"view": "each"})
    marked = [line.status for line in page.context["lines"] if line.row.is_simulated]
    assert marked == ["Simulated"] * len(marked) != []


def test_where_there_is_no_sandbox_nothing_is_said_of_one(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    html = reader(bare_account("aipbx", paid="5")).get(reverse("history")).content.decode()
    assert ('name="when"' in html, 'name="simulated"' in html, "imulated" in html) == (True, False, False)
    own = reader(bare_account("osmtalk", projects={"test": "sandbox"})).get(reverse("history")).content.decode()
    assert 'name="simulated"' in own  # its service put a project there


def test_a_reversal_is_a_row_of_its_own_with_its_reason(account: Account, reader: Callable[..., Client]) -> None:
    some = UsageEvent.objects.filter(account=account, transaction__isnull=False).first()
    assert some is not None
    void(event=some, reason="Test call of ours", actor_id=None)
    client = reader(account)
    row = client.get(reverse("history")).context["page"].rows[0]
    assert (row.kind, row.amount, row.reason, row.event_id) == ("void", Decimal("0.6"), "Test call of ours", some.pk)
    assert "Test call of ours" in client.get(reverse("history")).content.decode()


def test_bad_dates_are_said_beside_the_field(account: Account, reader: Callable[..., Client]) -> None:
    client = reader(account)
    page = client.get(reverse("history"), {"when": "other", "from": "15.03.2026"})
    assert page.status_code == 200
    assert page.context["query"].dates.errors == {"from": "Not a date. Write it as 2026-03-15."}
    assert page.content.decode().count("Not a date. Write it as 2026-03-15.") == 1
    swapped = client.get(reverse("history"), {"when": "other", "from": "2026-03-08", "to": "2026-03-01"})
    assert swapped.context["query"].dates.errors == {"to": "Before the first day. Choose a later one."}
    assert client.get(reverse("history_csv"), {"when": "other", "from": "x"}).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {"before": "x"},
        {"before": "9" * 40 + ".1"},
        {"after": "٣.٣"},
        {"before": "1.1' OR 1=1"},
        {"type": "nonsense", "view": "nonsense", "when": "nonsense", "simulated": "nonsense"},
        {"when": "9999-99"},
        {"when": "2026-13-45"},
    ],
)
def test_mangled_addresses_show_the_newest(
    account: Account, reader: Callable[..., Client], query: dict[str, str]
) -> None:
    client = reader(account)
    newest = client.get(reverse("history")).context["page"].rows
    assert client.get(reverse("history"), query).context["page"].rows == newest


def test_an_empty_history_says_what_will_be_here(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    client = reader(bare_account("aipbx"))
    assert "No movements yet" in client.get(reverse("history")).content.decode()
    filtered = client.get(reverse("history"), {"type": "call"}).content.decode()
    assert "Nothing matches these filters" in filtered
    assert "Clear filters" in filtered


def read_csv(client: Client, name: str, **query: Any) -> list[dict[str, str]]:
    response = client.get(reverse(name), query)
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_every_row_the_filters_let_through(account: Account, reader: Callable[..., Client]) -> None:
    client = reader(account)
    found = read_csv(client, "history_csv", view="each", simulated="hidden")
    ledger = list(Transaction.objects.filter(wallet=account.wallet).order_by("-number"))
    assert [(row["number"], row["amount"]) for row in found] == [
        (str(each.number), f"{each.amount.amount:f}") for each in ledger
    ]
    assert {row["type"] for row in read_csv(client, "history_csv", type="crawl")} == {"crawl"}
    every = [row for row in read_csv(client, "history_csv", view="each") if row["simulated"] == "yes"]
    assert [(row["project"], row["amount"], row["balance_after"]) for row in every] == [("pilot", "-0.600000", "")] * (
        2 * DAYS
    )


def test_no_csv_cell_is_a_formula(bare_account: Callable[..., Account], reader: Callable[..., Client]) -> None:
    account = bare_account("aipbx", paid="5")
    for index, text in enumerate(("=1+1", "+1 415 555", "-2+3", "@SUM(A1)", "\tx")):
        charge("aipbx", event(account, caller=text, call_id=f"c-{index}", stt_seconds=100))
    callers = [row["caller"] for row in read_csv(reader(account), "calls_csv")]
    assert sorted(callers) == sorted(["'=1+1", "'+1 415 555", "'-2+3", "'@SUM(A1)", "'\tx"])
    assert [row["amount"] for row in read_csv(reader(account), "history_csv", type="call")] == ["-0.050000"]


def test_another_project_keeps_the_other_filters(account: Account, reader: Callable[..., Client]) -> None:
    desk = account.projects.get(external_id="desk")
    page = reader(account).get(reverse("history"), {"type": "call", "before": "9.9.9.9"}).content.decode()
    assert f"{reverse('history')}?type=call&amp;project={desk.pk}" in page
    page = reader(account).get(reverse("history"), {"type": "call", "project": str(desk.pk)}).content.decode()
    assert f'href="{reverse("history")}?type=call"' in page
