"""Money pays the oldest invoice first, whatever brought it, and an account that owes nothing overdue has its calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal as D
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.models import (
    BillingPeriod,
    GrantKind,
    Payment,
    PaymentDifference,
    PeriodStatus,
    TopUp,
    Transaction,
    TransactionKind,
    Wallet,
)
from billing.providers.base import DisputeFacts
from billing.services import disputes, top_ups
from billing.services.postpay import ending, minding, paying, switching
from billing.verification.run import verify
from notifications.models import Notice
from organizations.models import Account
from tests.billing.postpay.accounts import at, call, close_running
from tests.billing.postpay.test_closing import give, taxed
from tests.factories import make_user

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]


@pytest.fixture
def two_invoices(postpay_account: Make) -> Callable[[], Account]:
    """February's invoice of 0.90 and March's of 1.80, both with 10% tax."""

    def make() -> Account:
        taxed("10")
        with at("2026-02-10 12:00"):
            account = postpay_account()
            call(account)
        with at("2026-03-04 00:00"):
            close_running(account)
            call(account)
            call(account)
        with at("2026-04-04 00:00"):
            close_running(account)
        return account

    return make


def settled(account: Account) -> list[tuple[Any, ...]]:
    """State and what has come, oldest first, of the closed periods."""
    closed = BillingPeriod.objects.filter(wallet=account.wallet, closed_at__isnull=False).order_by("id")
    return [(period.status, period.settled.amount) for period in closed]


def transfer(account: Account, amount: str, reference: str = "ref-1") -> Payment:
    newest = BillingPeriod.objects.filter(wallet=account.wallet, closed_at__isnull=False).order_by("-id")[0]
    return paying.record_transfer(
        period_id=newest.pk, amount=D(amount), received_on=date(2026, 4, 5), bank_reference=reference, user_id=None
    )


def test_a_transfer_pays_the_oldest_invoice_first_and_the_rest_in_parts(two_invoices: Callable[[], Account]) -> None:
    account = two_invoices()
    with at("2026-04-05 12:00"):
        payment = transfer(account, "1.50")
        assert settled(account) == [("paid", D("0.99")), ("open", D("0.51"))]
        transfer(account, "1.47", "ref-2")
        assert settled(account) == [("paid", D("0.99")), ("paid", D("1.98"))]
    assert (payment.amount.amount, payment.tax.amount) == (D("1.50"), 0)
    posted = Transaction.objects.get(kind=TransactionKind.PAYMENT, amount=D("1.50"))
    assert (posted.number, posted.key) == (payment.transaction_number, f"payment:bank:{payment.reference}")
    account.wallet.refresh_from_db()
    assert (account.wallet.debt.amount, account.wallet.paid.amount) == (0, 0)
    assert verify() == []


def test_the_same_bank_reference_pays_once(two_invoices: Callable[[], Account]) -> None:
    account = two_invoices()
    with at("2026-04-05 12:00"):
        transfer(account, "0.50")
        with pytest.raises(ValidationError, match="recorded before"):
            transfer(account, "0.50")
    assert settled(account) == [("open", D("0.50")), ("open", 0)]
    assert Payment.objects.count() == 1


def test_a_credit_by_staff_pays_invoices_too(two_invoices: Callable[[], Account]) -> None:
    account = two_invoices()
    with at("2026-04-05 12:00"):
        give(account, GrantKind.PAID, "1.00", "goodwill")
    assert settled(account) == [("paid", D("0.99")), ("open", D("0.01"))]
    assert verify() == []


def test_what_is_paid_beyond_the_invoices_stays_as_balance_and_is_noted(two_invoices: Callable[[], Account]) -> None:
    account = two_invoices()
    with at("2026-04-05 12:00"):
        transfer(account, "5.00")
    account.wallet.refresh_from_db()
    assert (account.wallet.paid.amount, account.wallet.debt.amount) == (D("2.03"), 0)
    assert settled(account) == [("paid", D("0.99")), ("paid", D("1.98"))]
    assert PaymentDifference.objects.get().kind == "overpaid"
    assert verify() == []


def test_an_unpaid_invoice_stops_calls_after_its_grace_and_its_payment_lets_them_start(
    two_invoices: Callable[[], Account],
) -> None:
    account = two_invoices()
    february = BillingPeriod.objects.order_by("id")[0]  # due on April 2
    seen = []
    for moment in ("2026-03-26 08:59", "2026-03-26 09:00", "2026-04-01 09:00", "2026-04-03 09:00", "2026-04-05 23:59"):
        with at(moment):
            minding.check_due()
            told = Notice.objects.filter(subject=f"period:{february.pk}").order_by("id")
            seen.append([each.event for each in told])
            assert not Wallet.objects.get().is_overdue
    assert [len(each) for each in seen] == [0, 1, 2, 3, 3]
    assert seen[-1] == ["invoice_due", "invoice_due", "invoice_overdue"]
    with at("2026-04-06 00:00"):
        assert minding.check_due() == 1
        assert Wallet.objects.get().is_overdue
        refused = Notice.objects.filter(event="calls_refused")
        assert [each.facts["reason"] for each in refused] == ["payment_overdue"]
        transfer(account, "0.99")
        assert not Wallet.objects.get().is_overdue
        assert Notice.objects.filter(event="calls_accepted").count() == 2  # the first when it was switched
    assert settled(account)[0] == ("paid", D("0.99"))
    assert verify() == []


def test_a_late_check_reminds_once_and_by_the_newest_word(two_invoices: Callable[[], Account]) -> None:
    two_invoices()
    february = BillingPeriod.objects.order_by("id")[0]
    with at("2026-04-02 12:00"):
        minding.check_due()
        minding.check(period_id=february.pk)
    facts = Notice.objects.get(subject=f"period:{february.pk}").facts
    assert (facts["number"], facts["total"], facts["due_on"], facts["blocks_on"]) == (
        "INV-2026-0001",
        "0.99",
        "2026-04-02",
        "2026-04-06",
    )


def test_an_invoice_that_nobody_pays_is_written_off_with_its_reason(two_invoices: Callable[[], Account]) -> None:
    account = two_invoices()
    february = BillingPeriod.objects.order_by("id")[0]
    with at("2026-04-06 12:00"):
        minding.check_due()
        with pytest.raises(ValidationError):
            ending.write_off(period_id=february.pk, reason=" ", actor_id=None)
        for _ in range(2):
            ending.write_off(period_id=february.pk, reason="Insolvent", actor_id=None)
    posted = Transaction.objects.get(key=f"uncollectible:{february.pk}")
    assert (posted.amount.amount, posted.kind, posted.reason) == (D("0.99"), "adjustment", "Insolvent")
    account.wallet.refresh_from_db()
    assert (account.wallet.debt.amount, account.wallet.is_overdue) == (D("1.98"), False)
    assert settled(account) == [("uncollectible", 0), ("open", 0)]
    assert verify() == []


def test_a_voided_invoice_gets_a_credit_note_and_its_usage_is_asked_for_again(
    two_invoices: Callable[[], Account],
) -> None:
    account = two_invoices()
    march = BillingPeriod.objects.order_by("id")[1]
    with at("2026-04-10 12:00"):
        for _ in range(2):
            ending.void(period_id=march.pk, reason="Wrong buyer", actor_id=None)
        call(account, "conversation")
    with at("2026-05-04 00:00"):
        april = close_running(account)
    note = march.documents.get(kind="credit_note")
    assert (note.total.amount, note.content["corrects"]["label"]) == (D("1.98"), "INV-2026-0002")
    assert note.content["reason"] == "Wrong buyer"
    assert (april.net.amount, april.tax.amount) == (D("2.40"), D("0.24"))
    account.wallet.refresh_from_db()
    assert account.wallet.debt.amount == D("3.63")
    assert verify() == []


def test_an_invoice_that_was_paid_in_part_is_not_voided(two_invoices: Callable[[], Account]) -> None:
    account = two_invoices()
    with at("2026-04-05 12:00"):
        transfer(account, "0.50")
        with pytest.raises(ValidationError, match="Part of this invoice"):
            ending.void(period_id=BillingPeriod.objects.order_by("id")[0].pk, reason="x", actor_id=None)


def test_ended_postpay_is_prepaid_again_with_the_last_payment(two_invoices: Callable[[], Account]) -> None:
    account = two_invoices()
    with at("2026-04-10 12:00"):
        call(account)
        assert switching.switch_back(wallet_id=account.wallet.pk, reason="Asked", actor_id=None) is False
        assert switching.switch_back(wallet_id=account.wallet.pk, reason="Asked", actor_id=None) is False
        account.wallet.refresh_from_db()
        assert (account.wallet.mode, account.wallet.credit_limit.amount) == ("postpay", 0)
        last = BillingPeriod.objects.order_by("-id")[0]
        assert (last.status, str(last.ends_on), last.total.amount) == (PeriodStatus.OPEN, "2026-04-10", D("0.99"))
        transfer(account, "3.95")
        account.wallet.refresh_from_db()
        assert account.wallet.mode == "postpay"
        transfer(account, "0.01", "ref-2")
    account.wallet.refresh_from_db()
    assert (account.wallet.mode, account.wallet.debt.amount) == ("prepaid", 0)
    assert BillingPeriod.objects.filter(status=PeriodStatus.DRAFT).count() == 0
    assert verify() == []


def test_an_account_that_owes_nothing_is_prepaid_at_once_and_may_come_back(postpay_account: Make) -> None:
    with at("2026-02-10 12:00"):
        account = postpay_account()
        assert switching.switch_back(wallet_id=account.wallet.pk, reason="Asked", actor_id=None) is True
    account.wallet.refresh_from_db()
    assert (account.wallet.mode, account.wallet.credit_limit.amount) == ("prepaid", 0)
    assert verify() == []


def test_a_disputed_payment_opens_its_invoice_again_until_the_dispute_is_won(
    two_invoices: Callable[[], Account],
) -> None:
    account = two_invoices()
    with at("2026-04-05 12:00"):
        payment = transfer(account, "2.97")
        assert settled(account) == [("paid", D("0.99")), ("paid", D("1.98"))]
        for status, expected in (
            ("opened", [("overdue", 0), ("open", 0)]),
            ("won", [("paid", D("0.99")), ("paid", D("1.98"))]),
        ):
            facts = DisputeFacts("dp_1", payment.reference, "", D("2.97"), "USD", status, "fraudulent", timezone.now())
            disputes.settle(facts=facts, provider="bank")
            assert settled(account) == expected
            assert verify() == []


def test_no_taxed_top_up_pays_an_invoice_that_was_taxed(two_invoices: Callable[[], Account]) -> None:
    account = two_invoices()
    buy = partial(
        top_ups.start,
        wallet_id=account.wallet.pk,
        amount=D(25),
        provider="bank",
        organization_id=None,
        saves_card=False,
        user_id=make_user().pk,
    )
    with at("2026-04-05 12:00"):
        with pytest.raises(ValidationError, match="taxed a second time"):
            buy()
        assert not TopUp.objects.exists()
        transfer(account, "2.97")
        assert buy().tax.amount == D("2.50")
