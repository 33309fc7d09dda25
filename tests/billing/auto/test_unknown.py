"""Answers that never came, workers that died, brokers that lost their messages: one charge, and one credit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from billing import tasks
from billing.models import Payment, TopUp
from billing.providers.base import FailureReason, Outcome, PaymentFacts
from billing.services import auto_top_up, doorbells, top_ups
from billing.verification.run import verify
from tests.billing.auto.rules import (
    DECLINING,
    armed_below,
    attempt,
    attempts,
    balance,
    banner,
    behave,
    cool_down,
    letters,
    retry,
    rule_of,
    set_rule,
    spend,
    standing,
    with_card,
)
from tests.billing.journal import assert_journal_equals_ledger
from tests.billing.threads import at_once
from tests.billing.topups.paying import sweep

if TYPE_CHECKING:
    from organizations.models import Account
    from tests.billing.conftest import StripeWorld

D = Decimal
INTENTS = "/v1/payment_intents"


@pytest.mark.parametrize("told", ["by webhook", "by the sweep", "by both"])
def test_a_charge_whose_answer_was_cut_blocks_until_it_is_known_and_is_credited_once(
    stripe: StripeWorld, account: Account, told: str
) -> None:
    with_card(stripe, account)
    set_rule(account)
    stripe.site.fail_next(INTENTS, "cut", method="POST")
    attempt(account)
    assert (attempts(account), balance(account)) == ([(D(50), "unknown", "")], D(3))
    spend(account, "1", "another")
    assert (attempt(account), auto_top_up.attempt_due()) == (None, 0)
    assert (standing(account), banner(account)) == (("on", 0), None)  # nobody knows of a failure
    if told != "by the sweep":
        stripe.deliver()
        sweep()
    if told != "by webhook":
        sweep()
    assert attempts(account) == [(D(50), "succeeded", "")]
    assert (balance(account), standing(account), armed_below(account)) == (D(52), ("on", 0), D(20))
    assert len(stripe.site.journal()) == 1
    assert_journal_equals_ledger(stripe)


def test_a_request_that_was_lost_on_the_way_is_sent_again_under_the_same_key(
    stripe: StripeWorld, account: Account
) -> None:
    with_card(stripe, account)
    set_rule(account)
    stripe.site.fail_next(INTENTS, "lost", method="POST")
    attempt(account)
    assert attempts(account) == [(D(50), "unknown", "")]
    sweep()
    assert attempts(account) == [(D(50), "succeeded", "")]
    assert_journal_equals_ledger(stripe)


def test_an_unknown_outcome_that_was_a_decline_counts_once_when_it_is_known(
    stripe: StripeWorld, account: Account
) -> None:
    with_card(stripe, account, DECLINING)
    set_rule(account)
    stripe.site.fail_next(INTENTS, "cut", method="POST")
    attempt(account)
    assert standing(account) == ("on", 0)
    stripe.deliver(times=5)
    for _ in range(3):
        sweep()
    assert (attempts(account), standing(account)) == ([(D(50), "failed", "card_declined")], ("cooling", 1))
    assert letters("auto_top_up_failed") == 1


class KilledError(BaseException):
    """What a worker does not survive."""


def test_a_worker_that_dies_before_it_asks_leaves_an_attempt_that_the_sweep_finishes(
    stripe: StripeWorld, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_card(stripe, account)
    set_rule(account)

    def die(**_: object) -> TopUp:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(top_ups, "submit", die)
        with pytest.raises(KilledError):
            attempt(account)
    assert (attempts(account), armed_below(account)) == ([(D(50), "created", "")], None)
    assert (attempt(account), auto_top_up.attempt_due()) == (None, 0)
    sweep()
    assert attempts(account) == [(D(50), "succeeded", "")]
    assert (balance(account), standing(account), armed_below(account)) == (D(53), ("on", 0), D(20))
    assert_journal_equals_ledger(stripe)


def test_a_worker_that_dies_before_it_writes_the_outcome_charges_no_second_time(
    stripe: StripeWorld, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    from billing.services import settling

    with_card(stripe, account)
    set_rule(account)

    def die(**_: object) -> TopUp:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(settling, "settle", die)
        with pytest.raises(KilledError):
            attempt(account)
    assert len(stripe.site.journal()) == 1
    assert (attempt(account), balance(account)) == (None, D(3))
    sweep()
    assert (attempts(account), balance(account)) == ([(D(50), "succeeded", "")], D(53))
    assert_journal_equals_ledger(stripe)


def test_what_no_bell_told_of_is_found_by_the_sweep(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account)
    set_rule(account, threshold="2")
    spend(account, "2", "call")  # the bell that this rings is heard by nobody
    assert auto_top_up.attempt_due() == 1
    assert (attempts(account), balance(account)) == ([(D(50), "succeeded", "")], D(51))
    assert auto_top_up.attempt_due() == 0


@pytest.mark.django_db(transaction=True)
def test_a_charge_across_the_threshold_rings_for_a_worker_after_its_commit(
    stripe: StripeWorld, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[str, tuple[int, ...]]] = []
    monkeypatch.setattr(doorbells, "_rung", {})
    monkeypatch.setattr(doorbells, "_send", lambda task, arguments: rung.append((task, arguments)))
    with_card(stripe, account)
    set_rule(account, threshold="2")
    with transaction.atomic():
        spend(account, "1", "down to the threshold")
        assert rung == []
    assert rung == []
    with transaction.atomic():
        spend(account, "0.000001", "across it")
        assert rung == []
    assert rung == [("billing.attempt_auto_top_up", (account.wallet.pk,))]
    tasks.attempt_auto_top_up(account.wallet.pk)
    assert balance(account) == D("51.999999")


def test_turning_it_off_while_the_card_is_charged_keeps_the_money_and_stays_off(
    stripe: StripeWorld, account: Account
) -> None:
    with_card(stripe, account)
    set_rule(account)
    stripe.site.fail_next(INTENTS, "cut", method="POST")
    attempt(account)
    set_rule(account, is_on=False)
    sweep()
    assert (balance(account), standing(account), armed_below(account)) == (D(53), ("off", 0), None)


def test_a_failure_after_it_was_turned_off_is_nobody_s_to_mend(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account, DECLINING)
    set_rule(account)
    stripe.site.fail_next(INTENTS, "cut", method="POST")
    attempt(account)
    set_rule(account, is_on=False)
    sweep()
    assert (attempts(account), standing(account)) == ([(D(50), "failed", "card_declined")], ("off", 0))
    assert (banner(account), letters("auto_top_up_")) == (None, 0)


def test_late_money_of_an_older_attempt_does_not_undo_the_failures_since(stripe: StripeWorld, account: Account) -> None:
    card = with_card(stripe, account)
    set_rule(account, threshold="100")
    stripe.site.fail_next(INTENTS, "cut", method="POST")
    older = attempt(account)
    assert older is not None
    top_ups.settle(top_up_id=older.pk, facts=PaymentFacts(Outcome.FAILED, failure=FailureReason.INTERNAL_ERROR))
    cool_down(account)
    behave(stripe, card, decline="generic_decline")
    attempt(account)
    stripe.deliver()
    sweep()
    assert [status for _, status, _ in attempts(account)] == ["succeeded", "failed"]
    incident = banner(account)
    assert incident is not None and incident.reason == "card_declined"
    assert (balance(account), standing(account)) == (D(103), ("cooling", 2))
    assert_journal_equals_ledger(stripe)


def test_a_change_while_the_card_is_charged_does_not_touch_that_charge(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account)
    set_rule(account)
    stripe.site.fail_next(INTENTS, "cut", method="POST")
    attempt(account)
    set_rule(account, threshold="60", amount="30")
    assert (attempt(account), armed_below(account)) == (None, None)
    sweep()
    assert (attempts(account), armed_below(account)) == ([(D(50), "succeeded", "")], D(60))
    assert auto_top_up.attempt_due() == 1
    assert balance(account) == D(83)


def test_money_of_an_attempt_that_was_taken_for_failed_mends_the_rule(stripe: StripeWorld, account: Account) -> None:
    """The bank's last word counts: what failed for all we knew has succeeded."""
    with_card(stripe, account)
    set_rule(account)
    stripe.site.fail_next(INTENTS, "cut", method="POST")
    top_up = attempt(account)
    assert top_up is not None
    top_ups.settle(top_up_id=top_up.pk, facts=PaymentFacts(Outcome.FAILED, failure=FailureReason.INTERNAL_ERROR))
    assert standing(account) == ("cooling", 1)
    stripe.deliver()
    sweep()
    assert (balance(account), standing(account), banner(account)) == (D(53), ("on", 0), None)
    assert rule_of(account).next_attempt_at is None
    assert_journal_equals_ledger(stripe)


@pytest.mark.django_db(transaction=True)
def test_two_hundred_charges_across_the_threshold_at_once_are_one_attempt(
    stripe: StripeWorld, make_account: Callable[..., Account]
) -> None:
    account = make_account("aitelier", email="owner@acme.example", paid="25")
    with_card(stripe, account)
    set_rule(account, threshold="20", amount="100")

    def client(number: int) -> None:
        for step in range(10):
            spend(account, "0.1", f"call-{number}-{step}")
            attempt(account)  # as the worker does that each of them rings for

    answers = at_once([lambda number=number: client(number) for number in range(20)])  # type: ignore[misc]
    assert answers == [None] * 20
    assert attempts(account) == [(D(100), "succeeded", "")]
    assert balance(account) == D(105)
    assert Payment.objects.count() == 1
    assert_journal_equals_ledger(stripe)


@pytest.mark.django_db(transaction=True)
def test_sixteen_workers_and_retries_at_once_are_one_attempt(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account)
    set_rule(account)
    calls = [lambda: attempt(account), lambda: retry(account)] * 8
    at_once(calls)
    assert [status for _, status, _ in attempts(account)] == ["succeeded"]
    assert balance(account) == D(53)
    assert verify() == []
    assert_journal_equals_ledger(stripe)
