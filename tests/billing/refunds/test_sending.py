"""Refunds on their way through Stripe: at most once at the provider, and back in the wallet once when they fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from billing.models import DifferenceKind, Payment, PaymentDifference, Refund
from billing.providers.base import Outcome, RefundFacts
from billing.providers.stripe import client
from billing.services import inbox, refunds
from tests.billing.journal import assert_journal_equals_ledger
from tests.billing.refunds.paid import balance, broken_rules, deliver, keys, pay_by_card, send, spend, time_passes
from tests.billing.topups.paying import open_page, press_pay

if TYPE_CHECKING:
    from organizations.models import Account
    from tests.billing.conftest import StripeWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(stripe: StripeWorld, make_account: Callable[..., Account]) -> Account:
    return make_account("aitelier", email="owner@acme.example")


@pytest.fixture
def payment(stripe: StripeWorld, account: Account) -> Payment:
    """Fifty dollars, paid by card."""
    return pay_by_card(stripe, account, "50")


def approved(payment: Payment, amount: str = "20") -> Refund:
    return refunds.refund_payment(payment_id=payment.pk, amount=D(amount), reason="Closing", user_id=None)


def sent_back(stripe: StripeWorld) -> list[tuple[int, str]]:
    return [(each["amount"], each["status"]) for each in stripe.site.objects("refund")]


def at_the_provider(payment: Payment, cents: int) -> str:
    """Staff refund in Stripe's own dashboard."""
    made = client.client().v1.refunds.create({"payment_intent": payment.reference, "amount": cents})
    return str(made.id)


def behave(stripe: StripeWorld, payment: Payment, **behaviour: Any) -> None:
    intent = stripe.site.object(payment.reference)
    method = intent["payment_method"]
    stripe.site.set_card_behaviour(method if isinstance(method, str) else method["id"], **behaviour)


def test_an_approved_refund_goes_back_to_the_card_once(stripe: StripeWorld, payment: Payment, account: Account) -> None:
    refund = approved(payment)
    for _ in range(3):
        refund = send(refund)
    assert (refund.status, sent_back(stripe)) == ("succeeded", [(2000, "succeeded")])
    stripe.deliver(times=2)
    deliver(stripe)
    assert (Refund.objects.get().status, balance(account)) == ("succeeded", (D(30), D(0)))
    assert_journal_equals_ledger(stripe)


def test_a_refund_that_takes_days_is_on_its_way_until_its_webhook(
    stripe: StripeWorld, payment: Payment, account: Account
) -> None:
    behave(stripe, payment, refund="pending")
    refund = send(approved(payment))
    assert (refund.status, refund.finished_at) == ("submitted", None)
    stripe.site.settle_refund(refund.provider_reference)
    deliver(stripe)
    refund.refresh_from_db()
    assert (refund.status, refund.next_check_at, balance(account)) == ("succeeded", None, (D(30), D(0)))
    assert_journal_equals_ledger(stripe)


def test_a_lost_webhook_of_a_refund_is_found_by_the_sweep(stripe: StripeWorld, payment: Payment) -> None:
    behave(stripe, payment, refund="pending")
    refund = send(approved(payment))
    stripe.site.settle_refund(refund.provider_reference)
    assert refunds.check_due() == 0  # it is not time yet
    time_passes()
    assert refunds.check_due() == 1
    refund.refresh_from_db()
    assert refund.status == "succeeded"


def test_a_refund_that_the_bank_sends_back_later_is_in_the_wallet_again_once(
    stripe: StripeWorld, payment: Payment, account: Account
) -> None:
    refund = send(approved(payment))
    stripe.site.fail_refund(refund.provider_reference)
    for _ in range(5):
        deliver(stripe)
    stripe.deliver(*[event["id"] for event in stripe.site.events("refund.failed")], times=5)
    deliver(stripe)
    refund.refresh_from_db()
    assert (refund.status, balance(account)) == ("failed", (D(50), D(0)))
    assert keys(account, "refund_back") == [f"refund_back:{refund.pk}"]
    assert_journal_equals_ledger(stripe)


def test_a_refund_whose_answer_is_lost_is_never_sent_twice(
    stripe: StripeWorld, payment: Payment, account: Account
) -> None:
    stripe.site.fail_next("/v1/refunds", "cut", method="POST", times=5)
    refund = send(approved(payment))
    assert refund.status == "submitted"
    stripe.site.clear_faults()
    time_passes()
    refunds.check_due()
    refund.refresh_from_db()
    assert (refund.status, sent_back(stripe), balance(account)) == (
        "succeeded", [(2000, "succeeded")], (D(30), D(0)),
    )  # fmt: skip
    assert_journal_equals_ledger(stripe)


def test_an_error_that_the_key_replays_for_a_day_is_waited_out_and_the_money_given_back(
    stripe: StripeWorld, payment: Payment, account: Account
) -> None:
    stripe.site.fail_next("/v1/refunds", "500", method="POST", times=5)
    refund = send(approved(payment))
    for hours, status in ((2, "submitted"), (22, "submitted"), (24, "failed")):
        Refund.objects.filter(pk=refund.pk).update(decided_at=timezone.now() - timedelta(hours=hours))
        time_passes()
        refunds.check_due()
        refund.refresh_from_db()
        assert refund.status == status
    assert (sent_back(stripe), balance(account)) == ([], (D(50), D(0)))


