"""A period is closed into one invoice that asks for what its usage left owed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from billing.models import (
    BillingPeriod,
    Document,
    GrantKind,
    Issuer,
    NumberSeries,
    PeriodStatus,
    ProductTerms,
    TaxRate,
    Transaction,
    TransactionKind,
)
from billing.services.credits import credit
from billing.services.postpay import closing
from billing.verification.run import verify
from organizations.models import Account
from tests.billing.postpay.accounts import at, call, close_running, running, switched
from tests.factories import open_test_account
from tests.usage.events import charge, event, key_of
from usage.services.chat_hours import charge_due_hours
from usage.services.void import void_event

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]


def lines_of(document: Document) -> list[tuple[Any, ...]]:
    return [
        (line["description"], line["quantity"], line["unit_price"], line["amount"])
        for line in document.content["lines"]
    ]


def amounts(period: BillingPeriod) -> tuple[Any, ...]:
    """Net, tax, total, settled."""
    return period.net.amount, period.tax.amount, period.total.amount, period.settled.amount


def give(account: Account, kind: GrantKind, amount: str, key: str) -> None:
    names = {GrantKind.PAID: TransactionKind.CREDIT, GrantKind.PROMO: TransactionKind.PROMO}
    names[GrantKind.ALLOTMENT] = TransactionKind.ALLOTMENT
    credit(
        wallet_id=account.wallet.pk, kind=kind, amount=D(amount), key=key, transaction_kind=names[kind], description=key
    )


def taxed(percent: str, *, at_top_up: bool = True, country: str = "US") -> None:
    """A tax for everybody in the country."""
    TaxRate.objects.all().delete()
    TaxRate.objects.create(country=country, name="Sales tax", percent=D(percent), valid_from="2020-01-01")
    Issuer.objects.update(taxes_top_ups=at_top_up, issues_certificates=False)


def test_a_month_becomes_one_invoice_for_what_it_cost(postpay_account: Make) -> None:
    with at("2026-02-10 12:00"):
        account = postpay_account()
        for outcome in ("success", "success", "conversation"):
            call(account, outcome)
    with at("2026-03-04 00:00"):
        period = close_running(account)
    assert (period.status, amounts(period), period.due) == ("open", (D("2.40"), 0, D("2.40"), 0), D("2.40"))
    document = Document.objects.get()
    assert (document.label, document.total.amount, document.period_id) == ("INV-2026-0001", D("2.40"), period.pk)
    assert lines_of(document) == [
        ("Real conversation · Standard", "1", "0.6", "0.60"),
        ("Success · Standard", "2", "0.9", "1.80"),
    ]
    assert [line["unit"] for line in document.content["lines"]] == ["call", "calls"]
    assert (str(document.supplied_from), str(document.supplied_until)) == ("2026-02-10", "2026-02-28")
    assert (str(period.due_on), str(period.blocks_on)) == ("2026-04-02", "2026-04-06")  # of March 3 in Wyoming
    assert document.content["due"] == "2.40"
    assert (str(running(account).starts_on), str(running(account).ends_on)) == ("2026-03-01", "2026-03-31")
    assert verify() == []


def test_a_period_waits_for_late_usage_and_then_stays_closed(postpay_account: Make) -> None:
    with at("2026-02-10 12:00"):
        account = postpay_account()
        call(account)
    first = running(account)
    with at("2026-03-03 23:59"), pytest.raises(ValidationError):
        closing.close(period_id=first.pk)
    with at("2026-03-04 00:00"):
        assert closing.close_due() == 1
        assert closing.close_due() == 0
        assert closing.close(period_id=first.pk).status == PeriodStatus.OPEN
    assert Document.objects.count() == 1
    assert BillingPeriod.objects.count() == 2


def test_nothing_to_pay_is_closed_as_paid_without_an_invoice(postpay_account: Make) -> None:
    with at("2026-02-10 12:00"):
        account = postpay_account()
    with at("2026-03-04 00:00"):
        period = close_running(account)
    assert (period.status, amounts(period)) == (PeriodStatus.PAID, (0, 0, 0, 0))
    assert period.paid_at is not None
    assert not Document.objects.exists()
    assert NumberSeries.objects.count() == 0


def test_late_usage_belongs_to_its_month_until_the_closing_and_to_the_next_with_its_day_after(
    postpay_account: Make,
) -> None:
    with at("2026-02-10 12:00"):
        account = postpay_account(timezone="America/Los_Angeles")
        call(account)
    with at("2026-03-02 00:00"):
        call(account, occurred_at="2026-03-01 07:59")  # February there
        call(account, "conversation", occurred_at="2026-03-01 08:00")  # March
    with at("2026-03-04 08:00"):
        february = close_running(account)
    with at("2026-03-05 12:00"):
        call(account, "spam", occurred_at="2026-02-27 05:00")  # too late
    with at("2026-04-04 08:00"):
        march = close_running(account)
    assert (february.net.amount, march.net.amount) == (D("1.80"), D("0.70"))
    invoice = Document.objects.get(period=march)
    days = {line["description"]: line["happened_on"] for line in invoice.content["lines"]}
    assert days == {"Real conversation · Standard": None, "Spam or silent · Standard": "2026-02-26"}
    assert verify() == []


def test_promo_and_allotment_are_taken_off_and_money_that_came_before_is_not_asked_again(
    postpay_account: Make,
) -> None:
    taxed("10")
    with at("2026-02-10 12:00"):
        account = postpay_account()
        give(account, GrantKind.PROMO, "0.50", "gift")
        give(account, GrantKind.ALLOTMENT, "0.25", "included")
        call(account)
        call(account)
        give(account, GrantKind.PAID, "0.30", "money")  # pays part of the 1.05 that is owed
    with at("2026-03-04 00:00"):
        period = close_running(account)
    assert amounts(period) == (D("0.75"), D("0.08"), D("0.83"), 0)
    assert lines_of(Document.objects.get()) == [
        ("Success · Standard", "2", "0.9", "1.80"),
        ("Covered by promo credit", "-1", None, "-0.50"),
        ("Covered by the monthly allotment", "-1", None, "-0.25"),
        ("Paid from the balance", "-1", None, "-0.30"),
    ]
    account.wallet.refresh_from_db()
    assert account.wallet.debt.amount == D("0.83")
    assert verify() == []


def test_tax_is_owed_in_the_ledger_with_the_invoice(postpay_account: Make) -> None:
    taxed("8.875")
    with at("2026-02-10 12:00"):
        account = postpay_account()
        call(account)
    with at("2026-03-04 00:00"):
        period = close_running(account)
    assert amounts(period) == (D("0.90"), D("0.08"), D("0.98"), 0)
    posted = Transaction.objects.get(kind=TransactionKind.TAX)
    assert (posted.amount.amount, posted.key) == (D("-0.08"), f"tax:{period.pk}")
    (tax,) = Document.objects.get().content["taxes"]
    assert tax == {"name": "Sales tax", "percent": "8.8750", "base": "0.90", "amount": "0.08"}
    account.wallet.refresh_from_db()
    assert account.wallet.debt.amount == D("0.98")
    assert verify() == []


def test_where_tax_is_due_on_the_invoice_all_usage_is_taxed_and_the_balance_is_a_payment(postpay_account: Make) -> None:
    taxed("10", at_top_up=False)
    with at("2026-02-10 12:00"):
        account = postpay_account()
        give(account, GrantKind.PAID, "1.00", "money")
        call(account)
        call(account)
    with at("2026-03-04 00:00"):
        period = close_running(account)
    assert amounts(period) == (D("1.80"), D("0.18"), D("1.98"), D("1.00"))
    invoice = Document.objects.get()
    assert (invoice.content["due"], invoice.content["settlements"][0]["amount"]) == ("0.98", "1.00")
    account.wallet.refresh_from_db()
    assert account.wallet.debt.amount == D("0.98")
    assert verify() == []


def test_a_balance_that_covers_everything_gives_a_paid_invoice(postpay_account: Make) -> None:
    taxed("10", at_top_up=False)
    with at("2026-02-10 12:00"):
        account = postpay_account()
        give(account, GrantKind.PAID, "5.00", "money")
        call(account)
    with at("2026-03-04 00:00"):
        period = close_running(account)
    assert (period.status, amounts(period)) == (PeriodStatus.PAID, (D("0.90"), D("0.09"), D("0.99"), D("0.99")))
    account.wallet.refresh_from_db()
    assert (account.wallet.paid.amount, account.wallet.debt.amount) == (D("4.01"), 0)
    assert verify() == []


def test_what_is_left_below_a_cent_is_on_the_next_invoice(postpay_account: Make) -> None:
    tokens: dict[str, Any] = {
        "project": "main",
        "llm_input_tokens": 13000,
        "llm_output_tokens": 0,
    }
    nets = []
    with at("2026-02-10 12:00"):
        account = postpay_account()
    for month in ("02", "03"):
        with at(f"2026-{month}-20 12:00"):
            charge("aitelier", event(account, event_type="chat.message", **tokens))  # 13,000 at $0.50 a million: 0.0065
        with at(f"2026-{month}-20 14:00"):
            charge_due_hours()
        with at(f"2026-0{int(month) + 1}-04 00:00"):
            nets.append(close_running(account).net.amount)
    assert nets == [D("0"), D("0.01")]
    account.wallet.refresh_from_db()
    assert account.wallet.debt.amount == D("0.013")
    assert verify() == []


def test_what_was_owed_before_postpay_is_asked_for_by_the_first_invoice(products: Any) -> None:
    with at("2026-02-09 12:00"):
        account = open_test_account(products["aitelier"], paid="0.50")
        call(account)
    with at("2026-02-10 12:00"):
        switched(account)
        call(account, "conversation")
    with at("2026-03-04 00:00"):
        period = close_running(account)
    assert (period.net.amount, period.usage.amount) == (D("1.00"), D("0.60"))
    assert lines_of(Document.objects.get()) == [
        ("Real conversation · Standard", "1", "0.6", "0.60"),
        ("Owed from before", "1", None, "0.40"),
    ]


def test_a_reversal_cancels_its_charge_or_is_taken_off_the_next_invoice(postpay_account: Make) -> None:
    taxed("10")
    with at("2026-02-10 12:00"):
        account = postpay_account()
        key = key_of("aitelier")
        for name in ("kept", "cancelled", "later"):
            call(account, event_id=name)
        void_event(key=key, source="pbx", event_id="cancelled", reason="Wrong number")
    with at("2026-03-04 00:00"):
        february = close_running(account)
    with at("2026-03-10 12:00"):
        void_event(key=key, source="pbx", event_id="later", reason="Wrong number")
        for _ in range(3):
            call(account)
    with at("2026-04-04 00:00"):
        march = close_running(account)
    assert (amounts(february), amounts(march)) == (
        (D("1.80"), D("0.18"), D("1.98"), 0),
        (D("1.80"), D("0.18"), D("1.98"), 0),
    )
    assert lines_of(Document.objects.get(period=march)) == [
        ("Success · Standard", "3", "0.9", "2.70"),
        ("Reversed since the last invoice", "-1", None, "-0.90"),
    ]
    account.wallet.refresh_from_db()
    assert account.wallet.debt.amount == D("3.96")
    assert verify() == []


def test_a_dry_run_writes_nothing_and_says_what_the_closing_then_does(postpay_account: Make) -> None:
    taxed("10")
    with at("2026-02-10 12:00"):
        account = postpay_account()
        call(account)
    with at("2026-03-04 00:00"):
        before = (Transaction.objects.count(), Document.objects.count(), NumberSeries.objects.count())
        found = closing.preview(period_id=running(account).pk)
        assert (Transaction.objects.count(), Document.objects.count(), NumberSeries.objects.count()) == before
        period = close_running(account)
    assert (found.net, found.tax, found.total, found.settled) == amounts(period)
    assert [line.description for line in found.lines] == ["Success · Standard"]


def test_a_product_without_an_issuer_keeps_its_periods_open(postpay_account: Make) -> None:
    with at("2026-02-10 12:00"):
        account = postpay_account()
        call(account)
    ProductTerms.objects.update(issuer=None)
    with at("2026-03-04 00:00"), pytest.raises(ValidationError, match="no issuer"):
        closing.close_due()
    assert running(account).closed_at is None
