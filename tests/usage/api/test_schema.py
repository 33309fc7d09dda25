"""The served schema: one document of both lanes, and a page to browse it that works under the content policy."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from django.test import Client

from usage.api.lane import HOT


@cache
def document() -> dict[str, Any]:
    answer: dict[str, Any] = Client().get("/api/v1/schema/?format=json").json()
    return answer


ADDRESSES = {
    ("post", "/api/v1/calls/authorize"),
    ("post", "/api/v1/calls/extend"),
    ("post", "/api/v1/calls/release"),
    ("get", "/api/v1/calls"),
    ("post", "/api/v1/events"),
    ("post", "/api/v1/events/void"),
    ("post", "/api/v1/accounts"),
    ("get", "/api/v1/accounts/{account}/balance"),
    ("get", "/api/v1/accounts/{account}/transactions"),
    ("get", "/api/v1/accounts/{account}/usage"),
    ("post", "/api/v1/accounts/{account}/estimates"),
}


def test_the_document_has_every_address_of_the_contract_and_no_other() -> None:
    found = {(method, path) for path, methods in document()["paths"].items() for method in methods}
    assert found == ADDRESSES


def test_every_operation_needs_a_key_and_documents_its_problems() -> None:
    for methods in document()["paths"].values():
        for operation in methods.values():
            assert operation["security"] == [{"serviceKey": []}]
            for status in ("400", "401", "403", "404", "422", "429", "500", "503"):
                content = operation["responses"][status]["content"]
                assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_every_reference_leads_somewhere() -> None:
    schemas = document()["components"]["schemas"]

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*(references(inner) for inner in value.values()))
        return set().union(*(references(inner) for inner in value)) if isinstance(value, list) else set()

    assert references(document()) <= {f"#/components/schemas/{name}" for name in schemas}


def test_the_event_types_and_fields_are_those_of_the_contract() -> None:
    data = document()["components"]["schemas"]["CallCompleted"]["properties"]["data"]["properties"]
    assert data.keys() >= {"call_id", "project", "channel", "duration_seconds", "status", "provider_costs", "assistant"}
    assert data["channel"]["enum"] == ["phone", "web", "whatsapp", "chat"]


def test_the_lane_and_the_resolver_agree_on_the_hot_addresses() -> None:
    from django.urls import resolve

    assert {address: resolve(address).func for address in HOT} == HOT


@pytest.mark.django_db
def test_the_docs_page_loads_nothing_that_its_policy_forbids() -> None:
    response = Client().get("/api/v1/docs/")
    policy = response["Content-Security-Policy"]
    page = response.content.decode()
    assert response.status_code == 200
    assert "script-src" not in policy
    assert "default-src 'self'" in policy
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "<script>" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "schema/" in Client().get("/api/v1/docs/?script=").content.decode()
