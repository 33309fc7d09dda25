"""Schemathesis over the served schema: no 5xx, and no answer that the schema does not describe."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as conformance

from config.wsgi import application
from organizations.models import Account
from tests.usage.api.bodies import authorization, call_event
from tests.usage.api.test_schema import ADDRESSES

pytestmark = pytest.mark.django_db
EXAMPLES = 40
CHECKS = [
    checks.not_a_server_error,
    conformance.status_code_conformance,
    conformance.content_type_conformance,
    conformance.response_headers_conformance,
    conformance.response_schema_conformance,
]


@cache
def served_schema() -> Any:
    """The schema as the application serves it, in process."""
    return schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", application)


def point_at_acme(value: Any) -> None:
    """Make a generated request speak of what there is, so that it gets past the first check."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            item.pop("project", None)
            known = {"account": "acme", "subject": "acme", "call_id": "c-1", "id": "evt-1", "source": "pbx-eu-1"}
            item.update({name: text for name, text in known.items() if name in item})
            point_at_acme(item.get("data"))


@contextmanager
def one_connection() -> Iterator[None]:
    """Requests stay on the test's own connection and transaction, as they do with Django's test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "address"), sorted(ADDRESSES))
def test_no_request_gets_an_answer_that_is_not_described(
    acme: Account,
    api: Callable[..., Any],
    api_key: Callable[..., str],
    method: str,
    address: str,
    mode: GenerationMode,
) -> None:
    client, key = api("aipbx"), api_key("aipbx")
    client.post("/api/v1/calls/authorize", authorization())
    client.post("/api/v1/events", call_event())
    seen: set[int] = set()
    turns = itertools.count()

    with one_connection():
        operation = served_schema()[address][method.upper()]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        if next(turns) % 2:
            point_at_acme(case.path_parameters)
            point_at_acme(case.query)
            point_at_acme(case.body)
        response = case.call(headers={"Authorization": f"Bearer {key}"})
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    with one_connection():
        ask()
    if mode == GenerationMode.POSITIVE:
        assert any(status < 300 for status in seen)
