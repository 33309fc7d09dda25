"""What reads charges reads corrected ones right: invoices, exports, answers to duplicates, spikes, the call's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from billing.services import spikes
from billing.verification.run import verify
from tests.billing.exports.exporting import made, rows, unpacked
from tests.billing.postpay.accounts import at, call, close_running, switched
from tests.factories import PASSWORD, make_member
from tests.usage.events import charge, event
from tests.usage.rerating.jobs import REASON, corrected, period_of, rerate
from usage.models import Rerating, UsageEvent
from usage.selectors.pages.history_row import LEDGER, HistoryRow
from usage.selectors.transactions import list_transactions, transaction_dicts

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


def test_a_call_of_an_invoiced_month_is_reversed_on_the_next_invoice_and_charged_there(bare_account: Make) -> None:
    with at("2026-02-01 00:00"):
        account = bare_account("aitelier")
        switched(account)
    with at("2026-02-10 12:00"):
        call(account, event_id="a", duration_seconds=60)
    with at("2026-03-04 00:00"):
        february = close_running(account)
    assert february.net.amount == D("0.90")
    with at("2026-03-10 12:00"):
        call(account, event_id="b", duration_seconds=60)
        corrected(account, "call", "0.70", hours_ago=24 * 40)
        scope = period_of(account, first_day=date(2026, 2, 1), last_day=date(2026, 3, 31))
        job = rerate(scope)
    assert job.done == 2
    assert verify() == []
    with at("2026-04-04 00:00"):
        march = close_running(account)
    account.wallet.refresh_from_db()
    assert march.net.amount == D("0.50")  # 0.70 - 0.90 of February, 0.70 of March
    assert account.wallet.debt.amount == D("1.40")
    assert verify() == []


def test_an_exports_lines_add_up_to_its_movements_before_and_after(bare_account: Make, tmp_path: Path) -> None:
    with time_machine.travel(NOON, tick=False):
        account = bare_account("aipbx", paid="10")
        charge("aipbx", event(account, event_id="e", llm_input_tokens=2000))
    with time_machine.travel(NOON.replace(day=25), tick=False):
        corrected(account, "llm_input", "0.010", hours_ago=24 * 20)
        rerate(period_of(account, first_day=date(2026, 3, 1), last_day=date(2026, 3, 31)))
    with time_machine.travel(NOON.replace(day=28)):
        before = rows(unpacked(made(account, NOON.date(), NOON.date()), tmp_path) / "usage.csv")
        after = rows(unpacked(made(account, date(2026, 3, 25), date(2026, 3, 25)), tmp_path) / "usage.csv")
    assert [(each["movement"], each["amount"], each["status"]) for each in before] == [("2", "0.010000", "reversed")]
    assert [(each["movement"], each["amount"], each["status"]) for each in after] == [("4", "0.020000", "accepted")]


def test_a_duplicate_is_answered_as_the_first_time_and_the_api_names_the_event(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    sent = event(account, event_id="e", llm_input_tokens=2000)
    (first,) = charge("aipbx", sent)
    corrected(account, "llm_input", "0.010")
    rerate(period_of(account))
    assert charge("aipbx", sent) == [{**first, "status": "duplicate"}]
    listed = transaction_dicts(list_transactions(wallet_id=account.wallet.pk, before=None, limit=3))
    assert [(each["kind"], each["amount"], each["event"]["id"]) for each in listed] == [
        ("call", "-0.020000", "e"),
        ("void", "0.010000", "e"),
        ("call", "-0.010000", "e"),
    ]


def test_a_correction_is_no_spike(bare_account: Make) -> None:
    with time_machine.travel(NOON.replace(month=1, day=1), tick=False):
        account = bare_account("aipbx", paid="100")
    for day in (1, 8, 15, 22):
        with time_machine.travel(NOON.replace(month=2, day=day), tick=False):
            charge("aipbx", event(account, event_id=f"e{day}", llm_input_tokens=2000))
    with time_machine.travel(NOON.replace(month=3, day=1), tick=False):
        corrected(account, "llm_input", "5", hours_ago=24 * 40)
        rerate(period_of(account, first_day=date(2026, 2, 1), last_day=date(2026, 2, 28)))
    with time_machine.travel(NOON.replace(month=3, day=1, hour=13), tick=False):
        assert spikes.tell_due() == 0
        assert verify() == []


def test_the_customer_reads_what_a_call_was_and_what_it_is_now(bare_account: Make, client: Client) -> None:
    account = bare_account("aipbx", paid="5")
    charge("aipbx", event(account, event_id="e", call_id="c-1", llm_input_tokens=2000))
    corrected(account, "llm_input", "0.010")
    rerate(period_of(account))
    member = make_member(account)
    assert client.login(email=member.email, password=PASSWORD)
    page = client.get(reverse("call", args=[UsageEvent.objects.get().pk])).content.decode()
    for words in ("Charged anew on", f"It was $0.01, now it is $0.02. Reason: {REASON}.", "Charged anew: was $0.01"):
        assert words in page, words


def test_a_line_of_the_history_leads_to_its_call() -> None:
    for reference, event_id in (("charge:7", 7), ("charge:7:3", 7), ("void:7:3", 7), ("payment:7", None)):
        row = HistoryRow(LEDGER, 1, NOON, NOON.date(), "call", D(1), D(1), "", "", reference, None, 1, 1)
        assert row.event_id == event_id


def test_a_period_reversed_leaves_no_usage(bare_account: Make) -> None:
    account = bare_account("aitelier", paid="5")
    call(account, event_id="a")
    rerate(period_of(account), Rerating.Mode.VOID)
    assert UsageEvent.objects.get().status == "void"
    assert verify() == []
