"""Bank transfers as staff record them: in parts, exact, too much, twice, too late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.models import Payment, PaymentDifference, TopUp, TopUpTerms, Transaction, Transfer
from billing.services import bank, top_ups
from billing.verification.run import verify
from organizations.models import Account, Organization, User
from tests.billing.auto.rules import ASKING, attempt, banner, set_rule, with_card
from tests.billing.conftest import StripeWorld
from tests.billing.letters import told
from tests.billing.threads import at_once
from tests.factories import make_user


@pytest.fixture
def clerk(db: None) -> User:
    """Who reads the bank's statements."""
    return make_user(is_staff=True)


@pytest.fixture
def invoice(make_account: Callable[..., Account], clerk: User) -> TopUp:
    """Fifty dollars and 4.44 of New York's tax, to be paid by transfer."""
    account = make_account("aipbx", email="owner@acme.example")
    seller = Organization.objects.create(account=account, name="Acme Inc.", country="US", region="NY", tax_id="1")
    return ask(account, "50", clerk, seller)


def ask(account: Account, amount: str, user: User, organization: Organization | None = None) -> TopUp:
    top_up = top_ups.start(
        wallet_id=account.wallet.pk,
        amount=Decimal(amount),
        provider="bank",
        organization_id=organization.pk if organization else None,
        saves_card=True,
        user_id=user.pk,
    )
    return top_ups.submit(top_up_id=top_up.pk)


def transfer(top_up: TopUp, amount: str, reference: str, clerk: User, on: date | None = None) -> Payment:
    return bank.record_transfer(
        top_up_id=top_up.pk,
        amount=Decimal(amount),
        received_on=on or timezone.now().date(),
        bank_reference=reference,
        user_id=clerk.pk,
    )


def balance(top_up: TopUp) -> Decimal | int:
    top_up.wallet.refresh_from_db()
    return top_up.wallet.paid.amount


def taxes(top_up: TopUp) -> Decimal:
    rows = Transfer.objects.filter(wallet=top_up.wallet, target_id=top_up.wallet_id * 16 + 10)
    return sum((row.amount.amount for row in rows), Decimal(0))


def test_an_invoice_waits_with_a_reference_to_quote_and_saves_no_card(invoice: TopUp) -> None:
    assert (invoice.status, invoice.provider_reference) == ("pending", f"TU-{invoice.pk:06d}")
    assert (invoice.redirect_url, invoice.next_check_at, invoice.saves_card) == ("", None, False)
    assert balance(invoice) == 0


def test_the_exact_transfer_credits_the_invoice_and_ends_it(invoice: TopUp, clerk: User) -> None:
    payment = transfer(invoice, "54.44", "FT-1", clerk, date(2026, 11, 2))
    invoice.refresh_from_db()
    assert invoice.status == "succeeded" and invoice.finished_at is not None
    assert (payment.amount.amount, payment.tax.amount, payment.total.amount) == (50, Decimal("4.44"), Decimal("54.44"))
    assert (payment.reference, payment.is_live) == (f"{invoice.pk}:FT-1", True)
    assert payment.paid_at.date() == date(2026, 11, 2)
    row = Transaction.objects.get(wallet=invoice.wallet, kind="top_up")
    assert (row.description, row.key) == ("Top-up (bank transfer)", f"payment:bank:{invoice.pk}:FT-1")
    assert (balance(invoice), taxes(invoice)) == (50, Decimal("4.44"))
    assert verify() == []


def test_parts_credit_their_share_and_add_up_exactly(invoice: TopUp, clerk: User) -> None:
    parts = [transfer(invoice, amount, f"FT-{n}", clerk) for n, amount in enumerate(["10", "10", "10"])]
    invoice.refresh_from_db()
    assert invoice.status == "pending"
    assert [part.amount.amount for part in parts] == [Decimal("9.18"), Decimal("9.19"), Decimal("9.18")]
    assert [part.tax.amount for part in parts] == [Decimal("0.82"), Decimal("0.81"), Decimal("0.82")]
    transfer(invoice, "24.44", "FT-9", clerk)
    invoice.refresh_from_db()
    assert invoice.status == "succeeded"
    assert (balance(invoice), taxes(invoice)) == (50, Decimal("4.44"))
    assert not PaymentDifference.objects.exists() and verify() == []


def test_what_is_paid_beyond_is_credited_alike_and_noted_for_staff(invoice: TopUp, clerk: User) -> None:
    payment = transfer(invoice, "108.88", "FT-1", clerk)
    assert (payment.amount.amount, payment.tax.amount) == (100, Decimal("8.88"))
    difference = PaymentDifference.objects.get()
    assert (difference.kind, difference.reference) == ("overpaid", f"{invoice.pk}:FT-1")
    assert difference.found == "108.88 USD, all of it credited"
    invoice.refresh_from_db()
    assert invoice.status == "succeeded"
    transfer(invoice, "54.44", "FT-2", clerk)
    assert balance(invoice) == 150 and PaymentDifference.objects.count() == 2


