"""Reconciliation: lost notices are settled, every disagreement is listed until it vanishes or is explained."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from billing.models import Dispute, Payment, PaymentDifference, ReconciliationRun, Refund, TopUp
from billing.providers.stripe import client, customers
from billing.services import reconciliation, refunds
from billing.services.reconciliation import run as comparing
from billing.services.top_ups import payer_of
from notifications.models import Delivery
from tests.billing.journal import assert_journal_equals_ledger
from tests.billing.refunds.paid import balance, pay_by_card, send
from tests.billing.subscriptions.test_stripe import begin as subscribe
from tests.billing.subscriptions.test_stripe import press_pay as pay_on_page
from tests.billing.topups.paying import open_page, press_pay

if TYPE_CHECKING:
    from organizations.models import Account, User
    from tests.billing.conftest import StripeWorld
    from tests.conftest import Ended

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(stripe: StripeWorld, make_account: Callable[..., Account]) -> Account:
    return make_account("aitelier", email="owner@acme.example")


def run() -> ReconciliationRun:
    found = reconciliation.reconcile(since=None)
    assert found.error == ""
    return found


def still_open() -> list[tuple[str, str]]:
    return list(
        PaymentDifference.objects.filter(closed_at__isnull=True).order_by("pk").values_list("kind", "reference")
    )


def alter(statement: str, *params: Any) -> None:
    """Plain SQL, with the triggers looking away."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, params)
        cursor.execute("SET LOCAL session_replication_role = origin")


def paid_by_a_stranger(account: Account) -> str:
    """A payment at Stripe that no top-up asked for."""
    customer = customers.customer_of(payer_of(account))
    made = client.client().v1.payment_intents.create(
        {
            "amount": 700, "currency": "usd", "customer": customer, "payment_method": "pm_card_visa", "confirm": True,
            "off_session": True,
        }
    )  # fmt: skip
    return str(made.id)


def test_books_that_agree_have_no_difference(stripe: StripeWorld, account: Account) -> None:
    pay_by_card(stripe, account)
    found = run()
    assert (found.compared, found.settled, found.differences) == (1, 0, 0)
    assert found.finished_at is not None


def test_a_payment_whose_notice_was_lost_is_credited(stripe: StripeWorld, account: Account) -> None:
    top_up = open_page(account, "50")
    press_pay(top_up)
    TopUp.objects.filter(pk=top_up.pk).update(next_check_at=None)  # the sweep has forgotten it, too
    assert run().settled == 1
    top_up.refresh_from_db()
    assert (top_up.status, balance(account)) == ("succeeded", (D(50), D(0)))
    assert run().settled == 0
    assert_journal_equals_ledger(stripe)


def test_refunds_and_disputes_of_lost_notices_are_settled(stripe: StripeWorld, account: Account) -> None:
    payment = pay_by_card(stripe, account, "50")
    other = pay_by_card(stripe, account, "30")
    client.client().v1.refunds.create({"payment_intent": payment.reference, "amount": 1500})
    failing = send(refunds.refund_payment(payment_id=payment.pk, amount=D(5), reason="Closing", user_id=None))
    stripe.site.fail_refund(failing.provider_reference)
    stripe.site.open_dispute(other.charge_reference)
    assert run().settled == 3
    assert sorted(Refund.objects.values_list("status", "charge_amount")) == [("failed", D(5)), ("succeeded", D(15))]
    assert (Dispute.objects.get().status, balance(account)) == ("opened", (D(35), D(0)))
    assert_journal_equals_ledger(stripe)


def test_a_dispute_that_was_decided_long_after_it_began_is_settled(stripe: StripeWorld, account: Account) -> None:
    payment = pay_by_card(stripe, account, "50")
    dispute = stripe.site.open_dispute(payment.charge_reference)
    run()
    Dispute.objects.update(opened_at=timezone.now() - timedelta(days=80))
    stripe.site.close_dispute(dispute["id"], won=True)
    assert reconciliation.reconcile(since=timezone.now() + timedelta(seconds=1)).settled == 1
    assert (Dispute.objects.get().status, balance(account)) == ("won", (D(50), D(0)))


