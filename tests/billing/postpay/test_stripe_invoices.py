"""A period's invoice at Stripe: made once, paid on its page, closed there when it was paid elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from django.utils import timezone

from billing.models import BillingPeriod, Payment, PaymentDifference, Transaction
from billing.services import inbox
from billing.services.postpay import closing, ending, minding, paying
from billing.verification.run import verify
from organizations.models import Account
from tests.billing.postpay.accounts import call, running, switched
from tests.factories import open_test_account

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]


@pytest.fixture
def invoiced(products: dict[str, Any], stripe: Any) -> BillingPeriod:
    """A closed period of 0.90, to be paid through Stripe."""
    account = open_test_account(products["aitelier"], email="bills@acme.example")
    switched(account, collects_by="stripe")
    call(account)
    return closing.close(period_id=running(account).pk, is_early=True)


def at_stripe(stripe: Any) -> list[dict[str, Any]]:
    """The invoices that Stripe has."""
    found: list[dict[str, Any]] = stripe.site.world.store.find("invoice", livemode=False)
    return found


def hear(stripe: Any) -> None:
    """Deliver Stripe's webhooks and work them off."""
    assert set(stripe.deliver()) <= {200}
    inbox.handle_due()


def test_an_invoice_is_drafted_finalized_and_sent_once(invoiced: BillingPeriod, stripe: Any) -> None:
    for _ in range(2):
        period = minding.check(period_id=invoiced.pk)
    (made,) = at_stripe(stripe)
    assert (made["status"], made["collection_method"], made["auto_advance"]) == ("open", "send_invoice", False)
    assert (made["amount_due"], made["currency"], made["metadata"]["period"]) == (90, "usd", str(period.reference))
    assert (period.provider_reference, period.pay_url) == (made["id"], made["hosted_invoice_url"])
    assert [each["type"] for each in stripe.site.events()].count("invoice.sent") == 1


def test_paid_on_its_page_it_is_paid_here(invoiced: BillingPeriod, stripe: Any) -> None:
    period = minding.check(period_id=invoiced.pk)
    assert stripe.pay(period.pay_url).status_code in (302, 303)
    hear(stripe)
    hear(stripe)
    period.refresh_from_db()
    assert (period.status, period.settled.amount) == ("paid", D("0.90"))
    payment = Payment.objects.get()
    assert (payment.provider, payment.amount.amount, payment.period_id) == ("stripe", D("0.90"), period.pk)
    assert Transaction.objects.filter(kind="payment").count() == 1
    assert not PaymentDifference.objects.exists()
    assert verify() == []


def test_a_lost_webhook_is_made_good_by_the_daily_look(invoiced: BillingPeriod, stripe: Any) -> None:
    period = minding.check(period_id=invoiced.pk)
    stripe.pay(period.pay_url)
    assert minding.check(period_id=period.pk).status == "paid"
    hear(stripe)
    assert Payment.objects.count() == 1


def test_paid_by_other_means_its_page_is_closed(invoiced: BillingPeriod, stripe: Any) -> None:
    period = minding.check(period_id=invoiced.pk)
    paying.record_transfer(
        period_id=period.pk, amount=D("0.90"), received_on=timezone.now().date(), bank_reference="wire", user_id=None
    )
    assert minding.check_due() == 1
    (made,) = at_stripe(stripe)
    assert (made["status"], made["amount_paid"]) == ("paid", 90)
    hear(stripe)
    assert Payment.objects.count() == 1
    assert verify() == []


def test_a_voided_invoice_is_void_there_too(invoiced: BillingPeriod, stripe: Any) -> None:
    period = minding.check(period_id=invoiced.pk)
    ending.void(period_id=period.pk, reason="Wrong buyer", actor_id=None)
    minding.check_due()
    assert [each["status"] for each in at_stripe(stripe)] == ["void"]


@pytest.mark.parametrize("mode", ["cut", "lost", "500-after", "429"])
@pytest.mark.parametrize("path", ["/v1/invoices", "/v1/invoiceitems", "/v1/invoices/*/finalize", "/v1/invoices/*/send"])
def test_without_an_answer_the_invoice_is_sent_again_and_made_once(
    invoiced: BillingPeriod, stripe: Any, path: str, mode: str
) -> None:
    stripe.site.fail_next(path, mode, method="POST")
    period = minding.check(period_id=invoiced.pk)
    assert (period.pay_url, period.note) == ("", "The provider gave no answer.")
    BillingPeriod.objects.filter(pk=period.pk).update(next_check_at=timezone.now() - timedelta(seconds=1))
    assert minding.check_due() == 1
    period.refresh_from_db()
    assert period.pay_url
    assert [(each["status"], each["amount_due"]) for each in at_stripe(stripe)] == [("open", 90)]


def test_paid_on_its_page_an_invoice_is_paid_before_an_older_one(invoiced: BillingPeriod, stripe: Any) -> None:
    account = Account.objects.get()
    call(account)
    newer = closing.close(period_id=running(account).pk, is_early=True)
    for period in (invoiced, newer):
        minding.check(period_id=period.pk)
    newer.refresh_from_db()
    stripe.pay(newer.pay_url)
    hear(stripe)
    newer.refresh_from_db()
    invoiced.refresh_from_db()
    assert (newer.status, invoiced.status, invoiced.settled.amount) == ("paid", "open", 0)
    assert verify() == []


@pytest.mark.parametrize("end", ["paid", "void"])
def test_its_page_is_closed_also_where_it_ended_while_stripe_was_asked(
    invoiced: BillingPeriod, stripe: Any, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    look = minding.bring_up_to_date

    def end_meanwhile(period: BillingPeriod) -> bool:
        monkeypatch.undo()
        answered = look(period)
        if end == "void":
            ending.void(period_id=period.pk, reason="Wrong buyer", actor_id=None)
        else:
            today = timezone.now().date()
            paying.record_transfer(
                period_id=period.pk, amount=D("0.90"), received_on=today, bank_reference="wire", user_id=None
            )
        return answered

    monkeypatch.setattr(minding, "bring_up_to_date", end_meanwhile)
    minding.check(period_id=invoiced.pk)
    minding.check_due()
    assert [each["status"] for each in at_stripe(stripe)] == [end]
    invoiced.refresh_from_db()
    assert invoiced.next_check_at is None
