"""`POST events` and `events/void` as API.md has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.models import Transaction
from organizations.models import Account, RecordedChange
from tests.factories import ApiClient
from tests.usage.api.bodies import call_event
from usage.models import RejectedEvent, UsageEvent

pytestmark = pytest.mark.django_db
Clients = Callable[..., ApiClient]
EVENTS = "/api/v1/events"
VOID = "/api/v1/events/void"


def test_the_example_event_is_charged_as_the_page_says(acme: Account, api: Clients) -> None:
    response = api("aipbx").post(EVENTS, call_event())
    assert response.status_code == 201
    (result,) = response.json()["results"]
    lines = [(line["component"], line["quantity"], line["amount"]) for line in result["charge"].pop("lines")]
    assert lines == [
        ("llm_input", "2340", "0.012000"),
        ("stt", "1.5", "0.009000"),
        ("tts", "1.5", "0.023000"),
        ("analytics", "1", "0.002000"),
    ]
    assert result == {
        "id": "evt-1",
        "source": "pbx-eu-1",
        "status": "accepted",
        "simulated": False,
        "charge": {"total": "0.046000", "currency": "USD", "free_reason": None},
        "balance": {"available": "9.954000", "held": "0.000000", "currency": "USD"},
    }


def test_a_line_has_the_fields_of_the_contract(acme: Account, api: Clients) -> None:
    result = api("aipbx").post(EVENTS, call_event()).json()["results"][0]
    expected = {"component": "llm_input", "quantity": "2340", "unit": "token", "unit_price": "0.000005"}
    assert result["charge"]["lines"][0].items() >= {**expected, "amount": "0.012000"}.items()


def test_a_known_single_event_answers_200_and_duplicate(acme: Account, api: Clients) -> None:
    client, event = api("aipbx"), call_event()
    first = client.post(EVENTS, event).json()["results"][0]
    again = client.post(EVENTS, event)
    assert again.status_code == 200
    assert again.json()["results"] == [{**first, "status": "duplicate"}]
    assert Transaction.objects.filter(kind="call").count() == 1


def test_the_same_id_with_another_body_is_a_conflict(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    client.post(EVENTS, call_event())
    response = client.post(EVENTS, call_event(duration_seconds=181))
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_conflict")
    assert response["Content-Type"] == "application/problem+json"
    assert UsageEvent.objects.count() == 1


def test_one_bad_event_in_an_array_never_stops_the_others(acme: Account, api: Clients) -> None:
    good, bad, stranger = call_event("a"), call_event("b", duration_seconds=-1), call_event("c", subject="nobody")
    response = api("aipbx").post(EVENTS, [good, bad, stranger, call_event("d", call_id="c-2"), 5, good])
    results = response.json()["results"]
    assert response.status_code == 200
    assert [result["status"] for result in results] == [
        "accepted",
        "rejected",
        "rejected",
        "accepted",
        "rejected",
        "duplicate",
    ]
    assert [result["id"] for result in results] == ["a", "b", "c", "d", "", "a"]
    assert results[1]["error"]["code"] == "invalid_event"
    assert list(results[1]["error"]["errors"]) == ["data.duration_seconds"]
    assert results[2]["error"]["code"] == "unknown_account"
    assert list(RejectedEvent.objects.order_by("id").values_list("code", "event_id")) == [
        ("invalid_event", "b"),
        ("invalid_event", ""),
        ("unknown_account", "c"),
    ]


@pytest.mark.parametrize("name", ["a\\u0000", "a\\ud800"])
def test_a_name_that_cannot_be_stored_never_stops_the_others(acme: Account, api: Clients, name: str) -> None:
    bad = json.dumps(call_event("b", provider_costs={"NAME": "free"})).replace("NAME", name)
    response = api("aipbx").post(EVENTS, body=f"[{json.dumps(call_event('a'))}, {bad}]")
    results = response.json()["results"]
    assert (response.status_code, [result["status"] for result in results]) == (200, ["accepted", "rejected"])
    assert results[1]["error"]["errors"]["data.provider_costs"][0].startswith(f"'{name.replace('u0000', 'x00')}': ")
    assert RejectedEvent.objects.count() == 1


@pytest.mark.parametrize(("offset", "hours"), [("+16:00", -16), ("-23:00", 23)])
def test_a_time_is_taken_with_any_offset_that_a_day_has(acme: Account, api: Clients, offset: str, hours: int) -> None:
    local = (timezone.now() - timedelta(days=2)).replace(microsecond=0, tzinfo=None)
    moment = f"{local.isoformat()}{offset}"
    sent = [call_event("a"), {**call_event("b", started_at=moment), "time": moment}]
    response = api("aipbx").post(EVENTS, sent)
    assert [result["status"] for result in response.json()["results"]] == ["accepted", "accepted"]
    event = UsageEvent.objects.get(event_id="b")
    assert event.occurred_at == event.started_at == local.replace(tzinfo=UTC) + timedelta(hours=hours)


def test_no_service_may_take_the_key_of_an_hours_charge(acme: Account, api: Clients) -> None:
    response = api("aipbx").post(EVENTS, {**call_event(), "source": "chat-hours"})
    assert (response.status_code, list(response.json()["errors"])) == (422, ["source"])
    assert not UsageEvent.objects.exists()


def test_a_rejected_event_may_be_sent_again_once_mended(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    assert client.post(EVENTS, call_event(project="lobby")).json()["code"] == "unknown_project"
    assert client.post(EVENTS, call_event()).status_code == 201


def test_an_empty_array_has_no_results(acme: Account, api: Clients) -> None:
    response = api("aipbx").post(EVENTS, [])
    assert (response.status_code, response.json()) == (200, {"results": []})


def test_a_thousand_events_are_taken_and_one_more_is_not(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    events = [call_event(f"e-{number}", call_id=f"c-{number}") for number in range(1001)]
    refused = client.post(EVENTS, events)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_many_events")
    assert UsageEvent.objects.count() == 0
    taken = client.post(EVENTS, events[:1000])
    assert {result["status"] for result in taken.json()["results"]} == {"accepted"}
    assert UsageEvent.objects.count() == 1000


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("application/cloudevents+json", 201),
        ("application/cloudevents-batch+json", 201),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_the_body_is_json_in_the_cloudevents_format(
    acme: Account, api: Clients, content_type: str, status: int
) -> None:
    response = api("aipbx").post(EVENTS, call_event(), content_type=content_type)
    assert response.status_code == status


def test_a_compressed_body_is_refused(acme: Account, api: Clients) -> None:
    assert api("aipbx").post(EVENTS, call_event(), **{"Content-Encoding": "gzip"}).status_code == 415


def test_a_project_may_be_left_out_where_the_account_has_one(acme: Account, api: Clients) -> None:
    assert api("aipbx").post(EVENTS, call_event(project=None)).status_code == 201


def test_the_event_is_kept_as_it_came_with_unknown_fields(acme: Account, api: Clients) -> None:
    event = {**call_event(caller="+1 202 555 0100", tags=["a", {"b": 1.25}]), "traceparent": "00-ab-cd-01"}
    assert api("aipbx").post(EVENTS, event).status_code == 201
    assert UsageEvent.objects.get().body == event


def test_numbers_are_exact_whichever_way_they_are_written(acme: Account, api: Clients) -> None:
    body = json.dumps(call_event(stt_seconds="TEXT", tts_seconds="NUMBER"))
    body = body.replace('"TEXT"', '"0.100000"').replace('"NUMBER"', "1e1")
    result = api("aipbx").post(EVENTS, body=body).json()["results"][0]
    measured = {line["component"]: Decimal(line.get("measured", 0)) for line in result["charge"]["lines"]}
    assert (measured["stt"], measured["tts"]) == (Decimal("0.1"), Decimal(10))


def test_escaped_text_is_taken_like_any_other(acme: Account, api: Clients) -> None:
    body = json.dumps(call_event(call_id='say "hi" \U0001f600 \\'))
    assert api("aipbx").post(EVENTS, body=body).status_code == 201
    assert UsageEvent.objects.get().call_id == 'say "hi" \U0001f600 \\'


def test_a_void_reverses_once(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    client.post(EVENTS, call_event())
    body = {"source": "pbx-eu-1", "id": "evt-1", "reason": "sent by mistake"}
    answers = [client.post(VOID, body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["status"] == "void"
    assert answers[0].json()["balance"] == {"available": "10.000000", "held": "0.000000", "currency": "USD"}
    assert Transaction.objects.filter(kind="void").count() == 1
    recorded = RecordedChange.objects.filter(model="usage.usageevent").latest("pk")
    assert (recorded.source, recorded.doing) == ("api", "aipbx: void")
    assert recorded.reason == "sent by mistake"


@pytest.mark.parametrize(
    ("body", "status", "code", "fields"),
    [
        ({"source": "pbx-eu-1", "id": "unheard", "reason": "r"}, 404, "unknown_event", []),
        ({"source": "pbx-eu-1", "id": "evt-1"}, 422, "invalid_request", ["reason"]),
        ({"source": "pbx-eu-1", "id": "evt-1", "reason": ""}, 422, "invalid_request", ["reason"]),
        ({"source": 5, "id": "evt-1", "reason": "r", "why": 1}, 422, "invalid_request", ["source", "why"]),
        ([], 422, "invalid_request", ["request"]),
    ],
)
def test_a_void_that_is_not_well_put_says_why(
    acme: Account, api: Clients, body: Any, status: int, code: str, fields: list[str]
) -> None:
    response = api("aipbx").post(VOID, body)
    document = response.json()
    assert (response.status_code, document["code"], list(document.get("errors", {}))) == (status, code, fields)
