"""Reversals: an opposite entry, once; grants, roll-ups and the day's spending follow."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest

from billing.models import Grant, Transaction
from billing.verification.run import verify
from tests.usage.events import charge, event, key_of
from usage.models import DailyUsage, UsageEvent
from usage.services.errors import ServiceError
from usage.services.void import void_event

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


def reverse(service: str, event_id: str, reason: str = "Test call") -> dict[str, Any]:
    return void_event(key=key_of(service), source="pbx", event_id=event_id, reason=reason)


def test_a_reversed_call_gives_back_promo_as_promo_and_paid_as_paid(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="5", promo="0.5")
    charge("letustalk", event(account, event_id="e", provider_costs={"llm": "1"}))
    answer = reverse("letustalk", "e")
    assert (answer["status"], answer["balance"]["available"]) == ("void", "5.500000")
    assert {g.kind: g.remaining.amount for g in Grant.objects.all()} == {"promo": D("0.5"), "paid": D(5)}
    undone = Transaction.objects.get(kind="void")
    assert (undone.amount.amount, undone.reason) == (D("1.3"), "Test call")
    assert UsageEvent.objects.get().status == "void"


def test_again_reverses_nothing_twice(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="5")
    charge("letustalk", event(account, event_id="e", provider_costs={"llm": "1"}))
    first = reverse("letustalk", "e")
    again = reverse("letustalk", "e", "Another reason")
    assert again == first
    assert Transaction.objects.filter(kind="void").count() == 1


def test_a_reversed_event_leaves_the_roll_up_and_is_never_charged_again(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="5")
    sent = event(account, event_id="e", duration_seconds=30, provider_costs={"llm": "1"})
    charge("letustalk", sent)
    reverse("letustalk", "e")
    day = DailyUsage.objects.get()
    assert (day.count, day.seconds, day.spent.amount, day.cost.amount) == (0, D(0), D(0), D(0))
    assert charge("letustalk", sent)[0]["status"] == "duplicate"
    account.wallet.refresh_from_db()
    assert (account.wallet.paid.amount, account.wallet.spent_today.amount) == (D(5), D(0))


def test_a_reversal_needs_a_reason_and_a_known_event(bare_account: Make) -> None:
    account = bare_account("letustalk", paid="5")
    charge("letustalk", event(account, event_id="e", provider_costs={"llm": "1"}))
    with pytest.raises(ServiceError) as empty:
        reverse("letustalk", "e", " ")
    assert empty.value.errors == {"reason": ["Say why, in at most 255 characters."]}
    with pytest.raises(ServiceError) as unknown:
        reverse("letustalk", "nothing")
    assert (unknown.value.code, unknown.value.status) == ("unknown_event", 404)
    with pytest.raises(ServiceError):
        reverse("osmtalk", "e")
    assert not Transaction.objects.filter(kind="void").exists()


def test_a_simulated_or_free_call_is_marked_without_moving_money(bare_account: Make) -> None:
    account = bare_account("aitelier", projects={"pilot": "sandbox"})
    charge("aitelier", event(account, event_id="e", outcome="success"))
    assert reverse("aitelier", "e")["status"] == "void"
    assert not Transaction.objects.exists()


@pytest.mark.parametrize("tokens", [5, "garbage", {"a": []}])
def test_a_crawl_is_reversed_whatever_stands_in_fields_that_crawls_do_not_have(bare_account: Make, tokens: Any) -> None:
    account = bare_account("aitelier", paid="5")
    sent = event(account, event_id="e", event_type="crawl.completed", pages=500, crawler_seconds=60)
    sent.body = json.dumps({"data": {"pages": 500, "llm_input_tokens": tokens}}).encode()
    assert charge("aitelier", sent)[0]["status"] == "accepted"
    assert verify() == []
    reverse("aitelier", "e")
    assert DailyUsage.objects.get().tokens == D(0)
    assert verify() == []


def test_a_reversal_takes_the_tokens_out_of_the_roll_up_to_the_last_digit(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    sent = event(account, event_id="e", llm_input_tokens="123456789012.123456")
    sent.body = b'{"data": {"llm_input_tokens": 123456789012.123456, "llm_output_tokens": null}}'
    charge("aipbx", sent)
    reverse("aipbx", "e")
    assert DailyUsage.objects.get().tokens == D(0)
