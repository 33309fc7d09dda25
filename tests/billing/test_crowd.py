"""Everybody at once on two wallets: customers, sweeps, webhooks, staff. Nobody waits for ever, nothing counts twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.utils import timezone

from billing.models import CouponBatch, CouponRedemption, PaymentDifference, ProviderEvent, Refund, TopUp
from billing.providers.stripe import client
from billing.services import auto_top_up, cards, coupon_codes, coupons, inbox, reconciliation, refunds, top_ups
from tests.billing.auto.rules import set_rule, with_card
from tests.billing.journal import money_kept
from tests.billing.refunds.paid import broken_rules, pay_by_card, spend
from tests.billing.threads import at_once
from tests.billing.topups.paying import open_page, press_pay
from tests.factories import make_user

if TYPE_CHECKING:
    from organizations.models import Account
    from tests.billing.conftest import StripeWorld

CODE = "ONE-FOR-ALL"


def prepared(stripe: StripeWorld, account: Account) -> list[Callable[[], Any]]:
    """An account to which everything is about to happen, and what of it happens in one wallet."""
    wallet_id, user_id = account.wallet.pk, make_user().pk
    first, second = pay_by_card(stripe, account, "50"), pay_by_card(stripe, account, "30")
    with_card(stripe, account)
    set_rule(account, threshold="100", amount="50")
    top_up = open_page(account, "60")
    press_pay(top_up)
    going = refunds.refund_payment(payment_id=first.pk, amount=Decimal(20), reason="Closing", user_id=None)
    made = {"payment_intent": second.reference, "amount": 1000}
    client.client().v1.refunds.create(made, {"idempotency_key": uuid4().hex})  # type: ignore[arg-type]
    stripe.site.open_dispute(second.charge_reference, amount=1500)
    return [
        partial(auto_top_up.attempt, wallet_id=wallet_id),
        partial(coupons.redeem, wallet_id=wallet_id, code=CODE, user_id=user_id),
        partial(top_ups.check, top_up_id=top_up.pk),
        partial(top_ups.give_up, top_up_id=top_up.pk),
        partial(cards.refresh, wallet_id=wallet_id),
        partial(refunds.submit, refund_id=going.pk),
        partial(spend, account, "7"),
    ]


@pytest.mark.django_db(transaction=True)
def test_everything_at_once_ends_as_one_after_the_other_would(
    stripe: StripeWorld, make_account: Callable[..., Account]
) -> None:
    accounts = [make_account("aitelier", external_id=name, email=f"{name}@acme.example") for name in ("east", "west")]
    batch = CouponBatch.objects.create(
        product=accounts[0].product, currency="USD", name="One", amount=5, valid_from=timezone.now() - timedelta(days=1)
    )
    coupon_codes.add_code(batch_id=batch.pk, code=CODE, limit=1)
    calls = [call for account in accounts for call in prepared(stripe, account)]
    stripe.deliver()
    TopUp.objects.filter(next_check_at__isnull=False).update(next_check_at=timezone.now() - timedelta(hours=1))
    events = ProviderEvent.objects.values_list("pk", flat=True)[:3]
    calls += [partial(inbox.replay, event_id=event) for event in events]
    sweeps: list[Callable[[], Any]] = [inbox.handle_due, top_ups.check_due, refunds.check_due, auto_top_up.attempt_due]
    answers = at_once([*calls, *sweeps, *sweeps])

    failed = [answer for answer in answers if isinstance(answer, Exception)]
    assert [type(each) for each in failed] == [coupons.CouponRefusedError]
    for sweep in sweeps:
        sweep()
    found = reconciliation.reconcile(since=None)
    assert (found.error, found.settled, PaymentDifference.objects.count()) == ("", 0, 0)
    assert (CouponRedemption.objects.count(), Refund.objects.filter(status="succeeded").count()) == (1, 4)
    assert not ProviderEvent.objects.exclude(last_error="").exists()
    assert broken_rules() == []
    theirs, ours = money_kept(stripe)
    assert ours == theirs
