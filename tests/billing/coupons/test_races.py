"""Coupons under contention, on real threads: a limit is a limit, an account is one, guesses stand in line."""

from __future__ import annotations

from functools import partial

import pytest

from billing.models import Coupon, CouponAttempt, CouponRedemption, Wallet
from billing.services.coupons import CouponRefusedError, preview, redeem
from billing.verification.run import verify
from tests.billing.coupons.offers import make_coupon
from tests.billing.threads import at_once
from tests.billing.wallets import make_product, make_wallet
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNTS = 200


def outcomes(answers: list[CouponRedemption | Exception]) -> dict[str, int]:
    """How many were redeemed and how many refused for which reason; anything else is raised."""
    found: dict[str, int] = {}
    for answer in answers:
        if isinstance(answer, Exception) and not isinstance(answer, CouponRefusedError):
            raise answer
        name = answer.reason if isinstance(answer, CouponRefusedError) else "redeemed"
        found[name] = found.get(name, 0) + 1
    return found


def test_200_accounts_at_once_redeem_a_single_use_code_exactly_once() -> None:
    product = make_product()
    coupon = make_coupon(product)
    users = [make_user().pk for _ in range(ACCOUNTS)]
    wallets = [make_wallet(product) for _ in range(ACCOUNTS)]
    calls = [
        partial(redeem, wallet_id=wallet.pk, code=coupon.code, user_id=user)
        for wallet, user in zip(wallets, users, strict=True)
    ]
    answers: list[CouponRedemption | Exception] = at_once(calls)
    assert outcomes(answers) == {"redeemed": 1, "used_up": ACCOUNTS - 1}
    coupon.refresh_from_db()
    assert (coupon.redeemed, CouponRedemption.objects.count(), Wallet.objects.filter(promo=5).count()) == (1, 1, 1)
    assert verify() == []


def test_one_account_200_times_at_once_redeems_once() -> None:
    product = make_product()
    coupon = make_coupon(product, limit=500)
    wallet, user = make_wallet(product), make_user()
    calls = [partial(redeem, wallet_id=wallet.pk, code=coupon.code, user_id=user.pk)] * ACCOUNTS
    answers: list[CouponRedemption | Exception] = at_once(calls)
    assert outcomes(answers) == {"redeemed": ACCOUNTS}
    assert len({answer.pk for answer in answers if isinstance(answer, CouponRedemption)}) == 1
    coupon.refresh_from_db()
    assert (coupon.redeemed, CouponRedemption.objects.count()) == (1, 1)


def test_parallel_guesses_do_not_pass_the_gate() -> None:
    product = make_product()
    wallet, user = make_wallet(product), make_user()
    calls = [partial(preview, wallet_id=wallet.pk, code=f"GUESS{n}", user_id=user.pk) for n in range(40)]
    reasons = [answer.reason for answer in at_once(calls) if isinstance(answer, CouponRefusedError)]
    assert (reasons.count("unknown_code"), reasons.count("closed")) == (10, 30)
    assert CouponAttempt.objects.count() == 10


def test_a_person_in_many_accounts_at_once_does_not_pass_the_gate() -> None:
    product = make_product()
    user = make_user()
    wallets = [make_wallet(product) for _ in range(40)]
    calls = [partial(preview, wallet_id=wallet.pk, code="GUESS", user_id=user.pk) for wallet in wallets]
    reasons = [answer.reason for answer in at_once(calls) if isinstance(answer, CouponRefusedError)]
    assert (reasons.count("unknown_code"), reasons.count("closed")) == (20, 20)


def test_the_database_holds_the_limit_by_itself() -> None:
    from django.db import IntegrityError

    coupon = make_coupon(make_product(), limit=3)
    with pytest.raises(IntegrityError, match="coupon_limit"):
        Coupon.objects.filter(pk=coupon.pk).update(redeemed=4)
