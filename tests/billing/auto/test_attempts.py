"""Attempts: what is charged, when, and what three failures in a row come to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.models import Transaction, TransactionKind, Wallet, WalletMode
from billing.services import auto_top_up, top_ups
from billing.services.wallets import set_frozen
from notifications.services.incidents import dismiss
from organizations.models import Account
from tests.billing.auto.rules import (
    ASKING,
    CONFIRMED,
    DECLINING,
    FAILED,
    TURNED_OFF,
    armed_below,
    attempt,
    attempts,
    balance,
    banner,
    behave,
    charge,
    cool_down,
    letters,
    retry,
    rule_of,
    set_rule,
    standing,
    with_card,
)
from tests.billing.journal import assert_journal_equals_ledger
from tests.billing.letters import told
from tests.billing.topups.paying import open_page, press_pay
from tests.factories import make_member, make_user

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld

D = Decimal


def test_below_the_threshold_the_card_is_charged_once_and_the_rule_waits_again(
    stripe: StripeWorld, account: Account
) -> None:
    card = with_card(stripe, account)
    set_rule(account)
    top_up = attempt(account)
    assert top_up is not None
    assert attempts(account) == [(D(50), "succeeded", "")]
    assert (balance(account), armed_below(account), standing(account)) == (D(53), D(20), ("on", 0))
    assert attempt(account) is None
    booked = Transaction.objects.get(kind=TransactionKind.AUTO_TOP_UP)
    assert booked.description == f"Automatic top-up ({card})"
    (letter,) = told.letters(CONFIRMED)  # "You receive an email confirmation each time a top-off occurs"
    assert letter.subject == "Aitelier: Automatic top-up: $50.00 added"
    assert f"Paid by: {card}\nBalance now: $53.00\n" in letter.body
    assert_journal_equals_ledger(stripe)


@pytest.mark.parametrize(
    ("spent", "added"),
    [("0", "50"), ("36", "100"), ("83", "100"), ("83.000001", "150"), ("133", "150"), ("283.01", "350")],
)
def test_the_smallest_multiple_that_closes_the_whole_gap_is_charged(
    stripe: StripeWorld, account: Account, spent: str, added: str
) -> None:
    with_card(stripe, account)
    if D(spent):
        charge(account, spent, "call")
    set_rule(account)
    attempt(account)
    assert attempts(account) == [(D(added), "succeeded", "")]
    assert balance(account) == D(3) - D(spent) + D(added)


def test_at_the_threshold_nothing_is_charged(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account)
    set_rule(account, threshold="3")
    assert attempt(account) is None
    assert (attempts(account), armed_below(account)) == ([], D(3))


def test_a_gap_beyond_the_largest_top_up_is_closed_in_steps(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account)
    terms = account.product.top_up_terms
    terms.maximum = D(120)
    terms.save()
    charge(account, "200", "call")
    set_rule(account)
    for _ in range(4):
        auto_top_up.attempt_due()
    assert attempts(account) == [(D(100), "succeeded", ""), (D(100), "succeeded", ""), (D(50), "succeeded", "")]
    assert balance(account) == D(53)


def test_three_failures_in_a_row_turn_it_off_and_each_is_told_once(stripe: StripeWorld, account: Account) -> None:
    card = with_card(stripe, account, DECLINING)
    behave(stripe, card, decline="insufficient_funds")
    set_rule(account)
    shown = []
    for expected in (("cooling", 1), ("cooling", 2), ("disabled", 3)):
        attempt(account)
        assert standing(account) == expected
        incident = banner(account)
        assert incident is not None
        shown.append(incident.pk)
        assert attempt(account) is None  # it cools, or is off
        cool_down(account)
    assert attempt(account) is None
    assert auto_top_up.attempt_due() == 0
    assert attempts(account) == [(D(50), "failed", "card_declined")] * 3
    assert (letters(FAILED), letters(TURNED_OFF), letters(CONFIRMED)) == (2, 1, 0)
    assert told.letters(TURNED_OFF)[0].subject == "Aitelier: Automatic top-up is turned off"
    assert len(set(shown)) == 3
    assert (balance(account), armed_below(account), stripe.site.journal()) == (D(3), None, [])


def test_a_failure_says_what_was_asked_and_why_it_was_refused(stripe: StripeWorld, account: Account) -> None:
    card = with_card(stripe, account, DECLINING)
    behave(stripe, card, decline="insufficient_funds")
    set_rule(account)
    before = timezone.now()
    top_up = attempt(account)
    incident = banner(account)
    assert incident is not None and top_up is not None
    assert (incident.kind, incident.reason, incident.subject) == (
        "auto_top_up",
        "card_declined",
        f"top_up:{top_up.pk}",
    )
    next_attempt = rule_of(account).next_attempt_at
    assert next_attempt is not None
    assert timedelta(minutes=60) <= next_attempt - before <= timedelta(minutes=61)
    assert incident.details == {
        "amount": "50.000000",
        "currency": "USD",
        "balance": "3.000000",
        "failures": 1,
        "top_up": top_up.pk,
        "reference": str(top_up.reference),
        "price": "50.000000",
        "total": "50.000000",
        "price_currency": "USD",
        "card": str(card),
        "message": "Your card has insufficient funds.",
        "is_disabled": False,
        "next_attempt_at": next_attempt.isoformat(),
    }
    card.refresh_from_db()
    assert card.declined_at is not None
    (letter,) = told.letters(FAILED)
    assert (letter.recipient, letter.subject) == ("owner@acme.example", "Aitelier: Automatic top-up failed")
    assert "An automatic top-up of $50.00 failed.\n" in letter.body
    assert f"{card} was declined. Your card has insufficient funds.\n" in letter.body
    assert "The next attempt is on " in letter.body and "Balance now: $3.00\n" in letter.body
    assert f"/billing/auto-top-up/?of_account={account.pk}#saved-cards\n" in letter.body


def test_a_success_after_two_failures_counts_from_the_beginning_again(stripe: StripeWorld, account: Account) -> None:
    card = with_card(stripe, account, DECLINING)
    set_rule(account)
    for _ in range(2):
        attempt(account)
        cool_down(account)
    behave(stripe, card, decline="")
    assert auto_top_up.attempt_due() == 1
    assert (standing(account), banner(account), armed_below(account)) == (("on", 0), None, D(20))
    card.refresh_from_db()
    assert card.declined_at is None
    assert_journal_equals_ledger(stripe)


def test_a_card_that_wants_its_owner_is_a_failure_of_its_own_kind(stripe: StripeWorld, account: Account) -> None:
    card = with_card(stripe, account, ASKING)
    set_rule(account)
    attempt(account)
    incident = banner(account)
    assert incident is not None
    assert (attempts(account), standing(account)) == ([(D(50), "failed", "needs_confirmation")], ("cooling", 1))
    assert incident.reason == "needs_confirmation"
    card.refresh_from_db()
    assert card.declined_at is None


def test_paying_by_hand_puts_the_banner_away_that_asks_for_it(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account, ASKING)
    set_rule(account)
    attempt(account)
    paid = open_page(account, "50")
    assert banner(account) is not None
    assert press_pay(paid) == 303
    top_ups.check(top_up_id=paid.pk)
    assert (balance(account), banner(account), standing(account)) == (D(53), None, ("cooling", 1))


def test_a_payment_page_that_was_left_puts_no_banner_away(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account, ASKING)
    set_rule(account)
    attempt(account)
    set_rule(account, threshold="2")
    left = open_page(account, "50")
    assert top_ups.give_up(top_up_id=left.pk).status == "expired"
    incident = banner(account)
    assert incident is not None and incident.reason == "needs_confirmation"


def test_paying_by_hand_does_not_mend_a_declined_card(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account, DECLINING)
    set_rule(account)
    attempt(account)
    paid = open_page(account, "50")
    assert press_pay(paid) == 303
    top_ups.check(top_up_id=paid.pk)
    incident = banner(account)
    assert incident is not None and incident.reason == "card_declined"


def test_without_a_card_an_attempt_fails_at_once_and_a_new_card_mends_it(stripe: StripeWorld, account: Account) -> None:
    set_rule(account)
    attempt(account)
    assert attempts(account) == [(D(50), "failed", "no_payment_method")]
    assert standing(account) == ("cooling", 1)
    incident = banner(account)
    assert incident is not None and incident.reason == "no_payment_method"
    with_card(stripe, account)
    assert banner(account) is None
    assert auto_top_up.attempt_due() == 1  # without waiting for the pause to end
    assert (balance(account), standing(account)) == (D(53), ("on", 0))


def test_a_rule_turned_on_without_a_card_says_so_before_it_is_needed(
    stripe: StripeWorld, make_account: Callable[..., Account]
) -> None:
    account = make_account("aitelier", paid="100", email="owner@acme.example")
    set_rule(account)
    incident = banner(account)
    assert incident is not None and incident.reason == "no_payment_method"
    assert (attempts(account), standing(account)) == ([], ("on", 0))
    with_card(stripe, account)
    assert banner(account) is None


@pytest.mark.parametrize("closed", ["frozen", "suspended", "postpay", "not offered"])
def test_no_card_is_charged_where_none_may_be(stripe: StripeWorld, account: Account, closed: str) -> None:
    with_card(stripe, account)
    set_rule(account)
    terms = account.product.top_up_terms
    if closed == "frozen":
        set_frozen(wallet_id=account.wallet.pk, is_frozen=True)
    elif closed == "suspended":
        Account.objects.filter(pk=account.pk).update(status=Account.Status.SUSPENDED)
    elif closed == "postpay":
        Wallet.objects.filter(account=account).update(mode=WalletMode.POSTPAY)
    else:
        terms.offers_auto_top_up = False
        terms.save()
    assert (attempt(account), auto_top_up.attempt_due()) == (None, 0)
    with pytest.raises(ValidationError):
        retry(account)
    assert (attempts(account), standing(account), stripe.site.journal()) == ([], ("on", 0), [])
    if closed == "frozen":
        set_frozen(wallet_id=account.wallet.pk, is_frozen=False)
        assert auto_top_up.attempt_due() == 1


def test_a_retry_does_not_wait_for_the_pause(stripe: StripeWorld, account: Account) -> None:
    card = with_card(stripe, account, DECLINING)
    set_rule(account)
    attempt(account)
    behave(stripe, card, decline="")
    member = make_member(account)
    top_up = auto_top_up.retry(wallet_id=account.wallet.pk, user_id=member.pk)
    assert (top_up.status, top_up.created_by, top_up.origin) == ("succeeded", member, "auto")
    assert (balance(account), standing(account), banner(account)) == (D(53), ("on", 0), None)


def test_a_card_that_replaces_a_declined_one_is_what_the_retry_charges(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account, DECLINING)
    set_rule(account)
    attempt(account)
    card = with_card(stripe, account, "pm_card_mastercard")
    assert card.is_default
    assert (retry(account).card, balance(account), banner(account)) == (card, D(53), None)


def test_a_retry_turns_a_disabled_rule_on_only_when_it_succeeds(stripe: StripeWorld, account: Account) -> None:
    card = with_card(stripe, account, DECLINING)
    set_rule(account)
    for _ in range(3):
        attempt(account)
        cool_down(account)
    user = make_user()
    failed = auto_top_up.retry(wallet_id=account.wallet.pk, user_id=user.pk)
    assert (failed.status, standing(account), armed_below(account)) == ("failed", ("disabled", 3), None)
    assert (letters(FAILED), letters(TURNED_OFF)) == (3, 1)
    behave(stripe, card, decline="")
    auto_top_up.retry(wallet_id=account.wallet.pk, user_id=user.pk)
    assert (standing(account), armed_below(account), banner(account)) == (("on", 0), D(20), None)


def test_a_retry_says_why_it_charges_nothing(stripe: StripeWorld, account: Account) -> None:
    def refusal() -> str:
        with pytest.raises(ValidationError) as refused:
            retry(account)
        return " ".join(refused.value.messages)

    assert refusal() == "Automatic top-up is off. Turn it on first."
    set_rule(account)
    assert refusal() == "No card is saved. Add one, then retry the charge."
    with_card(stripe, account)
    set_rule(account, threshold="3")
    assert refusal() == "The balance is not below the threshold any more: nothing needs to be charged."
    assert attempts(account) == []


def test_a_dismissed_failure_stays_away_until_the_next_one(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account, DECLINING)
    set_rule(account)
    attempt(account)
    first = banner(account)
    assert first is not None
    dismiss(incident=first, user=make_member(account))
    assert banner(account) is None
    cool_down(account)
    attempt(account)
    second = banner(account)
    assert second is not None and second.pk != first.pk


def test_credits_are_bought_with_money(stripe: StripeWorld, make_account: Callable[..., Account]) -> None:
    account = make_account("atllasx", email="owner@acme.example", paid="38")
    with_card(stripe, account)
    set_rule(account, threshold="150", amount="200")  # 38 bought and the month's 100 remain
    top_up = attempt(account)
    assert top_up is not None
    assert (top_up.amount.amount, top_up.currency) == (D(200), "CREDIT")
    assert (top_up.charge_amount.amount, top_up.charge_currency) == (D(100), "USD")
    assert balance(account) == D(338)
    assert [(each.amount, each.currency) for each in stripe.site.journal()] == [(10000, "usd")]
    assert_journal_equals_ledger(stripe)
