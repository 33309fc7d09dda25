"""Subscriptions as Stripe sells them: paid on its page, renewed, not paid, cancelled; webhooks in any order or none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D
from typing import TYPE_CHECKING

import httpx
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.models import Card, Payment, Plan, Subscription, Wallet
from billing.services import cards, inbox, subscriptions
from organizations.models import Account
from tests.factories import make_user

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld

pytestmark = pytest.mark.django_db
VISA, DECLINED = "4242 4242 4242 4242", "4000 0000 0000 0002"


@pytest.fixture
def account(stripe: StripeWorld, make_account: Callable[..., Account]) -> Account:
    return make_account("atllasx", name="Maple Clinic", email="owner@maple.example")


def begin(account: Account, name: str = "Practice") -> Subscription:
    """A member subscribes to 300 credits a month for 99.00."""
    plan = Plan.objects.get(product=account.product, name=name)
    return subscriptions.start(wallet_id=account.wallet.pk, plan_id=plan.pk, user_id=make_user().pk)


def press_pay(row: Subscription, number: str = VISA) -> int:
    """Pay on Stripe's page: 303 when it is done, 402 when the card was refused."""
    typed = {"number": number, "expiry": "12/34", "cvc": "123", "name": "Ada Payer", "act": "pay"}
    return httpx.post(row.redirect_url, data=typed, follow_redirects=False).status_code


def hear(stripe: StripeWorld, *, times: int = 1) -> None:
    """All webhooks that were not delivered yet arrive, and workers handle them."""
    stripe.deliver(times=times)
    inbox.handle_due()


def now_as(row: Subscription) -> tuple[str, D, D]:
    """Status, allotment left, and what the next month gives."""
    row.refresh_from_db()
    wallet = Wallet.objects.get(pk=row.wallet_id)
    return row.status, wallet.allotment.amount, wallet.monthly_allotment.amount


@pytest.fixture
def active(stripe: StripeWorld, account: Account) -> Subscription:
    row = begin(account)
    assert press_pay(row) == 303
    hear(stripe)
    assert now_as(row) == ("active", D(300), D(300))
    return row


def test_a_paid_page_begins_the_first_month_once(stripe: StripeWorld, account: Account) -> None:
    row = begin(account)
    assert row.redirect_url.startswith(stripe.url)
    assert now_as(row) == ("created", D(100), D(100))
    assert press_pay(row) == 303
    for _ in range(3):
        hear(stripe, times=2)
    assert now_as(row) == ("active", D(300), D(300))
    payment = Payment.objects.get()
    assert (payment.total.amount, payment.charge_currency, payment.card) == (D(99), "USD", "Visa ending 4242")


def test_a_lost_webhook_is_found_by_the_sweep(stripe: StripeWorld, account: Account) -> None:
    row = begin(account)
    press_pay(row)
    Subscription.objects.update(next_check_at=timezone.now() - timedelta(seconds=1))
    assert subscriptions.check_due() == 1
    assert now_as(row) == ("active", D(300), D(300))
    assert subscriptions.check_due() == 0


def test_a_declined_card_begins_nothing_and_another_may_be_tried(stripe: StripeWorld, account: Account) -> None:
    row = begin(account)
    assert press_pay(row, DECLINED) == 402
    hear(stripe)
    assert (now_as(row), Payment.objects.count()) == (("created", D(100), D(100)), 0)
    assert press_pay(row) == 303
    hear(stripe)
    assert now_as(row) == ("active", D(300), D(300))


def test_pressing_subscribe_twice_opens_one_page(account: Account) -> None:
    first, again = begin(account), begin(account)
    assert (first.pk, first.redirect_url) == (again.pk, again.redirect_url)


def test_a_page_that_closed_ends_it(stripe: StripeWorld, account: Account) -> None:
    row = begin(account)
    stripe.site.expire_session(row.checkout_reference)
    subscriptions.check(subscription_id=row.pk)
    assert now_as(row) == ("ended", D(100), D(100))
    assert begin(account).pk != row.pk


def test_an_answer_that_was_cut_opens_the_same_page(stripe: StripeWorld, account: Account) -> None:
    stripe.site.fail_next("/v1/checkout/sessions", "cut", method="POST", times=9)
    row = begin(account)
    assert (row.status, row.redirect_url) == ("created", "")
    stripe.site.clear_faults()
    row = subscriptions.check(subscription_id=row.pk)
    assert row.redirect_url
    assert len(stripe.site.objects("checkout.session")) == 1


def test_a_renewal_is_paid_once_and_gives_one_allotment(stripe: StripeWorld, active: Subscription) -> None:
    stripe.site.advance_subscription(active.provider_reference)
    for _ in range(2):
        hear(stripe, times=2)
    assert (now_as(active), Payment.objects.count()) == (("active", D(300), D(300)), 2)


