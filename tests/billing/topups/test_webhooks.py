"""Webhooks in every order, many times, at once, forged and about money that is not ours: one credit or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from billing.models import Payment, PaymentDifference, ProviderEvent, TopUp, Transaction
from billing.providers import provider
from billing.providers.stripe import client, customers
from billing.providers.stripe.receivers import KINDS
from billing.selectors.payers import payer_of
from billing.services import inbox, top_ups
from organizations.models import Account
from tests.billing.conftest import StripeWorld
from tests.billing.journal import assert_journal_equals_ledger
from tests.billing.threads import at_once
from tests.billing.topups.paying import (
    CONFIRMED,
    DECLINED,
    automatic,
    balance,
    confirm,
    open_page,
    press_pay,
    sweep,
)


class _UndoError(Exception):
    """Ends a savepoint without keeping what was done in it."""


def savepoint() -> transaction.Atomic:
    """One of the test's own, in which providers are asked as if there was none."""
    own = transaction.atomic()
    own._from_testcase = True  # type: ignore[attr-defined]
    return own


def test_every_order_of_up_to_five_webhooks_credits_once(stripe: StripeWorld, account: Account) -> None:
    top_up = open_page(account, saves_card=True)
    press_pay(top_up, DECLINED)
    press_pay(top_up, CONFIRMED)
    confirm(stripe)
    told = {event["id"]: event["type"] for event in stripe.site.events() if event["type"] in KINDS}
    assert sorted(told.values()) == [
        "checkout.session.completed",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "payment_method.attached",
    ]
    seen = 0

    def walk(left: list[str], is_proven: bool) -> None:
        """Deliver each of those left, go on from there, and undo it."""
        nonlocal seen
        for event in left:
            try:
                with savepoint():
                    assert stripe.deliver(event) == [200]
                    inbox.handle_due()
                    seen += 1
                    # Whatever tells of a payment leads to it; a card alone does not.
                    now_proven = is_proven or told[event] != "payment_method.attached"
                    assert balance(account) == (50 if now_proven else 0), told[event]
                    assert Payment.objects.count() == now_proven
                    walk([other for other in left if other != event], now_proven)
                    raise _UndoError
            except _UndoError:
                continue

    walk(list(told), False)
    assert seen == 325  # 5 + 5·4 + 5·4·3 + 5·4·3·2 + 5!
    assert balance(account) == 0


def test_every_webhook_five_times_credits_once(stripe: StripeWorld, account: Account) -> None:
    press_pay(open_page(account))
    assert set(stripe.deliver(times=5)) == {200}
    for event in ProviderEvent.objects.all():
        for _ in range(5):
            inbox.handle(event_id=event.pk)
            inbox.replay(event_id=event.pk)
        inbox.handle(event_id=event.pk)
    assert ProviderEvent.objects.count() == len(set(ProviderEvent.objects.values_list("event_id", flat=True)))
    assert set(ProviderEvent.objects.values_list("status", flat=True)) <= {"done", "ignored"}
    assert (balance(account), Payment.objects.count()) == (50, 1)
    assert_journal_equals_ledger(stripe)


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_credit_once(stripe: StripeWorld, account: Account) -> None:
    top_up = open_page(account)
    press_pay(top_up)
    (done,) = stripe.site.events("checkout.session.completed")
    (posted,) = stripe.site.prepared(done["id"])
    answers = at_once([partial(stripe.post, posted.url, posted.body, posted.headers)] * 20)
    assert 200 in answers
    event = ProviderEvent.objects.get()
    at_once([partial(inbox.handle, event_id=event.pk)] * 20)
    stripe.deliver()
    events = ProviderEvent.objects.filter(status="pending").values_list("pk", flat=True)
    at_once([partial(inbox.handle, event_id=pk) for pk in events])
    sweep()
    assert (balance(account), Payment.objects.count()) == (50, 1)
    assert_journal_equals_ledger(stripe)


@pytest.mark.django_db(transaction=True)
def test_twenty_workers_who_read_the_same_payment_credit_it_once(stripe: StripeWorld, account: Account) -> None:
    top_up = open_page(account)
    press_pay(top_up)
    facts = provider("stripe").look_up(top_ups.charge_request(_read(top_up)))
    answers = at_once([partial(top_ups.settle, top_up_id=top_up.pk, facts=facts)] * 20)
    assert [answer.status for answer in answers if isinstance(answer, TopUp)] == ["succeeded"] * 20
    assert Transaction.objects.filter(wallet=account.wallet).count() == 1
    assert_journal_equals_ledger(stripe)


