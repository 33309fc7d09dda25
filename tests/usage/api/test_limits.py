"""The largest values that are taken can also be charged, added up and shown: no column is too narrow for them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from organizations.models import Account
from tests.factories import ApiClient
from tests.usage.api.bodies import call_event
from usage.models import DailyUsage

pytestmark = pytest.mark.django_db

QUANTITY = "999999999999.999999"
SECONDS = "99999999.999999"
COST = "999999999.999999"
TOKENS = {"llm_input_tokens": QUANTITY, "llm_output_tokens": QUANTITY}
LARGEST: dict[str, dict[str, Any]] = {
    "call.completed": {
        **call_event()["data"],
        **TOKENS,
        "call_id": "\U0001f600" * 255,
        "assistant": "ü" * 255,
        "model": "gpt-realtime",
        "duration_seconds": SECONDS,
        "duration_cap_seconds": SECONDS,
        "user_turns": QUANTITY,
        "audio_input_seconds": SECONDS,
        "audio_output_seconds": SECONDS,
        "stt_seconds": SECONDS,
        "tts_seconds": SECONDS,
        "sip_seconds": SECONDS,
        "provider_costs": dict.fromkeys(("llm", "stt", "tts", "sip", *(f"part-{n}" for n in range(46))), COST),
    },
    "chat.message": {**TOKENS},
    "crawl.completed": {"pages": QUANTITY, "crawler_seconds": SECONDS},
    "llm.completed": {**TOKENS, "service": "s" * 255, "provider_costs": {"llm": COST}},
}


@pytest.mark.parametrize("product", ["aipbx", "aitelier", "atllasx", "letustalk", "osmtalk"])
def test_the_largest_events_are_charged_and_shown(
    bare_account: Callable[..., Account], api: Callable[..., ApiClient], product: str
) -> None:
    bare_account(product, external_id="a" * 255, projects={"p" * 255: "live"})
    client = api(product)
    envelope = call_event(subject="a" * 255)
    events = [
        {**envelope, "id": f"{n:0255}", "source": "s" * 255, "type": event_type, "data": {**data, "project": "p" * 255}}
        for n, (event_type, data) in enumerate([*LARGEST.items()] * 3)
    ]
    response = client.post("/api/v1/events", events)
    assert response.status_code == 200, response.content
    taken = {result["status"] for result in response.json()["results"]}
    refusals = {result["error"]["code"] for result in response.json()["results"] if "error" in result}
    assert "accepted" in taken
    assert refusals <= {"price_on_request"}
    for below in ("balance", "transactions", "usage", "usage?group_by=component"):
        assert client.get(f"/api/v1/accounts/{'a' * 255}/{below}").status_code == 200
    assert client.get("/api/v1/calls", account="a" * 255).status_code == 200
    void = {"source": "s" * 255, "id": "0" * 255, "reason": "r" * 255}
    assert client.post("/api/v1/events/void", void).status_code == 200


@pytest.mark.parametrize(("product", "event_type"), [("aipbx", "call.completed"), ("aitelier", "chat.message")])
def test_a_day_and_an_hour_hold_as_many_of_the_largest_counts_as_a_request_may_bring(
    bare_account: Callable[..., Account], api: Callable[..., ApiClient], product: str, event_type: str
) -> None:
    bare_account(product, external_id="acme")
    data = {**TOKENS, "duration_seconds": 60}
    events = [{**call_event(f"e{n}"), "type": event_type, "data": data} for n in range(200)]
    response = api(product).post("/api/v1/events", events)
    assert response.status_code == 200, response.content
    assert {result["status"] for result in response.json()["results"]} == {"accepted"}
    assert sum(day.tokens for day in DailyUsage.objects.all()) == 400 * Decimal(QUANTITY)
