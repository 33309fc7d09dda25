"""Charging events: exactly once, in a constant number of statements, whatever the array holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from billing.models import Transaction
from billing.services import locking
from billing.services.limits import set_alerts
from billing.verification.run import verify
from notifications.models import Notice
from organizations import database
from organizations.services.accounts import change_account
from tests.usage.events import charge, event, key_of
from usage.models import DailyUsage, RejectedEvent, UsageEvent
from usage.services.incoming import Rejection
from usage.services.void import void_event

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


def money(account: Any) -> D:
    account.wallet.refresh_from_db()
    wallet = account.wallet
    return D(wallet.paid.amount + wallet.promo.amount + wallet.allotment.amount - wallet.debt.amount)


def test_a_call_is_charged_line_by_line(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="10")
    (answer,) = charge("aipbx", event(account, duration_seconds=180, llm_input_tokens=2340, stt_seconds=90))
    assert answer["status"] == "accepted"
    assert answer["charge"]["total"] == "0.021000"
    assert [(line["component"], line["amount"]) for line in answer["charge"]["lines"]] == [
        ("llm_input", "0.012000"),
        ("stt", "0.009000"),
    ]
    assert answer["balance"] == {"available": "9.979000", "held": "0.000000", "currency": "USD"}
    posted = Transaction.objects.get(kind="call")
    row = UsageEvent.objects.get()
    assert (posted.amount.amount, posted.key) == (D("-0.021"), f"charge:{row.pk}")
    assert (row.transaction_id, row.version.number) == (posted.pk, 1)  # type: ignore[union-attr]


def test_a_repeated_event_charges_once_and_answers_as_the_first_time(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="10")
    sent = event(account, event_id="e", provider_costs={"llm": "0.005"})
    (first,) = charge("letustalk", sent)
    charge("letustalk", event(account, provider_costs={"llm": "0.005"}))
    (again,) = charge("letustalk", sent)
    assert again == {**first, "status": "duplicate"}
    assert Transaction.objects.filter(kind="call").count() == 2


def test_the_same_key_with_another_body_is_refused(bare_account: Make) -> None:
    account = bare_account("atllasx", paid="100")
    charge("atllasx", event(account, event_id="e", duration_seconds=10))
    (answer,) = charge("atllasx", event(account, event_id="e", duration_seconds=11))
    assert answer["error"]["code"] == "idempotency_conflict"
    assert Transaction.objects.filter(kind="call").count() == 1


def test_the_same_event_twice_in_one_array_is_a_duplicate(bare_account: Make) -> None:
    account = bare_account("atllasx", paid="100")
    sent = event(account, event_id="e")
    other = event(account, event_id="e", duration_seconds=61)
    answers = charge("atllasx", sent, sent, other)
    assert [a["status"] for a in answers] == ["accepted", "duplicate", "rejected"]
    assert answers[2]["error"]["code"] == "idempotency_conflict"
    assert Transaction.objects.filter(kind="call").count() == 1


@pytest.mark.parametrize(
    ("other", "status"), [("123456789012.1234560", "duplicate"), ("123456789012.123457", "rejected")]
)
def test_two_bodies_in_one_array_are_told_apart_to_the_last_digit(bare_account: Make, other: str, status: str) -> None:
    account = bare_account("aipbx", paid="5")
    first, second = (event(account, event_id="e", stt_seconds=60) for _ in range(2))
    first.body, second.body = (
        f'{{"data": {{"note": {number}}}}}'.encode() for number in ("123456789012.123456", other)
    )
    assert [answer["status"] for answer in charge("aipbx", first, second)] == ["accepted", status]
    assert [answer["status"] for answer in charge("aipbx", second)] == [status]


def test_a_refused_event_that_was_mended_in_the_same_array_is_charged(bare_account: Make) -> None:
    account = bare_account("atllasx", paid="100")
    lost = event(account, event_id="e", project="nowhere", duration_seconds=5)
    mended = event(account, event_id="e", duration_seconds=6)
    answers = charge("atllasx", lost, mended, mended, lost)
    assert [a["status"] for a in answers] == ["rejected", "accepted", "duplicate", "rejected"]
    assert [a["error"]["code"] for a in (answers[0], answers[3])] == ["unknown_project", "unknown_project"]
    assert Transaction.objects.filter(kind="call").count() == 1


def test_one_bad_event_does_not_stop_the_others_and_leaves_no_key_behind(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    yandex = event(account, event_id="y", model="yandex-realtime", llm_input_tokens=1000)
    stranger = event(account, event_id="s")
    stranger.subject = "nobody"
    lost = event(account, event_id="p", project="nowhere")
    bad = Rejection("pbx", "b", "acme", "invalid_event", "data.stt_seconds: not a number", b"{")
    good = event(account, event_id="g", stt_seconds=60)
    answers = charge("aipbx", yandex, stranger, lost, bad, good)
    assert [a["status"] for a in answers] == ["rejected"] * 4 + ["accepted"]
    assert [a["error"]["code"] for a in answers[:4]] == [
        "price_on_request",
        "unknown_account",
        "unknown_project",
        "invalid_event",
    ]
    assert list(UsageEvent.objects.values_list("event_id", flat=True)) == ["g"]
    assert set(RejectedEvent.objects.values_list("event_id", flat=True)) == {"y", "s", "p", "b"}
    stranger.subject = account.external_id
    assert charge("aipbx", stranger)[0]["status"] == "accepted"


def test_a_free_call_has_a_reason_and_no_transaction(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="1")
    (answer,) = charge("letustalk", event(account, status="failed", provider_costs={"llm": "0.1"}))
    assert answer["charge"]["total"] == "0.000000"
    assert answer["charge"]["lines"] == []
    assert answer["charge"]["free_reason"]
    row = UsageEvent.objects.get()
    assert (row.transaction_id, row.free_code != "") == (None, True)
    assert not Transaction.objects.filter(kind="call").exists()


def test_a_charge_of_nothing_says_why(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="1")
    (answer,) = charge("letustalk", event(account, duration_seconds=600))
    assert answer["charge"]["total"] == "0.000000"
    assert answer["charge"]["free_reason"] == "Nothing that has a price was reported"
    assert UsageEvent.objects.get().free_code == "nothing_used"


def test_a_sandbox_charge_moves_no_money(bare_account: Make) -> None:
    account = bare_account("aitelier", projects={"pilot": "sandbox"}, paid="1")
    (answer,) = charge("aitelier", event(account, outcome="success", tier="standard"))
    assert (answer["simulated"], answer["charge"]["total"]) == (True, "0.900000")
    assert answer["balance"]["available"] == "1.000000"
    assert money(account) == D(1)
    day = DailyUsage.objects.get()
    assert (day.is_simulated, day.spent.amount, day.outcome, day.tier) == (True, D("0.9"), "success", "standard")


def test_a_call_may_take_the_balance_below_zero(bare_account: Make) -> None:
    account = bare_account("atllasx", paid="100")
    for _ in range(101):
        charge("atllasx", event(account))
    assert money(account) == D(-1)


def test_two_services_draw_on_one_balance(bare_account: Make) -> None:
    account = bare_account("osmtalk", paid="100", promo="50")
    charge("osmtalk", event(account, provider_costs={"llm": "0.40"}))
    charge("osmapi", event(account, event_type="llm.completed", service="osmapi", provider_costs={"llm": "0.80"}))
    assert money(account) == D(150) - D("0.52") - D("1.04")


def test_an_event_older_than_the_window_is_refused_unless_it_is_known(bare_account: Make) -> None:
    account = bare_account("atllasx", paid="100")
    moment = timezone.now()
    sent = event(account, event_id="e", occurred_at=moment)
    assert charge("atllasx", sent)[0]["status"] == "accepted"
    with time_machine.travel(moment + timedelta(days=36), tick=False):
        assert charge("atllasx", sent)[0]["status"] == "duplicate"
        (answer,) = charge("atllasx", event(account, occurred_at=moment))
    assert answer["error"]["code"] == "event_too_old"


def test_the_day_of_a_charge_is_the_accounts_own(bare_account: Make) -> None:
    account = bare_account("osmtalk", timezone="Asia/Kolkata", paid="10")
    with time_machine.travel(datetime(2026, 12, 1, 19, 0, tzinfo=UTC), tick=False):
        charge("osmtalk", event(account, provider_costs={"llm": "1"}))
    assert str(Transaction.objects.get(kind="call").day) == "2026-12-02"
    assert str(UsageEvent.objects.get().day) == "2026-12-02"


def test_a_day_is_counted_once_although_the_timezone_moves_west(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="50", daily_cap=D("0.3"))

    def move(timezone: str) -> None:
        change_account(account_id=account.pk, name="Acme", timezone=timezone, language="", user_id=None)

    with time_machine.travel(datetime(2026, 12, 1, 15, 0, tzinfo=UTC), tick=False):
        charge("aipbx", event(account, stt_seconds=1500))
        move("Pacific/Kiritimati")  # where it is the second already
        charge("aipbx", event(account, event_id="second", stt_seconds=2500))
        move("UTC")
        charge("aipbx", event(account, stt_seconds=500))
        account.wallet.refresh_from_db()
        assert (account.wallet.spent_today.amount, account.wallet.spent_on) == (D("0.45"), date(2026, 12, 1))
        assert verify() == []
        void_event(key=key_of("aipbx"), source="pbx", event_id="second", reason="A test")
    account.wallet.refresh_from_db()
    assert account.wallet.spent_today.amount == D("0.2")
    assert verify() == []


def test_a_charge_that_waited_for_a_move_counts_in_the_new_timezone(
    bare_account: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL gives who waited for the wallet the new wallet and the old timezone: the lock reads it again."""
    waited = locking.LOCK_WALLETS.replace("a.timezone", "'Pacific/Kiritimati'")
    with time_machine.travel(datetime(2026, 12, 1, 15, 0, tzinfo=UTC), tick=False):
        account = bare_account("aipbx", paid="50", timezone="Pacific/Kiritimati")
        charge("aipbx", event(account, stt_seconds=1500))
        change_account(account_id=account.pk, name="Acme", timezone="UTC", language="", user_id=None)
        monkeypatch.setattr(locking, "LOCK_WALLETS", waited)
        charge("aipbx", event(account, stt_seconds=500))
    account.wallet.refresh_from_db()
    assert (account.wallet.spent_today.amount, account.wallet.spent_on) == (D("0.2"), date(2026, 12, 1))
    assert verify() == []


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """`statements(*events)` charges them at letustalk; how many statements it took, step by step."""
    counts: list[int] = []
    real = database.run

    def counting(*statements: Any) -> Any:
        counts.append(len(statements))
        return real(*statements)

    def one(execute: Any, *args: Any) -> Any:
        counts.append(1)
        return execute(*args)

    def charged(*events: Any) -> list[int]:
        counts.clear()
        with connection.execute_wrapper(one):
            charge("letustalk", *events)
        return list(counts)

    for module in ("usage.services.charge", "usage.services.context", "billing.services.ledger"):
        monkeypatch.setattr(f"{module}.run", counting)
    return charged


