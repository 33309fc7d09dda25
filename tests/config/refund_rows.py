"""Refunds, disputes and reconciliations for the back office's lists, one of each for an account that has paid."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from billing.models import Payment, ReconciliationRun
from billing.providers.base import DisputeFacts
from billing.services import disputes, reconciliation, refunds
from organizations.models import Account


def refund_rows(account: Account, number: int) -> None:
    """A refund that was approved, a dispute that was won, a difference and a run."""
    now = timezone.now()
    payment = Payment.objects.filter(wallet=account.wallet).latest("id")
    refunds.refund_payment(payment_id=payment.pk, amount=Decimal(5), reason="Closing", user_id=None)
    for status in ("opened", "won"):
        facts = DisputeFacts(f"dp_{number}", payment.reference, "", Decimal(20), "USD", status, "fraudulent", now)
        disputes.settle(facts=facts, provider="bank")
    reconciliation.note_difference(
        provider="stripe", kind="unknown_payment", reference=f"pi_{number}", wallet_id=None, expected="", found="5 USD"
    )
    ReconciliationRun.objects.create(since=now - timedelta(days=3), started_at=now, finished_at=now, compared=number)
