"""Whatever goes wrong below /api/ leaves as a problem document, and shows nothing of the inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.utils import DataError, OperationalError
from django.test import Client

from organizations.models import Account
from tests.factories import ApiClient
from tests.usage.api.bodies import authorization, call_event
from usage.api import hot, views

pytestmark = pytest.mark.django_db
Clients = Callable[..., ApiClient]


def assert_problem(response: Any, status: int, code: str) -> None:
    document = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert (response.status_code, document["status"], document["code"]) == (status, status, code)
    assert document.keys() >= {"type", "title", "detail"}


@pytest.mark.parametrize(
    "address",
    [
        "/api/",
        "/api/v1/",
        "/api/v2/events",
        "/api/v1/events/",
        "/api/v1/accounts/acme",
        "/api/v1/accounts/%00/balance",
        f"/api/v1/accounts/{'x' * 256}/balance",
    ],
)
def test_an_unknown_address_is_a_problem(acme: Account, api: Clients, address: str) -> None:
    assert_problem(api("aipbx").client.get(address), 404, "not_found")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("address", ["/api/v1/events", "/api/v1/calls/authorize", "/api/v1/accounts"])
def test_another_method_is_a_problem_that_names_the_right_one(
    acme: Account, api: Clients, method: str, address: str
) -> None:
    response = api("aipbx").client.generic(method, address)
    assert_problem(response, 405, "method_not_allowed")
    assert response["Allow"] == "POST"


def test_a_failure_shows_nothing_of_the_inside(acme: Account, api: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(hot, "charge_events", fail)
    monkeypatch.setattr(views, "balance_of", lambda wallet: fail())
    client = api("aipbx")
    for response in (client.post("/api/v1/events", call_event()), client.get("/api/v1/accounts/acme/balance")):
        assert_problem(response, 500, "internal_error")
        assert b"secret" not in response.content


def test_a_database_that_does_not_answer_is_503_and_asks_to_come_again(
    acme: Account, api: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> Any:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(hot, "charge_events", fail)
    response = api("aipbx").post("/api/v1/events", call_event())
    assert_problem(response, 503, "unavailable")
    assert response["Retry-After"] == "1"


def test_an_amount_beyond_the_books_is_a_problem_of_the_request(
    acme: Account, api: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> Any:
        raise DataError("numeric field overflow")

    monkeypatch.setattr(hot, "charge_events", fail)
    assert_problem(api("aipbx").post("/api/v1/events", call_event()), 422, "out_of_range")


def test_a_body_of_unknown_length_is_a_problem(acme: Account, api: Clients) -> None:
    client = api("aipbx").client
    response = client.generic("POST", "/api/v1/events", headers={"Transfer-Encoding": "chunked"})
    assert_problem(response, 411, "length_required")


def test_a_key_is_not_taken_in_the_clear_where_https_is_required(acme: Account, api: Clients, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    client = api("aipbx").client
    for address in ("/api/v1/events", "/api/v1/accounts"):
        assert_problem(client.post(address, "[]", content_type="application/json"), 403, "https_required")
    assert client.post("/api/v1/events", "[]", content_type="application/json", secure=True).status_code == 200


def test_a_host_that_is_not_ours_is_a_problem(acme: Account, api: Clients) -> None:
    response = api("aipbx").client.get("/api/v1/accounts/acme/balance", headers={"Host": "evil.example"})
    assert_problem(response, 400, "bad_request")


def test_a_client_that_asks_for_something_else_gets_json(acme: Account, api: Clients) -> None:
    response = api("aipbx").client.get("/api/v1/accounts/acme/balance", headers={"Accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


def test_hot_requests_carry_no_cookie_and_ask_for_none(acme: Account, api: Clients) -> None:
    response = api("aipbx").post("/api/v1/calls/authorize", authorization())
    assert not response.cookies
    assert "Vary" not in response


def test_the_words_do_not_depend_on_what_a_person_read_before(acme: Account, api: Clients) -> None:
    from django.utils.translation import activate, get_language

    activate("ru")
    api("aipbx").post("/api/v1/calls/authorize", authorization())
    assert get_language() == "en"


def test_other_pages_are_none_of_the_lanes_business() -> None:
    assert Client().get("/nowhere")["Content-Type"].startswith("text/html")
