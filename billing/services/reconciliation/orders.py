"""A provider that keeps no list: each order of ours in flight, or paid in the window, is looked up."""

from __future__ import annotations

from billing.models import IN_FLIGHT, DifferenceKind, Payment, Refund, RefundStatus, TopUp
from billing.providers.base import Outcome, PaymentFacts
from billing.selectors.refund_shares import refunded_of
from billing.services import refunds, top_ups
from billing.services.reconciliation.comparison import Comparison


def compare_orders(comparison: Comparison) -> None:
    """Our orders, one by one. Raises ProviderError when the provider does not answer."""
    for top_up in TopUp.objects.filter(provider=comparison.slug, status__in=IN_FLIGHT).order_by("pk"):
        comparison.look_at(str(top_up.pk))
        if not top_ups.check(top_up_id=top_up.pk).is_in_flight:
            comparison.settled()
    paid = Payment.objects.filter(provider=comparison.slug, paid_at__gte=comparison.run.since, top_up__isnull=False)
    same_mode = paid.filter(is_live=comparison.provider.is_live())
    for payment in same_mode.select_related("top_up", "wallet").order_by("pk"):
        assert payment.top_up is not None
        facts = comparison.provider.look_up(top_ups.charge_request(payment.top_up))
        if payment.is_live or facts.outcome == Outcome.SUCCEEDED:  # a shop in test mode tells of no order
            _payment(comparison, payment, facts)
    under_way = Refund.objects.filter(payment__provider=comparison.slug, status=RefundStatus.SUBMITTED)
    for refund in under_way.order_by("pk"):
        comparison.look_at(refund.provider_reference)
        if refunds.check(refund_id=refund.pk).status != RefundStatus.SUBMITTED:
            comparison.settled()


def _payment(comparison: Comparison, payment: Payment, facts: PaymentFacts) -> None:
    comparison.look_at(payment.reference)
    if facts.outcome == Outcome.SUCCEEDED:
        comparison.compare_payment(payment, facts)
        return
    back = refunded_of(payment).charge_amount
    if facts.failure_code == "returned" and back == payment.charge_amount.amount:
        return  # by our own refunds
    expected = f"{payment.charge_amount.amount:f} {payment.charge_currency} (payment {payment.pk})"
    is_returned = facts.failure_code == "returned"
    kind = DifferenceKind.UNKNOWN_REFUND if is_returned else DifferenceKind.MISSING_PAYMENT
    found = "all of it returned" if is_returned else facts.outcome.value
    comparison.note(kind, payment.reference, payment.wallet_id, expected, found)
