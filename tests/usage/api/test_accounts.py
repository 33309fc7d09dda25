"""`accounts` and what hangs below an account, as API.md has them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone

from billing.models import Transaction
from notifications.models import Delivery
from organizations.models import Account, Invitation, Project
from tests.factories import ApiClient
from tests.usage.api.bodies import call_event, signup
from usage.models import IdempotentRequest

pytestmark = pytest.mark.django_db
Clients = Callable[..., ApiClient]
ACCOUNTS = "/api/v1/accounts"


def test_the_example_account_is_made_and_its_owner_invited(products: Any, api: Clients) -> None:
    response = api("letustalk").post(ACCOUNTS, signup())
    answer = response.json()
    answer.pop("created_at")
    assert response.status_code == 201
    assert answer == {
        "account": "acme",
        "name": "Acme",
        "email": "owner@acme.example",
        "country": "US",
        "timezone": "America/New_York",
        "status": "active",
        "currency": "USD",
        "projects": [
            {"project": "front-desk", "name": "front-desk", "mode": "live"},
            {"project": "pilot", "name": "Pilot", "mode": "sandbox"},
        ],
    }
    assert Invitation.objects.get().email == "owner@acme.example"
    assert Delivery.objects.count() == 1
    balance = api("letustalk").get(f"{ACCOUNTS}/acme/balance").json()
    assert balance["promo"] == "0.500000"


def test_an_account_that_exists_answers_200_and_stays_as_it_is(products: Any, api: Clients) -> None:
    client = api("letustalk")
    first = client.post(ACCOUNTS, signup()).json()
    again = client.post(ACCOUNTS, signup(name="Other", email="other@acme.example", country="IN"))
    assert (again.status_code, again.json()) == (200, first)
    assert Transaction.objects.filter(kind="welcome").count() == 1
    assert Invitation.objects.count() == 1


def test_projects_that_an_account_lacks_are_added(products: Any, api: Clients) -> None:
    client = api("aipbx")
    client.post(ACCOUNTS, signup())
    answer = client.post(ACCOUNTS, signup(projects=[{"project": "pilot", "mode": "live"}, "night-desk"])).json()
    modes = {project["project"]: project["mode"] for project in answer["projects"]}
    assert modes == {"front-desk": "live", "pilot": "sandbox", "night-desk": "live"}


def test_a_project_gets_the_products_mode_where_none_is_given(products: Any, api: Clients) -> None:
    api("aitelier").post(ACCOUNTS, signup(projects=["front-desk"]))
    assert Project.objects.get().mode == products["aitelier"].default_project_mode == "sandbox"


def test_an_account_without_projects_gets_one_so_that_it_can_be_charged(products: Any, api: Clients) -> None:
    body = {"account": "acme", "name": "Acme", "email": "owner@acme.example"}
    answer = api("aipbx").post(ACCOUNTS, body).json()
    assert [project["project"] for project in answer["projects"]] == ["default"]
    assert answer["timezone"] == products["aipbx"].timezone
    assert api("aipbx").post("/api/v1/events", call_event(project=None)).status_code == 201


def test_an_idempotency_key_gives_the_first_answer_again(products: Any, api: Clients) -> None:
    client = api("aipbx")
    headers = {"Idempotency-Key": "signup-1"}
    first, again = (client.post(ACCOUNTS, signup(), **headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other = client.post(ACCOUNTS, signup(name="Other"), **headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert Account.objects.count() == 1


def test_an_idempotency_key_belongs_to_one_service(products: Any, api: Clients) -> None:
    headers = {"Idempotency-Key": "signup-1"}
    assert api("osmtalk").post(ACCOUNTS, signup(), **headers).status_code == 201
    assert api("osmapi").post(ACCOUNTS, signup(name="Other"), **headers).status_code == 200


def test_a_request_that_failed_leaves_no_idempotency_key(products: Any, api: Clients) -> None:
    client = api("aipbx")
    headers = {"Idempotency-Key": "signup-1"}
    assert client.post(ACCOUNTS, signup(country="ZZ"), **headers).status_code == 422
    assert IdempotentRequest.objects.count() == 0
    assert client.post(ACCOUNTS, signup(), **headers).status_code == 201


@pytest.mark.parametrize("value", ["", " ", "x" * 256])
def test_an_idempotency_key_that_cannot_be_kept_is_refused(products: Any, api: Clients, value: str) -> None:
    response = api("aipbx").post(ACCOUNTS, signup(), **{"Idempotency-Key": value})
    assert (response.status_code, list(response.json()["errors"])) == (422, ["Idempotency-Key"])


def test_the_balance_has_the_fields_of_the_contract(acme: Account, api: Clients) -> None:
    response = api("aipbx").get(f"{ACCOUNTS}/acme/balance")
    assert response.json() == {
        "currency": "USD",
        "available": "10.000000",
        "paid": "10.000000",
        "promo": "0.000000",
        "allotment": "0.000000",
        "held": "0.000000",
        "credit_limit": "0.000000",
        "mode": "prepaid",
        "accepting_calls": True,
        "reason": None,
    }


@pytest.mark.parametrize("identifier", ["a@b.example", "a/b", "/a", "a?b=c", "100%", "a/balance", "a b", "ü", "a%2Fb"])
def test_an_account_is_reached_by_any_identifier(
    bare_account: Callable[..., Account], api: Clients, identifier: str
) -> None:
    bare_account("aipbx", external_id=identifier, paid="3")
    for below in ("balance", "transactions", "usage"):
        response = api("aipbx").client.get(f"{ACCOUNTS}/{quote(identifier, safe='')}/{below}")
        assert response.status_code == 200, response.content


def test_transactions_come_newest_first_and_page_by_cursor(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    client.post("/api/v1/events", [call_event(f"e-{n}", call_id=f"c-{n}") for n in range(3)])
    address = f"{ACCOUNTS}/acme/transactions"
    first = client.get(address, limit=3).json()
    second = client.get(address, limit=3, cursor=first["next"]).json()
    numbers = [row["number"] for row in first["results"] + second["results"]]
    assert (numbers, second["next"]) == ([4, 3, 2, 1], None)
    newest = first["results"][0]
    shown = ("kind", "amount", "balance_after", "currency", "project")
    assert [newest[name] for name in shown] == ["call", "-0.046000", "9.862000", "USD", "front-desk"]
    assert newest["event"]["type"] == "call.completed"
    assert second["results"][0]["event"] is None


def test_usage_sums_the_same_money_however_it_is_grouped(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    client.post("/api/v1/events", [call_event(f"e-{n}", call_id=f"c-{n}") for n in range(3)])
    client.post("/api/v1/events/void", {"source": "pbx-eu-1", "id": "e-1", "reason": "mistake"})
    address = f"{ACCOUNTS}/acme/usage"
    today = str(timezone.now().date())
    reports = {
        group: client.get(address, group_by=group).json() for group in ("day", "project", "component", "outcome")
    }
    assert {report["spent"] for report in reports.values()} == {"0.092000"}
    numbers = {
        "simulated": False,
        "count": 2,
        "free_count": 0,
        "duration_seconds": "360",
        "tokens": "4680",
        "spent": "0.092000",
    }
    assert reports["day"]["results"] == [{"day": today, **numbers}]
    assert reports["project"]["results"] == [{"project": "front-desk", **numbers}]
    assert reports["outcome"]["results"] == [{"outcome": None, **numbers}]
    assert reports["component"]["results"][1] == {
        "component": "llm_input",
        "unit": "token",
        "simulated": False,
        "count": 2,
        "quantity": "4680",
        "spent": "0.024000",
    }


def test_usage_counts_the_days_asked_for(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    client.post("/api/v1/events", call_event())
    today = timezone.now().date()
    address = f"{ACCOUNTS}/acme/usage"
    tomorrow = str(today + timedelta(days=1))
    report = client.get(address, **{"from": tomorrow, "to": tomorrow}).json()
    assert (report["from"], report["to"], report["spent"], report["results"]) == (tomorrow, tomorrow, "0.000000", [])
    report = client.get(address).json()
    assert (report["from"], report["to"], report["spent"]) == (str(today.replace(day=1)), str(today), "0.046000")


def test_simulated_usage_is_told_apart(bare_account: Callable[..., Account], api: Clients) -> None:
    bare_account("aipbx", external_id="acme", projects={"front-desk": "sandbox"})
    client = api("aipbx")
    assert client.post("/api/v1/events", call_event()).json()["results"][0]["simulated"] is True
    for group in ("day", "component"):
        report = client.get(f"{ACCOUNTS}/acme/usage", group_by=group).json()
        assert (report["spent"], report["simulated_spent"]) == ("0.000000", "0.046000")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"group_by": "week"}, "group_by"),
        ({"from": "2026-02-30"}, "from"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "from"),
        ({"from": "2024-01-01", "to": "2026-01-01"}, "from"),
        ({"to": "0001-01-01"}, "to"),
        ({"day": "2026-01-01"}, "day"),
    ],
)
def test_usage_that_is_not_well_asked_for_says_why(
    acme: Account, api: Clients, query: dict[str, str], named: str
) -> None:
    response = api("aipbx").get(f"{ACCOUNTS}/acme/usage", **query)
    assert (response.status_code, list(response.json()["errors"])) == (422, [named])


def test_an_estimate_is_what_the_event_would_cost_and_writes_nothing(
    acme: Account, api: Clients, rows: Callable[[], dict[str, int]]
) -> None:
    client, event = api("aipbx"), call_event(call_id=None)
    before = rows()
    response = client.post(f"{ACCOUNTS}/acme/estimates", {"type": event["type"], "data": event["data"]})
    assert response.status_code == 200
    assert rows() == before
    estimate = response.json()
    charge = client.post("/api/v1/events", event).json()["results"][0]["charge"]
    assert {name: estimate[name] for name in charge} == charge
    assert Decimal(estimate["total"]) == Decimal("0.046")


@pytest.mark.parametrize(
    ("body", "status", "code", "named"),
    [
        ({}, 422, "invalid_request", ["data"]),
        ([], 422, "invalid_request", ["request"]),
        ({"data": {"channel": "phone", "status": "completed"}}, 422, "invalid_request", ["data.duration_seconds"]),
        ({"kind": "call", **{"data": call_event()["data"]}}, 422, "invalid_request", ["kind"]),
        ({"data": {**call_event()["data"], "model": "yandex-realtime"}}, 422, "price_on_request", []),
    ],
)
def test_an_estimate_that_cannot_be_made_says_why(
    acme: Account, api: Clients, body: Any, status: int, code: str, named: list[str]
) -> None:
    response = api("aipbx").post(f"{ACCOUNTS}/acme/estimates", body)
    document = response.json()
    assert (response.status_code, document["code"], list(document.get("errors", {}))) == (status, code, named)