@pytest.mark.django_db(transaction=True)
def test_twenty_wallets_at_once_get_each_their_own(stripe: StripeWorld, make_account: Callable[..., Account]) -> None:
    accounts = [make_account("aipbx", email=f"owner{n}@acme.example") for n in range(8)]
    paid = [open_page(account, f"{10 + n}") for n, account in enumerate(accounts)]
    for top_up in paid:
        press_pay(top_up)
    stripe.deliver()
    events = list(ProviderEvent.objects.values_list("pk", flat=True))
    at_once([partial(inbox.handle, event_id=pk) for pk in events])
    assert [balance(account) for account in accounts] == [10 + n for n in range(8)]
    assert_journal_equals_ledger(stripe)


@pytest.mark.parametrize(
    "forgery", [{"secret": "whsec_of_somebody_else"}, {"timestamp": 1_700_000_000}], ids=["forged", "stale"]
)
def test_a_webhook_that_is_not_stripes_leaves_no_trace(
    stripe: StripeWorld, account: Account, forgery: dict[str, Any]
) -> None:
    press_pay(open_page(account))
    (done,) = stripe.site.events("checkout.session.completed")
    assert stripe.deliver(done, **forgery) == [400]
    assert not ProviderEvent.objects.exists()
    assert inbox.handle_due() == 0 and balance(account) == 0


def test_a_signed_webhook_about_a_payment_that_stripe_does_not_know_credits_nothing(
    stripe: StripeWorld, account: Account
) -> None:
    press_pay(open_page(account))
    (event,) = stripe.site.events("payment_intent.succeeded")
    forged = event["data"]["object"] | {"id": "pi_3Nothing"}
    stripe.deliver(event, changes={"data": {"object": forged}})
    inbox.handle_due()
    assert balance(account) == 0 and not Payment.objects.exists()


def test_what_a_webhook_says_of_the_amount_is_not_believed(stripe: StripeWorld, account: Account) -> None:
    press_pay(open_page(account))
    (event,) = stripe.site.events("payment_intent.succeeded")
    rich = event["data"]["object"] | {"amount": 5_000_000, "amount_received": 5_000_000}
    stripe.deliver(event, changes={"data": {"object": rich}})
    inbox.handle_due()
    assert balance(account) == 50
    assert_journal_equals_ledger(stripe)


def paid_at_stripe(account: Account, top_up: TopUp | None, **changes: Any) -> str:
    """A succeeded PaymentIntent of the account's customer that names the top-up; its id."""
    customer = customers.customer_of(payer_of(account))
    named = {"top_up": str(top_up.reference), "account": str(account.pk), "via": "page"} if top_up else {}
    wanted: Any = {
        "amount": 5000,
        "currency": "usd",
        "customer": customer,
        "payment_method": "pm_card_visa",
        "payment_method_types": ["card"],
        "confirm": True,
        "metadata": named,
        **changes,
    }
    intent = client.client().v1.payment_intents.create(wanted)
    assert intent.status == "succeeded"
    return str(intent.id)


@pytest.mark.parametrize(
    ("kind", "changes", "expected", "found"),
    [
        ("wrong_amount", {"amount": 100}, "50.000000 USD", "1.00 USD"),
        ("wrong_currency", {"currency": "eur"}, "50.000000 USD", "50.00 EUR"),
    ],
)
def test_money_that_is_not_what_was_asked_for_is_listed_and_never_credited(
    stripe: StripeWorld, account: Account, kind: str, changes: dict[str, Any], expected: str, found: str
) -> None:
    top_up = open_page(account)
    intent = paid_at_stripe(account, top_up, **changes)
    stripe.deliver(times=2)
    inbox.handle_due()
    difference = PaymentDifference.objects.get()
    assert (difference.kind, difference.reference, difference.wallet) == (kind, intent, account.wallet)
    assert (difference.expected, difference.found) == (f"{expected} (top-up {top_up.pk})", found)
    top_up.refresh_from_db()
    assert (top_up.status, balance(account)) == ("pending", 0)
    assert_journal_equals_ledger(stripe, refused={intent})


