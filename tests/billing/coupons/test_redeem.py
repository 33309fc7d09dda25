"""A coupon is previewed, redeemed once per account, refused in plain words, and cannot be guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine

from billing.models import Coupon, CouponAttempt, CouponRedemption, Grant, Transaction, Wallet
from billing.services.coupons import CouponRefusedError, preview, redeem
from billing.verification.run import verify
from organizations.models import Account, Product, Role, User
from tests.billing.coupons.offers import make_batch, make_coupon
from tests.billing.letters import told
from tests.billing.wallets import make_product, make_wallet, parts
from tests.factories import make_member, make_user

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
def product() -> Product:
    return make_product()


@pytest.fixture
def wallet(product: Product) -> Wallet:
    return make_wallet(product, paid="3")


@pytest.fixture
def user() -> User:
    return make_user()


def refused(wallet: Wallet, code: str, user: User) -> str:
    """The reason for which both the preview and the redemption of the code are refused."""
    reasons = set()
    for step in (preview, redeem):
        with pytest.raises(CouponRefusedError) as refusal:
            step(wallet_id=wallet.pk, code=code, user_id=user.pk)
        assert str(refusal.value)
        reasons.add(refusal.value.reason)
    (reason,) = reasons
    return reason


def test_a_preview_tells_the_bonus_and_gives_nothing(product: Product, wallet: Wallet, user: User) -> None:
    with time_machine.travel(NOON, tick=False):
        make_coupon(product, amount="5.50", grant_days=30)
        offer = preview(wallet_id=wallet.pk, code="SPRING-7KQ4-XM2P", user_id=user.pk)
    assert (offer.code, offer.amount, offer.currency) == ("SPRING-7KQ4-XM2P", D("5.5"), "USD")
    assert (offer.available, offer.available_after) == (D(3), D("8.5"))
    assert offer.expires_at == NOON + timedelta(days=30)
    assert (Coupon.objects.get().redeemed, CouponRedemption.objects.count(), parts(wallet)["promo"]) == (0, 0, D(0))


def test_redeeming_adds_promo_credit_at_once(product: Product, wallet: Wallet, user: User) -> None:
    with time_machine.travel(NOON, tick=False):
        coupon = make_coupon(product, amount="5.50", grant_days=30)
        redemption = redeem(wallet_id=wallet.pk, code=coupon.code, user_id=user.pk)
    grant = Grant.objects.get(pk=redemption.grant_id)
    assert (grant.kind, grant.amount.amount, grant.source) == ("promo", D("5.5"), f"coupon:{coupon.pk}")
    assert grant.expires_at == NOON + timedelta(days=30)
    posted = Transaction.objects.get(kind="coupon")
    assert (posted.key, posted.description, posted.actor_id) == (
        f"coupon:{coupon.batch_id}",
        "Coupon SPRING-7KQ4-XM2P",
        user.pk,
    )
    assert (parts(wallet)["promo"], parts(wallet)["paid"]) == (D("5.5"), D(3))
    assert (Coupon.objects.get().redeemed, redemption.user_id) == (1, user.pk)


def test_credit_without_a_number_of_days_lasts_for_ever(product: Product, wallet: Wallet, user: User) -> None:
    make_coupon(product)
    assert preview(wallet_id=wallet.pk, code="SPRING-7KQ4-XM2P", user_id=user.pk).expires_at is None
    redeem(wallet_id=wallet.pk, code="SPRING-7KQ4-XM2P", user_id=user.pk)
    assert Grant.objects.get(kind="promo").expires_at is None


def test_a_repeated_confirmation_is_the_first_one(product: Product, wallet: Wallet, user: User) -> None:
    coupon = make_coupon(product)
    first = redeem(wallet_id=wallet.pk, code=coupon.code, user_id=user.pk)
    again = redeem(wallet_id=wallet.pk, code=f" {coupon.code}\n", user_id=make_user().pk)
    assert again == first
    assert (parts(wallet)["promo"], Coupon.objects.get().redeemed, CouponAttempt.objects.count()) == (D(5), 1, 0)


def test_blanks_are_forgiven_and_case_is_not(product: Product, wallet: Wallet, user: User) -> None:
    make_coupon(product, "Spring26")
    assert refused(wallet, "SPRING26", user) == "unknown_code"
    assert refused(wallet, "spring26", user) == "unknown_code"
    assert preview(wallet_id=wallet.pk, code="  Spring26\t", user_id=user.pk).code == "Spring26"


@pytest.mark.parametrize(
    "code",
    [
        "",
        "   ",
        "NOBODY-KNOWS-IT",
        "x" * 300,
        "SPRING\x00",
        "SPRING\N{FULLWIDTH LATIN CAPITAL LETTER S}",
        "' OR 1=1 --",
    ],
)
def test_what_is_no_code_is_unknown(product: Product, wallet: Wallet, user: User, code: str) -> None:
    make_coupon(product)
    assert refused(wallet, code, user) == "unknown_code"


def test_another_products_code_does_not_exist(product: Product, wallet: Wallet, user: User) -> None:
    make_coupon(make_product())
    with pytest.raises(CouponRefusedError) as foreign:
        preview(wallet_id=wallet.pk, code="SPRING-7KQ4-XM2P", user_id=user.pk)
    with pytest.raises(CouponRefusedError) as none:
        preview(wallet_id=wallet.pk, code="SPRING-7KQ4-XM2Q", user_id=user.pk)
    assert str(foreign.value) == str(none.value)
    assert Coupon.objects.get().redeemed == 0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"valid_from": NOON + timedelta(seconds=1)}, "not_yet_valid"),
        ({"valid_until": NOON}, "over"),
        ({"is_active": False}, "switched_off"),
    ],
)
def test_an_offer_out_of_its_time_is_refused(
    product: Product, wallet: Wallet, user: User, fields: dict[str, Any], reason: str
) -> None:
    with time_machine.travel(NOON, tick=False):
        make_coupon(product, **fields)
        assert refused(wallet, "SPRING-7KQ4-XM2P", user) == reason
    assert parts(wallet)["promo"] == D(0)


def test_an_offer_holds_from_its_first_moment_to_before_its_last(product: Product, wallet: Wallet, user: User) -> None:
    with time_machine.travel(NOON, tick=False):
        make_coupon(product, valid_from=NOON, valid_until=NOON + timedelta(seconds=1))
        redeem(wallet_id=wallet.pk, code="SPRING-7KQ4-XM2P", user_id=user.pk)
    assert parts(wallet)["promo"] == D(5)


def test_a_code_that_is_used_up_or_switched_off_is_refused(product: Product, wallet: Wallet, user: User) -> None:
    coupon = make_coupon(product, limit=1)
    redeem(wallet_id=make_wallet(product).pk, code=coupon.code, user_id=user.pk)
    assert refused(wallet, coupon.code, user) == "used_up"
    Coupon.objects.update(is_active=False)
    assert refused(wallet, coupon.code, user) == "switched_off"


def test_two_codes_of_one_offer_are_one_redemption_for_an_account(product: Product, wallet: Wallet, user: User) -> None:
    from billing.services.coupon_codes import generate

    first, second = generate(batch_id=make_batch(product).pk, count=2, length=8, prefix="", limit=1)
    redeem(wallet_id=wallet.pk, code=first.code, user_id=user.pk)
    assert refused(wallet, second.code, user) == "already_redeemed"
    assert (parts(wallet)["promo"], CouponAttempt.objects.count()) == (D(5), 0)
    second.refresh_from_db()
    assert second.redeemed == 0


def test_two_offers_add_up(product: Product, wallet: Wallet, user: User) -> None:
    for code in ("FIRST", "SECOND"):
        make_coupon(product, code)
        redeem(wallet_id=wallet.pk, code=code, user_id=user.pk)
    assert parts(wallet)["promo"] == D(10)


def test_a_suspended_account_redeems_nothing(product: Product, wallet: Wallet, user: User) -> None:
    make_coupon(product)
    Account.objects.update(status=Account.Status.SUSPENDED)
    assert refused(wallet, "SPRING-7KQ4-XM2P", user) == "account_suspended"
    assert CouponAttempt.objects.count() == 0


def test_the_eleventh_guess_in_an_hour_is_not_looked_at(product: Product, wallet: Wallet, user: User) -> None:
    with time_machine.travel(NOON, tick=False):
        make_coupon(product)
        for number in range(10):
            with pytest.raises(CouponRefusedError, match="no such code"):
                preview(wallet_id=wallet.pk, code=f"GUESS{number}", user_id=make_user().pk)
    with time_machine.travel(NOON + timedelta(minutes=25), tick=False):
        with pytest.raises(CouponRefusedError, match="Try again in 35 minutes") as closed:
            preview(wallet_id=wallet.pk, code="SPRING-7KQ4-XM2P", user_id=user.pk)
        with pytest.raises(CouponRefusedError, match="Try again in 35 minutes"):
            redeem(wallet_id=wallet.pk, code="SPRING-7KQ4-XM2P", user_id=user.pk)
    assert (closed.value.reason, CouponAttempt.objects.count(), parts(wallet)["promo"]) == ("closed", 10, D(0))
    with time_machine.travel(NOON + timedelta(minutes=60), tick=False):
        redeem(wallet_id=wallet.pk, code="SPRING-7KQ4-XM2P", user_id=user.pk)
    assert parts(wallet)["promo"] == D(5)


def test_a_person_guesses_twenty_times_an_hour_over_all_accounts(product: Product, user: User) -> None:
    make_coupon(product)
    wallets = [make_wallet(product) for _ in range(3)]
    for number in range(20):
        with pytest.raises(CouponRefusedError, match="no such code"):
            preview(wallet_id=wallets[number // 10].pk, code=f"GUESS{number}", user_id=user.pk)
    with pytest.raises(CouponRefusedError, match="Too many codes"):
        preview(wallet_id=wallets[2].pk, code="SPRING-7KQ4-XM2P", user_id=user.pk)
    assert preview(wallet_id=wallets[2].pk, code="SPRING-7KQ4-XM2P", user_id=make_user().pk).amount == D(5)


def test_old_attempts_are_forgotten(product: Product, wallet: Wallet, user: User) -> None:
    with time_machine.travel(NOON, tick=False):
        refused(wallet, "GUESS", user)
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        refused(wallet, "GUESS", user)
    assert set(CouponAttempt.objects.values_list("created_at", flat=True)) == {NOON + timedelta(hours=1)}
    assert CouponAttempt.objects.count() == 2


def test_a_redeemed_coupon_leaves_a_sound_ledger(product: Product, wallet: Wallet, user: User) -> None:
    make_coupon(product)
    redeem(wallet_id=wallet.pk, code="SPRING-7KQ4-XM2P", user_id=user.pk)
    assert verify() == []


def test_a_redeemed_coupon_is_told_once_to_those_whom_money_concerns(
    product: Product, wallet: Wallet, user: User
) -> None:
    payer, _viewer = make_member(wallet.account), make_member(wallet.account, Role.VIEWER)
    with time_machine.travel(NOON, tick=False):
        make_coupon(product, amount="5.50", grant_days=30)
        for _ in range(2):
            redeem(wallet_id=wallet.pk, code="SPRING-7KQ4-XM2P", user_id=user.pk)
        (letter,) = told.letters("coupon")
    assert (letter.recipient, letter.subject) == (payer.email, "Test: Coupon redeemed: $5.50 added")
    assert "It can be used until Apr 14, 2026.\n" in letter.body
    assert "Code: SPRING-7KQ4-XM2P\nBalance now: $8.50\n" in letter.body


def test_a_refused_coupon_is_not_told(product: Product, wallet: Wallet, user: User) -> None:
    make_member(wallet.account)
    assert refused(wallet, "SPRING", user) == "unknown_code"
    assert told.letters("coupon") == []
