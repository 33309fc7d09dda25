"""Every worked example holds through the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from organizations.models import Account
from tests.factories import ApiClient
from tests.usage.api.bodies import call_event

pytestmark = pytest.mark.django_db
GOLDEN: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "golden" / "rating.json").read_text())
SINGLE = [example for example in GOLDEN if "data" in example]
HOURLY = [example for example in GOLDEN if "events" in example]


def assert_lines(lines: list[dict[str, str]], expected: list[dict[str, str]], name: str) -> None:
    """Component by component, in order; amounts and quantities as numbers."""
    assert [line["component"] for line in lines] == [line["component"] for line in expected], name
    for line, wanted in zip(lines, expected, strict=True):
        for field in ("amount", "quantity"):
            if field in wanted:
                assert Decimal(line[field]) == Decimal(wanted[field]), name
        assert line["unit"] == wanted.get("unit", line["unit"]), name


@pytest.mark.parametrize("product", sorted({example["product"] for example in SINGLE}))
def test_each_example_is_charged_line_by_line(
    bare_account: Callable[..., Account], api: Callable[..., ApiClient], product: str
) -> None:
    bare_account(product, external_id="acme", projects={"front-desk": "live"}, paid="100000")
    client = api(product)
    for number, example in enumerate(example for example in SINGLE if example["product"] == product):
        envelope = {**call_event(f"golden-{number}"), "type": example["type"], "data": example["data"]}
        response = client.post("/api/v1/events", envelope)
        expect = example["expect"]
        if "error" in expect:
            assert (response.status_code, response.json()["code"]) == (422, expect["error"]), example["name"]
            continue
        charge = response.json()["results"][0]["charge"]
        assert_lines(charge["lines"], expect["lines"], example["name"])
        assert Decimal(charge["total"]) == Decimal(expect.get("total", charge["total"])), example["name"]
        assert charge["currency"] == expect["currency"], example["name"]


@pytest.mark.parametrize("example", HOURLY, ids=lambda example: example["name"])
def test_messages_are_charged_once_with_their_hour(
    bare_account: Callable[..., Account], api: Callable[..., ApiClient], example: dict[str, Any]
) -> None:
    from billing.models import Transaction
    from usage.models import ChatHour, UsageEvent
    from usage.services.chat_hours import charge_due_hours

    bare_account(example["product"], external_id="acme", projects={"front-desk": "live"}, paid="100")
    client = api(example["product"])
    for number, data in enumerate(example["events"]):
        message = {**call_event(f"m-{number}"), "type": example["type"], "data": {"project": "front-desk", **data}}
        result = client.post("/api/v1/events", message).json()["results"][0]
        assert (result["status"], result["charge"]) == ("accepted", None)
    hour = ChatHour.objects.get()
    ChatHour.objects.update(hour=hour.hour - timedelta(hours=48))
    for _ in range(2):
        charge_due_hours()
    charged = UsageEvent.objects.get(event_type="chat.hour")
    assert_lines(charged.lines, example["expect"]["lines"], example["name"])
    assert charged.total is not None
    assert charged.total.amount == Decimal(example["expect"]["total"])
    assert Transaction.objects.filter(kind="chat").count() == example["expect"]["transactions"]