def test_money_of_another_customer_is_listed_and_never_credited(
    stripe: StripeWorld, account: Account, make_account: Callable[..., Account]
) -> None:
    stranger = make_account("aipbx", name="Stranger", email="stranger@example.com")
    top_up = open_page(account)
    intent = paid_at_stripe(stranger, top_up)
    stripe.deliver()
    inbox.handle_due()
    difference = PaymentDifference.objects.get()
    assert (difference.kind, difference.reference) == ("wrong_account", intent)
    assert difference.found == f"account {stranger.pk}"
    assert (balance(account), balance(stranger)) == (0, 0)
    assert_journal_equals_ledger(stripe, refused={intent})


def test_money_of_nobody_is_listed_and_never_credited(stripe: StripeWorld, account: Account) -> None:
    intent = paid_at_stripe(account, None)
    stripe.deliver()
    inbox.handle_due()
    difference = PaymentDifference.objects.get()
    assert (difference.kind, difference.reference, difference.wallet) == ("unknown_payment", intent, None)
    assert balance(account) == 0
    assert_journal_equals_ledger(stripe, refused={intent})


def test_real_money_and_test_money_never_mix(stripe: StripeWorld, account: Account) -> None:
    top_up = open_page(account)
    press_pay(top_up)
    facts = provider("stripe").look_up(top_ups.charge_request(_read(top_up)))
    settled = top_ups.settle(top_up_id=top_up.pk, facts=replace(facts, is_live=True))
    assert (settled.status, balance(account)) == ("pending", 0)
    difference = PaymentDifference.objects.get()
    assert (difference.kind, difference.expected) == ("wrong_mode", f"test money (top-up {top_up.pk})")
    assert top_ups.settle(top_up_id=top_up.pk, facts=facts).status == "succeeded"
    assert_journal_equals_ledger(stripe)


def test_a_payment_without_a_customer_of_ours_is_nobodys(stripe: StripeWorld, account: Account) -> None:
    top_up = open_page(account)
    press_pay(top_up)
    facts = provider("stripe").look_up(top_ups.charge_request(_read(top_up)))
    settled = top_ups.settle(top_up_id=top_up.pk, facts=replace(facts, account_id=None))
    assert (settled.status, balance(account)) == ("pending", 0)
    assert PaymentDifference.objects.get().kind == "wrong_account"


def test_an_event_that_cannot_be_read_is_tried_again_later_and_given_up_in_the_end(
    stripe: StripeWorld, account: Account
) -> None:
    press_pay(open_page(account))
    (done,) = stripe.site.events("checkout.session.completed")
    stripe.deliver(done)
    event = ProviderEvent.objects.get()
    for attempt in range(1, inbox.ATTEMPTS_MAX + 1):
        stripe.site.fail_next("/v1/checkout/sessions/*", "500")
        ProviderEvent.objects.update(next_attempt_at=event.received_at)
        event = inbox.handle(event_id=event.pk)
        assert (event.attempts, "ProviderUnavailableError" in event.last_error) == (attempt, True)
        assert event.status == ("failed" if attempt == inbox.ATTEMPTS_MAX else "pending")
    assert event.next_attempt_at is None and balance(account) == 0
    inbox.replay(event_id=event.pk)
    event = inbox.handle(event_id=event.pk)
    assert (event.status, event.last_error, event.attempts) == ("done", "", 1)
    assert event.outcome == f"Top-up {TopUp.objects.get().pk}: Successful."
    assert balance(account) == 50


def test_an_automatic_charge_is_credited_once_whoever_tells_of_it(stripe: StripeWorld, watched: Account) -> None:
    assert (automatic(watched).status, balance(watched)) == ("succeeded", 50)
    stripe.deliver(times=2)
    sweep()
    row = Transaction.objects.get(wallet=watched.wallet)
    assert (row.kind, row.description) == ("auto_top_up", "Automatic top-up (Visa ending 4242)")
    assert_journal_equals_ledger(stripe)


def _read(top_up: TopUp) -> TopUp:
    return TopUp.objects.select_related("wallet__account__product", "card").get(pk=top_up.pk)
