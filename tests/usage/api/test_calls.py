"""`calls/authorize`, `calls/extend`, `calls/release` and `GET calls` as API.md has them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone

from billing.models import Hold
from organizations.models import Account
from tests.factories import ApiClient
from tests.usage.api.bodies import authorization, call_event
from usage.models import UsageEvent

pytestmark = pytest.mark.django_db
Clients = Callable[..., ApiClient]
AUTHORIZE, EXTEND, RELEASE = "/api/v1/calls/authorize", "/api/v1/calls/extend", "/api/v1/calls/release"
CALLS = "/api/v1/calls"
# SIP Call-IDs hold these.
AWKWARD = "a84b4c76e66710@pc33.example.com/x?y=100%&z=#1 ü"


def test_the_example_question_is_answered_as_the_page_says(acme: Account, api: Clients) -> None:
    response = api("aipbx").post(AUTHORIZE, authorization())
    answer = response.json()
    expires_at = datetime.fromisoformat(answer["hold"].pop("expires_at"))
    assert expires_at > timezone.now()
    assert response.status_code == 200
    assert answer == {
        "call_id": "c-1",
        "allowed": True,
        "reason": None,
        "message": "",
        "mode": "live",
        "on_exhaustion": "finish",
        "max_duration_seconds": 600,
        "hold": {"amount": "0.250000", "currency": "USD"},
        "balance": {"available": "9.750000", "held": "0.250000", "currency": "USD"},
    }


def test_asking_again_gets_the_first_answer_and_another_body_a_conflict(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    first = client.post(AUTHORIZE, authorization())
    again = client.post(AUTHORIZE, dict(reversed(authorization().items())))
    assert (again.status_code, again.json()) == (200, first.json())
    other = client.post(AUTHORIZE, authorization(max_duration_seconds=601))
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert Hold.objects.count() == 1


def test_only_account_and_call_id_must_be_given(acme: Account, api: Clients) -> None:
    assert api("aipbx").post(AUTHORIZE, {"account": "acme", "call_id": "c-1"}).json()["allowed"] is True


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [({"account": "nobody"}, 404, "unknown_account"), ({"project": "lobby"}, 422, "unknown_project")],
)
def test_nobody_and_nothing_are_problems(
    acme: Account, api: Clients, fields: dict[str, Any], status: int, code: str
) -> None:
    response = api("aipbx").post(AUTHORIZE, authorization(**fields))
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert Hold.objects.count() == 0


def test_a_denial_carries_one_reason_and_words(bare_account: Callable[..., Account], api: Clients) -> None:
    bare_account("aipbx", external_id="acme", projects={"front-desk": "live"})
    answer = api("aipbx").post(AUTHORIZE, authorization()).json()
    assert (answer["allowed"], answer["reason"], answer["hold"]) == (False, "insufficient_balance", None)
    assert answer["message"]


def test_a_call_in_progress_goes_on_and_its_event_ends_the_hold(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    client.post(AUTHORIZE, authorization())
    extended = client.post(EXTEND, {"call_id": "c-1", "elapsed_seconds": 60.5})
    answer = extended.json()
    assert (extended.status_code, answer["proceed"], answer["reason"]) == (200, True, None)
    assert answer.keys() == {"call_id", "proceed", "reason", "hold", "max_duration_seconds"}
    client.post("/api/v1/events", call_event())
    assert Hold.objects.get().status == "captured"
    ended = client.post(EXTEND, {"call_id": "c-1", "elapsed_seconds": 90}).json()
    assert (ended["proceed"], ended["reason"]) == (False, "call_ended")


def test_extending_a_call_never_heard_of_is_a_problem(acme: Account, api: Clients) -> None:
    response = api("aipbx").post(EXTEND, {"call_id": "c-9", "elapsed_seconds": 60})
    assert (response.status_code, response.json()["code"]) == (404, "unknown_call")


def test_release_answers_204_however_often(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    client.post(AUTHORIZE, authorization())
    for _ in range(2):
        response = client.post(RELEASE, {"call_id": "c-1"})
        assert (response.status_code, response.content) == (204, b"")
        assert "Content-Type" not in response
    assert Hold.objects.get().status == "released"


def test_a_release_that_overtakes_its_authorisation_denies_it(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    assert client.post(RELEASE, {"call_id": "c-1"}).status_code == 204
    answer = client.post(AUTHORIZE, authorization()).json()
    assert (answer["allowed"], answer["reason"], answer["hold"]) == (False, "call_ended", None)
    assert Hold.objects.filter(status="active").count() == 0


def test_a_call_id_is_any_text(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    assert client.post(AUTHORIZE, authorization(AWKWARD)).json()["allowed"] is True
    assert client.post("/api/v1/events", call_event(call_id=AWKWARD)).status_code == 201
    results = client.client.get(f"{CALLS}?call_id={quote(AWKWARD, safe='')}").json()["results"]
    assert [call["call_id"] for call in results] == [AWKWARD]


def test_a_call_is_listed_with_its_charge_line_by_line(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    client.post(AUTHORIZE, authorization())
    charge = client.post("/api/v1/events", call_event()).json()["results"][0]["charge"]
    page = client.get(CALLS, account="acme", call_id="c-1").json()
    (call,) = page["results"]
    row = UsageEvent.objects.get()
    assert page["next"] is None
    assert call["charge"] == {**charge, "free_code": None}
    shown = ("account", "project", "service", "source", "id", "status", "channel", "duration_seconds", "simulated")
    assert [call[name] for name in shown] == [
        "acme",
        "front-desk",
        "aipbx",
        "pbx-eu-1",
        "evt-1",
        "completed",
        "phone",
        "180",
        False,
    ]
    assert call["rate_card"]["version"] == 1
    assert (call["transaction"], call["hold"], call["void"]) == (2, row.hold_id, False)
    assert call["hold"] == Hold.objects.get().pk


def test_calls_page_by_cursor_newest_first(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    client.post("/api/v1/events", [call_event(f"e-{n}", call_id=f"c-{n}") for n in range(7)])
    seen: list[str] = []
    query: dict[str, Any] = {"account": "acme", "limit": 3}
    while True:
        page = client.get(CALLS, **query).json()
        seen += [call["call_id"] for call in page["results"]]
        if page["next"] is None:
            break
        assert len(page["results"]) == 3
        query["cursor"] = page["next"]
    assert sorted(seen, reverse=True) == seen
    assert len(seen) == 7


def test_calls_are_filtered_by_day_charged_or_moment_started(acme: Account, api: Clients) -> None:
    client, now = api("aipbx"), timezone.now()
    client.post("/api/v1/events", call_event())
    days = [str((now + timedelta(days=shift)).date()) for shift in (-1, 0, 1)]
    hour = timedelta(hours=1)
    for query, count in (
        ({"from": days[1]}, 1),
        ({"from": days[2]}, 0),
        ({"to": days[1]}, 1),
        ({"to": days[0]}, 0),
        ({"from": (now - hour).isoformat(), "to": now.isoformat()}, 1),
        ({"from": now.isoformat()}, 0),
        ({"to": (now - hour).isoformat()}, 0),
    ):
        assert len(client.get(CALLS, account="acme", **query).json()["results"]) == count, query


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({}, ["account", "call_id"]),
        ({"account": "acme", "from": "2026-13-01"}, ["from"]),
        ({"account": "acme", "to": "2026-03-15T10:00:00"}, ["to"]),
        ({"account": "acme", "limit": "0"}, ["limit"]),
        ({"account": "acme", "limit": "1001"}, ["limit"]),
        ({"account": "acme", "limit": "\u0661"}, ["limit"]),
        ({"account": "acme", "cursor": "made-up"}, ["cursor"]),
        ({"account": "acme", "page": "2"}, ["page"]),
        ({"call_id": "a\x00b"}, ["call_id"]),
    ],
)
def test_a_list_that_is_not_well_asked_for_says_why(
    acme: Account, api: Clients, query: dict[str, str], named: list[str]
) -> None:
    response = api("aipbx").get(CALLS, **query)
    assert (response.status_code, list(response.json()["errors"])) == (422, named)


def test_a_cursor_belongs_to_its_list(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    client.post("/api/v1/events", [call_event(f"e-{n}", call_id=f"c-{n}") for n in range(2)])
    cursor = client.get(CALLS, account="acme", limit=1).json()["next"]
    for query in ({"account": "acme", "to": "2030-01-01"}, {"call_id": "c-1"}):
        assert client.get(CALLS, cursor=cursor, **query).status_code == 422
    assert client.get("/api/v1/accounts/acme/transactions", cursor=cursor).status_code == 422
