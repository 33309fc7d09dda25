"""One top-up on Stripe's page: paid, refused and paid, closed, abandoned, paid too late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from djmoney.money import Money

from billing.models import Card, LedgerAccountKind, Payment, PaymentDifference, TopUp, Transaction
from billing.providers.base import Outcome, PaymentFacts
from billing.services import cards, inbox, top_ups
from organizations.models import Account, Organization
from tests.billing.conftest import StripeWorld
from tests.billing.journal import assert_journal_equals_ledger
from tests.billing.letters import told
from tests.billing.topups.paying import (
    DECLINED,
    automatic,
    balance,
    begin,
    open_page,
    press_pay,
    sweep,
    time_passes,
)
from tests.factories import make_member


def test_a_paid_page_becomes_one_credit_with_its_receipt_and_letter(stripe: StripeWorld, account: Account) -> None:
    make_member(account, email="boss@acme.example")
    top_up = open_page(account)
    assert (top_up.status, top_up.provider_reference[:3]) == ("pending", "cs_")
    assert press_pay(top_up) == 303
    assert balance(account) == 0
    assert set(stripe.deliver()) == {200}
    inbox.handle_due()
    top_up.refresh_from_db()
    assert (top_up.status, top_up.next_check_at, top_up.failure_message) == ("succeeded", None, "")
    payment = Payment.objects.get()
    assert payment.reference.startswith("pi_") and payment.charge_reference.startswith("ch_")
    assert (payment.amount.amount, payment.charge_amount.amount, payment.is_live) == (50, 50, False)
    assert payment.card == "Visa ending 4242" and "/c/receipt/" in payment.receipt_url
    assert payment.grant is not None and payment.grant.source == f"top_up:{top_up.pk}"
    row = Transaction.objects.get(wallet=account.wallet)
    assert (row.kind, row.description, row.key) == ("top_up", "Top-up (Stripe)", f"payment:stripe:{payment.reference}")
    (letter,) = told.letters("payment:")
    assert letter.recipient == "boss@acme.example" and "Paid by: Visa ending 4242\n" in letter.body
    assert_journal_equals_ledger(stripe)


def test_tax_is_paid_with_it_and_stands_in_the_ledger_apart(stripe: StripeWorld, account: Account) -> None:
    seller = Organization.objects.create(account=account, name="Acme Inc.", country="US", region="NY", tax_id="1")
    top_up = open_page(account, organization_id=seller.pk)
    press_pay(top_up)
    top_ups.check(top_up_id=top_up.pk)
    payment = Payment.objects.get()
    assert (payment.charge_amount.amount, payment.tax.amount) == (Decimal("54.44"), Decimal("4.44"))
    row = Transaction.objects.get(wallet=account.wallet)
    assert (row.amount.amount, balance(account)) == (50, 50)
    moved = {transfer.target_id % 16: transfer.amount.amount for transfer in row.transfers.all()}
    assert moved == {LedgerAccountKind.PAID: Decimal(50), LedgerAccountKind.TAX: Decimal("4.44")}
    assert_journal_equals_ledger(stripe)


def test_credits_are_sold_for_money_and_their_ledger_counts_credits_only(
    stripe: StripeWorld, make_account: Callable[..., Account]
) -> None:
    buyer = make_account("atllasx", email="owner@clinic.example")
    top_up = open_page(buyer, "500")
    press_pay(top_up)
    top_ups.check(top_up_id=top_up.pk)
    payment = Payment.objects.get()
    assert (payment.amount, payment.charge_amount) == (Money(500, "CREDIT"), Money(240, "USD"))
    row = Transaction.objects.get(wallet=buyer.wallet, kind="top_up")
    assert [transfer.amount.amount for transfer in row.transfers.all()] == [500]
    (letter,) = told.letters("payment:")
    assert "Added to the balance: 500 credits\nPaid: $240.00\nPaid by: Visa ending 4242\n" in letter.body
    assert_journal_equals_ledger(stripe)


def test_a_card_that_was_saved_while_paying_is_kept_and_stays_away_once_removed(
    stripe: StripeWorld, account: Account
) -> None:
    press_pay(open_page(account, saves_card=True))
    stripe.deliver()
    inbox.handle_due()
    card = Card.objects.get()
    assert (card.last4, card.is_default, card.wallet) == ("4242", True, account.wallet)
    cards.remove(wallet_id=account.wallet.pk, card_id=card.pk)
    for event in stripe.site.events("checkout.session.completed"):
        stripe.deliver(event)
        inbox.handle_due()
    card.refresh_from_db()
    assert card.removed_at is not None and Card.objects.count() == 1


def test_a_card_is_kept_only_where_the_customer_wished_so(stripe: StripeWorld, account: Account) -> None:
    press_pay(open_page(account))
    stripe.deliver()
    inbox.handle_due()
    assert not Card.objects.exists()


def test_a_refusal_on_the_page_is_not_the_end_of_it(stripe: StripeWorld, account: Account) -> None:
    top_up = open_page(account)
    assert press_pay(top_up, DECLINED) == 402
    stripe.deliver()
    inbox.handle_due()
    top_up.refresh_from_db()
    assert (top_up.status, balance(account)) == ("pending", 0)
    assert press_pay(top_up) == 303
    stripe.deliver()
    inbox.handle_due()
    top_up.refresh_from_db()
    assert (top_up.status, balance(account)) == ("succeeded", 50)
    assert_journal_equals_ledger(stripe)


def test_a_page_that_expires_is_over_and_says_that_nothing_was_charged(stripe: StripeWorld, account: Account) -> None:
    top_up = open_page(account)
    stripe.site.expire_session(top_up.provider_reference)
    stripe.deliver()
    inbox.handle_due()
    top_up.refresh_from_db()
    assert (top_up.status, top_up.failure_message) == (
        "expired",
        "The payment page was closed. Nothing was charged.",
    )
    assert top_up.finished_at is not None and balance(account) == 0


def test_coming_back_without_paying_closes_the_page(stripe: StripeWorld, account: Account) -> None:
    top_up = top_ups.give_up(top_up_id=open_page(account).pk)
    assert top_up.status == "expired"
    assert press_pay(top_up) == 410
    assert_journal_equals_ledger(stripe)


def test_coming_back_by_the_cancel_link_after_paying_is_a_success(stripe: StripeWorld, account: Account) -> None:
    top_up = open_page(account)
    press_pay(top_up)
    assert top_ups.give_up(top_up_id=top_up.pk).status == "succeeded"
    assert top_ups.give_up(top_up_id=top_up.pk).status == "succeeded"
    assert_journal_equals_ledger(stripe)


@pytest.mark.parametrize("over", ["failed", "expired"])
def test_money_that_arrives_for_an_attempt_that_was_over_is_credited_all_the_same(
    stripe: StripeWorld, account: Account, over: str
) -> None:
    top_up = open_page(account)
    press_pay(top_up)
    TopUp.objects.filter(pk=top_up.pk).update(status=over, finished_at=timezone.now(), next_check_at=None)
    stripe.deliver()
    inbox.handle_due()
    top_up.refresh_from_db()
    assert (top_up.status, balance(account)) == ("succeeded", 50)
    assert_journal_equals_ledger(stripe)


@pytest.mark.parametrize("stale", [Outcome.PENDING, Outcome.UNKNOWN, Outcome.FAILED, Outcome.EXPIRED, Outcome.MISSING])
def test_a_stale_answer_reopens_nothing(stripe: StripeWorld, account: Account, stale: Outcome) -> None:
    expired = top_ups.give_up(top_up_id=open_page(account).pk)
    paid = open_page(account)
    press_pay(paid)
    top_ups.check(top_up_id=paid.pk)
    facts = PaymentFacts(stale, account_id=account.pk)
    assert top_ups.settle(top_up_id=expired.pk, facts=facts).status == "expired"
    assert top_ups.settle(top_up_id=paid.pk, facts=facts).status == "succeeded"
    assert balance(account) == 50


def test_a_lost_webhook_is_found_by_the_sweep(stripe: StripeWorld, account: Account) -> None:
    top_up = open_page(account)
    press_pay(top_up)
    sweep()
    top_up.refresh_from_db()
    assert (top_up.status, balance(account)) == ("succeeded", 50)
    assert_journal_equals_ledger(stripe)


def test_a_refused_request_fails_and_says_that_nothing_was_charged(stripe: StripeWorld, account: Account) -> None:
    top_up = begin(account)
    TopUp.objects.filter(pk=top_up.pk).update(expires_at=timezone.now() - timedelta(hours=1))  # Stripe takes no past
    failed = top_ups.submit(top_up_id=top_up.pk)
    assert (failed.status, failed.failure_code) == ("failed", "internal_error")
    assert "othing was charged" in failed.failure_message
    assert_journal_equals_ledger(stripe)


def test_after_a_day_a_charge_that_stripe_never_heard_of_is_not_sent_again(
    stripe: StripeWorld, watched: Account
) -> None:
    stripe.site.fail_next("/v1/payment_intents", "lost", method="POST")
    top_up = automatic(watched)
    TopUp.objects.filter(pk=top_up.pk).update(created_at=timezone.now() - timedelta(hours=24))
    sweep()
    top_up.refresh_from_db()
    assert (top_up.status, balance(watched)) == ("failed", 0)
    assert stripe.site.journal() == []


def test_the_provider_is_asked_less_and_less_often(stripe: StripeWorld, account: Account) -> None:
    top_up = open_page(account)
    pauses = []
    for _ in range(6):
        top_up.refresh_from_db()
        assert top_up.next_check_at is not None
        pauses.append(round((top_up.next_check_at - timezone.now()).total_seconds() / 60))
        time_passes()
        top_ups.check_due()
    assert pauses == [1, 2, 5, 15, 60, 60]


def test_a_second_payment_for_one_top_up_is_not_credited_but_noted(stripe: StripeWorld, account: Account) -> None:
    top_up = open_page(account)
    press_pay(top_up)
    top_ups.check(top_up_id=top_up.pk)
    payment = Payment.objects.get()
    again = PaymentFacts(
        Outcome.SUCCEEDED,
        payment_reference="pi_another",
        account_id=account.pk,
        amount=Decimal(50),
        currency="USD",
    )
    top_ups.settle(top_up_id=top_up.pk, facts=again)
    assert balance(account) == 50
    difference = PaymentDifference.objects.get()
    assert (difference.kind, difference.reference) == ("overpaid", "pi_another")
    assert difference.expected == f"{payment.reference} (top-up {top_up.pk})"
    same = replace(again, payment_reference=payment.reference)
    top_ups.settle(top_up_id=top_up.pk, facts=same)
    assert balance(account) == 50


def test_a_payment_that_was_credited_to_one_top_up_credits_no_other(stripe: StripeWorld, account: Account) -> None:
    first, second = open_page(account), open_page(account)
    press_pay(first)
    top_ups.check(top_up_id=first.pk)
    used = PaymentFacts(
        Outcome.SUCCEEDED,
        payment_reference=Payment.objects.get().reference,
        account_id=account.pk,
        amount=Decimal(50),
        currency="USD",
    )
    assert top_ups.settle(top_up_id=second.pk, facts=used).status == "pending"
    assert balance(account) == 50
    assert PaymentDifference.objects.get().expected == f"top-up {first.pk} (top-up {second.pk})"


def test_a_suspended_account_and_another_accounts_organization_cannot_pay(
    stripe: StripeWorld, account: Account
) -> None:
    stranger = Organization.objects.create(account=_other(account), name="Other", tax_id="2")
    with pytest.raises(ValidationError, match="one of the account's organizations"):
        top_ups.start(
            wallet_id=account.wallet.pk, amount=Decimal(50), provider="stripe", organization_id=stranger.pk,
            saves_card=False, user_id=make_member(account).pk,
        )  # fmt: skip
    Account.objects.filter(pk=account.pk).update(status="suspended")
    account.refresh_from_db()
    with pytest.raises(ValidationError, match="suspended"):
        begin(account)
    assert not TopUp.objects.exists()


def _other(account: Account) -> Account:
    return Account.objects.create(product=account.product, external_id="other", name="Other", timezone="UTC")
