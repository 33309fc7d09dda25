"""Idempotency-Key on the calls' own POSTs: the first answer again, 409 for another body (API.md, 'Conventions')."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.usage.api.bodies import authorization

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
EXTEND = "/api/v1/calls/extend"


def test_a_repeated_heartbeat_gets_the_first_answer_and_another_body_none(bare_account: Make, api: Make) -> None:
    bare_account("aipbx", external_id="acme", paid="10", projects={"front-desk": "live"})
    client = api("aipbx")
    assert client.post("/api/v1/calls/authorize", authorization(account="acme", call_id="c-1")).json()["allowed"]
    beat = {"call_id": "c-1", "elapsed_seconds": 60}
    first = client.post(EXTEND, beat, **{"Idempotency-Key": "beat-1"})
    again = client.post(EXTEND, beat, **{"Idempotency-Key": "beat-1"})
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    other = client.post(EXTEND, {**beat, "elapsed_seconds": 61}, **{"Idempotency-Key": "beat-1"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


def test_an_unfit_key_is_refused_by_name(bare_account: Make, api: Make) -> None:
    response = api("aipbx").post("/api/v1/calls/release", {"call_id": "c-1"}, **{"Idempotency-Key": "x" * 256})
    assert (response.status_code, list(response.json()["errors"])) == (422, ["Idempotency-Key"])
    kept = api("aipbx").post("/api/v1/calls/release", {"call_id": "c-1"}, **{"Idempotency-Key": "r"})
    assert (kept.status_code, kept.content) == (204, b"")