def test_a_payment_that_is_not_ours_is_listed_until_it_is_explained(
    stripe: StripeWorld, account: Account, staff: User
) -> None:
    reference = paid_by_a_stranger(account)
    for _ in range(2):
        run()
    assert still_open() == [("unknown_payment", reference)]
    difference = PaymentDifference.objects.get()
    assert Delivery.objects.filter(key=f"difference:{difference.pk}:staff:{staff.pk}").count() == 1
    with pytest.raises(ValidationError, match="Say what happened"):
        reconciliation.explain(difference_id=difference.pk, explanation=" ", user_id=staff.pk)
    reconciliation.explain(difference_id=difference.pk, explanation="Paid for a workshop", user_id=staff.pk)
    assert run().differences == 0
    difference.refresh_from_db()
    assert (difference.explanation, difference.explained_by) == ("Paid for a workshop", staff)
    assert balance(account) == (D(0), D(0))


def test_a_payment_that_the_provider_does_not_know_is_listed(stripe: StripeWorld, account: Account) -> None:
    payment = pay_by_card(stripe, account, "50")
    alter("UPDATE billing_payment SET reference = 'pi_gone' WHERE id = %s", payment.pk)
    run()
    assert ("missing_payment", "pi_gone") in still_open()


def test_a_difference_that_vanishes_is_closed_and_one_that_comes_back_opens_again(
    stripe: StripeWorld, account: Account
) -> None:
    payment = pay_by_card(stripe, account, "50")
    for amount, expected in ((49, ["wrong_amount"]), (50, []), (49, ["wrong_amount"])):
        alter("UPDATE billing_payment SET charge_amount = %s WHERE id = %s", amount, payment.pk)
        run()
        assert [kind for kind, _ in still_open()] == expected
    assert PaymentDifference.objects.get().expected == f"49.000000 USD (payment {payment.pk})"


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [("charge_currency", "EUR", "wrong_currency"), ("is_live", True, "wrong_mode")],
)
def test_each_way_to_disagree_has_its_kind(
    stripe: StripeWorld, account: Account, column: str, value: object, kind: str
) -> None:
    payment = pay_by_card(stripe, account, "50")
    alter(f"UPDATE billing_payment SET {column} = %s WHERE id = %s", value, payment.pk)
    run()
    assert still_open() == [(kind, payment.reference)]


def test_a_payment_credited_to_another_account_is_listed(
    stripe: StripeWorld, account: Account, make_account: Callable[..., Account]
) -> None:
    payment = pay_by_card(stripe, account, "50")
    alter("UPDATE billing_payment SET wallet_id = %s WHERE id = %s", make_account("aitelier").wallet.pk, payment.pk)
    run()
    assert still_open() == [("wrong_account", payment.reference)]


def test_a_refund_that_the_provider_does_not_know_is_listed(stripe: StripeWorld, account: Account) -> None:
    payment = pay_by_card(stripe, account, "50")
    refund = send(refunds.refund_payment(payment_id=payment.pk, amount=D(5), reason="Closing", user_id=None))
    alter("UPDATE billing_refund SET provider_reference = 're_gone' WHERE id = %s", refund.pk)
    alter("UPDATE billing_refund SET reference = gen_random_uuid() WHERE id = %s", refund.pk)
    run()
    assert ("missing_refund", "re_gone") in still_open()


def test_a_refund_of_spent_money_stays_listed(stripe: StripeWorld, account: Account) -> None:
    payment = pay_by_card(stripe, account, "50")
    refunds.refund_payment(payment_id=payment.pk, amount=D(40), reason="Closing", user_id=None)
    made = client.client().v1.refunds.create({"payment_intent": payment.reference, "amount": 1000})
    alter("UPDATE billing_grant SET remaining = 4 WHERE id = %s", payment.grant_id)
    alter("UPDATE billing_wallet SET paid = 4 WHERE id = %s", account.wallet.pk)
    for _ in range(2):
        run()
    assert still_open() == [("unknown_refund", str(made.id))]
    assert Refund.objects.get(is_from_provider=True).amount.amount == D(4)


