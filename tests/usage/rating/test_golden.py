"""The worked examples of the five product pages (golden/rating.json), straight through the engine."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.usage.rating.cards import facts, product_card
from usage.rating import PriceOnRequest, rate
from usage.services.products.files import read_product

EXAMPLES = json.loads((Path(__file__).parents[2] / "golden" / "rating.json").read_text(encoding="utf-8"))


def charged_event(example: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The event to rate: an aggregated hour is one event with the sums of its messages."""
    if "events" not in example:
        return example["type"], facts(**example["data"])
    sums = {name: sum(event[name] for event in example["events"]) for name in example["events"][0]}
    return "chat.hour", facts(**sums)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example['product']}: {example['name']}")
def test_a_worked_example_costs_what_its_page_says(example: dict[str, Any]) -> None:
    card, expected = product_card(example["product"]), example["expect"]
    event_type, data = charged_event(example)
    if "error" in expected:
        assert expected["error"] == "price_on_request"
        with pytest.raises(PriceOnRequest):
            rate(card, event_type, data)
        return
    result = rate(card, event_type, data)
    assert [line.component for line in result.lines] == [line["component"] for line in expected["lines"]]
    for line, wanted in zip(result.lines, expected["lines"], strict=True):
        if "amount" in wanted:
            assert line.amount == Decimal(wanted["amount"])
        if "quantity" in wanted:
            assert line.quantity == Decimal(wanted["quantity"])
        if "unit" in wanted:
            assert line.unit == wanted["unit"]
    if "total" in expected:
        assert result.total == Decimal(expected["total"])
    assert read_product(example["product"]).product.currency == expected["currency"]


def test_every_product_has_worked_examples() -> None:
    assert {example["product"] for example in EXAMPLES} == {"aipbx", "aitelier", "atllasx", "letustalk", "osmtalk"}
    assert len(EXAMPLES) == 33
