"""The calculator of the prices page: the products' own examples, what is typed, and the API's amounts, line by line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from organizations.models import Account
from tests.factories import ApiClient

Reader = Callable[..., Client]
Accounts = Callable[..., Account]
CALL = {"of": "call.completed"}


def form_of(client: Client, query: Mapping[str, str] | None = None) -> Any:
    return client.get(reverse("prices"), query or {}).context["form"]


def amounts(form: Any) -> dict[str, Decimal]:
    return {line.label: line.amount for line in form.result.lines}


def values(form: Any) -> dict[str, object]:
    return {each.name: each.is_on if each.is_flag else each.value for each in form.fields}


@pytest.mark.parametrize(
    ("product", "total", "lines"),
    [
        ("aipbx", "0.046", ["0.012", "0.009", "0.023", "0.002"]),
        ("aitelier", "0.90", ["0.90"]),
        ("letustalk", "0.052", ["0.005", "0.006", "0.022", "0.007", "0.040", "0.012"]),
        ("osmtalk", "4.42", ["0.40", "0.50", "2.20", "0.30", "3.40", "1.02"]),
        ("atllasx", "1", ["1"]),
    ],
)
def test_it_begins_with_the_example_of_the_products_page(
    bare_account: Accounts, reader: Reader, product: str, total: str, lines: list[str]
) -> None:
    form = form_of(reader(bare_account(product)))
    assert form.result.total == Decimal(total)
    assert [line.amount for line in form.result.lines] == [Decimal(line) for line in lines]


def test_another_model_begins_with_the_example_at_its_own_prices(bare_account: Accounts, reader: Reader) -> None:
    client = reader(bare_account("aipbx"))
    typed = {**CALL, "typed": "-", "llm_input_tokens": "9000", "stt_seconds": "1.5"}
    assert amounts(form_of(client, typed))["LLM tokens, input"] == Decimal("0.045")
    form = form_of(client, {**typed, "model": "gpt-realtime"})
    assert amounts(form) == {
        "LLM tokens, input": Decimal("0.012"),
        "Audio, input": Decimal("0.009"),
        "Audio, output": Decimal("0.036"),
        "Analytics": Decimal("0.002"),
    }
    assert form.result.total == Decimal("0.059")
    assert values(form)["stt_seconds"] == ""
    assert form.typed_for == "gpt-realtime"


def test_a_model_on_request_has_no_amount_and_asks_for_none(bare_account: Accounts, reader: Reader) -> None:
    response = reader(bare_account("aipbx")).get(reverse("prices"), {"model": "yandex-realtime"})
    form = response.context["form"]
    assert (form.is_on_request, form.result, form.fields) == (True, None, [])
    assert "The price of this model or tier is on request." in response.content.decode()


@pytest.mark.parametrize(
    ("product", "query", "event"),
    [
        (
            "aipbx",
            {
                "model": "gpt-realtime",
                "typed": "gpt-realtime",
                "duration_seconds": "2:30",
                "llm_input_tokens": "3,000",
                "llm_output_tokens": "1200",
                "audio_input_seconds": "1",
                "audio_output_seconds": "1.25",
            },
            {
                "model": "gpt-realtime",
                "duration_seconds": 150,
                "llm_input_tokens": 3000,
                "llm_output_tokens": 1200,
                "audio_input_seconds": 60,
                "audio_output_seconds": 75,
            },
        ),
        (
            "aitelier",
            {
                "tier": "premium",
                "outcome": "conversation",
                "typed": "-",
                "duration_seconds": "7:20",
                "duration_cap_seconds": "10",
            },
            {"tier": "premium", "outcome": "conversation", "duration_seconds": 440, "duration_cap_seconds": 600},
        ),
        (
            "letustalk",
            {"channel": "web", "typed": "-", "cost_llm": "$0.0041", "cost_stt": "0.006", "cost_tts": ""},
            {"channel": "web", "duration_seconds": 0, "provider_costs": {"llm": "0.0041", "stt": "0.006"}},
        ),
        ("atllasx", {"status": "no_answer", "typed": "-"}, {"status": "no_answer", "duration_seconds": 0}),
    ],
)
def test_it_says_what_the_api_estimates(
    bare_account: Accounts,
    reader: Reader,
    api: Callable[..., ApiClient],
    product: str,
    query: dict[str, str],
    event: dict[str, Any],
) -> None:
    account = bare_account(product)
    answer = api(product).post(f"/api/v1/accounts/{account.external_id}/estimates", {"data": event})
    assert answer.status_code == 200, answer.json()
    form = form_of(reader(account), {**CALL, **query})
    assert form.errors == []
    assert form.result.total == Decimal(answer.json()["total"])
    assert form.result.free_reason == (answer.json()["free_reason"] or "")
    named = [line.amount for line in form.result.lines if not line.is_subtotal]
    assert named == [Decimal(line["amount"]) for line in answer.json()["lines"]]


@pytest.mark.parametrize(
    ("query", "total", "reason"),
    [
        ({"of": "crawl.completed", "typed": "-", "pages": "250", "crawler_seconds": "0.5"}, "0.50", ""),
        ({"of": "crawl.completed", "typed": "-", "pages": "250", "crawler_seconds": "1:30:00"}, "1.50", ""),
        ({"of": "crawl.completed", "typed": "-", "pages": "250", "crawler_seconds": "1:30"}, "1.50", ""),
        (
            {"of": "crawl.completed", "typed": "-", "pages": "100", "crawler_seconds": "0.5"},
            "0",
            "Crawls of up to 100 pages are free",
        ),
        ({"of": "chat.message"}, "0.80", ""),
        ({**CALL, "typed": "-", "duration_seconds": "7:20", "duration_cap_seconds": "10"}, "1.26", ""),
        ({**CALL, "typed": "-", "duration_seconds": "7:20", "duration_cap_seconds": "5"}, "0.90", ""),
        ({**CALL, "status": "failed"}, "0", "Failed calls are free"),
    ],
)
def test_everything_that_the_card_prices_can_be_counted(
    bare_account: Accounts, reader: Reader, query: dict[str, str], total: str, reason: str
) -> None:
    form = form_of(reader(bare_account("aitelier")), query)
    assert (form.result.total, form.result.free_reason) == (Decimal(total), reason)


def test_a_call_too_short_to_be_charged_says_why(bare_account: Accounts, reader: Reader) -> None:
    client = reader(bare_account("aipbx"))
    typed = {**CALL, "typed": "-", "llm_input_tokens": "2340", "stt_seconds": "", "tts_seconds": ""}
    response = client.get(reverse("prices"), {**typed, "duration_seconds": "0:02"})
    assert response.context["form"].result.total == 0
    assert "Calls under 3 seconds are free" in response.content.decode()
    assert form_of(client, {**typed, "duration_seconds": "0:03"}).result.total == Decimal("0.012")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("many", "Not a number. Write it as 1500 or 1.5."),
        ("-5", "Not a number. Write it as 1500 or 1.5."),
        ("1e3", "Not a number. Write it as 1500 or 1.5."),
        ("1000000000", "Enter less than 1,000,000,000."),
    ],
)
def test_what_is_no_number_is_said_beside_its_field(
    bare_account: Accounts, reader: Reader, typed: str, words: str
) -> None:
    query = {**CALL, "typed": "-", "llm_input_tokens": typed}
    response = reader(bare_account("aipbx")).get(reverse("prices"), query)
    form = response.context["form"]
    assert [(each.name, each.error) for each in form.errors] == [("llm_input_tokens", words)]
    assert form.result is None
    page = response.content.decode()
    assert 'id="c-llm_input_tokens-help"' in page
    assert f'value="{typed}"' in page


def test_lengths_are_typed_in_minutes_or_as_on_a_clock(bare_account: Accounts, reader: Reader) -> None:
    client = reader(bare_account("aipbx"))
    for text in ("1.5", "1,5", "1:30", "0:01:30"):
        form = form_of(client, {**CALL, "typed": "-", "stt_seconds": text})
        assert amounts(form)["Voice input, STT"] == Decimal("0.009"), text


def test_htmx_gets_the_part_that_it_asks_for(bare_account: Accounts, reader: Reader) -> None:
    client = reader(bare_account("aipbx"))
    asked = {**CALL, "typed": "-", "llm_input_tokens": "9000"}
    for target, begins in (("estimate", "<div"), ("calculator", "<section")):
        part = client.get(reverse("prices"), asked, headers={"HX-Request": "true", "HX-Target": target})
        text = part.content.decode().strip()
        assert text.startswith(begins), target
        assert "<html" not in text
        assert '$0.04<span class="micro">5</span>' in text


def test_without_an_example_it_begins_empty(bare_account: Accounts, reader: Reader) -> None:
    from usage.models import RateCard

    RateCard.objects.update(examples={})
    form = form_of(reader(bare_account("aipbx")))
    assert set(values(form).values()) == {"", False}
    assert (form.result.total, form.result.lines) == (0, [])