def test_a_refund_noted_before_its_payment_was_known_vanishes_once_it_is_booked(
    stripe: StripeWorld, account: Account
) -> None:
    payment = pay_by_card(stripe, account, "50")
    made = client.client().v1.refunds.create({"payment_intent": payment.reference, "amount": 1000})
    reconciliation.note_difference(
        provider="stripe", kind="unknown_refund", reference=str(made.id), wallet_id=None, expected="", found=""
    )
    run()
    assert (still_open(), balance(account)) == ([], (D(40), D(0)))


def test_the_next_run_overlaps_the_last_complete_one_by_three_days(stripe: StripeWorld, account: Account) -> None:
    first = run()
    assert timezone.now() - first.since >= timedelta(days=90)
    ReconciliationRun.objects.create(
        since=first.since, started_at=timezone.now(), finished_at=timezone.now(), error="Stripe: no answer"
    )
    assert run().since == first.started_at - timedelta(days=3)


def test_the_command_says_that_all_agrees(
    stripe: StripeWorld, account: Account, command_line: Callable[..., Ended]
) -> None:
    pay_by_card(stripe, account, "50")
    ended = command_line("reconcile_payments", "--since", "2026-01-01")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "Compared 1 since 2026-01-01 00:00 UTC, settled 0, 0 differences open.\n"


def test_the_command_prints_each_difference_and_fails(
    stripe: StripeWorld, account: Account, command_line: Callable[..., Ended]
) -> None:
    reference = paid_by_a_stranger(account)
    ended = command_line("reconcile_payments")
    assert ended.code == 1
    assert ended.out.splitlines()[0].startswith(f"stripe: Paid at the provider, not ours: {reference}; expected: ")
    assert "1 difference open" in ended.out


def test_the_command_says_when_a_provider_could_not_be_asked(
    stripe: StripeWorld, account: Account, command_line: Callable[..., Ended]
) -> None:
    stripe.site.fail_next("/v1/payment_intents", "500", times=20)
    ended = command_line("reconcile_payments")
    assert ended.code == 2
    assert ended.err.splitlines()[-1].startswith("CommandError: Stripe: ")
    assert Payment.objects.count() == 0


def test_the_command_refuses_a_day_that_is_none(db: None, command_line: Callable[..., Ended]) -> None:
    ended = command_line("reconcile_payments", "--since", "yesterday")
    assert (ended.code, ReconciliationRun.objects.count()) == (2, 0)


def test_payments_of_the_other_mode_are_not_missed(stripe: StripeWorld, account: Account, settings: Any) -> None:
    pay_by_card(stripe, account, "50")
    settings.STRIPE_LIVE_MODE, settings.STRIPE_LIVE_SECRET_KEY = True, "sk_live_" + "standin0" * 4
    assert run().differences == 0


def test_one_provider_that_cannot_be_compared_keeps_no_other_from_it(
    stripe: StripeWorld, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(comparison: Any) -> None:
        raise KeyError("status")

    payment = pay_by_card(stripe, account, "50")
    compare_lists = comparing.COMPARED["stripe"]
    monkeypatch.setattr(comparing, "COMPARED", {"robokassa": broken, "stripe": compare_lists})
    client.client().v1.refunds.create({"payment_intent": payment.reference, "amount": 1500})
    found = reconciliation.reconcile(since=None)
    assert (found.error, found.settled) == ("Robokassa: KeyError: 'status'", 1)
    assert found.finished_at is not None


def test_a_subscription_of_another_system_is_an_unknown_payment(
    stripe: StripeWorld, make_account: Callable[..., Account]
) -> None:
    row = subscribe(make_account("atllasx", email="owner@maple.example"))
    pay_on_page(row)
    assert run().settled == 1
    row.refresh_from_db()
    client.client().v1.subscriptions.update(row.provider_reference, {"metadata": {"subscription": "gold"}})
    stripe.site.advance_subscription(row.provider_reference)
    assert (run().differences, [kind for kind, _ in still_open()]) == (1, ["unknown_payment"])
