"""The calls: live, filtered, and each explained to the last digit."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import time_machine
from django.test import Client
from django.urls import reverse

from billing.models import Wallet
from organizations.models import Account, Product
from tests.usage.events import charge, event, key_of, question
from usage.models import UsageEvent
from usage.services.authorize import authorize
from usage.services.void import void

TIMES = "\N{MULTIPLICATION SIGN}"
COSTS = {"llm": "0.005", "stt": "0.006", "tts": "0.022", "sip": "0.007"}


def page_of(client: Client, some: UsageEvent) -> str:
    response = client.get(reverse("call", args=[some.pk]))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def text_of(client: Client, some: UsageEvent) -> str:
    """The page's words, without markup."""
    body = page_of(client, some).partition("<main")[2]
    return " ".join(re.sub(r"<[^>]+>", "", re.sub(r"<br>|</(th|td|dt|dd|p|h[1-6]|li)>", " ", body)).split())


def test_a_listener_is_told_of_the_newest_call(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("letustalk", paid="10")
    client = reader(account)
    assert client.get(reverse("calls")).context["live_words"] == "No call in progress"
    charge("letustalk", event(account, caller="+1 628 555 0117", provider_costs=COSTS))
    authorize(key=key_of("letustalk"), request=question(account, "c-9"))
    words = client.get(reverse("calls")).context["live_words"]
    assert words == "Last call: +1 628 555 0117, $0.052. 1 call in progress"


def test_a_call_whose_start_is_not_told_ended_when_it_was_reported(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("letustalk", paid="10")
    client = reader(account)
    over = datetime(2026, 3, 15, 12, 3, tzinfo=UTC)
    told: dict[str, Any] = {"started_at": over - timedelta(minutes=3), "duration_seconds": 180, "provider_costs": COSTS}
    with time_machine.travel(over + timedelta(seconds=4), tick=False):
        charge("letustalk", event(account, occurred_at=over, **told))
        charge("letustalk", event(account, occurred_at=over, duration_seconds=180, provider_costs=COSTS))
    known, unknown = (
        [(f"{step.at:%H:%M:%S}", step.title) for step in client.get(reverse("call", args=[pk])).context["trail"]]
        for pk in UsageEvent.objects.order_by("id").values_list("pk", flat=True)
    )
    assert known == [("12:00:00", "Started"), ("12:03:00", "Ended"), ("12:03:04", "Charged $0.052")]
    assert unknown == known[1:]


def test_a_call_in_progress_shows_what_is_held(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("letustalk", paid="10", projects={"line": "live", "other": "live"})
    client = reader(account)
    authorize(key=key_of("letustalk"), request=question(account, "c-9", project="line", caller="+1 415 555 0188"))
    body = client.get(reverse("calls")).content.decode()
    assert body.count('<tr class="live">') == 1
    assert '<span class="note">held</span> $0.05' in body
    (row,) = client.get(reverse("calls")).context["in_progress"]
    assert (row.title, row.amount) == ("+1 415 555 0188", Decimal("0.05"))
    other = account.projects.get(external_id="other")
    for narrowed in ({"result": "completed"}, {"channel": "web"}, {"when": "2020-01"}, {"project": other.pk}):
        assert client.get(reverse("calls"), narrowed).context["in_progress"] == []
    charge("letustalk", event(account, call_id="c-9", project="line", provider_costs=COSTS))
    assert client.get(reverse("calls")).context["in_progress"] == []


def test_filters_by_channel_result_project_and_kind(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("letustalk", paid="10", projects={"a": "live", "b": "live"})
    charge(
        "letustalk",
        event(account, call_id="phone-a", project="a", provider_costs=COSTS),
        event(account, call_id="web-a", project="a", channel="web", provider_costs=COSTS),
        event(account, call_id="failed-b", project="b", status="failed"),
    )
    client = reader(account)

    def shown(**query: Any) -> list[str]:
        return [row.call_id for row in client.get(reverse("calls"), query).context["page"].rows]

    assert shown() == ["failed-b", "web-a", "phone-a"]
    assert shown(channel="web") == ["web-a"]
    assert shown(result="failed") == ["failed-b"]
    assert shown(project=account.projects.get(external_id="a").pk) == ["web-a", "phone-a"]
    assert shown(channel="crawl.completed") == []
    assert _ways(client) == ["", "phone", "web"]
    assert _ways(client, channel="crawl.completed") == ["", "phone", "web", "crawl.completed"]
    assert "No call matches these filters" in client.get(reverse("calls"), {"when": "2020-01"}).content.decode()


def test_the_only_channel_and_what_the_product_knows_nothing_of_are_no_choice(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("aipbx", paid="10")
    client = reader(account)
    assert _ways(client) == [""]
    charge("aipbx", event(account, call_id="only"))
    assert _ways(client) == [""]
    assert 'name="channel"' not in client.get(reverse("calls")).content.decode()


def _ways(client: Client, **query: str) -> list[str]:
    choice = client.get(reverse("calls"), query).context["query"].channel
    return [value for value, _label in choice.options]


def test_outcomes_can_be_filtered_where_calls_have_them(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("aitelier", paid="10", projects={"desk": "live"})
    charge("aitelier", event(account, call_id="good", goal_reached=True), event(account, call_id="short", user_turns=1))
    client = reader(account)
    rows = client.get(reverse("calls"), {"result": "outcome:success"}).context["page"].rows
    assert [row.call_id for row in rows] == ["good"]
    pbx = reader(bare_account("aipbx")).get(reverse("calls")).context["query"].result
    assert not any(value.startswith("outcome:") for value, _label in pbx.options)


def test_calls_page_back_and_forth(bare_account: Callable[..., Account], reader: Callable[..., Client]) -> None:
    account = bare_account("aipbx", paid="10")
    charge("aipbx", *[event(account, call_id=f"c-{index:02}", stt_seconds=60) for index in range(60)])
    client = reader(account)
    newest = client.get(reverse("calls")).context["page"]
    middle = client.get(reverse("calls"), {"before": newest.older}).context["page"]
    oldest = client.get(reverse("calls"), {"before": middle.older}).context["page"]
    assert [len(page.rows) for page in (newest, middle, oldest)] == [25, 25, 10]
    assert (newest.newer, oldest.older) == (None, None)
    assert client.get(reverse("calls"), {"after": oldest.newer}).context["page"].rows == middle.rows
    back = client.get(reverse("calls"), {"after": middle.newer}).context
    assert back["page"].rows == newest.rows
    assert back["is_live"] is True


def test_every_line_is_quantity_times_price(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("aipbx", paid="10", name="TechMaster")
    facts: dict[str, Any] = {
        "duration_seconds": 180,
        "llm_input_tokens": 2340,
        "stt_seconds": 90,
        "tts_seconds": 90,
        "analytics": True,
    }
    charge("aipbx", event(account, call_id="c-1", caller="+1 646 555 0138", **facts))
    some = UsageEvent.objects.get()
    response = reader(account).get(reverse("call", args=[some.pk]))
    lines = [(line.quantity, line.price, line.amount) for line in response.context["lines"]]
    assert lines == [
        ("2,340 tokens", f"{TIMES} $0.005 / 1K", Decimal("0.012")),
        ("1.5 min", f"{TIMES} $0.006", Decimal("0.009")),
        ("1.5 min", f"{TIMES} $0.015", Decimal("0.023")),
        ("1 call", f"{TIMES} $0.002", Decimal("0.002")),
    ]
    words = text_of(reader(account), some)
    assert "Each line is rounded half up to $0.001, then added." in words
    assert "Charged $0.046" in words
    assert "Paid from Paid balance" in words
    assert "Balance after $9.954" in words
    assert f"No. {some.transaction.number}" in words  # type: ignore[union-attr]


def test_costs_are_shown_only_where_the_product_shows_them(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("letustalk", paid="10")
    measured: dict[str, Any] = {
        "llm_input_tokens": 1000,
        "llm_output_tokens": 250,
        "stt_seconds": 60,
        "tts_seconds": 60,
        "sip_seconds": 60,
    }
    charge("letustalk", event(account, provider_costs=COSTS, **measured))
    some = UsageEvent.objects.get()
    client = reader(account)
    open_page = client.get(reverse("call", args=[some.pk])).context["lines"]
    assert [(line.quantity, line.price, line.amount) for line in open_page if not line.is_subtotal][1:] == [
        ("1 min", f"{TIMES} $0.006", Decimal("0.006")),
        ("1 min", f"{TIMES} $0.022", Decimal("0.022")),
        ("1 min", f"{TIMES} $0.007", Decimal("0.007")),
        ("30%", f"{TIMES} $0.04", Decimal("0.012")),
    ]
    assert [line.amount for line in open_page if line.is_subtotal] == [Decimal("0.04")]
    assert "Provider cost plus 30%" in text_of(client, some)

    Product.objects.filter(slug="letustalk").update(shows_costs=False)
    closed = client.get(reverse("call", args=[some.pk])).context["lines"]
    assert [(line.label, line.quantity, line.price, line.amount) for line in closed] == [
        ("Usage", "", "", Decimal("0.052"))
    ]
    words = page_of(client, some)
    for leak in ("rovider", "argin", "30%", "0.04", "0.012", "0.022", "LLM", "SIP", "STT"):
        assert leak not in words, leak


def test_a_free_call_says_why(bare_account: Callable[..., Account], reader: Callable[..., Client]) -> None:
    account = bare_account("aipbx", paid="10")
    charge("aipbx", event(account, duration_seconds=2, stt_seconds=2))
    some = UsageEvent.objects.get()
    words = text_of(reader(account), some)
    assert some.free_reason
    assert f"Not charged {some.free_reason}" in words
    assert "Transaction None" in words


def test_an_outcome_says_what_decided_it(bare_account: Callable[..., Account], reader: Callable[..., Client]) -> None:
    account = bare_account("aitelier", paid="10", projects={"desk": "live"})
    charge("aitelier", event(account, duration_seconds=29, user_turns=5))
    words = text_of(reader(account), UsageEvent.objects.get())
    assert "Spam or silent" in words
    assert "Decided by length: too short for a real conversation." in words


def test_a_charge_over_two_grants_names_both(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("aipbx", paid="10", promo="0.04")
    charge("aipbx", event(account, stt_seconds=1000))
    words = text_of(reader(account), UsageEvent.objects.get())
    assert "Paid from Promo balance $0.04 Paid balance $0.06" in words


def test_a_reversed_call_shows_its_reason_and_transaction(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("aipbx", paid="10")
    charge("aipbx", event(account, stt_seconds=1000))
    some = UsageEvent.objects.get()
    void(event=some, reason="Charged by mistake", actor_id=None)
    words = text_of(reader(account), some)
    number = Wallet.objects.get(account=account).last_number
    assert f"Reason: Charged by mistake. $0.10 went back to where it came from, as transaction no. {number}." in words


def test_a_simulated_call_says_that_no_money_moved(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("aitelier", projects={"pilot": "sandbox"})
    charge("aitelier", event(account, outcome="success"))
    words = text_of(reader(account), UsageEvent.objects.get())
    for expected in (
        "What this call would have cost",
        "Simulated: no money moved",
        "Would have been charged $0.90",
        "Transaction None, simulated",
    ):
        assert expected in words, expected


def test_credits_are_whole_and_said_in_words(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("atllasx", paid="5")
    charge("atllasx", event(account))
    some = UsageEvent.objects.get()
    assert "Charged 1 credit" in text_of(reader(account), some)
    assert "4 credits" in reader(account).get(reverse("overview")).content.decode()


def test_what_callers_send_is_text_and_never_markup(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("aipbx", paid="10")
    charge("aipbx", event(account, caller="<script>alert(1)</script>", assistant="<b>x</b>", call_id="<i>"))
    client = reader(account)
    for body in (client.get(reverse("calls")).content.decode(), page_of(client, UsageEvent.objects.get())):
        assert "<script>alert" not in body
        assert "&lt;script&gt;alert(1)" in body
