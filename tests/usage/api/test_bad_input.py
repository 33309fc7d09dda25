"""Bad input: each its documented error, the field named, and no row written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from organizations.models import Account
from tests.factories import ApiClient
from tests.usage.api.bodies import ISO_UTC, authorization, call_event, signup
from usage.models import UsageEvent

pytestmark = pytest.mark.django_db
Clients = Callable[..., ApiClient]
Rows = Callable[[], dict[str, int]]
EVENTS = "/api/v1/events"

NOT_QUANTITIES = (
    "-1",
    "-0",
    "-0.0",
    "1e309",
    "1e999999999999",
    "0e999999999",
    "1" + "0" * 30,
    "1" * 5000,
    "1.0000001",
    "1e-7",
    "true",
    "[]",
    "{}",
    '"NaN"',
    '"Infinity"',
    '"1e309"',
    '"-0"',
    '"1_000"',
    '"1,000"',
    '" 1"',
    '"+1"',
    '"1."',
    '".5"',
    '""',
    '"1.0000001"',
    '"1000000000000000000000000000000"',
    '"\\u0661\\u0662"',
    '"\u0661\u0662"',
    '"0x10"',
)
NOT_JSON = ("NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "0x1", "nul", "'1'", "")
NOT_MONEY = (
    "0.005",
    "5",
    "-0.1",
    '"-0.1"',
    '"NaN"',
    '"1e309"',
    '"1_000"',
    '"0.0000001"',
    '"1000000000"',
    '"5 USD"',
    "true",
    '"\u0665"',
    '{"amount": "1"}',
    '"1' + "0" * 30 + '"',
)


def raw(event: dict[str, Any], placeholder: str, literal: str) -> bytes:
    return json.dumps(event).replace(f'"{placeholder}"', literal).encode()


def refusals(client: ApiClient, bodies: Mapping[str, bytes]) -> dict[str, tuple[int, str, list[str]]]:
    """What each body was answered: status, code, fields at fault."""
    found = {}
    for name, body in bodies.items():
        response = client.post(EVENTS, body=body)
        document = response.json()
        found[name] = (response.status_code, document["code"], list(document.get("errors", {})))
    return found


def test_what_is_no_exact_quantity_is_refused(acme: Account, api: Clients, rows: Rows) -> None:
    before = rows()
    bodies = {literal: raw(call_event(stt_seconds="HERE"), "HERE", literal) for literal in NOT_QUANTITIES}
    assert refusals(api("aipbx"), bodies) == dict.fromkeys(bodies, (422, "invalid_event", ["data.stt_seconds"]))
    assert rows() == before


def test_what_is_no_json_is_refused_as_a_whole(acme: Account, api: Clients, rows: Rows) -> None:
    before = rows()
    bodies = {literal: raw(call_event(stt_seconds="HERE"), "HERE", literal) for literal in NOT_JSON}
    bodies |= {f"[{literal}]": b"[" + body + b"]" for literal, body in bodies.items()}
    assert refusals(api("aipbx"), bodies) == dict.fromkeys(bodies, (400, "malformed_json", []))
    assert rows() == before


def test_money_is_a_decimal_string_and_nothing_else(acme: Account, api: Clients, rows: Rows) -> None:
    before = rows()
    bodies = {literal: raw(call_event(provider_costs={"llm": "HERE"}), "HERE", literal) for literal in NOT_MONEY}
    assert refusals(api("aipbx"), bodies) == dict.fromkeys(bodies, (422, "invalid_event", ["data.provider_costs"]))
    assert rows() == before


BROKEN_FIELDS = (
    ("analytics", "1"),
    ("analytics", '"true"'),
    ("goal_reached", '"yes"'),
    ("channel", '"fax"'),
    ("direction", '"up"'),
    ("status", '"done"'),
    ("outcome", '"won"'),
    ("call_id", "5"),
    ("call_id", '""'),
    ("call_id", f'"{"x" * 256}"'),
    ("call_id", '"a\\u0000b"'),
    ("call_id", '"a\\ud800b"'),
    ("model", f'"{"x" * 81}"'),
    ("tier", f'"{"x" * 41}"'),
    ("project", "[]"),
    ("provider_costs", '"0.1"'),
    ("started_at", '"2026-03-15T10:01:00"'),
    ("started_at", '"2026-03-15"'),
    ("started_at", "1773569000"),
    ("started_at", '"0001-01-01T00:00:00+23:59"'),
    ("started_at", '"9999-12-31T23:59:59-23:59"'),
    ("duration_seconds", "100000000"),
)


def test_a_field_that_breaks_its_rule_is_named(acme: Account, api: Clients, rows: Rows) -> None:
    before = rows()
    client = api("aipbx")
    for field, literal in BROKEN_FIELDS:
        bodies = {literal: raw(call_event(**{field: "HERE"}), "HERE", literal)}
        assert refusals(client, bodies) == {literal: (422, "invalid_event", [f"data.{field}"])}
    assert rows() == before


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "time", "subject", "data"])
def test_what_an_event_needs_is_named_when_it_is_missing(acme: Account, api: Clients, rows: Rows, name: str) -> None:
    before = rows()
    event = call_event()
    del event[name]
    response = api("aipbx").post(EVENTS, event)
    assert (response.status_code, response.json()["errors"]) == (422, {name: ["Is required."]})
    assert rows() == before


def test_a_call_without_its_length_is_refused(acme: Account, api: Clients) -> None:
    response = api("aipbx").post(EVENTS, call_event(duration_seconds=None))
    assert (response.status_code, response.json()["errors"]) == (422, {"data.duration_seconds": ["Is required."]})
    assert not UsageEvent.objects.exists()


def test_a_call_that_names_no_channel_and_no_status_is_a_completed_phone_call(acme: Account, api: Clients) -> None:
    response = api("aipbx").post(EVENTS, call_event(channel=None, status=None))
    assert response.status_code == 201
    row = UsageEvent.objects.get()
    assert (row.channel, row.call_status) == ("phone", "completed")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "0.3"),
        ("specversion", 1.0),
        ("type", "call.started"),
        ("type", "chat.hour"),
        ("time", "2026-03-15T10:04:00"),
        ("time", "yesterday"),
        ("time", None),
        ("id", ""),
        ("id", 7),
        ("source", "x" * 256),
        ("subject", {"id": "acme"}),
        ("data", []),
        ("datacontenttype", "text/xml"),
    ],
)
def test_the_envelope_is_checked(acme: Account, api: Clients, rows: Rows, name: str, value: Any) -> None:
    before = rows()
    response = api("aipbx").post(EVENTS, {**call_event(), name: value})
    assert (response.status_code, list(response.json()["errors"])) == (422, [name])
    assert rows() == before


def test_an_event_may_be_five_minutes_ahead_and_no_more(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    for seconds, status in ((290, 201), (330, 422)):
        event = {**call_event(f"e-{seconds}"), "time": (timezone.now() + timedelta(seconds=seconds)).strftime(ISO_UTC)}
        assert client.post(EVENTS, event).status_code == status


def test_an_event_older_than_the_window_is_too_old(acme: Account, api: Clients, rows: Rows) -> None:
    before = rows()
    for moment in (timezone.now() - timedelta(days=36), timezone.now() - timedelta(days=9000)):
        response = api("aipbx").post(EVENTS, {**call_event(), "time": moment.strftime(ISO_UTC)})
        assert (response.status_code, response.json()["code"]) == (422, "event_too_old")
    assert rows() == before


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('"id": "evt-1"', '"id": "evt-1", "id": "evt-2"', "id"),
        ('"duration_seconds": 180', '"duration_seconds": 180, "duration_seconds": 1', "data.duration_seconds"),
        ('"stt_seconds": 90', '"stt_seconds": 90, "stt\\u005fseconds": 1', "data.stt_seconds"),
        ('"stt_seconds": 90', '"note": {"a": 1, "a": "b"}', "data.note.a"),
        ('"stt_seconds": 90', '"note": "a\\u0000"', "data.note"),
        ('"stt_seconds": 90', '"no\\ud800te": 1', "data.?"),
        ('"stt_seconds": 90', '"note": 1e999999', "data.note"),
    ],
)
def test_what_says_two_things_or_cannot_be_kept_is_refused(
    acme: Account, api: Clients, rows: Rows, old: str, new: str, field: str
) -> None:
    before = rows()
    body = json.dumps(call_event())
    assert old in body
    client = api("aipbx")
    single = client.post(EVENTS, body=body.replace(old, new))
    assert (single.status_code, list(single.json()["errors"])) == (422, [field])
    assert rows() == before
    good = json.dumps(call_event("good"))
    array = client.post(EVENTS, body=f"[{body.replace(old, new)} ,\n{good}]").json()["results"]
    assert list(array[0]["error"]["errors"]) == [field]
    assert [result["status"] for result in array] == ["rejected", "accepted"]


NO_BODIES = (
    b"",
    b" ",
    b"{",
    b"[{]",
    b"nonsense",
    b"\xff\xfe",
    b'"\xff"',
    b'{"id": "\xff"}',
    b"\xef\xbb\xbf{}",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"[" * 50_000 + b"]" * 50_000,
)


@pytest.mark.parametrize("path", [EVENTS, "/api/v1/calls/authorize", "/api/v1/accounts"])
def test_bodies_that_are_no_json_are_refused(acme: Account, api: Clients, rows: Rows, path: str) -> None:
    before = rows()
    client = api("aipbx")
    for body in NO_BODIES:
        response = client.client.post(path, body, "application/json", CONTENT_TYPE="application/json")
        assert response.status_code in (400, 422), body[:20]
        assert response["Content-Type"] == "application/problem+json"
    assert rows() == before


def test_a_deep_event_is_refused_and_an_event_beside_it_is_not(acme: Account, api: Clients) -> None:
    deep = json.dumps(call_event("deep", call_id="c-2")).replace("2340", "[" * 40 + "]" * 40)
    results = api("aipbx").post(EVENTS, body=f"[{deep}, {json.dumps(call_event())}]").json()["results"]
    assert [result["status"] for result in results] == ["rejected", "accepted"]


@pytest.mark.parametrize("path", [EVENTS, "/api/v1/calls/authorize", "/api/v1/accounts"])
def test_a_body_above_the_limit_is_refused(acme: Account, api: Clients, rows: Rows, path: str) -> None:
    before = rows()
    body = b" " * (settings.API_BODY_BYTES_MAX + 1)
    response = api("aipbx").post(path, body=body)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert rows() == before


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"account": None}, ["account"]),
        ({"call_id": ""}, ["call_id"]),
        ({"call_id": "x" * 256}, ["call_id"]),
        ({"channel": "fax"}, ["channel"]),
        ({"max_duration_seconds": 0}, ["max_duration_seconds"]),
        ({"max_duration_seconds": 1.5}, ["max_duration_seconds"]),
        ({"max_duration_seconds": "600"}, ["max_duration_seconds"]),
        ({"max_duration_seconds": 10**30}, ["max_duration_seconds"]),
        ({"chanel": "phone"}, ["chanel"]),
    ],
)
def test_an_authorisation_that_is_not_well_put_is_refused(
    acme: Account, api: Clients, rows: Rows, fields: dict[str, Any], named: list[str]
) -> None:
    before = rows()
    response = api("aipbx").post("/api/v1/calls/authorize", authorization(**fields))
    assert (response.status_code, list(response.json()["errors"])) == (422, named)
    assert rows() == before


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"account": 5}, ["account"]),
        ({"account": "x" * 256}, ["account"]),
        ({"name": ""}, ["name"]),
        ({"email": "nobody"}, ["email"]),
        ({"email": 7}, ["email"]),
        ({"country": "Utopia"}, ["country"]),
        ({"country": "ZZ"}, ["country"]),
        ({"timezone": "Mars/Olympus"}, ["timezone"]),
        ({"timezone": "../../etc/passwd"}, ["timezone"]),
        ({"projects": "front-desk"}, ["projects"]),
        ({"projects": ["a", "a"]}, ["projects"]),
        ({"projects": [{"project": "a", "mode": "test"}]}, ["projects[0].mode"]),
        ({"projects": ["a", 7]}, ["projects[1]"]),
        ({"projects": [{"project": "a", "colour": "red"}]}, ["projects[0].colour"]),
        ({"plan": "gold"}, ["plan"]),
    ],
)
def test_an_account_that_is_not_well_put_is_refused(
    products: Any, api: Clients, rows: Rows, fields: dict[str, Any], named: list[str]
) -> None:
    before = rows()
    response = api("aipbx").post("/api/v1/accounts", signup(**fields))
    assert (response.status_code, list(response.json()["errors"])) == (422, named)
    assert rows() == before
