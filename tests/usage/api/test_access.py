"""Who may do what: scopes over every address, and nothing of another product's is ever seen or touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from organizations.models import Account, Scope, ServiceKey
from tests.factories import ApiClient
from tests.usage.api.bodies import authorization, call_event, signup
from usage.api import throttle

pytestmark = pytest.mark.django_db
Clients = Callable[..., ApiClient]

# Every address: method, scope, a body that is well put.
ADDRESSES: dict[str, tuple[str, str, Any]] = {
    "/api/v1/calls/authorize": ("POST", "authorize", authorization()),
    "/api/v1/calls/extend": ("POST", "authorize", {"call_id": "c-1", "elapsed_seconds": 1}),
    "/api/v1/calls/release": ("POST", "authorize", {"call_id": "c-2"}),
    "/api/v1/events": ("POST", "usage", []),
    "/api/v1/events/void": ("POST", "usage", {"source": "pbx-eu-1", "id": "evt-1", "reason": "mistake"}),
    "/api/v1/accounts": ("POST", "manage", signup()),
    "/api/v1/calls?account=acme": ("GET", "read", None),
    "/api/v1/accounts/acme/balance": ("GET", "read", None),
    "/api/v1/accounts/acme/transactions": ("GET", "read", None),
    "/api/v1/accounts/acme/usage": ("GET", "read", None),
    "/api/v1/accounts/acme/estimates": ("POST", "read", {"data": {}}),
}


def ask(client: ApiClient, address: str) -> Any:
    method, _, body = ADDRESSES[address]
    return client.get(address) if method == "GET" else client.post(address, body)


def test_the_table_above_has_every_address_of_the_api() -> None:
    from usage.api.urls import urlpatterns

    named = {pattern.name for pattern in urlpatterns} - {"schema", "docs"}
    assert len(named) == len(ADDRESSES)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_key_does_what_its_scope_says_and_nothing_else(acme: Account, api: Clients, address: str) -> None:
    wanted = ADDRESSES[address][1]
    allowed = {scope: ask(api("aipbx", [scope]), address).status_code != 403 for scope in Scope.values}
    assert allowed == {scope: scope == wanted for scope in Scope.values}
    refused = ask(api("aipbx", []), address)
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x.y", "Basic YTpi", "Bearer \xff\xfe", "Token KEY"])
def test_without_a_valid_key_nothing_answers(
    acme: Account, api_key: Callable[..., str], address: str, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header.replace("KEY", api_key("aipbx"))}
    method = ADDRESSES[address][0]
    response = Client(headers=headers).generic(method, address, data="{}", content_type="application/json")
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert response["Content-Type"] == "application/problem+json"


def test_a_key_that_is_revoked_is_refused_from_the_next_request_on(acme: Account, api: Clients) -> None:
    client = api("aipbx")
    assert client.post("/api/v1/events", []).status_code == 200
    ServiceKey.objects.update(revoked=True)
    assert client.post("/api/v1/events", []).status_code == 401
    assert client.get("/api/v1/accounts/acme/balance").status_code == 401


def test_another_products_account_does_not_exist(
    bare_account: Callable[..., Account], api: Clients, rows: Callable[[], dict[str, int]]
) -> None:
    bare_account("letustalk", external_id="theirs", projects={"front-desk": "live"}, paid="10")
    client, before = api("aipbx"), rows()
    for below in ("balance", "transactions", "usage"):
        response = client.get(f"/api/v1/accounts/theirs/{below}")
        assert (response.status_code, response.json()["code"]) == (404, "unknown_account")
    estimate = client.post("/api/v1/accounts/theirs/estimates", {"data": call_event()["data"]})
    assert (estimate.status_code, estimate.json()["code"]) == (404, "unknown_account")
    assert client.get("/api/v1/calls", account="theirs").status_code == 404
    assert client.post("/api/v1/calls/authorize", authorization(account="theirs")).status_code == 404
    event = client.post("/api/v1/events", call_event(subject="theirs"))
    assert (event.status_code, event.json()["code"]) == (422, "unknown_account")
    assert rows() == before


def test_another_products_calls_and_events_cannot_be_seen_or_reversed(
    acme: Account, bare_account: Callable[..., Account], api: Clients
) -> None:
    bare_account("letustalk", external_id="acme", projects={"front-desk": "live"}, paid="10")
    ours, theirs = api("aipbx"), api("letustalk")
    theirs.post("/api/v1/calls/authorize", authorization())
    theirs.post("/api/v1/events", call_event(provider_costs={"llm": "1"}))
    assert ours.get("/api/v1/calls", call_id="c-1").json()["results"] == []
    void = ours.post("/api/v1/events/void", {"source": "pbx-eu-1", "id": "evt-1", "reason": "mistake"})
    assert (void.status_code, void.json()["code"]) == (404, "unknown_event")
    extend = ours.post("/api/v1/calls/extend", {"call_id": "c-1", "elapsed_seconds": 1})
    assert (extend.status_code, extend.json()["code"]) == (404, "unknown_call")
    assert ours.post("/api/v1/events", call_event()).status_code == 201
    assert ours.get("/api/v1/accounts/acme/balance").json()["available"] == "9.954000"


def test_services_of_one_product_share_accounts_but_not_ids(bare_account: Callable[..., Account], api: Clients) -> None:
    bare_account("osmtalk", external_id="acme", projects={"front-desk": "live"}, paid="100")
    event = call_event(provider_costs={"llm": "1"})
    assert api("osmtalk").post("/api/v1/events", event).status_code == 201
    assert api("osmapi").post("/api/v1/events", event).status_code == 201
    calls = api("osmapi").get("/api/v1/calls", account="acme").json()["results"]
    assert [call["service"] for call in calls] == ["osmapi", "osmtalk"]


def test_too_many_requests_of_one_key_are_told_when_to_come_again(
    acme: Account, api: Clients, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_REQUESTS_PER_SECOND = 2
    clock = 1000.0
    monkeypatch.setattr(throttle, "monotonic", lambda: clock)
    client, other = api("aipbx"), api("aipbx")
    answers = [client.post("/api/v1/events", []), client.get("/api/v1/accounts/acme/balance")]
    assert [answer.status_code for answer in answers] == [200, 200]
    for refused in (client.post("/api/v1/events", []), client.get("/api/v1/accounts/acme/balance")):
        assert (refused.status_code, refused["Retry-After"], refused.json()["code"]) == (429, "1", "rate_limited")
    assert other.post("/api/v1/events", []).status_code == 200
    clock += 0.5
    assert client.post("/api/v1/events", []).status_code == 200
    assert client.post("/api/v1/events", []).status_code == 429
