"""usage.csv: every line of every charge, what was free, what was only simulated, and no provider's costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from organizations.models import Account, Product
from tests.billing.exports.exporting import made, rows, trusted, unpacked
from tests.usage.events import charge, event
from usage.models import UsageEvent
from usage.services.chat_hours import charge_due_hours
from usage.services.void import void

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
COSTS = {"stt": "0.0123", "llm": "0.0200", "tts": "0.0100"}


def files(account: Account, tmp_path: Path) -> Path:
    """The export of the day of `NOON`."""
    with time_machine.travel(NOON.replace(hour=23)):
        return unpacked(made(account), tmp_path)


def test_a_charges_lines_stand_as_they_were_rated(bare_account: Make, tmp_path: Path) -> None:
    with time_machine.travel(NOON, tick=False):
        account = bare_account("aipbx", paid="10", timezone="Asia/Kolkata")
        charge(
            "aipbx",
            event(account, event_id="e", call_id="c", duration_seconds=180, llm_input_tokens=2340, stt_seconds=90),
        )
    lines = rows(files(account, tmp_path) / "usage.csv")
    shown = ("movement", "event_id", "call_id", "component", "quantity", "unit", "price", "per", "amount")
    assert [[line[name] for name in shown] for line in lines] == [
        ["2", "e", "c", "llm_input", "2340", "token", "0.005", "1000", "0.012000"],
        ["2", "e", "c", "stt", "1.5", "minute", "0.006", "1", "0.009000"],
    ]
    assert lines[0]["at"] == "2026-03-15T17:30:00.000000+05:30"
    assert (lines[0]["rate_card"], lines[0]["rate_card_version"]) == ("AI PBX default", "1")


def test_lines_add_up_to_the_movements_and_a_reversal_is_marked(bare_account: Make, tmp_path: Path) -> None:
    with time_machine.travel(NOON):
        account = bare_account("aitelier", projects={"desk": "live"}, paid="10")
        charge(
            "aitelier",
            event(account, project="desk", event_id="a", outcome="success", duration_seconds=600),
            event(account, project="desk", event_id="b", outcome="spam"),
        )
        void(event=UsageEvent.objects.get(event_id="a"), reason="x", actor_id=None)
    folder = files(account, tmp_path)
    lines = rows(folder / "usage.csv")
    charged = {row["number"]: row["debit"] for row in rows(folder / "movements.csv") if row["kind"] == "call"}
    for number, debit in charged.items():
        assert sum(Decimal(line["amount"]) for line in lines if line["movement"] == number) == Decimal(debit)
    assert {(line["event_id"], line["status"]) for line in lines} == {("a", "reversed"), ("b", "accepted")}


def test_simulated_usage_stands_in_a_file_of_its_own(bare_account: Make, tmp_path: Path) -> None:
    with time_machine.travel(NOON):
        account = bare_account("aitelier", projects={"desk": "live", "trial": "sandbox"}, paid="10")
        charge("aitelier", event(account, project="desk", event_id="live", outcome="success"))
        charge("aitelier", event(account, project="trial", event_id="test", outcome="success"))
    folder = files(account, tmp_path)
    assert [line["event_id"] for line in rows(folder / "usage.csv")] == ["live"]
    (line,) = rows(folder / "simulated.csv")
    assert (line["event_id"], line["movement"], line["amount"]) == ("test", "", "0.900000")
    assert [row["kind"] for row in rows(folder / "movements.csv") if row["entry"] == "movement"] == ["credit", "call"]


def test_what_was_free_and_what_is_charged_by_the_hour_is_there_at_nothing(bare_account: Make, tmp_path: Path) -> None:
    with time_machine.travel(NOON):
        account = bare_account("aitelier", projects={"desk": "live"}, paid="10")
        charge(
            "aitelier",
            event(
                account, project="desk", event_type="crawl.completed", event_id="crawl", pages=20, crawler_seconds=90
            ),
            event(account, project="desk", event_type="chat.message", event_id="m", llm_input_tokens=2_000_000),
        )
    with time_machine.travel(NOON.replace(hour=14)):
        charge_due_hours()
    crawl, message, hour = rows(files(account, tmp_path) / "usage.csv")
    assert (crawl["event_id"], crawl["amount"], crawl["movement"]) == ("crawl", "0.000000", "")
    assert crawl["free_code"] and crawl["free_reason"]
    assert (message["event_id"], message["amount"]) == ("m", "0.000000")
    assert message["charged_with_hour"] == "2026-03-15T12:00:00.000000+00:00"
    assert (hour["type"], hour["amount"], hour["movement"]) == ("chat.hour", "1.000000", "2")


@pytest.mark.parametrize("shows_costs", [True, False])
def test_providers_costs_are_one_line_unless_the_product_shows_them(
    bare_account: Make, tmp_path: Path, shows_costs: bool
) -> None:
    Product.objects.filter(slug="letustalk").update(shows_costs=shows_costs)
    with time_machine.travel(NOON):
        account = bare_account("letustalk", paid="10")
        charge("letustalk", event(account, provider_costs=COSTS, duration_seconds=60))
    folder = files(account, tmp_path)
    lines = rows(folder / "usage.csv")
    total = next(row["debit"] for row in rows(folder / "movements.csv") if row["kind"] == "call")
    assert sum(Decimal(line["amount"]) for line in lines) == Decimal(total)
    components = [line["component"] for line in lines]
    if shows_costs:
        assert {"stt", "llm", "tts", "margin"} <= set(components)
        return
    assert components == ["usage"]
    assert (lines[0]["quantity"], lines[0]["price"]) == ("", "")
    text = (folder / "usage.csv").read_text()
    assert not any(cost in text for cost in COSTS.values())


def test_a_timezone_that_changed_leaves_no_event_out(bare_account: Make, tmp_path: Path) -> None:
    """An event keeps its day; the export goes by the moment."""
    with time_machine.travel(NOON.replace(hour=1)):
        account = bare_account("aitelier", projects={"desk": "live"}, paid="10", timezone="America/Los_Angeles")
        charge("aitelier", event(account, project="desk", event_id="a", outcome="success"))  # on the 14th there
    assert UsageEvent.objects.get().day.isoformat() == "2026-03-14"
    Account.objects.update(timezone="Pacific/Auckland")
    account.refresh_from_db()
    lines = rows(files(account, tmp_path) / "usage.csv")
    assert [line["event_id"] for line in lines] == ["a"]


def test_the_export_verifies(bare_account: Make, tmp_path: Path) -> None:
    from billing.services.exports.verify import verify

    with time_machine.travel(NOON):
        account = bare_account("letustalk", paid="1")
        charge("letustalk", *(event(account, provider_costs=COSTS, started_at=timezone.now()) for _ in range(5)))
    report = verify(files(account, tmp_path), trusted())
    assert report.faults == []
    assert report.manifest["movements"] == 6