COST = {"llm": "0.01", "sip": "0.02"}


def test_a_batch_takes_as_many_statements_as_one_event(
    bare_account: Make, statements: Callable[..., list[int]]
) -> None:
    accounts = [bare_account("letustalk", paid="10") for _ in range(20)]
    charge("letustalk", event(accounts[0], provider_costs=COST))
    single = statements(event(accounts[0], provider_costs=COST))
    batch = [event(account, provider_costs=COST) for account in accounts for _ in range(10)]
    assert statements(*batch) == single


def test_charges_that_cross_a_threshold_take_no_statement_more(
    bare_account: Make, statements: Callable[..., list[int]]
) -> None:
    accounts = [bare_account("letustalk", paid="10") for _ in range(20)]
    charge("letustalk", event(accounts[0], provider_costs=COST))
    quiet = statements(event(accounts[0], provider_costs=COST))
    for account in accounts:
        account.wallet.refresh_from_db()
        set_alerts(wallet_id=account.wallet.pk, alert_below=account.wallet.paid.amount, user_id=None)
    one = statements(event(accounts[0], provider_costs=COST))
    all_others = statements(*[event(account, provider_costs=COST) for account in accounts[1:]])
    assert Notice.objects.filter(event="low_balance").count() == 20
    assert one == all_others == quiet
