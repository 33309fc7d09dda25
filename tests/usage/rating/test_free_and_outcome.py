"""Free rules, derived outcomes, costs passed on with a margin, and the least that a call costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.usage.rating.cards import amounts, card, facts, price_of, product_card, rated
from usage.rating import FreeRule, PriceOnRequest, minimum_charge
from usage.rating.types import CALL, COST, MARGIN

FAILED = FreeRule(CALL, "failed_call", "Failed calls are free", "status", values=("failed",))


def below(limit: str, **fields: Any) -> FreeRule:
    """A rule that frees calls shorter than this."""
    return FreeRule(
        CALL, "short", "Short calls are free", "below", field="duration_seconds", limit=Decimal(limit), **fields
    )


def test_a_free_event_has_no_lines_and_says_why() -> None:
    result = rated(card(price_of(), free=(FAILED,)), status="failed", provider_costs={"llm": "0.25"})
    assert (result.lines, result.total) == ((), Decimal(0))
    assert (result.free_code, result.free_reason) == ("failed_call", "Failed calls are free")
    assert result.cost == Decimal("0.25")


def test_a_charged_event_names_no_rule() -> None:
    result = rated(card(price_of(), free=(FAILED,)))
    assert (result.total, result.free_code, result.free_reason) == (Decimal(1), "", "")


@pytest.mark.parametrize(("seconds", "total"), [("2.999999", 0), ("3", 1)])
def test_below_is_strict(seconds: str, total: int) -> None:
    assert rated(card(price_of(), free=(below("3"),)), duration_seconds=Decimal(seconds)).total == total


@pytest.mark.parametrize(("pages", "lines"), [(100, 0), ("100.000001", 1), (101, 1)])
def test_up_to_is_inclusive(pages: object, lines: int) -> None:
    crawl = rated(product_card("aitelier"), "crawl.completed", pages=Decimal(str(pages)), crawler_seconds=60)
    assert len(crawl.lines) == lines


def test_a_missing_quantity_frees_nothing() -> None:
    assert rated(card(price_of(), free=(below("3"),))).total == 1
    assert rated(product_card("aitelier"), "crawl.completed", crawler_seconds=3600).total == Decimal("1.00")


def test_a_rule_can_spare_statuses() -> None:
    version = card(price_of(), free=(below("3", except_statuses=("voicemail",)),))
    assert rated(version, duration_seconds=2, status="voicemail").total == 1
    assert rated(version, duration_seconds=2).total == 0


def test_the_first_rule_that_applies_gives_the_reason() -> None:
    version = card(price_of(), free=(FAILED, below("3", position=-1)))
    assert rated(version, status="failed", duration_seconds=2).free_code == "short"


@pytest.mark.parametrize(
    ("data", "outcome", "reason"),
    [
        ({"outcome": "spam", "goal_reached": True}, "spam", "reported"),
        ({"goal_reached": True, "spam": True, "duration_seconds": 1}, "success", "goal_reached"),
        ({"spam": True, "duration_seconds": 90, "user_turns": 9}, "spam", "spam_flag"),
        ({"duration_seconds": 30, "user_turns": 3}, "conversation", "conversation"),
        ({"duration_seconds": Decimal("29.9"), "user_turns": 3}, "spam", "too_short"),
        ({"duration_seconds": 30, "user_turns": 2}, "spam", "too_few_turns"),
        ({"duration_seconds": 90}, "spam", "too_few_turns"),
        ({}, "spam", "too_short"),
    ],
)
def test_every_call_resolves_to_an_outcome_and_says_what_decided_it(
    data: dict[str, Any], outcome: str, reason: str
) -> None:
    result = rated(product_card("aitelier"), **data)
    assert (result.outcome, result.outcome_reason) == (outcome, reason)


def test_a_call_that_never_was_one_has_no_outcome() -> None:
    result = rated(product_card("aitelier"), status="no_answer", duration_seconds=40, user_turns=5)
    assert (result.outcome, result.outcome_reason, result.free_code) == ("", "", "not_connected")


def test_a_card_that_does_not_derive_outcomes_keeps_the_reported_one_only() -> None:
    version = card(price_of())
    assert rated(version, goal_reached=True).outcome == ""
    assert rated(version, outcome="success").outcome_reason == "reported"


def test_a_dropped_call_of_aitelier_is_spam_and_charged() -> None:
    result = rated(product_card("aitelier"), status="dropped", duration_seconds=4)
    assert (result.outcome, result.total) == ("spam", Decimal("0.10"))


def test_costs_are_passed_on_as_billed_and_the_margin_is_a_share_of_them() -> None:
    version = card(
        price_of("margin", "0.30", method=MARGIN, unit="cost"),
        price_of("llm", "1", method=COST, metric="llm_input_tokens", unit="call", position=1),
        price_of("sip", "1", method=COST, channels=("phone",), position=2),
        step="0.000001",
    )
    result = rated(
        version, channel="web", llm_input_tokens=1250, provider_costs={"llm": "0.005", "sip": "0.007", "gpu": "0.1"}
    )
    assert amounts(result) == {"llm": Decimal("0.005"), "margin": Decimal("0.0015")}
    assert result.cost == Decimal("0.112")  # what providers were paid, charged or not
    llm, margin = (line.as_json() for line in result.lines)
    assert (llm["quantity"], llm["unit_price"], llm["measured"], llm["measured_unit"]) == (
        "1",
        "0.005",
        "1250",
        "token",
    )
    assert (margin["quantity"], margin["unit"], margin["unit_price"]) == ("0.005", "cost", "0.3")


def test_a_call_without_costs_has_no_margin() -> None:
    assert rated(product_card("letustalk"), duration_seconds=10).lines == ()


@pytest.mark.parametrize(
    ("slug", "selectors", "least"),
    [
        ("atllasx", {}, "1"),
        ("aitelier", {}, "0.10"),
        ("aitelier", {"tier": "premium"}, "0.15"),
        ("aitelier", {"tier": "premium", "outcome": "success"}, "1.40"),
        ("aipbx", {}, "0"),
        ("letustalk", {"channel": "phone"}, "0"),
    ],
)
def test_the_least_a_call_costs(slug: str, selectors: dict[str, str], least: str) -> None:
    assert minimum_charge(product_card(slug), CALL, facts(**selectors)) == Decimal(least)


def test_the_least_a_call_costs_counts_the_first_increment_and_the_shortest_charged_call() -> None:
    sixty_six = card(price_of(price="0.01", metric="duration_seconds", first_increment="60", increment="6"))
    assert minimum_charge(sixty_six, CALL, {}) == Decimal("0.60")
    per_second = card(price_of(price="0.01", metric="duration_seconds"), free=(below("3"),))
    assert minimum_charge(per_second, CALL, {}) == Decimal("0.03")


@pytest.mark.parametrize("selectors", [{"model": "yandex-realtime"}, {"model": "gpt-9"}])
def test_authorising_a_model_without_a_price_is_refused(selectors: dict[str, str]) -> None:
    with pytest.raises(PriceOnRequest):
        minimum_charge(product_card("aipbx"), CALL, facts(**selectors))
