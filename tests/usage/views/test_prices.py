"""Prices: each product's list in its own words, an account's own card, coming changes, and nothing of anyone else's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from billing.models import ProductTerms
from organizations.models import Account, Product, Role
from tests.usage.views.price_lists import publish
from usage.models import FreeRule, Rate, RateCardVersion

NOON = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
QUERIES_AT_MOST = 15

Reader = Callable[..., Client]
Accounts = Callable[..., Account]


def shown(reader: Reader, account: Account, **query: str) -> Any:
    return reader(account).get(reverse("prices"), query)


def lines_of(section: Any, currency: str) -> list[tuple[str, str]]:
    return [(line.label, line.price.text(currency)) for line in section.lines]


def matrix_of(matrix: Any) -> dict[str, list[str | Decimal | None]]:
    return {row.label: [price and (price.words or price.amount) for price in row.prices] for row in matrix.rows}


def set_price(draft: RateCardVersion, price: str, **where: str) -> None:
    assert draft.rates.filter(**where).update(price=Decimal(price))


def test_components_stand_above_the_models_that_replace_them(bare_account: Accounts, reader: Reader) -> None:
    response = shown(reader, bare_account("aipbx"))
    (calls,) = response.context["sections"]
    assert lines_of(calls, "USD") == [
        ("LLM tokens, input", "$0.005 per 1,000 tokens"),
        ("LLM tokens, output", "$0.005 per 1,000 tokens"),
        ("Voice input, STT", "$0.006 per minute. Counted by the second"),
        ("Voice output, TTS", "$0.015 per minute. Counted by the second"),
        ("Analytics", "$0.002 per call"),
    ]
    assert calls.by_model.columns == (
        ("LLM tokens, input", "per 1,000 tokens"),
        ("LLM tokens, output", "per 1,000 tokens"),
        ("Audio, input", "per minute"),
        ("Audio, output", "per minute"),
    )
    assert matrix_of(calls.by_model) == {
        "gpt-realtime": [Decimal("0.005"), Decimal("0.02"), Decimal("0.006"), Decimal("0.024")],
        "qwen-realtime": [Decimal("0.001"), Decimal("0.003"), Decimal("0.003"), Decimal("0.008")],
        "yandex-realtime": ["On request"] * 4,
    }
    page = response.content.decode()
    assert "The price list of AI PBX, which holds since Jan 1, 2020." in page
    assert '$0.00<span class="micro">5</span>' in page
    assert "Calls under 3 seconds are free" in page
    assert "Each line is rounded half up to $0.001, then added." in page
    assert "No change of prices is planned." in page


def test_outcomes_stand_by_tier_with_what_decides_them(bare_account: Accounts, reader: Reader) -> None:
    response = shown(reader, bare_account("aitelier"))
    calls, chat, crawls = response.context["sections"]
    assert calls.by_outcome.columns == (("Economy", "per call"), ("Standard", "per call"), ("Premium", "per call"))
    assert matrix_of(calls.by_outcome) == {
        "Success": [Decimal("0.6"), Decimal("0.9"), Decimal("1.4")],
        "Real conversation": [Decimal("0.4"), Decimal("0.6"), Decimal("0.9")],
        "Spam or silent": [Decimal("0.05"), Decimal("0.1"), Decimal("0.15")],
    }
    assert calls.by_outcome.rows[1].note == "No goal, but at least 30 s and 3 turns of the caller"
    assert lines_of(calls, "USD") == [
        (
            "Overage",
            "$0.12 per minute. Only where the length cap was raised above 5 min, for what goes beyond. "
            "Begun minutes count in full",
        )
    ]
    assert lines_of(chat, "USD") == [
        ("Chat, input tokens", "$0.50 per million tokens"),
        ("Chat, output tokens", "$1.50 per million tokens"),
    ]
    assert chat.note == "Added up and charged once an hour for each project, not message by message."
    assert lines_of(crawls, "USD") == [("Knowledge crawler", "$1.00 per hour. Counted by the second")]
    page = response.content.decode()
    assert "Calls that name no tier are charged as Standard." in page
    assert "Crawls of up to 100 pages are free" in page
    for word in ("rovider", "argin", "operator"):
        assert word not in page, word


@pytest.mark.parametrize(("product", "sections"), [("letustalk", 1), ("osmtalk", 2)])
def test_provider_costs_are_passed_on_by_channel(
    bare_account: Accounts, reader: Reader, product: str, sections: int
) -> None:
    response = shown(reader, bare_account(product))
    found = response.context["sections"]
    assert len(found) == sections
    assert found[0].costs.channels == ("Phone", "Web", "WhatsApp", "Chat")
    assert {label: [is_on for _name, is_on in cells] for label, cells in found[0].costs.rows} == {
        "LLM, the AI brain": [True, True, True, True],
        "STT, speech to text": [True, True, True, False],
        "TTS, text to speech": [True, True, True, False],
        "SIP, phone line": [True, False, False, False],
    }
    page = response.content.decode()
    assert page.count("You pay what the providers bill, as they bill it, plus 30% of the costs above.") == sections
    assert "Nothing is rounded to the cent." in page


def test_a_credit_a_call_is_all_there_is_to_pay(bare_account: Accounts, reader: Reader) -> None:
    response = shown(reader, bare_account("atllasx"))
    (calls,) = response.context["sections"]
    assert lines_of(calls, "CREDIT") == [("Answered call", "1 credit per call")]
    assert "Dropped calls are free" in response.content.decode()


@pytest.mark.parametrize(
    ("product", "words"),
    [
        (
            "aipbx",
            [
                "No call starts once the balance is used up.",
                "$0.25 is held while a call is in progress; when it ends, its charge takes the place.",
                "A call in progress is never cut off; it finishes, even a little below zero.",
            ],
        ),
        (
            "atllasx",
            [
                "No call starts below 1 credit.",
                "1 credit is held while a call is in progress; when it ends, its charge takes the place.",
                "A call in progress ends when the balance is used up.",
            ],
        ),
    ],
)
def test_what_a_call_may_not_start_without_follows_from_the_terms(
    bare_account: Accounts, reader: Reader, product: str, words: list[str]
) -> None:
    account = bare_account(product)
    assert shown(reader, account).context["before_a_call"] == words
    ProductTerms.objects.filter(product__slug=product).update(hold=0)
    Product.objects.filter(slug=product).update(rates_revision=99)
    assert shown(reader, account).context["before_a_call"] == [words[0], words[2]]


def test_an_accounts_own_prices_are_its_own(
    bare_account: Accounts, reader: Reader, products: dict[str, Product]
) -> None:
    mine, other = bare_account("aitelier", name="Mine"), bare_account("aitelier", name="Other")
    since = datetime(2026, 2, 1, tzinfo=UTC)
    publish(
        products["aitelier"],
        since,
        lambda draft: set_price(draft, "0.7531", tier="standard", outcome="success"),
        account=mine,
    )
    own = shown(reader, mine).content.decode()
    assert "Your own prices, which hold since Feb 1, 2026." in own
    assert '$0.75<span class="micro">31</span>' in own
    theirs = shown(reader, other).content.decode()
    assert "The price list of Aitelier" in theirs
    for trace in ("Your own prices", "Mine", "0.75", ">31<"):
        assert trace not in theirs, trace


def test_costs_that_a_product_keeps_to_itself_are_no_ones_to_see(
    bare_account: Accounts, reader: Reader, products: dict[str, Product]
) -> None:
    account = bare_account("aipbx")

    def by_cost(draft: RateCardVersion) -> None:
        draft.rates.all().delete()
        shared = {"version": draft, "event_type": "call.completed", "unit": "call"}
        Rate.objects.create(**shared, component="llm", label="Acme Voice Ltd", method="cost", price=1)
        Rate.objects.create(**shared, component="margin", label="Markup", method="margin", price=Decimal("0.37"))

    publish(products["aipbx"], datetime(2026, 2, 1, tzinfo=UTC), by_cost, account=account)
    response = shown(reader, account)
    assert lines_of(response.context["sections"][0], "USD") == [("Usage", "By use")]
    assert response.context["form"] is None
    page = response.content.decode()
    for trace in ("Acme Voice", "Markup", "37%", "rovider"):
        assert trace not in page, trace


def test_what_comes_is_listed_with_its_day_and_only_where_it_differs(
    bare_account: Accounts, reader: Reader, products: dict[str, Product]
) -> None:
    def first(draft: RateCardVersion) -> None:
        set_price(draft, "0.018", model="gpt-realtime", component="llm_output")
        set_price(draft, "0", component="analytics")
        FreeRule.objects.filter(version=draft).update(reason="Calls under 5 seconds are free", limit=5)
        RateCardVersion.objects.filter(pk=draft.pk).update(rounding_step=Decimal("0.01"))

    def second(draft: RateCardVersion) -> None:
        Rate.objects.filter(version=draft, model="yandex-realtime").delete()

    with time_machine.travel(NOON, tick=False):
        account = bare_account("aipbx", timezone="America/New_York")
        publish(products["aipbx"], NOON + 10 * DAY, first)
        publish(products["aipbx"], datetime(2026, 5, 1, 2, tzinfo=UTC), second)
        response = shown(reader, account)
    assert "It changes on Mar 25, 2026." in response.content.decode()
    march, april = response.context["coming"]
    assert [(each.label, each.note, each.before, each.after) for each in march.changes] == [
        ("LLM tokens, output", "gpt-realtime", "$0.02 per 1,000 tokens", "$0.018 per 1,000 tokens"),
        ("Analytics", "Calls", "$0.002 per call", "Free"),
        ("Calls under 3 seconds are free", "Calls", "Free", ""),
        ("Calls under 5 seconds are free", "Calls", "", "Free"),
        (
            "Rounding",
            "",
            "Each line is rounded half up to $0.001, then added.",
            "Each line is rounded half up to $0.01, then added.",
        ),
    ]
    assert april.day == "Apr 30, 2026"  # the evening before, in New York
    assert [(each.note, each.before, each.after) for each in april.changes] == [
        ("yandex-realtime", "On request", "")
    ] * 4


def test_an_own_card_that_begins_later_follows_on_the_products(
    bare_account: Accounts, reader: Reader, products: dict[str, Product]
) -> None:
    with time_machine.travel(NOON, tick=False):
        mine, other = bare_account("atllasx"), bare_account("atllasx")
        publish(products["atllasx"], NOON + DAY, lambda draft: set_price(draft, "2", component="call"))
        publish(
            products["atllasx"], NOON + 2 * DAY, lambda draft: set_price(draft, "3", component="call"), account=mine
        )
        publish(products["atllasx"], NOON + 3 * DAY, lambda draft: set_price(draft, "4", component="call"))
        seen = {account.pk: shown(reader, account).context for account in (mine, other)}
    changes = {
        key: [(each.changes[0].before, each.changes[0].after) for each in context["coming"]]
        for key, context in seen.items()
    }
    assert changes == {
        mine.pk: [("1 credit per call", "2 credits per call"), ("2 credits per call", "3 credits per call")],
        other.pk: [("1 credit per call", "2 credits per call"), ("2 credits per call", "4 credits per call")],
    }
    assert not seen[mine.pk]["is_own"]


def test_a_coming_version_without_a_change_says_so(
    bare_account: Accounts, reader: Reader, products: dict[str, Product]
) -> None:
    account = bare_account("atllasx")
    publish(products["atllasx"], datetime(2999, 1, 1, tzinfo=UTC))
    assert "A new version begins; none of your prices change." in shown(reader, account).content.decode()


def test_before_any_card_holds_the_page_says_what_will(bare_account: Accounts, reader: Reader) -> None:
    with time_machine.travel(datetime(2019, 12, 1, tzinfo=UTC), tick=False):
        response = shown(reader, bare_account("atllasx"))
    page = response.content.decode()
    assert "No prices yet" in page
    assert [(each.day, len(each.changes)) for each in response.context["coming"]] == [("Jan 1, 2020", 4)]


def test_a_least_amount_alone_is_not_free(bare_account: Accounts, reader: Reader) -> None:
    account = bare_account("aipbx")
    least = {"price": 0, "minimum": Decimal("0.05")}
    publish(account.product, NOON, lambda draft: draft.rates.filter(component="analytics").update(**least))
    with time_machine.travel(NOON + DAY, tick=False):
        (calls,) = shown(reader, account).context["sections"]
    assert lines_of(calls, "USD")[-1] == ("Analytics", "$0.00 per call. At least $0.05")


def test_other_ways_of_counting_are_said_in_words(
    bare_account: Accounts, reader: Reader, products: dict[str, Product]
) -> None:
    def counted(draft: RateCardVersion) -> None:
        draft.rates.filter(component="stt", model="").update(first_increment=60, increment=6, minimum=Decimal("0.01"))
        draft.rates.filter(component="tts", model="").update(
            tiers=[{"above": "1000", "price": "0.012"}], included=Decimal(30)
        )

    account = bare_account("aipbx")
    publish(products["aipbx"], datetime(2026, 2, 1, tzinfo=UTC), counted, account=account)
    lines = dict(lines_of(shown(reader, account).context["sections"][0], "USD"))
    assert lines["Voice input, STT"] == (
        "$0.006 per minute. The first 1 min count in full, then begun steps of 6 s. At least $0.01"
    )
    assert lines["Voice output, TTS"] == (
        "$0.015 per minute. The first 30 s of a call are included. Counted by the second. Above 1,000 min: $0.012"
    )


@pytest.mark.parametrize("product", ["aipbx", "aitelier", "osmtalk"])
def test_the_page_asks_little(
    bare_account: Accounts, reader: Reader, statements: Callable[[], Any], product: str
) -> None:
    client = reader(bare_account(product), Role.VIEWER)
    for _first_then_known in range(2):
        with statements() as sent:
            assert client.get(reverse("prices"))["Cache-Control"] == "private, no-store"
        assert len(sent) <= QUERIES_AT_MOST, sent
