"""Robokassa keeps no list: the reconciliation looks our orders up one by one."""

from __future__ import annotations

from django.db import connection

from billing.models import Payment, PaymentDifference, TopUp
from billing.services import reconciliation
from organizations.models import Account
from tests.billing.robokassa import RobokassaWorld
from tests.billing.topups.paying import balance, open_page


def test_a_paid_order_whose_notice_was_lost_is_credited_and_then_agrees(
    robokassa: RobokassaWorld, account: Account
) -> None:
    top_up = open_page(account, provider="robokassa")
    robokassa.pay(top_up.redirect_url)
    TopUp.objects.filter(pk=top_up.pk).update(next_check_at=None)  # the sweep has forgotten it, too
    run = reconciliation.reconcile(since=None)
    assert (run.settled, run.differences, balance(account)) == (1, 0, 50)
    assert "Robokassa" not in run.error  # Stripe is not there to be asked
    assert reconciliation.reconcile(since=None).settled == 0


def test_another_sum_than_we_took_is_listed(robokassa: RobokassaWorld, account: Account) -> None:
    robokassa.pay(open_page(account, provider="robokassa").redirect_url)
    reconciliation.reconcile(since=None)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE billing_payment SET charge_amount = charge_amount + 1")
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert reconciliation.reconcile(since=None).differences == 1
    found = PaymentDifference.objects.get()
    assert (found.kind, found.reference) == ("wrong_amount", Payment.objects.get().reference)
