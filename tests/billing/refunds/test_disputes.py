"""Disputes: freeze and claw back, reinstate when won, in any order and as often as Stripe tells of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal as D
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.models import Dispute, GrantKind, Payment, PaymentDifference, Refund, Wallet
from billing.providers.base import DisputeFacts
from billing.selectors.refunds import refundable
from billing.services import disputes, inbox, refunds
from billing.services.wallets import set_frozen
from notifications.models import Delivery
from tests.billing.journal import assert_journal_equals_ledger
from tests.billing.letters import told
from tests.billing.refunds.paid import balance, broken_rules, deliver, keys, pay_by_card, send, spend
from tests.billing.topups.paying import open_page, press_pay
from tests.billing.wallets import give

if TYPE_CHECKING:
    from organizations.models import Account, User
    from tests.billing.conftest import StripeWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(stripe: StripeWorld, make_account: Callable[..., Account]) -> Account:
    return make_account("aitelier", email="owner@acme.example")


@pytest.fixture
def payment(stripe: StripeWorld, account: Account) -> Payment:
    return pay_by_card(stripe, account, "50")


def facts(payment: Payment, status: str, *, amount: str = "50", reference: str = "dp_1", **more: Any) -> DisputeFacts:
    return DisputeFacts(
        reference, payment.reference, payment.charge_reference, D(amount), "USD", status, "fraudulent", timezone.now(),
        **more,
    )  # fmt: skip


def settle(payment: Payment, status: str, **more: Any) -> Dispute:
    dispute = disputes.settle(facts=facts(payment, status, **more))
    assert dispute is not None
    return dispute


def is_frozen(account: Account) -> bool:
    return Wallet.objects.get(account=account).is_frozen


def test_a_dispute_freezes_the_wallet_and_takes_the_money_back(
    stripe: StripeWorld, payment: Payment, account: Account, staff: User
) -> None:
    stripe.site.open_dispute(payment.charge_reference)
    stripe.deliver(times=5)
    deliver(stripe)
    dispute = Dispute.objects.get()
    assert (dispute.status, dispute.amount.amount, dispute.froze_wallet) == ("opened", D(50), True)
    assert (balance(account), is_frozen(account)) == ((D(0), D(0)), True)
    assert keys(account, "dispute") == [f"dispute:{dispute.pk}"]
    assert Delivery.objects.get(key__startswith="dispute:").recipient == staff.email
    (letter,) = told.letters("dispute:")
    assert (letter.recipient, letter.subject) == ("owner@acme.example", "Aitelier: Disputed payment of $50.00")
    assert "The payment of $50.00 was disputed with your bank. $50.00 left your balance.\n" in letter.body
    assert_journal_equals_ledger(stripe)


def test_what_was_spent_of_it_is_owed_and_promo_stays(stripe: StripeWorld, payment: Payment, account: Account) -> None:
    spend(account, "45")
    give(account.wallet, GrantKind.PROMO, "7")
    settle(payment, "opened")
    assert balance(account) == (D(7), D(45))
    assert broken_rules() == []


@pytest.mark.parametrize("spent", ["0", "45"])
def test_a_dispute_that_is_won_gives_everything_back_and_lets_the_wallet_go(
    stripe: StripeWorld, payment: Payment, account: Account, spent: str
) -> None:
    if spent != "0":
        spend(account, spent)
    before = balance(account)
    opened = stripe.site.open_dispute(payment.charge_reference)
    deliver(stripe)
    stripe.site.close_dispute(opened["id"], won=True)
    stripe.deliver(times=5)
    deliver(stripe)
    dispute = Dispute.objects.get()
    assert (dispute.status, balance(account), is_frozen(account)) == ("won", before, False)
    assert keys(account, "reinstated") == [f"reinstated:{dispute.pk}"]
    assert broken_rules() == []


def test_a_dispute_that_is_lost_keeps_the_money_and_lets_the_wallet_go(
    stripe: StripeWorld, payment: Payment, account: Account
) -> None:
    opened = stripe.site.open_dispute(payment.charge_reference)
    stripe.site.close_dispute(opened["id"], won=False)
    deliver(stripe)  # opened and closed seen at once
    assert (Dispute.objects.get().status, balance(account), is_frozen(account)) == ("lost", (D(0), D(0)), False)
    assert_journal_equals_ledger(stripe)


def test_an_inquiry_takes_nothing_until_it_escalates(stripe: StripeWorld, payment: Payment, account: Account) -> None:
    opened = stripe.site.open_dispute(payment.charge_reference, status="warning_needs_response")
    deliver(stripe)
    assert (Dispute.objects.get().status, balance(account), is_frozen(account)) == ("inquiry", (D(50), D(0)), False)
    assert refundable(wallet_id=account.wallet.pk, at=timezone.now()).total == D(50)  # a refund answers it best
    stripe.site.escalate_dispute(opened["id"])
    deliver(stripe)
    assert (Dispute.objects.get().status, balance(account), is_frozen(account)) == ("opened", (D(0), D(0)), True)
    assert_journal_equals_ledger(stripe)


def test_a_closed_inquiry_tells_the_customer_nothing(payment: Payment, account: Account) -> None:
    settle(payment, "inquiry")
    settle(payment, "won")
    assert balance(account) == (D(50), D(0))
    assert told.letters("dispute:") == []


@pytest.mark.parametrize("order", itertools.permutations(["inquiry", "opened", "won"]))
def test_states_in_any_order_end_the_same(payment: Payment, account: Account, order: tuple[str, ...]) -> None:
    for status in order * 2:
        settle(payment, status)
    assert (Dispute.objects.get().status, balance(account), is_frozen(account)) == ("won", (D(50), D(0)), False)
    assert broken_rules() == []


def test_a_part_that_is_disputed_is_its_share_of_the_credit(payment: Payment, account: Account) -> None:
    dispute = settle(payment, "opened", amount="20")
    assert (dispute.amount.amount, balance(account)) == (D(20), (D(30), D(0)))


def test_what_was_refunded_is_not_taken_again(payment: Payment, account: Account) -> None:
    send(refunds.refund_payment(payment_id=payment.pk, amount=D(20), reason="Closing", user_id=None))
    settle(payment, "opened")
    assert balance(account) == (D(0), D(0))
    assert broken_rules() == []


def test_a_refund_that_fails_during_the_dispute_is_taken_with_it_and_comes_back_with_it(
    stripe: StripeWorld, payment: Payment, account: Account
) -> None:
    refund = send(refunds.refund_payment(payment_id=payment.pk, amount=D(20), reason="Closing", user_id=None))
    dispute = settle(payment, "opened")
    stripe.site.fail_refund(refund.provider_reference)
    deliver(stripe)
    assert Refund.objects.get().status == "failed"
    assert balance(account) == (D(0), D(0))
    assert keys(account, "dispute") == [f"dispute:{dispute.pk}", f"dispute:{dispute.pk}:{refund.pk}"]
    assert broken_rules() == []
    settle(payment, "won")
    assert balance(account) == (D(50), D(0))
    assert broken_rules() == []


@pytest.mark.parametrize("status", ["opened", "lost"])
def test_a_disputed_payment_is_not_refunded(stripe: StripeWorld, account: Account, status: str) -> None:
    payment = pay_by_card(stripe, account, "50")
    settle(payment, status, amount="20")
    set_frozen(wallet_id=account.wallet.pk, is_frozen=False)
    assert refundable(wallet_id=account.wallet.pk, at=timezone.now()).total == D(0)
    with pytest.raises(ValidationError, match="disputed"):
        refunds.refund_payment(payment_id=payment.pk, amount=D(5), reason="No", user_id=None)


def test_a_wallet_stays_frozen_while_another_dispute_is_open(stripe: StripeWorld, account: Account) -> None:
    first, second = pay_by_card(stripe, account, "50"), pay_by_card(stripe, account, "30")
    settle(first, "opened", reference="dp_1")
    settle(second, "opened", reference="dp_2", amount="30")
    settle(first, "won", reference="dp_1")
    assert is_frozen(account)
    settle(second, "lost", reference="dp_2", amount="30")
    assert not is_frozen(account)
    assert balance(account) == (D(50), D(0))


def test_a_wallet_that_staff_froze_stays_frozen(payment: Payment, account: Account) -> None:
    set_frozen(wallet_id=account.wallet.pk, is_frozen=True)
    assert not settle(payment, "opened").froze_wallet
    settle(payment, "won")
    assert is_frozen(account)


def test_a_dispute_of_a_payment_that_is_not_ours_becomes_a_difference(payment: Payment) -> None:
    unknown = DisputeFacts("dp_9", "pi_unknown", "ch_unknown", D(5), "USD", "opened", "", timezone.now())
    assert disputes.settle(facts=unknown) is None
    assert PaymentDifference.objects.get().kind == "unknown_dispute"


def test_a_dispute_that_is_told_of_before_its_payment_finds_it(stripe: StripeWorld, account: Account) -> None:
    press_pay(open_page(account, "50"))
    stripe.site.open_dispute(stripe.site.objects("payment_intent")[-1]["latest_charge"])
    for event in sorted(stripe.site.events(), key=lambda each: "dispute" not in each["type"]):
        stripe.deliver(event)
        inbox.handle_due()
    assert (Dispute.objects.get().status, balance(account), is_frozen(account)) == ("opened", (D(0), D(0)), True)
    assert PaymentDifference.objects.count() == 0
    assert_journal_equals_ledger(stripe)


def test_two_disputes_of_one_payment_take_it_once(payment: Payment, account: Account) -> None:
    settle(payment, "opened", reference="dp_1", amount="30")
    second = settle(payment, "opened", reference="dp_2", amount="50")
    assert (balance(account), keys(account, "dispute")[1:]) == ((D(0), D(0)), [f"dispute:{second.pk}"])
    settle(payment, "won", reference="dp_1", amount="30")
    assert balance(account) == (D(0), D(0))  # the second holds all of it now
    assert broken_rules() == []
    settle(payment, "won", reference="dp_2", amount="50")
    assert balance(account) == (D(50), D(0))
    assert broken_rules() == []


def test_a_dispute_of_less_than_a_credit_takes_one(stripe: StripeWorld, make_account: Callable[..., Account]) -> None:
    clinic = make_account("atllasx", email="owner@maple.example")
    settle(pay_by_card(stripe, clinic, "100"), "opened", amount="0.10")
    assert balance(clinic) == (D(99), D(0))
    assert broken_rules() == []
