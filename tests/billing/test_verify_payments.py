"""verify_ledger on money in and out: clean on what the services wrote, each rule found by its name once broken.

The world is written once, inside a transaction that is never committed, and needs no network: bank transfers, and a
card's payments as the services book them. Every test breaks it after a savepoint, with the triggers looking away.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from billing.models import AutoTopUp, CouponBatch, Payment, TopUp, Wallet
from billing.providers.base import DisputeFacts
from billing.services import coupon_codes, coupons, disputes, refunds
from billing.verification import auto_top_ups, notices, payments
from billing.verification import coupons as coupon_rules
from billing.verification import refunds as refund_rules
from billing.verification.run import verify
from notifications.models import Delivery, Notice, Preference, TelegramLink, WebhookEndpoint
from notifications.services.endpoints import add
from notifications.services.fan_out import expand_due
from organizations.models import Service
from tests import products
from tests.billing.refunds.paid import broken_rules, pay_by_bank, spend
from tests.factories import make_member, make_user, open_test_account

MODULES = (payments, auto_top_ups, coupon_rules, refund_rules, notices)
RULES = {rule.name for module in MODULES for rule in module.INVARIANTS}
ONE_PAYMENT = "id = (SELECT min(id) FROM billing_payment)"
AUTO = "origin = 'auto'"

BREAKS = [
    ("payments_credit_once", f"UPDATE billing_payment SET amount = amount + 1 WHERE {ONE_PAYMENT}"),
    ("payments_credit_once", f"UPDATE billing_payment SET reference = 'other' WHERE {ONE_PAYMENT}"),
    ("payments_credit_once", f"UPDATE billing_payment SET currency = 'EUR' WHERE {ONE_PAYMENT}"),
    ("payments_credit_once", f"UPDATE billing_payment SET transaction_number = 99 WHERE {ONE_PAYMENT}"),
    ("payments_credit_once", "UPDATE billing_transaction SET kind = 'auto_top_up' WHERE kind = 'top_up'"),
    ("payments_credit_once", "UPDATE billing_grant SET amount = amount + 1 WHERE source LIKE 'top_up:%'"),
    ("credits_have_payments", f"DELETE FROM billing_payment WHERE {ONE_PAYMENT}"),
    ("credits_have_payments", "UPDATE billing_transaction SET kind = 'top_up' WHERE kind = 'refund'"),
    ("top_ups_are_paid", f"DELETE FROM billing_payment WHERE {ONE_PAYMENT}"),
    ("top_ups_are_paid", "UPDATE billing_topup SET status = 'failed' WHERE status = 'succeeded'"),
    ("top_ups_are_paid", f"UPDATE billing_payment SET charge_currency = 'EUR' WHERE {ONE_PAYMENT}"),
    ("top_ups_are_paid", f"UPDATE billing_payment SET provider = 'stripe' WHERE {ONE_PAYMENT}"),
    ("money_stays_in_its_account", "UPDATE billing_topup SET organization_id = 0 WHERE status = 'succeeded'"),
    ("money_stays_in_its_account", "UPDATE billing_topup SET wallet_id = wallet_id + 1"),
    ("money_stays_in_its_account", "UPDATE billing_refund SET wallet_id = wallet_id + 1"),
    ("money_stays_in_its_account", "UPDATE billing_dispute SET wallet_id = wallet_id + 1"),
    (
        "money_stays_in_its_account",
        "UPDATE billing_couponbatch SET product_id = (SELECT id FROM organizations_product WHERE slug = 'osmtalk')",
    ),
    (
        "one_automatic_in_flight",
        "SET CONSTRAINTS ALL IMMEDIATE; DROP INDEX top_up_one_automatic; "
        f"UPDATE billing_topup SET status = 'unknown', finished_at = NULL WHERE {AUTO}",
    ),
    ("none_after_three_failures", f"UPDATE billing_topup SET status = 'failed' WHERE {AUTO}"),
    ("ceilings_hold", f"UPDATE billing_topup SET ceiling = amount - 0.01 WHERE {AUTO}"),
    ("ceilings_hold", f"UPDATE billing_topup SET month = NULL WHERE {AUTO}"),
    ("rules_are_armed", "UPDATE billing_wallet SET auto_top_up_below = NULL WHERE auto_top_up_below IS NOT NULL"),
    ("rules_are_armed", "UPDATE billing_autotopup SET threshold = threshold + 1"),
    ("rules_are_armed", "UPDATE billing_autotopup SET status = 'off'"),
    ("rules_are_armed", "DELETE FROM billing_autotopup"),
    ("coupons_within_limit", "UPDATE billing_coupon SET redeemed = redeemed + 1"),
    ("coupons_within_limit", "DELETE FROM billing_couponredemption"),
    ("redemptions_are_promo", "DELETE FROM billing_couponredemption"),
    ("redemptions_are_promo", "UPDATE billing_couponbatch SET amount = amount + 1"),
    ("redemptions_are_promo", "UPDATE billing_transaction SET key = 'other' WHERE kind = 'coupon'"),
    ("refunds_within_payment", "UPDATE billing_refund SET amount = amount + 1000 WHERE status = 'succeeded'"),
    ("refunds_within_payment", "UPDATE billing_refund SET charge_amount = 1000 WHERE status = 'succeeded'"),
    ("refunds_within_payment", "UPDATE billing_refund SET tax = 1000 WHERE status = 'succeeded'"),
    ("refunds_are_reserved", "UPDATE billing_refund SET status = 'approved' WHERE status = 'requested'"),
    ("refunds_are_reserved", "UPDATE billing_refund SET status = 'declined' WHERE status = 'succeeded'"),
    ("refunds_are_reserved", "UPDATE billing_refund SET status = 'succeeded' WHERE status = 'failed'"),
    ("refunds_are_reserved", "UPDATE billing_refund SET status = 'failed' WHERE status = 'succeeded'"),
    ("refunds_are_reserved", "UPDATE billing_refund SET amount = amount - 0.01 WHERE status = 'succeeded'"),
    (
        "refunds_are_reserved",
        "UPDATE billing_transfer SET grant_id = grant_id + 1 WHERE transaction_id IN "
        "(SELECT id FROM billing_transaction WHERE kind = 'refund')",
    ),
    ("refund_movements_have_refunds", "DELETE FROM billing_refund WHERE status = 'succeeded'"),
    ("refund_movements_have_refunds", "UPDATE billing_transaction SET key = key || '0' WHERE kind = 'refund'"),
    ("disputes_are_clawed_back", "UPDATE billing_dispute SET status = 'inquiry' WHERE status = 'lost'"),
    ("disputes_are_clawed_back", "UPDATE billing_dispute SET status = 'won' WHERE status = 'lost'"),
    ("disputes_are_clawed_back", "UPDATE billing_dispute SET status = 'lost' WHERE status = 'won'"),
    ("disputes_are_clawed_back", "UPDATE billing_dispute SET amount = amount - 1 WHERE status = 'lost'"),
    ("dispute_movements_have_disputes", "DELETE FROM billing_dispute WHERE status = 'lost'"),
    ("dispute_movements_have_disputes", "UPDATE billing_transaction SET key = key || '0' WHERE kind = 'dispute'"),
    ("money_is_told_of", "DELETE FROM notifications_notice WHERE event = 'topped_up'"),
    ("money_is_told_of", "DELETE FROM notifications_notice WHERE key LIKE 'refund:%:succeeded'"),
    ("money_is_told_of", "DELETE FROM notifications_notice WHERE key LIKE 'dispute:%:lost'"),
    ("money_is_told_of", "UPDATE notifications_notice SET event = 'topped_up' WHERE event = 'auto_top_up_done'"),
    ("money_is_told_of", "UPDATE notifications_notice SET account_id = account_id + 1 WHERE event = 'coupon_redeemed'"),
    ("money_is_told_of", "UPDATE notifications_notice SET audience = 'services' WHERE event = 'topped_up'"),
    ("movements_are_told_of", "DELETE FROM notifications_notice WHERE key LIKE 'refund:%:approved'"),
    ("movements_are_told_of", "DELETE FROM notifications_notice WHERE key LIKE 'refund:%:failed'"),
    ("movements_are_told_of", "DELETE FROM notifications_notice WHERE event = 'dispute' AND key NOT LIKE '%:won'"),
    ("movements_are_told_of", "DELETE FROM notifications_notice WHERE key LIKE 'dispute:%:won'"),
    ("movements_are_told_of", "UPDATE notifications_notice SET account_id = account_id + 1 WHERE event = 'refund'"),
    ("what_is_told_of_happened", f"DELETE FROM billing_payment WHERE {ONE_PAYMENT}"),
    ("what_is_told_of_happened", "UPDATE notifications_notice SET key = key || ':again' WHERE event = 'topped_up'"),
    ("what_is_told_of_happened", "DELETE FROM billing_couponredemption"),
    ("what_is_told_of_happened", "DELETE FROM billing_refund WHERE status = 'requested'"),
    ("what_is_told_of_happened", "DELETE FROM billing_dispute WHERE status = 'won'"),
    ("what_is_told_of_happened", "UPDATE notifications_notice SET account_id = account_id + 1 WHERE event = 'dispute'"),
    ("deliveries_stay_in_their_account", "UPDATE notifications_delivery SET account_id = account_id + 1"),
    ("deliveries_stay_in_their_account", "UPDATE notifications_delivery SET account_id = NULL"),
    ("deliveries_stay_in_their_account", "UPDATE notifications_telegramlink SET account_id = account_id + 1"),
    ("deliveries_stay_in_their_account", "UPDATE notifications_webhookendpoint SET service_id = service_id + 1000"),
]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Payments in parts spent, refunded, returned and disputed; a rule with its attempts; a coupon."""
    with django_db_blocker.unblock(), transaction.atomic():
        found = products.load()
        _refunds(open_test_account(found["aitelier"]))
        _disputes(open_test_account(found["aitelier"]))
        _automatic(open_test_account(found["aitelier"]))
        _coupon(open_test_account(found["aitelier"]))
        _told(open_test_account(found["aitelier"]))
        yield
        transaction.set_rollback(True)