def test_a_worker_killed_before_or_after_stripe_heard_leaves_it_to_the_sweep(
    stripe: StripeWorld, payment: Payment, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    from billing.services.refunds import sending

    def killed(**_: Any) -> Refund:
        raise SystemExit

    refund = approved(payment)
    with monkeypatch.context() as dying, pytest.raises(SystemExit):
        dying.setattr(sending, "settle", killed)
        send(refund)
    refund.refresh_from_db()
    assert (refund.status, sent_back(stripe)) == ("approved", [(2000, "succeeded")])
    assert send(refund).status == "approved"  # somebody is at it: not before its time
    time_passes()
    assert refunds.check_due() == 1
    refund.refresh_from_db()
    assert (refund.status, len(sent_back(stripe)), balance(account)) == ("succeeded", 1, (D(30), D(0)))
    assert_journal_equals_ledger(stripe)


def test_a_lost_doorbell_loses_nothing(stripe: StripeWorld, payment: Payment) -> None:
    refund = approved(payment)
    time_passes()
    assert refunds.check_due() == 1
    refund.refresh_from_db()
    assert refund.status == "succeeded"


def test_what_stripe_refuses_is_in_the_wallet_again_and_staff_hear_why(
    stripe: StripeWorld, payment: Payment, account: Account
) -> None:
    refund = approved(payment, "50")
    client.client().v1.refunds.create({"payment_intent": payment.reference})  # all of it, over there
    refund = send(refund)
    assert refund.status == "failed"
    assert "already been refunded" in refund.failure_message
    assert balance(account) == (D(50), D(0))
    deliver(stripe)  # the other one is adopted
    assert balance(account) == (D(0), D(0))
    assert_journal_equals_ledger(stripe)


def test_after_a_day_a_refund_that_stripe_never_heard_of_is_given_back_and_not_sent(
    stripe: StripeWorld, payment: Payment, account: Account
) -> None:
    refund = approved(payment)
    Refund.objects.filter(pk=refund.pk).update(decided_at=timezone.now() - timedelta(hours=24))
    refund = send(refund)
    assert (refund.status, sent_back(stripe), balance(account)) == ("failed", [], (D(50), D(0)))


def test_a_refund_made_at_stripe_is_booked_once(stripe: StripeWorld, payment: Payment, account: Account) -> None:
    at_the_provider(payment, 1500)
    stripe.deliver(times=3)
    deliver(stripe)
    refund = Refund.objects.get()
    assert (refund.is_from_provider, refund.status, refund.amount.amount) == (True, "succeeded", D(15))
    assert (balance(account), keys(account, "refund")) == ((D(35), D(0)), [f"refund:{refund.pk}"])
    assert_journal_equals_ledger(stripe)


def test_what_was_spent_cannot_leave_again_and_becomes_a_difference(
    stripe: StripeWorld, payment: Payment, account: Account
) -> None:
    spend(account, "45")
    reference = at_the_provider(payment, 5000)
    deliver(stripe)
    refund = Refund.objects.get()
    assert (refund.amount.amount, refund.charge_amount.amount, balance(account)) == (D(5), D(50), (D(0), D(0)))
    difference = PaymentDifference.objects.get()
    assert (difference.kind, difference.reference) == (DifferenceKind.UNKNOWN_REFUND, reference)
    assert difference.found == "50.00 USD refunded"
    assert broken_rules() == []


def test_a_refund_of_a_payment_that_is_not_ours_becomes_a_difference(stripe: StripeWorld, account: Account) -> None:
    facts = RefundFacts(Outcome.SUCCEEDED, "re_1", "", "pi_unknown", D(5), "USD")
    assert refunds.adopt(facts=facts) is None
    assert PaymentDifference.objects.get().kind == DifferenceKind.UNKNOWN_REFUND


def test_a_refund_of_another_amount_than_ours_changes_nothing(payment: Payment, account: Account) -> None:
    refund = approved(payment)
    facts = RefundFacts(Outcome.SUCCEEDED, "re_1", str(refund.reference), payment.reference, D(19), "USD")
    assert refunds.settle(refund_id=refund.pk, facts=facts).status == "approved"
    difference = PaymentDifference.objects.get()
    assert (difference.kind, difference.found) == (DifferenceKind.WRONG_AMOUNT, "19 USD")


def test_a_refund_that_failed_here_and_went_out_there_is_a_difference(payment: Payment, account: Account) -> None:
    refund = approved(payment)
    gone = RefundFacts(Outcome.SUCCEEDED, "re_1", str(refund.reference), payment.reference, D(20), "USD")
    refunds.settle(refund_id=refund.pk, facts=RefundFacts(Outcome.FAILED))
    assert refunds.settle(refund_id=refund.pk, facts=gone).status == "failed"
    assert (PaymentDifference.objects.get().kind, balance(account)) == ("unknown_refund", (D(50), D(0)))


def test_a_stale_answer_reopens_nothing(payment: Payment, account: Account) -> None:
    refund = send(approved(payment))
    facts = RefundFacts(Outcome.PENDING, refund.provider_reference, "", payment.reference, D(20), "USD")
    assert refunds.settle(refund_id=refund.pk, facts=facts).status == "succeeded"


def test_a_refund_at_the_provider_that_is_told_of_before_its_payment_finds_it(
    stripe: StripeWorld, account: Account
) -> None:
    press_pay(open_page(account, "50"))
    intent = stripe.site.objects("payment_intent")[-1]["id"]
    client.client().v1.refunds.create({"payment_intent": intent})
    for event in sorted(stripe.site.events(), key=lambda each: "refund" not in each["type"]):
        stripe.deliver(event)
        inbox.handle_due()
    assert (Refund.objects.get().status, balance(account)) == ("succeeded", (D(0), D(0)))
    assert PaymentDifference.objects.count() == 0
    assert_journal_equals_ledger(stripe)
