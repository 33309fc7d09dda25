"""Chat is charged once per project and clock hour, however often and late the sweep runs (aitelier.md)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine
from django.db import connection

from billing.models import Transaction
from billing.verification.run import verify
from tests.usage.events import charge, event
from usage.models import ChatHour, DailyUsage, UsageEvent
from usage.selectors import cards
from usage.services import chat_hours
from usage.services.chat_hours import charge_due_hours

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
TEN = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)


def say(account: Any, moment: datetime, tokens_in: int, tokens_out: int, project: str | None = None) -> Any:
    return event(
        account,
        event_type="chat.message",
        project=project,
        occurred_at=moment,
        llm_input_tokens=tokens_in,
        llm_output_tokens=tokens_out,
    )


def test_an_hours_messages_are_one_charge(bare_account: Make) -> None:
    account = bare_account("aitelier", paid="5")
    with time_machine.travel(TEN + timedelta(minutes=30), tick=False):
        answers = charge("aitelier", say(account, TEN, 1_200_000, 300_000), say(account, TEN, 800_000, 100_000))
        assert [(a["status"], a["charge"]) for a in answers] == [("accepted", None)] * 2
        assert charge_due_hours() == 0
    with time_machine.travel(TEN + timedelta(minutes=62), tick=False):
        assert charge_due_hours() == 1
        assert charge_due_hours() == 0
    charged = Transaction.objects.get(kind="chat")
    assert charged.amount.amount == D("-1.6")
    row = UsageEvent.objects.get(event_type="chat.hour")
    assert [(line["component"], line["amount"]) for line in row.lines] == [
        ("chat_input", "1.000000"),
        ("chat_output", "0.600000"),
    ]
    assert sum(day.tokens for day in DailyUsage.objects.all()) == D(2_400_000)


def test_a_message_for_a_closed_hour_goes_to_the_current_one(bare_account: Make) -> None:
    account = bare_account("aitelier", paid="5")
    with time_machine.travel(TEN + timedelta(minutes=1), tick=False):
        charge("aitelier", say(account, TEN, 1_000_000, 0))
    with time_machine.travel(TEN + timedelta(minutes=90), tick=False):
        charge_due_hours()
        charge("aitelier", say(account, TEN, 2_000_000, 0))
    with time_machine.travel(TEN + timedelta(hours=3), tick=False):
        assert charge_due_hours() == 1
    amounts = Transaction.objects.filter(kind="chat").order_by("number").values_list("amount", flat=True)
    assert list(amounts) == [D("-0.5"), D("-1")]


def test_a_crash_between_closing_and_charging_charges_once(bare_account: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    account = bare_account("aitelier", paid="5")
    with time_machine.travel(TEN, tick=False):
        charge("aitelier", say(account, TEN, 1_000_000, 0))
    with time_machine.travel(TEN + timedelta(hours=2), tick=False):
        charge_due_hours()
        ChatHour.objects.update(charged_at=None)  # as if the worker had died before it wrote this down
        charge_due_hours()
    assert Transaction.objects.filter(kind="chat").count() == 1
    assert ChatHour.objects.filter(charged_at__isnull=True).count() == 0


def test_projects_are_charged_apart_and_a_sandbox_one_moves_nothing(bare_account: Make) -> None:
    account = bare_account("aitelier", paid="5", projects={"shop": "live", "pilot": "sandbox"})
    with time_machine.travel(TEN, tick=False):
        charge("aitelier", say(account, TEN, 1_000_000, 0, "shop"), say(account, TEN, 1_000_000, 0, "pilot"))
    with time_machine.travel(TEN + timedelta(hours=2), tick=False):
        assert charge_due_hours() == 2
    assert Transaction.objects.filter(kind="chat").count() == 1
    assert {e.is_simulated: e.total.amount for e in UsageEvent.objects.filter(event_type="chat.hour")} == {
        False: D("0.5"),
        True: D("0.5"),
    }


def test_the_clock_hour_is_the_accounts_own(bare_account: Make) -> None:
    account = bare_account("aitelier", paid="5", timezone="Asia/Kolkata")
    with time_machine.travel(TEN, tick=False):
        charge("aitelier", say(account, TEN, 1_000_000, 0))
    assert ChatHour.objects.get().hour == TEN - timedelta(minutes=30)


def test_hours_without_a_price_do_not_keep_others_from_being_charged(
    bare_account: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = bare_account("aitelier", paid="5", projects={"old": "live", "new": "live"})
    monkeypatch.setattr(chat_hours, "BATCH", 1)
    with time_machine.travel(TEN, tick=False):
        charge("aitelier", say(account, TEN, 1_000_000, 0, "old"))
        charge("aitelier", say(account, TEN, 1_000_000, 0, "new"))
    ChatHour.objects.filter(project__external_id="old").update(
        closed_at=TEN, hour=datetime(2001, 1, 1, tzinfo=UTC)
    )  # before every rate card
    with time_machine.travel(TEN + timedelta(hours=2), tick=False):
        assert charge_due_hours() == 1
    assert ChatHour.objects.get(charged_at__isnull=True).project.external_id == "old"


def test_an_hour_in_which_chat_got_its_first_price_is_charged_at_it(bare_account: Make) -> None:
    account = bare_account("aitelier", paid="5")
    with time_machine.travel(TEN + timedelta(minutes=40), tick=False):
        charge("aitelier", say(account, TEN + timedelta(minutes=35), 1_000_000, 0))
    half_past = TEN + timedelta(minutes=30)
    with connection.cursor() as cursor:  # as if the card had been published for half past ten
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE usage_ratecardversion SET starts_at = %s", [half_past])
        cursor.execute("SET LOCAL session_replication_role = origin")
    cards._kept.clear()
    with time_machine.travel(TEN + timedelta(hours=2), tick=False):
        assert charge_due_hours() == 1
    charged = UsageEvent.objects.get(event_type="chat.hour")
    assert (charged.total.amount, charged.started_at) == (D("0.5"), half_past)
    assert verify() == []
