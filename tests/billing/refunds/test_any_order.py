"""Whatever happens to paid money, in whatever order: the ledger is right after every step, Stripe's books in the end.

Payments, calls, refunds by staff and by request, refunds in Stripe's own dashboard, disputes won and lost, lost answers
and webhooks out of order, as a seed says.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import stripe as stripe_library
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.models import GrantKind, Payment, PaymentDifference, ProviderEvent, Refund, TopUp
from billing.providers.stripe import client
from billing.selectors.refunds import refundable
from billing.services import inbox, reconciliation, refunds, top_ups
from billing.services.wallets import set_frozen
from tests.billing.journal import money_kept
from tests.billing.refunds.paid import broken_rules, send, spend
from tests.billing.topups.paying import open_page, press_pay
from tests.billing.wallets import give

if TYPE_CHECKING:
    from organizations.models import Account
    from tests.billing.conftest import StripeWorld

pytestmark = pytest.mark.django_db
STEPS = 30


class Life:
    """What customers, staff, banks and networks do to one wallet."""

    def __init__(self, stripe: StripeWorld, account: Account, seed: int) -> None:
        self.stripe, self.account = stripe, account
        self.chance = random.Random(seed)

    def step(self) -> str:
        """Do one thing; its name."""
        happenings: list[Callable[[], object]] = [
            self.pay,
            self.pay,
            self.use,
            self.win_a_bonus,
            self.refund_a_payment,
            self.refund_a_payment,
            self.ask_for_a_refund,
            self.decide,
            self.send_refunds,
            self.send_refunds,
            self.send_a_refund_back,
            self.refund_at_stripe,
            self.dispute,
            self.decide_a_dispute,
            self.unfreeze,
            self.hear_some_webhooks,
            self.hear_some_webhooks,
            self.come_to_rest,
        ]
        chosen = self.chance.choice(happenings)
        chosen()
        return chosen.__name__

    def amount(self, least: int, most: int) -> Decimal:
        """Credits are whole, dollars are not."""
        if self.account.product.currency == "CREDIT":
            return Decimal(self.chance.randint(least, most))
        return Decimal(self.chance.randint(least * 100, most * 100)) / 100

    def payment(self) -> Payment:
        return self.chance.choice(list(Payment.objects.all()))

    def pay(self) -> None:
        top_up = open_page(self.account, str(self.amount(50, 120)))
        press_pay(top_up)
        if self.chance.random() < 0.5:
            top_ups.check(top_up_id=top_up.pk)

    def use(self) -> None:
        spend(self.account, str(self.amount(1, 90)))

    def win_a_bonus(self) -> None:
        give(self.account.wallet, GrantKind.PROMO, str(self.amount(1, 9)))

    def refund_a_payment(self) -> None:
        payment = self.payment()
        assert payment.grant is not None
        left = payment.grant.remaining.amount
        with suppress(ValidationError):
            refunds.refund_payment(
                payment_id=payment.pk, amount=self.chance.choice([left, self.amount(1, 40)]), reason="x", user_id=None
            )

    def ask_for_a_refund(self) -> None:
        most = refundable(wallet_id=self.account.wallet.pk, at=timezone.now()).total
        amount = min(most, self.chance.choice([most, self.amount(1, 60)]))
        with suppress(ValidationError):
            refunds.request(wallet_id=self.account.wallet.pk, amount=amount, reason="Leaving", user_id=None)

    def decide(self) -> None:
        for refund in Refund.objects.filter(status="requested"):
            less = min(refund.amount.amount, self.amount(1, 10))
            with suppress(ValidationError):
                if self.chance.random() < 0.7:
                    amount = self.chance.choice([None, less])
                    refunds.approve(refund_id=refund.pk, user_id=None, decision="Yes", amount=amount)
                else:
                    refunds.decline(refund_id=refund.pk, user_id=None, decision="No")

    def send_refunds(self) -> None:
        if self.chance.random() < 0.6:
            mode = self.chance.choice(["cut", "lost", "429"])
            self.stripe.site.fail_next("/v1/refunds", mode, method="POST", times=self.chance.randint(1, 2))
        for refund in Refund.objects.filter(status__in=["approved", "submitted"]):
            send(refund)
        self.stripe.site.clear_faults()

    def send_a_refund_back(self) -> None:
        sent = [each["id"] for each in self.stripe.site.objects("refund") if each["status"] == "succeeded"]
        if sent:
            self.stripe.site.fail_refund(self.chance.choice(sent))

    def refund_at_stripe(self) -> None:
        payment = self.payment()
        cents = self.chance.randint(1, int(payment.charge_amount.amount * 100))
        with suppress(stripe_library.InvalidRequestError):  # more than is left of the charge
            client.client().v1.refunds.create(
                {"payment_intent": payment.reference, "amount": cents}, {"idempotency_key": uuid4().hex}
            )

    def dispute(self) -> None:
        payment = self.payment()
        cents = self.chance.choice([None, self.chance.randint(1, int(payment.charge_amount.amount * 100))])
        status = self.chance.choice(["needs_response", "warning_needs_response"])
        with suppress(ValueError):
            self.stripe.site.open_dispute(payment.charge_reference, amount=cents, status=status)

    def decide_a_dispute(self) -> None:
        undecided = ("needs_response", "warning_needs_response")
        for each in self.stripe.site.objects("dispute"):
            if each["status"] in undecided and self.chance.random() < 0.5:
                self.stripe.site.close_dispute(each["id"], won=self.chance.random() < 0.5)

    def unfreeze(self) -> None:
        set_frozen(wallet_id=self.account.wallet.pk, is_frozen=False)

    def hear_some_webhooks(self) -> None:
        waiting = [each["id"] for each in self.stripe.site.events() if each["id"] not in self.stripe.delivered]
        self.chance.shuffle(waiting)
        for event in waiting[: self.chance.randint(1, 8)]:
            self.stripe.deliver(event, times=self.chance.choice([1, 2]))
            if self.chance.random() < 0.5:
                inbox.handle_due()

    def come_to_rest(self) -> None:
        """Two hours later every sweep has run, and the books were compared."""
        earlier = timezone.now() - timedelta(hours=2)
        for model in (Refund, TopUp):
            model.objects.filter(next_check_at__isnull=False).update(next_check_at=earlier)
        ProviderEvent.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=earlier)
        inbox.handle_due()
        top_ups.check_due()
        refunds.check_due()
        assert reconciliation.reconcile(since=None).error == ""


@pytest.mark.parametrize("product", ["aitelier", "atllasx"])
@pytest.mark.parametrize("seed", range(3))
def test_paid_money_is_right_after_every_step(
    stripe: StripeWorld, make_account: Callable[..., Account], product: str, seed: int
) -> None:
    life = Life(stripe, make_account(product, email="owner@acme.example"), seed)
    life.pay()
    life.come_to_rest()
    done = []
    for _ in range(STEPS):
        done.append(life.step())
        assert broken_rules() == [], done
    stripe.deliver()
    for _ in range(2):
        life.come_to_rest()
    assert broken_rules() == [], done
    noted = PaymentDifference.objects.filter(closed_at=None)
    assert set(noted.values_list("kind", flat=True)) <= {"unknown_refund"}, done
    # A refund at Stripe of money that was spent already is for staff to explain.
    beyond = set(noted.values_list("reference", flat=True))
    excused = {each["payment_intent"] for each in stripe.site.objects("refund") if each["id"] in beyond}
    theirs, ours = money_kept(stripe)
    assert {name: kept for name, kept in ours.items() if name not in excused} == {
        name: kept for name, kept in theirs.items() if name not in excused
    }, done
    assert not ProviderEvent.objects.filter(status__in=["pending", "failed"]).exists()
