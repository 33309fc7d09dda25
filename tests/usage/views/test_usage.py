"""The usage page: what a period cost and by what, as each product's card prices; every part adds up to the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from billing.models import Transaction, TransactionKind
from organizations.models import Account, Role
from tests.usage.events import charge, event
from tests.usage.views.price_lists import publish
from usage.models import DailyComponent, DailyUsage, UsageEvent
from usage.services.chat_hours import charge_due_hours
from usage.services.void import void
from usage.views.charge_lines import TIMES

NOON = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
QUERIES_AT_MOST = 10
OF_USAGE = ("call", "chat", "crawl", "llm")


def page_of(client: Client, **query: Any) -> Any:
    return client.get(reverse("usage"), query)


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def plain_words(text: str) -> str:
    return text.replace(TIMES, "x").replace("\N{NO-BREAK SPACE}", " ")


def figures_of(response: Any) -> dict[str, tuple[str, str]]:
    return {each.label: (strip_tags(each.value), each.note) for each in response.context["figures"]}


def items_of(response: Any) -> list[tuple[str, list[tuple[str, str, D]]]]:
    return [
        (section.title, [(item.label, plain_words(item.quantity), item.amount) for item in section.items])
        for section in response.context["sections"]
    ]


def matrix_of(response: Any) -> dict[str, list[tuple[D, str]]]:
    matrix = response.context["matrix"]
    rows = {row.title: [(cell.amount, plain_words(cell.words)) for cell in row.cells] for row in matrix.rows}
    return rows | {"total": [(cell.amount, plain_words(cell.words)) for cell in matrix.totals]}


def assert_adds_up(response: Any, account: Account) -> D:
    """What the page says was spent is the sum of each of its parts, and what the ledger says."""
    total = response.context["total"]
    parts = sum(section.amount for section in response.context["sections"])
    matrix = response.context["matrix"]
    assert parts + (matrix.amount if matrix else 0) == total
    items = [item for each in response.context["sections"] for item in each.items if not item.is_subtotal]
    assert sum(item.amount for item in items) == parts
    assert sum(line.spent for line in response.context["projects"]) == total
    assert sum(line.spent for line in response.context["channels"]) in (0, total)
    assert response.context["chart_total"].spent == total
    charged = Transaction.objects.filter(wallet__account=account, kind__in=OF_USAGE).aggregate(sum=Sum("amount"))
    back = Transaction.objects.filter(wallet__account=account, kind=TransactionKind.VOID).aggregate(sum=Sum("amount"))
    assert total == -(charged["sum"] or D(0)) - (back["sum"] or D(0))
    live = {"account": account, "is_simulated": False}
    assert total == DailyUsage.objects.filter(**live).aggregate(sum=Sum("spent"))["sum"]
    assert total == DailyComponent.objects.filter(**live).aggregate(sum=Sum("amount"))["sum"]
    return D(total)


@pytest.fixture
def agency(bare_account: Callable[..., Account]) -> Account:
    """Aitelier: calls by outcome and tier, overage, crawls and chats, a live project and one in the sandbox."""
    return bare_account("aitelier", paid="100", projects={"desk": "live", "pilot": "sandbox"})


def a_day_of_the_agency(account: Account) -> None:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    chat = {"event_type": "chat.message", "project": "desk", "channel": "chat"}
    charge(
        "aitelier",
        *[event(account, project="desk", outcome="success", tier="economy") for _ in range(3)],
        *[event(account, project="desk", outcome="success") for _ in range(2)],
        event(account, project="desk", outcome="conversation", duration_seconds=400, duration_cap_seconds=600),
        event(account, project="desk", status="no_answer", duration_seconds=0),
        event(account, project="desk", event_type="crawl.completed", pages=320, crawler_seconds=12600),
        event(account, occurred_at=hour, llm_input_tokens=400000, llm_output_tokens=100000, **chat),
        event(account, project="pilot", outcome="success", tier="premium"),
    )
    charge_due_hours()


def test_aitelier_sees_outcomes_by_tier_and_everything_else(agency: Account, reader: Callable[..., Client]) -> None:
    a_day_of_the_agency(agency)
    response = page_of(reader(agency))
    assert matrix_of(response) == {
        "Success": [(D("1.8"), "3 x $0.60"), (D("1.8"), "2 x $0.90"), (D("3.6"), "5 calls")],
        "Real conversation": [(D(0), "0 calls"), (D("0.6"), "1 x $0.60"), (D("0.6"), "1 call")],
        "No outcome": [(D(0), "0 calls"), (D(0), "1 call"), (D(0), "1 call")],
        "total": [(D("1.8"), "3 calls"), (D("2.4"), "4 calls"), (D("4.2"), "7 calls")],
    }
    assert items_of(response) == [
        (
            "",
            [
                ("Overage", "2 min x $0.12", D("0.24")),
                ("Knowledge crawler", "3.5 h x $1.00", D("3.5")),
                ("Chat, input tokens", "400,000 tokens x $0.50 / 1M", D("0.2")),
                ("Chat, output tokens", "100,000 tokens x $1.50 / 1M", D("0.15")),
            ],
        )
    ]
    assert assert_adds_up(response, agency) == D("8.29")
    assert figures_of(response) == {
        "Spent": ("$8.29", "No usage before"),
        "Calls": ("7", ""),
        "Successful": ("83%", ""),  # of the six that resolved to an outcome
        "Minutes": ("12", "2 overage minutes"),
    }
    page = text_of(response)
    assert "30 s and 3 turns or more, no goal" in page
    assert "$1.40" in page  # the pilot's
    assert "Nothing left your wallet, and it is in no total." in page


def test_what_was_simulated_is_a_page_of_its_own(agency: Account, reader: Callable[..., Client]) -> None:
    a_day_of_the_agency(agency)
    client = reader(agency)
    charged = page_of(client)
    assert [(line.project.external_id, line.spent) for line in charged.context["projects"]] == [("desk", D("8.29"))]
    assert [(line.project.external_id, line.spent) for line in charged.context["pilots"]] == [("pilot", D("1.4"))]
    assert (charged.context["chart_total"].spent, charged.context["chart_total"].simulated) == (D("8.29"), D("1.4"))
    simulated = page_of(client, show="simulated")
    assert simulated.context["is_simulated"] is True
    assert matrix_of(simulated)["Success"] == [(D("1.4"), "1 x $1.40")]
    assert simulated.context["total"] == D("1.4")
    assert figures_of(simulated)["Would have cost"] == ("$1.40", "No usage before")
    assert "No money moved." in text_of(simulated)


def test_where_nothing_was_charged_the_would_be_cost_is_shown_unasked(
    agency: Account, reader: Callable[..., Client]
) -> None:
    charge("aitelier", event(agency, project="pilot", outcome="success"))
    response = page_of(reader(agency))
    assert figures_of(response)["Would have cost"] == ("$0.90", "No usage before")
    assert "Spent" not in figures_of(response)
    assert "Nothing was charged in this period" in text_of(response)


@pytest.mark.parametrize(("role", "may"), [(Role.OWNER, True), (Role.BILLING, True), (Role.VIEWER, False)])
def test_who_may_change_modes_is_shown_the_way_to_live(
    agency: Account, reader: Callable[..., Client], role: Role, may: bool
) -> None:
    charge("aitelier", event(agency, project="pilot", outcome="success"))
    pilot = agency.projects.get(external_id="pilot")
    assert (reverse("project_live", args=[pilot.pk]) in text_of(page_of(reader(agency, role)))) is may


def test_a_changed_price_says_the_number_of_calls_only(agency: Account, reader: Callable[..., Client]) -> None:
    charge("aitelier", *[event(agency, project="desk", outcome="success") for _ in range(2)])
    DailyComponent.objects.filter(component="call").update(amount=D("1.75"))  # as of two prices
    assert matrix_of(page_of(reader(agency)))["Success"] == [(D("1.75"), "2 calls")]


def test_ai_pbx_sees_components_by_model(bare_account: Callable[..., Account], reader: Callable[..., Client]) -> None:
    account = bare_account("aipbx", paid="10")
    charge(
        "aipbx",
        event(account, llm_input_tokens=2000, stt_seconds=90, tts_seconds=90, analytics=True),
        event(account, model="qwen-realtime", llm_input_tokens=1000, audio_input_seconds=60),
        event(account, model="gpt-realtime", llm_output_tokens=1000, channel="web"),
        event(account, duration_seconds=2, stt_seconds=2),
    )
    response = page_of(reader(account))
    assert items_of(response) == [
        (
            "Calls without a named model",
            [
                ("LLM tokens, input", "2,000 tokens x $0.005 / 1K", D("0.01")),
                ("Voice input, STT", "1.5 min x $0.006", D("0.009")),
                ("Voice output, TTS", "1.5 min at $0.015", D("0.023")),  # $0.0225, rounded
                ("Analytics", "1 call x $0.002", D("0.002")),
            ],
        ),
        ("gpt-realtime", [("LLM tokens, output", "1,000 tokens x $0.02 / 1K", D("0.02"))]),
        (
            "qwen-realtime",
            [
                ("LLM tokens, input", "1,000 tokens x $0.001 / 1K", D("0.001")),
                ("Audio, input", "1 min x $0.003", D("0.003")),
            ],
        ),
    ]
    assert response.context["matrix"] is None
    assert assert_adds_up(response, account) == D("0.068")
    assert figures_of(response)["Average per call"][0] == "$0.017"
    assert [(line.label, line.calls, line.minutes, line.spent) for line in response.context["channels"]] == [
        ("Phone", 3, "2", D("0.048")),
        ("Web", 1, "1", D("0.02")),
    ]
    assert "every charge was rounded by itself" in text_of(response)


COSTS = {"llm": "0.005", "stt": "0.006", "tts": "0.022", "sip": "0.007"}


def test_letustalk_sees_costs_and_margin(bare_account: Callable[..., Account], reader: Callable[..., Client]) -> None:
    account = bare_account("letustalk", paid="10")
    charge("letustalk", *[event(account, provider_costs=COSTS) for _ in range(2)])
    response = page_of(reader(account))
    assert items_of(response) == [
        (
            "",
            [
                ("LLM, the AI brain", "2 calls", D("0.01")),
                ("STT, speech to text", "2 calls", D("0.012")),
                ("TTS, text to speech", "2 calls", D("0.044")),
                ("SIP, phone line", "2 calls", D("0.014")),
                ("Total cost (provider)", "", D("0.08")),
                ("Margin", "30% x $0.08", D("0.024")),
            ],
        )
    ]
    assert assert_adds_up(response, account) == D("0.104")
    assert response.context["channels"] == []


def test_a_product_that_shows_no_costs_tells_them_neither_here_nor_in_the_file(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("letustalk", paid="10")
    account.product.shows_costs = False
    account.product.save()
    charge("letustalk", event(account, provider_costs=COSTS))
    client = reader(account)
    response = page_of(client)
    assert items_of(response) == [("", [("Usage", "", D("0.052"))])]
    assert_adds_up(response, account)
    written = b"".join(client.get(reverse("usage_csv")).streaming_content).decode()  # type: ignore[attr-defined]
    for trace in ("0.022", "0.007", "0.012", "margin", "Margin", "SIP", "sip,", "30%"):
        assert trace not in text_of(response) + written, trace
    assert ",usage,,,,0.052000,USD" in written


def test_what_was_a_providers_cost_stays_untold_when_it_gets_a_price_of_its_own(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    with time_machine.travel(NOON, tick=False):
        account = bare_account("letustalk", paid="10")
        account.product.shows_costs = False
        account.product.save()
        charge("letustalk", event(account, provider_costs=COSTS))
        of_calls = {"event_type": "call.completed", "component": "llm"}
        fixed = {"method": "unit", "unit": "call", "metric": "", "price": D("0.01")}
        publish(account.product, NOON + SECOND, lambda draft: draft.rates.filter(**of_calls).update(**fixed))
    with time_machine.travel(NOON + timedelta(minutes=1), tick=False):
        client = reader(account)
        assert items_of(page_of(client)) == [("", [("Usage", "", D("0.052"))])]
        written = b"".join(client.get(reverse("usage_csv")).streaming_content).decode()  # type: ignore[attr-defined]
    assert ",usage,,,,0.052000,USD" in written
    assert "0.005" not in written


@pytest.mark.parametrize(
    ("priced", "seconds", "words"),
    [
        ({"price": D(400)}, "0.045", "0.045 s x $400.00 / min"),  # as 0.0008 min it would not give the amount
        ({"unit": "second", "units_per_increment": 1, "price": D("0.0002")}, "90", "90 s x $0.0002"),
        ({"unit": "second", "units_per_increment": 1, "per": 60}, "90", "1.5 min x $0.006"),
        ({"unit": "frame %", "units_per_increment": 1}, "90", "90 frame % x $0.006"),
    ],
)
def test_a_quantity_stands_in_the_unit_of_its_price(
    bare_account: Callable[..., Account],
    reader: Callable[..., Client],
    priced: dict[str, Any],
    seconds: str,
    words: str,
) -> None:
    with time_machine.travel(NOON, tick=False):
        account = bare_account("aipbx", paid="10")
        publish(account.product, NOON, lambda draft: draft.rates.filter(component="stt").update(**priced))
        charge("aipbx", event(account, stt_seconds=seconds))
        ((_title, [(_label, shown, _amount)]),) = items_of(page_of(reader(account)))
    assert shown == words


def test_a_least_amount_is_not_put_down_to_rounding(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    with time_machine.travel(NOON, tick=False):
        account = bare_account("aipbx", paid="10")
        least = {"minimum": D("0.05")}
        publish(account.product, NOON, lambda draft: draft.rates.filter(component="stt").update(**least))
        charge("aipbx", event(account, stt_seconds=90))
        assert items_of(page_of(reader(account))) == [("", [("Voice input, STT", "1.5 min", D("0.05"))])]


def test_an_average_is_of_calls_or_of_requests_never_of_both(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    with time_machine.travel(NOON - timedelta(days=10), tick=False):
        account = bare_account("osmtalk", paid="100", projects={"line": "live", "gateway": "live"})
        charge("osmtalk", event(account, project="line", provider_costs={"llm": "0.4"}))
    request: dict[str, Any] = {"event_type": "llm.completed", "project": "gateway", "provider_costs": {"llm": "20"}}
    with time_machine.travel(NOON, tick=False):
        charge("osmapi", event(account, **request))
        assert figures_of(page_of(reader(account), when="7"))["Average per call"] == ("\N{EM DASH}", "")
    with time_machine.travel(NOON + timedelta(days=7), tick=False):
        charge("osmtalk", event(account, project="line", provider_costs={"llm": "0.4"}))
        assert figures_of(page_of(reader(account), when="7"))["Average per call"] == ("₹0.52", "")


def test_osmtalk_sees_calls_and_requests_of_both_platforms(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("osmtalk", paid="100", projects={"line": "live", "gateway": "live"})
    charge("osmtalk", event(account, project="line", channel="chat", duration_seconds=0, provider_costs={"llm": "0.4"}))
    request: dict[str, Any] = {
        "event_type": "llm.completed",
        "model": "gpt-4o",
        "llm_input_tokens": 900,
        "llm_output_tokens": 100,
    }
    charge("osmapi", event(account, project="gateway", provider_costs={"llm": "0.2"}, **request))
    client = reader(account)
    response = page_of(client)
    assert items_of(response) == [
        (
            "Calls",
            [
                ("LLM, the AI brain", "1 call", D("0.4")),
                ("Total cost (provider)", "", D("0.4")),
                ("Margin", "30% x ₹0.40", D("0.12")),
            ],
        ),
        (
            "LLM requests",
            [
                ("LLM request", "1 request", D("0.2")),
                ("Total cost (provider)", "", D("0.2")),
                ("Margin", "30% x ₹0.20", D("0.06")),
            ],
        ),
    ]
    assert assert_adds_up(response, account) == D("0.78")
    assert [(line.label, line.calls, line.minutes, line.spent) for line in response.context["channels"]] == [
        ("Chat", 1, "", D("0.52")),
        ("LLM requests", None, "", D("0.26")),
    ]
    assert [line.words for line in response.context["projects"]] == ["1 call", "1 request"]
    gateway = page_of(client, project=account.projects.get(external_id="gateway").pk)
    assert {label: value for label, (value, _note) in figures_of(gateway).items()} == {
        "Spent": "₹0.26",
        "LLM requests": "1",
        "Average per request": "₹0.26",
        "Tokens": "1,000",
    }


def test_atllasx_sees_answered_calls_as_credits(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("atllasx", paid="10")
    charge(
        "atllasx",
        *[event(account, duration_seconds=seconds) for seconds in (10, 600)],
        event(account, status="dropped", duration_seconds=0),
    )
    response = page_of(reader(account))
    assert items_of(response) == [("", [("Answered call", "2 calls x 1 credit", D(2))])]
    assert assert_adds_up(response, account) == D(2)
    assert {label: value for label, (value, _note) in figures_of(response).items()} == {
        "Spent": "2 credits",
        "Calls": "3",
        "Average per call": "0.67 credits",
        "Minutes": "10",
    }
    assert "$" not in text_of(response).partition('id="content"')[2]


def test_a_component_that_no_card_knows_has_a_readable_name(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("atllasx", paid="10")
    charge("atllasx", event(account))
    DailyComponent.objects.update(component="night_surcharge", unit="night")
    assert items_of(page_of(reader(account))) == [("", [("Night surcharge", "1 night", D(1))])]


def test_a_reversed_call_is_left_out(agency: Account, reader: Callable[..., Client]) -> None:
    charge("aitelier", event(agency, project="desk", outcome="success"), event(agency, project="desk", outcome="spam"))
    void(event=UsageEvent.objects.get(outcome="success"), reason="Test", actor_id=None)
    response = page_of(reader(agency))
    assert matrix_of(response) == {"Spam or silent": [(D("0.1"), "1 x $0.10")], "total": [(D("0.1"), "1 call")]}
    assert assert_adds_up(response, agency) == D("0.1")


def test_a_project_narrows_everything(bare_account: Callable[..., Account], reader: Callable[..., Client]) -> None:
    account = bare_account("atllasx", paid="10", projects={"one": "live", "two": "live"})
    charge("atllasx", event(account, project="one"), *[event(account, project="two") for _ in range(3)])
    one = account.projects.get(external_id="one")
    response = page_of(reader(account), project=one.pk)
    assert (response.context["total"], response.context["chart_total"].calls) == (D(1), 1)
    assert [line.project for line in response.context["projects"]] == [one]
    assert items_of(response) == [("", [("Answered call", "1 call x 1 credit", D(1))])]


def test_many_projects_are_a_dozen_and_the_rest(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("atllasx", paid="99", projects={f"p-{place:02}": "live" for place in range(15)})
    charge("atllasx", *[event(account, project=f"p-{place:02}") for place in range(15)], event(account, project="p-07"))
    response = page_of(reader(account))
    lines = response.context["projects"]
    assert (len(lines), lines[0].project.external_id, lines[0].spent) == (13, "p-07", D(2))
    assert (lines[-1].project, lines[-1].others, lines[-1].words, lines[-1].spent) == (None, 3, "3 calls", D(3))
    assert "3 more projects" in text_of(response)
    assert assert_adds_up(response, account) == D(16)


def test_the_page_asks_little_however_much_was_used(
    bare_account: Callable[..., Account], reader: Callable[..., Client], statements: Callable[[], Any]
) -> None:
    account = bare_account("aitelier", paid="500", projects={f"p-{place}": "live" for place in range(20)})
    client = reader(account)
    for day in range(5):
        with time_machine.travel(NOON + timedelta(days=day), tick=False):
            events = [event(account, project=f"p-{place}", outcome="success") for place in range(20)]
            charge("aitelier", *events)
    with time_machine.travel(NOON + timedelta(days=5), tick=False):
        client = reader(account)
        page_of(client)  # the cards are read once a process
        for query in ({}, {"when": "90", "show": "simulated"}, {"when": "2026-01"}):
            with statements() as sent:
                assert page_of(client, **query)["Cache-Control"] == "private, no-store"
            assert len(sent) <= QUERIES_AT_MOST, sent
            read = [each for each in sent if "usage_daily" in each]
            assert len(read) == (2 if query.get("when") == "2026-01" else 1)  # the second finds out where usage is
