"""What last month's calls would have cost on another model or tier: from what was charged, and only what compares."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from organizations.models import Account
from tests.usage.events import charge, event
from tests.usage.views.price_lists import publish
from usage.models import RateCardVersion

NOON = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 10, 12, 0, tzinfo=UTC)
# 0.015 + 0.024 + 0.006 + 0.030 on gpt-realtime; 0.003 + 0.0036 + 0.003 + 0.01 on qwen-realtime.
SPOKEN: dict[str, Any] = {
    "llm_input_tokens": 3000,
    "llm_output_tokens": 1200,
    "audio_input_seconds": 60,
    "audio_output_seconds": 75,
}

Reader = Callable[..., Client]


@pytest.fixture
def account(bare_account: Callable[..., Account]) -> Callable[..., Account]:
    """`account("aipbx")`: opened in January."""

    def make(product: str, **options: Any) -> Account:
        with time_machine.travel(FEBRUARY - timedelta(days=20), tick=False):
            return bare_account(product, paid="100", **options)

    return make


def used(product: str, account: Account, **data: Any) -> None:
    with time_machine.travel(FEBRUARY, tick=False):
        charge(product, event(account, occurred_at=FEBRUARY, **data))


def seen(reader: Reader, account: Account, **query: int) -> Any:
    with time_machine.travel(NOON, tick=False):
        return reader(account).get(reverse("prices"), query)


def test_calls_are_counted_at_the_prices_of_the_other_models(account: Callable[..., Account], reader: Reader) -> None:
    customer = account("aipbx")
    for _call in range(10):
        used("aipbx", customer, model="gpt-realtime", **SPOKEN)
    used("aipbx", customer, model="gpt-realtime", duration_seconds=2, **SPOKEN)  # free, and so not compared
    response = seen(reader, customer)
    (compared,) = response.context["compared"]
    assert (compared.name, compared.calls, compared.charged) == ("gpt-realtime", 10, Decimal("0.75"))
    (qwen,) = compared.others  # yandex-realtime is on request
    assert (qwen.name, qwen.cost, qwen.verdict) == ("qwen-realtime", "$0.20", "about $0.55 less (74%)")
    page = response.content.decode()
    assert "What the calls of February would have cost" in page
    assert "about $0.20" in page


def test_what_is_priced_alike_on_both_costs_what_it_cost(account: Callable[..., Account], reader: Reader) -> None:
    customer = account("aipbx")
    used("aipbx", customer, model="qwen-realtime", llm_input_tokens=1_000_000, analytics=True)
    (compared,) = seen(reader, customer).context["compared"]
    assert compared.charged == Decimal("1.002")
    assert [(each.name, each.cost, each.verdict) for each in compared.others] == [
        ("gpt-realtime", "$5.00", "about $4.00 more (399%)")
    ]


def test_what_depends_on_the_channel_is_not_compared(account: Callable[..., Account], reader: Reader) -> None:
    def dearer_on_the_phone(draft: RateCardVersion) -> None:
        rate = draft.rates.get(model="qwen-realtime", component="llm_input")
        rate.pk, rate.channels, rate.price = None, ["phone"], Decimal("0.9")
        rate.save()

    customer = account("aipbx")
    used("aipbx", customer, model="gpt-realtime", llm_input_tokens=1000)
    publish(customer.product, NOON - timedelta(days=1), dearer_on_the_phone)
    assert seen(reader, customer).context["compared"] == []


def test_calls_that_named_no_model_are_not_compared(account: Callable[..., Account], reader: Reader) -> None:
    customer = account("aipbx")
    used("aipbx", customer, llm_input_tokens=2340, stt_seconds=90, tts_seconds=90)
    response = seen(reader, customer)
    assert response.context["compared"] == []
    assert "Nothing to compare" in response.content.decode()


def test_outcomes_are_counted_at_the_prices_of_the_other_tiers(account: Callable[..., Account], reader: Reader) -> None:
    customer = account("aitelier", projects={"desk": "live", "pilot": "sandbox", "other": "live"})
    used("aitelier", customer, project="desk", tier="standard", outcome="success")
    used(
        "aitelier",
        customer,
        project="desk",
        tier="standard",
        outcome="spam",
        duration_seconds=440,
        duration_cap_seconds=600,
    )
    used("aitelier", customer, project="pilot", tier="standard", outcome="success")  # simulated
    used("aitelier", customer, project="other", tier="economy", outcome="success")
    desk = customer.projects.get(external_id="desk").pk
    (compared,) = seen(reader, customer, project=desk).context["compared"]
    assert (compared.name, compared.calls, compared.charged) == ("Standard", 2, Decimal("1.36"))
    assert [(each.name, each.cost, each.verdict) for each in compared.others] == [
        ("Economy", "$1.01", "about $0.35 less (26%)"),
        ("Premium", "$1.91", "about $0.55 more (40%)"),
    ]
    assert [each.name for each in seen(reader, customer).context["compared"]] == ["Economy", "Standard"]


def test_a_month_without_calls_says_so(account: Callable[..., Account], reader: Reader) -> None:
    customer = account("aipbx")
    with time_machine.travel(NOON, tick=False):
        charge("aipbx", event(customer, model="gpt-realtime", occurred_at=NOON, **SPOKEN))  # of this month
    assert "No calls in February" in seen(reader, customer).content.decode()


@pytest.mark.parametrize("product", ["letustalk", "osmtalk", "atllasx"])
def test_a_card_with_nothing_to_compare_has_no_comparison(
    account: Callable[..., Account], reader: Reader, product: str
) -> None:
    page = seen(reader, account(product)).content.decode()
    assert "would have cost" not in page
