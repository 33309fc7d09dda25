"""Refunds through Robokassa, which knows no idempotency keys: sent once, or never known to be sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.models import Refund
from billing.providers.base import UNANSWERED
from billing.services import refunds
from billing.services.refunds import sending
from billing.verification.run import verify
from organizations.models import Account
from tests.billing.robokassa import RobokassaWorld
from tests.billing.topups.paying import balance, open_page, sweep
from tests.factories import make_user

CREATE = "/RefundService/Refund/Create"


@pytest.fixture
def approved(robokassa: RobokassaWorld, account: Account) -> Refund:
    """Half of a paid top-up of 50 USD, approved and not yet sent."""
    robokassa.pay(open_page(account, provider="robokassa").redirect_url)
    sweep()
    robokassa.site.hold_refunds()
    user = make_user()
    (asked,) = refunds.request(wallet_id=account.wallet.pk, amount=Decimal(25), reason="Too much", user_id=user.pk)
    refunds.approve(refund_id=asked.pk, user_id=user.pk, decision="As asked")
    assert balance(account) == 25
    return Refund.objects.get(pk=asked.pk)


def time_passes() -> None:
    Refund.objects.filter(next_check_at__isnull=False).update(next_check_at=timezone.now())


def again(refund: Refund, times: int = 3) -> Refund:
    """What the sweep does, some times over."""
    for _ in range(times):
        time_passes()
        refunds.check_due()
    return Refund.objects.get(pk=refund.pk)


def test_it_is_sent_once_and_watched_until_the_money_is_there(robokassa: RobokassaWorld, approved: Refund) -> None:
    assert refunds.submit(refund_id=approved.pk).status == "submitted"
    assert again(approved).status == "submitted"
    (there,) = robokassa.site.refunds()
    assert Decimal(there.amount) == approved.charge_amount.amount
    robokassa.site.settle_refund(there.id)
    done = again(approved)
    assert (done.status, done.provider_reference) == ("succeeded", there.id)
    assert verify() == []


def test_one_that_the_bank_sends_back_is_in_the_balance_again_once(
    robokassa: RobokassaWorld, account: Account, approved: Refund
) -> None:
    refunds.submit(refund_id=approved.pk)
    robokassa.site.fail_refund(robokassa.site.refunds()[0].id)
    failed = again(approved)
    assert (failed.status, failed.failure_message) == ("failed", "The payer's bank did not take it.")
    assert (balance(account), len(robokassa.site.refunds()), verify()) == (Decimal(50), 1, [])


@pytest.mark.parametrize("mode", ["cut", "500-after"])
def test_one_whose_answer_was_cut_is_never_sent_again(
    robokassa: RobokassaWorld, account: Account, approved: Refund, mode: str
) -> None:
    robokassa.site.fail_next(CREATE, mode)
    refunds.submit(refund_id=approved.pk)
    waiting = again(approved)
    assert (waiting.status, waiting.provider_reference) == ("submitted", UNANSWERED)
    assert (len(robokassa.site.refunds()), balance(account)) == (1, Decimal(25))
    assert refunds.mark_sent(refund_id=approved.pk, bank_reference="seen in the cabinet").status == "succeeded"


def test_a_worker_that_dies_over_it_does_not_send_it_twice(
    robokassa: RobokassaWorld, approved: Refund, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(**facts: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(sending, "settle", die)
        refunds.submit(refund_id=approved.pk)
    assert (again(approved).provider_reference, len(robokassa.site.refunds())) == (UNANSWERED, 1)


def test_one_that_could_not_leave_is_sent_when_robokassa_is_reached(
    robokassa: RobokassaWorld, approved: Refund, settings: Any
) -> None:
    settings.ROBOKASSA_SERVICES_URL = "http://127.0.0.1:9"
    refunds.submit(refund_id=approved.pk)
    assert again(approved).status == "approved"
    settings.ROBOKASSA_SERVICES_URL = robokassa.url
    assert again(approved).status == "submitted"
    assert len(robokassa.site.refunds()) == 1


def test_a_refused_one_gives_the_money_back_at_once(
    robokassa: RobokassaWorld, account: Account, approved: Refund, settings: Any
) -> None:
    settings.ROBOKASSA_PASSWORD3 = "another"
    refused = refunds.submit(refund_id=approved.pk)
    assert (refused.status, refused.failure_message) == ("failed", "The token's signature is wrong.")
    assert (balance(account), robokassa.site.refunds()) == (Decimal(50), [])