def test_a_renewal_that_fails_takes_the_allotment_until_it_is_paid(stripe: StripeWorld, active: Subscription) -> None:
    method = stripe.site.object(active.provider_reference)["default_payment_method"]
    stripe.site.set_card_behaviour(method, decline="generic_decline")
    stripe.site.advance_subscription(active.provider_reference)
    hear(stripe)
    assert (now_as(active), Payment.objects.count()) == (("past_due", D(0), D(0)), 1)
    stripe.site.set_card_behaviour(method, decline="")
    invoice = stripe.site.object(active.provider_reference)["latest_invoice"]
    paid = httpx.post(
        f"{stripe.url}/v1/invoices/{invoice}/pay", headers={"Authorization": "Bearer sk_test_" + "standin0" * 4}
    )
    assert paid.status_code == 200, paid.text
    hear(stripe)
    assert (now_as(active), Payment.objects.count()) == (("active", D(300), D(300)), 2)


def test_it_is_cancelled_with_its_month_and_taken_back(stripe: StripeWorld, active: Subscription) -> None:
    subscriptions.end(subscription_id=active.pk)
    assert now_as(active) == ("active", D(300), D(0))
    assert active.ends_at_period_end
    subscriptions.resume(subscription_id=active.pk)
    assert now_as(active) == ("active", D(300), D(300))
    subscriptions.end(subscription_id=active.pk)
    stripe.site.advance_subscription(active.provider_reference)
    hear(stripe)
    assert now_as(active)[::2] == ("ended", D(0))


def test_another_plan_waits_for_the_old_one_to_end(stripe: StripeWorld, active: Subscription, account: Account) -> None:
    with pytest.raises(ValidationError, match="Practice is running"):
        begin(account, "Starter")
    subscriptions.end(subscription_id=active.pk, at_period_end=False)
    assert begin(account, "Starter").status == "created"


def test_the_second_of_two_pages_paid_at_once_is_ended_at_stripe_too(stripe: StripeWorld, account: Account) -> None:
    first, second = begin(account, "Starter"), begin(account)
    press_pay(first)
    press_pay(second)
    hear(stripe)
    hear(stripe)
    rows = {row.status: row for row in Subscription.objects.all()}
    assert set(rows) == {"active", "ended"}
    assert stripe.site.object(rows["active"].provider_reference)["status"] == "active"
    assert stripe.site.object(rows["ended"].provider_reference)["status"] == "canceled"


def test_a_provider_that_does_not_answer_changes_nothing(stripe: StripeWorld, active: Subscription) -> None:
    stripe.site.fail_next("/v1/subscriptions/*", "lost", method="POST", times=9)
    with pytest.raises(ValidationError, match="Nothing was changed"):
        subscriptions.end(subscription_id=active.pk)
    stripe.site.clear_faults()
    assert now_as(active) == ("active", D(300), D(300))


def test_what_is_not_for_sale_is_refused(
    stripe: StripeWorld, account: Account, make_account: Callable[..., Account]
) -> None:
    other = make_account("letustalk")
    foreign = Plan.objects.get(product=account.product, name="Starter")
    for wallet, plan in ((other.wallet, foreign.pk), (account.wallet, 10**9)):
        with pytest.raises(ValidationError, match="not on sale"):
            subscriptions.start(wallet_id=wallet.pk, plan_id=plan, user_id=make_user().pk)
    Account.objects.filter(pk=account.pk).update(status="suspended")
    with pytest.raises(ValidationError, match="suspended"):
        begin(account)


def test_another_default_card_pays_for_the_next_month(
    stripe: StripeWorld, active: Subscription, account: Account
) -> None:
    method = stripe.save_card(account)
    hear(stripe)
    cards.make_default(wallet_id=account.wallet.pk, card_id=Card.objects.get(reference=method).pk)
    assert stripe.site.object(active.provider_reference)["default_payment_method"] == method


def test_a_card_that_comes_after_the_only_one_has_gone_pays_for_the_next_month(
    stripe: StripeWorld, active: Subscription, account: Account
) -> None:
    cards.remove(wallet_id=account.wallet.pk, card_id=Card.objects.get(removed_at__isnull=True).pk)
    method = stripe.save_card(account)
    hear(stripe)
    assert Card.objects.get(is_default=True).reference == method
    assert stripe.site.object(active.provider_reference)["default_payment_method"] == method


def test_one_that_cannot_be_asked_about_keeps_no_other_waiting(
    stripe: StripeWorld, account: Account, make_account: Callable[..., Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = begin(account), begin(make_account("atllasx", name="Other", email="owner@other.example"))
    press_pay(other)
    now, ask = timezone.now(), subscriptions.check
    Subscription.objects.update(next_check_at=now)
    Subscription.objects.filter(pk=broken.pk).update(next_check_at=now - timedelta(minutes=1))

    def check(*, subscription_id: int) -> Subscription:
        if subscription_id == broken.pk:
            raise KeyError("status")
        return ask(subscription_id=subscription_id)

    monkeypatch.setattr(subscriptions, "check", check)
    assert subscriptions.check_due() == 2
    assert now_as(other) == ("active", D(300), D(300))