def _refunds(account: Any) -> None:
    payment = pay_by_bank(account, "100")
    sent, failed = (
        refunds.refund_payment(payment_id=payment.pk, amount=D(amount), reason="Closing", user_id=None)
        for amount in ("10.5", "20")
    )
    refunds.mark_sent(refund_id=sent.pk, bank_reference="SEPA 1")
    refunds.mark_returned(refund_id=failed.pk, reason="Account closed")
    refunds.request(wallet_id=account.wallet.pk, amount=D(5), reason="Closing", user_id=None)


def _disputes(account: Any) -> None:
    for number, status in enumerate(("lost", "won")):
        payment = pay_by_bank(account, "50")
        spend(account, "40")
        for each in ("opened", status):
            now = timezone.now()
            disputes.settle(
                facts=DisputeFacts(f"dp_{number}", payment.reference, "", D(30), "USD", each, "fraudulent", now),
                provider="bank",
            )


def _automatic(account: Any) -> None:
    """Three attempts that succeeded and a fourth, each paid as it would be; the rule is armed for the next."""
    wallet, month, user = account.wallet, date(2026, 11, 1), make_user()
    AutoTopUp.objects.create(
        wallet=wallet, currency="USD", status="on", threshold=5, amount=20, monthly_ceiling=100, agreed_by=user,
        agreed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    for _ in range(4):
        payment = pay_by_bank(account, "20")
        TopUp.objects.filter(payments=payment).update(
            origin="auto", created_by=None, ceiling=D(100), month=month, created_at=timezone.now()
        )
    Notice.objects.filter(account=account, event="topped_up").update(event="auto_top_up_done")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE billing_transaction SET kind = 'auto_top_up' WHERE wallet_id = %s", [wallet.pk])
        cursor.execute("SET LOCAL session_replication_role = origin")
    Wallet.objects.filter(pk=wallet.pk).update(auto_top_up_below=D(5))


def _coupon(account: Any) -> None:
    batch = CouponBatch.objects.create(
        product=account.product, currency="USD", name="Fair", amount=5, valid_from=timezone.now() - timedelta(days=1)
    )
    (coupon,) = coupon_codes.generate(batch_id=batch.pk, count=1, length=12, prefix="", limit=3)
    coupons.redeem(wallet_id=account.wallet.pk, code=coupon.code, user_id=make_user().pk)


def _told(account: Any) -> None:
    """Everything so far is told; a member reads a payment in a chat, a service at its endpoint."""
    add(endpoint=WebhookEndpoint(service=Service.objects.get(slug="aitelier"), url="https://hooks.example/"))
    member, now = make_member(account), timezone.now()
    TelegramLink.objects.create(
        account=account, user=member, token_hash="chat", expires_at=now, linked_at=now, chat_id=7
    )
    Preference.objects.create(account=account, user=member, event="topped_up", channel="telegram", is_on=True)
    pay_by_bank(account, "20")
    expand_due()


@pytest.fixture
def broken(world: None) -> Iterator[Any]:
    """Runs plain SQL with the triggers and foreign keys looking away; undone after the test."""
    savepoint = transaction.savepoint()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor.execute
    transaction.savepoint_rollback(savepoint)


# What the world above had to write by hand: the kind of an automatic one's transaction is under the chain's seal.
BY_HAND = {"hash_chain", "movements_equal_transactions", "movements_end_with_a_transaction"}


def test_everything_holds_for_what_the_services_wrote(world: None) -> None:
    assert set(broken_rules()) <= BY_HAND
    assert verify(RULES) == []
    assert Payment.objects.count() == 8
    assert set(Delivery.objects.values_list("channel", flat=True)) == {"email", "telegram", "webhook"}


@pytest.mark.parametrize(("name", "statement"), BREAKS)
def test_a_broken_rule_is_found_by_its_name(broken: Any, name: str, statement: str) -> None:
    broken(statement)
    found = verify([name])
    assert [finding.name for finding in found] == [name]
    assert found[0].rows


def test_every_rule_about_payments_is_broken_by_a_test() -> None:
    assert {name for name, _ in BREAKS} == RULES


def test_failures_before_a_member_turned_the_rule_on_again_are_forgiven(broken: Any) -> None:
    broken(f"UPDATE billing_topup SET status = 'failed' WHERE {AUTO}")
    broken("UPDATE billing_autotopup SET agreed_at = now() + interval '1 minute'")
    assert verify(["none_after_three_failures"]) == []


def test_a_member_may_retry_after_three_failures(broken: Any) -> None:
    broken(f"UPDATE billing_topup SET status = 'failed', created_by_id = 1 WHERE {AUTO}")
    assert verify(["none_after_three_failures"]) == []
