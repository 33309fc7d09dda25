"""The daily roll-up by component: written with the charge, equal to the lines, empty again once they are reversed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from django.utils import timezone

from billing.verification.run import verify
from organizations.models import Account
from tests.usage.events import charge, event, key_of
from usage.models import DailyComponent, UsageEvent
from usage.selectors.usage_report import usage_by_component
from usage.services.chat_hours import charge_due_hours
from usage.services.void import void_event

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
LARGEST = "999999999999.999999"


def kept(**where: Any) -> list[tuple[str, str, int, D, D]]:
    found = DailyComponent.objects.filter(**where).order_by("is_simulated", "component")
    return [(row.component, row.unit, row.count, row.quantity, row.amount.amount) for row in found]


def expanded(account: Account) -> dict[tuple[str, str, bool], list[D]]:
    """Lines, quantity and amount of the account's events, summed one by one."""
    sums: dict[tuple[str, str, bool], list[D]] = defaultdict(lambda: [D(0), D(0), D(0)])
    for row in UsageEvent.objects.filter(account=account, status="accepted"):
        for line in row.lines:
            known = sums[line["component"], line["unit"], row.is_simulated]
            for place, number in enumerate((1, line["quantity"], line["amount"])):
                known[place] += D(number)
    return dict(sums)


def test_an_array_adds_its_lines_to_their_day_project_and_component(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="10", projects={"front": "live", "back": "live"})
    charge("aipbx", event(account, project="front", llm_input_tokens=1000, stt_seconds=60))
    more: Any = {"llm_input_tokens": 500, "stt_seconds": 30}
    charge("aipbx", *[event(account, project=name, **more) for name in ("front", "front", "back")])
    assert kept(project__external_id="front") == [
        ("llm_input", "token", 3, D(2000), D("0.011")),
        ("stt", "minute", 3, D(2), D("0.012")),
    ]
    assert kept(project__external_id="back") == [
        ("llm_input", "token", 1, D(500), D("0.003")),
        ("stt", "minute", 1, D("0.5"), D("0.003")),
    ]
    assert verify() == []


def test_tiers_and_outcomes_are_kept_apart(bare_account: Make) -> None:
    account = bare_account("aitelier", paid="10")
    for tier, outcome in (("standard", "success"), ("premium", "success"), ("standard", "conversation")):
        charge("aitelier", event(account, tier=tier, outcome=outcome))
    found = DailyComponent.objects.order_by("tier", "outcome").values_list("tier", "outcome", "count")
    assert list(found) == [("premium", "success", 1), ("standard", "conversation", 1), ("standard", "success", 1)]


def test_a_simulated_charge_is_kept_apart_and_a_free_one_has_no_row(bare_account: Make) -> None:
    account = bare_account("aitelier", projects={"pilot": "sandbox"})
    charge("aitelier", event(account, outcome="success", tier="standard"))
    charge("aitelier", event(account, status="failed"))
    assert kept(is_simulated=True) == kept()
    assert [row[2:] for row in kept()] == [(1, D(1), D("0.9"))]


def test_messages_have_no_row_until_their_hour_is_charged(bare_account: Make) -> None:
    account = bare_account("aitelier", paid="5")
    earlier = timezone.now() - timedelta(hours=3)
    message: Any = {"event_type": "chat.message", "occurred_at": earlier, "channel": "chat"}
    charge("aitelier", *[event(account, **message, llm_output_tokens=1_000_000) for _ in range(2)])
    assert kept() == []
    assert charge_due_hours() == 1
    assert {row.event_type for row in DailyComponent.objects.all()} == {"chat.hour"}
    assert sum(row[4] for row in kept()) == UsageEvent.objects.get(event_type="chat.hour").total.amount
    assert verify() == []


def test_a_reversal_takes_the_lines_out_to_the_last_digit(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    huge = event(account, event_id="huge", llm_input_tokens=LARGEST, stt_seconds=60)
    small = event(account, event_id="small", llm_input_tokens="0.000001")
    charge("aipbx", huge, small)
    for _ in range(2):
        void_event(key=key_of("aipbx"), source="pbx", event_id="huge", reason="A test")
    assert [row[:4] for row in kept()] == [
        ("llm_input", "token", 1, D("0.000001")),
        ("stt", "minute", 0, D(0)),
    ]
    assert verify() == []


def test_the_report_by_component_says_what_the_lines_say(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="50", projects={"main": "live", "trial": "sandbox"})
    other = bare_account("letustalk", paid="50")
    for number in range(6):
        costs = {"llm": f"0.0{number}1", "stt": "0.02", **({"sip": "0.3"} if number % 2 else {})}
        for project in ("main", "trial"):
            named = f"{project}-{number}"
            charge("letustalk", event(account, event_id=named, project=project, provider_costs=costs))
    charge("letustalk", event(other, provider_costs={"llm": "7", "tts": "1"}))
    void_event(key=key_of("letustalk"), source="pbx", event_id="main-5", reason="A test")
    day = UsageEvent.objects.earliest("day").day
    report = usage_by_component(account_id=account.pk, first_day=day, last_day=day)
    said = {(r["component"], r["unit"], r["simulated"]): [r["count"], D(r["quantity"]), D(r["spent"])] for r in report}
    assert said == expanded(account)
    assert len(report) == len(said)
    assert usage_by_component(account_id=account.pk, first_day=day + timedelta(1), last_day=day + timedelta(9)) == []
