"""May a call start: refusals with their reasons, holds that keep calls from sharing money, heartbeats and releases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from billing.models import Hold, Wallet
from billing.services import holds
from organizations.models import Account
from tests.usage.events import charge, event, key_of, question
from usage.services.authorize import authorize, extend, release
from usage.services.errors import ServiceError

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


def ask(service: str, account: Account, call_id: str = "c-1", **fields: Any) -> dict[str, Any]:
    return authorize(key=key_of(service), request=question(account, call_id, **fields))


def test_a_call_that_may_start_holds_money(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="142.75")
    answer = ask("aipbx", account, max_duration_seconds=600)
    assert (answer["allowed"], answer["reason"], answer["mode"]) == (True, None, "live")
    assert (answer["on_exhaustion"], answer["max_duration_seconds"]) == ("finish", 600)
    assert answer["hold"]["amount"] == "0.250000"
    assert answer["balance"] == {"available": "142.500000", "held": "0.250000", "currency": "USD"}


def test_asking_again_gives_the_first_answer_while_the_hold_lives(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="10")
    first = ask("aipbx", account)
    assert ask("aipbx", account) == first
    assert Hold.objects.count() == 1
    with pytest.raises(ServiceError) as conflict:
        ask("aipbx", account, model="gpt-realtime")
    assert (conflict.value.code, conflict.value.status) == ("idempotency_conflict", 409)


@pytest.mark.parametrize(
    ("product", "balance", "reason"),
    [
        ("letustalk", "0.09", "insufficient_balance"),  # letustalk.md: below $0.10 calls are refused
        ("letustalk", "0.10", None),
        ("osmtalk", "9.99", "insufficient_balance"),  # osmtalk.md: below 10 rupees
        ("osmtalk", "10", None),
        ("aipbx", "0", "insufficient_balance"),  # aipbx.md: at 0 assistants stop accepting calls
        ("aipbx", "0.01", None),
        ("atllasx", "0", "insufficient_balance"),
        ("atllasx", "1", None),
    ],
)
def test_the_floor_is_the_products_own(bare_account: Make, product: str, balance: str, reason: str | None) -> None:
    assert ask(product, bare_account(product, paid=balance))["reason"] == reason


def test_money_that_calls_hold_is_not_spent_twice(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="0.12")
    assert ask("letustalk", account, "c-1")["allowed"]
    answer = ask("letustalk", account, "c-2")
    assert (answer["allowed"], answer["reason"]) == (False, "balance_reserved")
    assert answer["message"]
    assert Hold.objects.count() == 1
    release(key=key_of("letustalk"), call_id="c-1")
    assert ask("letustalk", account, "c-2")["allowed"]


def test_the_daily_cap_counts_what_was_spent_and_what_is_held(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="50", timezone="America/New_York", daily_cap=D("0.30"))
    with time_machine.travel(datetime(2026, 12, 1, 4, 59, tzinfo=UTC), tick=False):
        assert ask("aipbx", account, "c-1")["hold"]["amount"] == "0.250000"
        assert ask("aipbx", account, "c-2")["hold"]["amount"] == "0.050000"
        assert ask("aipbx", account, "c-3")["reason"] == "daily_limit_reached"
        for call_id in ("c-1", "c-2"):
            charge("aipbx", event(account, call_id=call_id, stt_seconds=1500))
        assert ask("aipbx", account, "c-4")["reason"] == "daily_limit_reached"
    with time_machine.travel(datetime(2026, 12, 1, 5, 0, tzinfo=UTC), tick=False):  # midnight in New York
        assert ask("aipbx", account, "c-5")["allowed"]


def test_raising_the_cap_resumes_at_once(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="50", daily_cap=D("0.1"))
    charge("aipbx", event(account, stt_seconds=1000))
    assert ask("aipbx", account)["reason"] == "daily_limit_reached"
    Wallet.objects.filter(account=account).update(daily_cap=D("20"))
    assert ask("aipbx", account)["allowed"]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"is_frozen": True}, "wallet_frozen"),
        ({"is_overdue": True}, "payment_overdue"),
        ({"concurrency_limit": 0}, "concurrency_limit_reached"),
    ],
)
def test_a_wallet_that_may_not_spend_says_why(bare_account: Make, settings: dict[str, Any], reason: str) -> None:
    answer = ask("aipbx", bare_account("aipbx", paid="5", **settings))
    assert (answer["allowed"], answer["reason"], answer["hold"]) == (False, reason, None)


def test_a_suspended_account_is_refused_in_the_sandbox_too(bare_account: Make) -> None:
    account = bare_account("aitelier", projects={"pilot": "sandbox"})
    assert ask("aitelier", account)["allowed"]
    Account.objects.update(status="suspended")
    assert ask("aitelier", account, "c-2")["reason"] == "account_suspended"


def test_in_the_sandbox_nothing_is_held_and_the_balance_never_denies(bare_account: Make) -> None:
    account = bare_account("aitelier", projects={"pilot": "sandbox"})
    answer = ask("aitelier", account)
    assert (answer["allowed"], answer["mode"], answer["hold"]) == (True, "sandbox", None)
    account.wallet.refresh_from_db()
    assert (account.wallet.held.amount, account.wallet.held_calls) == (D(0), 0)
    assert ask("aitelier", account) == answer
    assert extend(key=key_of("aitelier"), call_id="c-1", elapsed_seconds=60)["proceed"]
    charge("aitelier", event(account, call_id="c-1", outcome="success"))
    assert (Hold.objects.get().amount.amount, Hold.objects.get().status) == (D(0), "released")
    account.wallet.refresh_from_db()
    assert (account.wallet.held.amount, account.wallet.held_calls) == (D(0), 0)


def test_with_hangup_a_call_ends_when_others_spent_what_it_holds(bare_account: Make) -> None:
    account = bare_account("atllasx", paid="1")
    ask("atllasx", account)
    assert extend(key=key_of("atllasx"), call_id="c-1", elapsed_seconds=10)["proceed"]
    charge("atllasx", event(account))
    answer = extend(key=key_of("atllasx"), call_id="c-1", elapsed_seconds=20)
    assert (answer["proceed"], answer["reason"]) == (False, "insufficient_balance")


def test_postpay_goes_below_zero_up_to_the_credit_limit(bare_account: Make) -> None:
    account = bare_account("aitelier", mode="postpay", credit_limit=D("0.5"))
    assert ask("aitelier", account, "c-1")["allowed"]
    charge("aitelier", event(account, call_id="c-1", outcome="conversation"))
    assert ask("aitelier", account, "c-2")["reason"] == "credit_limit_reached"


def test_a_model_on_request_is_refused_before_it_starts(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    assert ask("aipbx", account, model="yandex-realtime")["reason"] == "price_on_request"
    assert ask("aipbx", account, "c-2", model="qwen-realtime")["allowed"]


def test_the_calls_event_ends_its_hold(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    ask("aipbx", account)
    (answer,) = charge("aipbx", event(account, call_id="c-1", stt_seconds=60))
    assert answer["balance"] == {"available": "4.994000", "held": "0.000000", "currency": "USD"}
    assert Hold.objects.get().status == "captured"
    assert ask("aipbx", account)["reason"] == "call_ended"


def test_a_release_may_overtake_its_authorisation(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    release(key=key_of("aipbx"), call_id="c-1")
    release(key=key_of("aipbx"), call_id="c-1")
    assert ask("aipbx", account)["reason"] == "call_ended"
    account.wallet.refresh_from_db()
    assert (account.wallet.held.amount, Hold.objects.filter(status="active").count()) == (D(0), 0)


def test_an_event_may_overtake_its_authorisation(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    charge("aipbx", event(account, call_id="c-1", stt_seconds=60))
    assert ask("aipbx", account)["reason"] == "call_ended"


def test_two_services_may_give_their_calls_the_same_id(bare_account: Make) -> None:
    account = bare_account("osmtalk", paid="100")
    charge("osmtalk", event(account, call_id="c-1"))
    answer = authorize(key=key_of("osmapi"), request=question(account, "c-1"))
    assert (answer["allowed"], answer["reason"]) == (True, None)
    assert extend(key=key_of("osmapi"), call_id="c-1", elapsed_seconds=60)["proceed"]


def test_a_hold_expires_and_a_late_event_is_still_charged(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    moment = timezone.now()
    with time_machine.travel(moment, tick=False):
        ask("aipbx", account)
    with time_machine.travel(moment + timedelta(hours=2), tick=False):
        assert holds.expire_due() == 1
        assert holds.expire_due() == 0
        assert Hold.objects.get().status == "expired"
        (answer,) = charge("aipbx", event(account, call_id="c-1", stt_seconds=60))
    assert answer["balance"]["available"] == "4.994000"


def test_heartbeats_keep_a_hold_alive_and_let_it_grow(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="5")
    moment = timezone.now()
    with time_machine.travel(moment, tick=False):
        ask("letustalk", account)
    with time_machine.travel(moment + timedelta(minutes=10), tick=False):
        answer = extend(key=key_of("letustalk"), call_id="c-1", elapsed_seconds=600)
        assert (answer["proceed"], answer["reason"]) == (True, None)
        assert answer["hold"]["amount"] == "0.570000"  # 0.05 and ten minutes at 0.052
    with time_machine.travel(moment + timedelta(minutes=20), tick=False):
        assert holds.expire_due() == 0


def test_a_late_heartbeat_places_the_hold_anew(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="5")
    moment = timezone.now()
    with time_machine.travel(moment, tick=False):
        ask("letustalk", account)
    with time_machine.travel(moment + timedelta(hours=1), tick=False):
        holds.expire_due()
        assert extend(key=key_of("letustalk"), call_id="c-1", elapsed_seconds=3600)["proceed"]
    assert list(Hold.objects.order_by("id").values_list("status", flat=True)) == ["expired", "active"]


def test_with_finish_a_call_goes_on_although_the_money_is_gone(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="0.15")
    ask("letustalk", account)
    answer = extend(key=key_of("letustalk"), call_id="c-1", elapsed_seconds=600)
    assert (answer["proceed"], answer["reason"]) == (True, "insufficient_balance")


def test_with_hangup_a_call_ends_when_the_money_does(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="0.15")
    account.product.terms.on_exhaustion = "hangup"
    account.product.terms.save()
    ask("letustalk", account)
    answer = extend(key=key_of("letustalk"), call_id="c-1", elapsed_seconds=600)
    assert (answer["proceed"], answer["reason"]) == (False, "insufficient_balance")


def test_the_seconds_say_how_long_the_money_lasts(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="0.52")
    assert ask("letustalk", account, max_duration_seconds=3600)["max_duration_seconds"] == 600


def test_the_seconds_end_with_the_daily_cap_which_calls_in_progress_share(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="50", daily_cap=D("0.5"))
    assert ask("aipbx", account, "c-1")["max_duration_seconds"] == 1000  # 0.50 at 0.03 a minute
    assert ask("aipbx", account, "c-2")["max_duration_seconds"] == 500  # c-1 holds 0.25
    answer = extend(key=key_of("aipbx"), call_id="c-1", elapsed_seconds=300)  # of the same 0.25, 0.15 is used
    assert answer["max_duration_seconds"] == 500


def test_unknown_accounts_and_projects_are_errors(bare_account: Make) -> None:
    account = bare_account("aipbx", projects={"one": "live", "two": "live"})
    with pytest.raises(ServiceError) as missing:
        ask("aipbx", account)
    assert missing.value.code == "unknown_project"
    with pytest.raises(ServiceError) as foreign:
        ask("letustalk", account)
    assert (foreign.value.code, foreign.value.status) == ("unknown_account", 404)


def test_changed_terms_hold_from_the_next_call(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="1")
    assert ask("letustalk", account, "c-1")["hold"]["amount"] == "0.050000"
    terms = account.product.terms
    terms.hold = D("0.2")
    terms.save(update_fields=["hold"])
    assert ask("letustalk", account, "c-2")["hold"]["amount"] == "0.200000"
