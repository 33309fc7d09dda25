"""The sandbox from a customer's first day on: what it would have cost is shown everywhere, marked, and in no total.

aitelier.md, 'Sandbox mode': "New projects start in sandbox mode by default … Every charge is simulated (the wallet does
not actually move) … All charges are clearly marked".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal as D
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Transaction
from organizations.models import Account, Mode, Project, Role
from tests.factories import ApiClient, make_member
from tests.isolation.matrix import ROWS
from tests.usage.events import charge, event
from usage.models import UsageEvent

# $0.90 for the success and $0.12 for each of three minutes beyond five: no price is the same, it can be looked for.
WOULD_BE = D("1.26")
MARKS = re.compile(r"simulated|sandbox|would", re.IGNORECASE)
ROWS_OF_TEXT = {"tr", "li", "p", "dl", "figure", "progress", "option"}
VOID_TAGS = {"br", "hr", "img", "input", "link", "meta", "use", "path", "source", "rect", "line", "circle"}


class Places(HTMLParser):
    """Collects each row, paragraph or list in which the amount stands, with its words and classes."""

    def __init__(self, amount: str) -> None:
        super().__init__()
        self.amount = amount
        self.open: list[tuple[str, list[str]]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        words = [value or "" for name, value in attrs if name in ("class", "aria-label", "title")]
        self._say(words)
        if tag not in VOID_TAGS:
            self.open.append((tag, words))

    def handle_endtag(self, tag: str) -> None:
        while self.open:
            name, words = self.open.pop()
            if name in ROWS_OF_TEXT and self.amount in " ".join(words):
                self.found.append(" ".join(words))
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        self._say([data])

    def _say(self, words: list[str]) -> None:
        for _tag, said in self.open:
            said.extend(words)


@pytest.fixture
def account(api: Callable[..., ApiClient], products: dict[str, Any]) -> Account:
    """A new customer, as its service opens the account: without a word about modes. Two calls of $1.26."""
    body = {"account": "lakeside", "name": "Lakeside Dental", "email": "ann@lakeside.example", "projects": ["front"]}
    assert api("aitelier").post("/api/v1/accounts", body).status_code == 201
    account = Account.objects.get(external_id="lakeside")
    charge("aitelier", *[_call(account) for _ in range(2)])
    return account


def _call(account: Account) -> Any:
    return event(
        account, project="front", outcome="success", duration_seconds=480, duration_cap_seconds=900, caller="+1 555"
    )


@pytest.fixture
def client(account: Account) -> Client:
    browser = Client()
    browser.force_login(make_member(account, Role.OWNER))
    return browser


def project_of(account: Account) -> Project:
    return account.projects.get()


def test_a_new_project_starts_in_the_sandbox_and_its_calls_move_nothing(account: Account) -> None:
    assert project_of(account).mode == Mode.SANDBOX
    assert [each.total.amount for each in UsageEvent.objects.all()] == [WOULD_BE] * 2
    assert not Transaction.objects.exists()


FILES = {"history_csv", "calls_csv", "usage_csv", "documents_zip"}


@pytest.mark.parametrize("amount", ["1.26", "2.52"], ids=["a call's", "the sum"])
def test_wherever_it_stands_it_is_marked(account: Account, client: Client, amount: str) -> None:
    ids = {
        "account": account.pk,
        "call": UsageEvent.objects.first().pk,  # type: ignore[union-attr]
        "sandbox_project": project_of(account).pk,
        "live_project": project_of(account).pk,
    }
    pages = 0
    for row in ROWS:
        if not row.get or row.of_person or not ids.keys() >= set(row.args) or row.name in FILES:
            continue
        for query in ({}, {"view": "each"}):
            response = client.get(reverse(row.name, args=[ids[key] for key in row.args]), query)
            places = Places(amount)
            places.feed(response.content.decode())
            unmarked = [words for words in places.found if not MARKS.search(words)]
            assert unmarked == [], row.name
            pages += bool(places.found)
    assert pages >= 4


def test_files_mark_it(client: Client) -> None:
    for name, query in (("history_csv", {"view": "each"}), ("calls_csv", {}), ("usage_csv", {})):
        text = b"".join(client.get(reverse(name), query)).decode("utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(text)))
        assert {line["simulated"] for line in lines} == {"yes"}, name
        assert lines, name


def test_the_projects_page_adds_up_and_no_total_counts_it(account: Account, client: Client) -> None:
    (line,) = client.get(reverse("projects")).context["lines"]
    assert (line.month.simulated, line.month.spent) == (2 * WOULD_BE, D(0))
    simulated = UsageEvent.objects.filter(is_simulated=True)
    assert line.month.simulated == sum(each.total.amount for each in simulated)
    overview = client.get(reverse("overview")).context
    assert (overview["month"].spent, overview["month"].simulated) == (D(0), 2 * WOULD_BE)
    assert (overview["balance"].available, overview["balance"].spent_today) == (D(0), D(0))
    assert overview["banners"] == []  # nothing keeps a sandbox call from starting
    assert client.get(reverse("limits")).context["refusal"] is None


def test_the_history_of_a_new_customer_is_what_was_simulated(client: Client) -> None:
    (line,) = client.get(reverse("history")).context["lines"]
    assert (line.title, line.status, line.row.amount) == ("2 calls", "Simulated", -2 * WOULD_BE)
    hidden = client.get(reverse("history"), {"simulated": "hidden"})
    assert hidden.context["lines"] == []
    assert "Nothing matches these filters" in hidden.content.decode()


def test_one_click_goes_live_and_one_leads_back(account: Account, client: Client) -> None:
    project = project_of(account)
    live = reverse("project_live", args=[project.pk])
    asked = client.get(live).content.decode()
    assert "What was simulated so far is never charged." in asked
    assert "The balance is used up" in asked  # which from then on denies calls
    client.post(live)
    assert project_of(account).mode == Mode.LIVE
    charge("aitelier", _call(account))
    (posted,) = Transaction.objects.all()
    assert posted.amount.amount == -WOULD_BE
    client.post(reverse("project_sandbox", args=[project.pk]))
    charge("aitelier", _call(account))
    assert Transaction.objects.count() == 1
    (line,) = client.get(reverse("projects")).context["lines"]
    assert (line.month.simulated, line.month.spent) == (3 * WOULD_BE, WOULD_BE)