def test_the_same_transfer_is_recorded_once(invoice: TopUp, clerk: User) -> None:
    transfer(invoice, "20", "FT-1", clerk)
    with pytest.raises(ValidationError, match="recorded before"):
        transfer(invoice, "20", " FT-1 ", clerk)
    assert Payment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_clerks_who_record_the_same_transfer_at_once_credit_it_once(invoice: TopUp, clerk: User) -> None:
    answers = at_once([partial(transfer, invoice, "54.44", "FT-1", clerk)] * 8)
    assert sum(isinstance(answer, Payment) for answer in answers) == 1
    assert all(isinstance(answer, Payment | ValidationError) for answer in answers)
    assert balance(invoice) == 50 and verify() == []


def test_money_for_a_cancelled_invoice_opens_it_again(invoice: TopUp, clerk: User) -> None:
    cancelled = bank.cancel_invoice(top_up_id=invoice.pk, user_id=clerk.pk)
    assert (cancelled.status, cancelled.failure_message) == ("expired", "The invoice was cancelled.")
    transfer(invoice, "20", "FT-1", clerk)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.finished_at) == ("pending", None)
    transfer(invoice, "34.44", "FT-2", clerk)
    invoice.refresh_from_db()
    assert invoice.status == "succeeded" and balance(invoice) == 50
    assert bank.cancel_invoice(top_up_id=invoice.pk, user_id=clerk.pk).status == "succeeded"


def test_whole_credits_come_with_the_transfer_that_completes_them(
    make_account: Callable[..., Account], clerk: User
) -> None:
    TopUpTerms.objects.update(providers=["stripe", "bank"])
    account = make_account("atllasx")
    top_up = ask(account, "101", clerk)  # 50.50 dollars
    before = balance(top_up)
    assert transfer(top_up, "0.99", "FT-1", clerk).amount.amount == 1
    assert transfer(top_up, "24.76", "FT-2", clerk).amount.amount == 50
    assert transfer(top_up, "24.75", "FT-3", clerk).amount.amount == 50
    assert balance(top_up) - before == 101 and verify() == []
    with pytest.raises(ValidationError, match="less than the price of 1 credit"):
        transfer(top_up, "0.10", "FT-4", clerk)


@pytest.mark.parametrize(
    ("amount", "reference", "days", "field"),
    [
        ("0", "FT", 0, "amount"),
        ("-5", "FT", 0, "amount"),
        ("1.001", "FT", 0, "amount"),
        ("NaN", "FT", 0, "amount"),
        ("1E+30", "FT", 0, "amount"),
        ("5", "  ", 0, "bank_reference"),
        ("5", "x" * 61, 0, "bank_reference"),
        ("5", "FT", 2, "received_on"),
    ],
)
def test_a_transfer_that_cannot_be_is_refused(
    invoice: TopUp, clerk: User, amount: str, reference: str, days: int, field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        transfer(invoice, amount, reference, clerk, timezone.now().date() + timedelta(days=days))
    assert list(refused.value.message_dict) == [field]
    assert balance(invoice) == 0 and not Payment.objects.exists()


def test_a_card_top_up_takes_no_transfer(invoice: TopUp, clerk: User) -> None:
    other = top_ups.start(
        wallet_id=invoice.wallet_id, amount=Decimal(50), provider="stripe", organization_id=None, saves_card=False,
        user_id=clerk.pk,
    )  # fmt: skip
    with pytest.raises(ValidationError, match="not paid by bank transfer"):
        transfer(other, "50", "FT-1", clerk)
    with pytest.raises(ValidationError, match="not paid by bank transfer"):
        bank.cancel_invoice(top_up_id=other.pk, user_id=clerk.pk)


def test_each_transfer_is_confirmed_once_to_those_whom_money_concerns(invoice: TopUp, clerk: User) -> None:
    transfer(invoice, "54.44", "FT-1", clerk)
    (letter,) = told.letters("payment:")
    assert (letter.recipient, letter.subject) == ("owner@acme.example", "AI PBX: $50.00 added")
    assert "Added to the balance: $50.00\nPaid: $54.44\nTax in it: $4.44\nPaid by: Bank transfer\n" in letter.body
    assert "Balance now: $50.00\n" in letter.body
    assert f"/billing/top-ups/{invoice.reference}/" in letter.body


def test_a_transfer_that_pays_the_invoice_puts_away_the_banner_that_asks_for_money(
    stripe: StripeWorld, make_account: Callable[..., Account], clerk: User
) -> None:
    account = make_account("aitelier", email="owner@acme.example", paid="3")
    with_card(stripe, account, ASKING)
    set_rule(account)
    attempt(account)
    assert banner(account) is not None
    top_up = ask(account, "50", clerk)
    transfer(top_up, str(top_up.total.amount), "FT-1", clerk)
    assert banner(account) is None
