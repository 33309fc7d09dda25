"""A provider that lists its payments, refunds and disputes, against ours of the same time."""

from __future__ import annotations

import logging
from datetime import timedelta

from billing.models import (
    IN_FLIGHT,
    DifferenceKind,
    Dispute,
    DisputeStatus,
    Payment,
    Refund,
    RefundStatus,
    TopUp,
)
from billing.providers.base import (
    DisputeFacts,
    Notice,
    Outcome,
    PaymentFacts,
    ProviderError,
    RefundFacts,
    SubscriptionFacts,
)
from billing.services import disputes, inbox, refunds, subscriptions, top_ups
from billing.services.reconciliation.comparison import Comparison
from billing.services.subscription_settling import find as find_subscription

logger = logging.getLogger(__name__)

# What began before the window may have been paid in it; a top-up's page is never open for longer.
EARLIER = timedelta(days=1)
# A bank may send a refund back weeks after it went out.
REFUNDS_EARLIER = timedelta(days=30)
OPEN = (DisputeStatus.INQUIRY, DisputeStatus.OPENED)


def compare_lists(comparison: Comparison) -> None:
    """Everything of both sides since the run's `since`. Raises ProviderError when the provider does not answer."""
    provider, since = comparison.provider, comparison.run.since
    payments = list(provider.payments_since(since - EARLIER))
    sent_back = list(provider.refunds_since(since - REFUNDS_EARLIER))
    disputed = [*provider.disputes_since(since), *_open_disputes(comparison)]
    _check_top_ups(comparison)
    for payment in payments:
        if payment.outcome == Outcome.SUCCEEDED:
            _payment(comparison, payment)
    _our_payments(comparison, {facts.payment_reference for facts in payments})
    for refund in sent_back:
        _refund(comparison, refund)
    _our_refunds(comparison)
    for dispute in disputed:
        _dispute(comparison, dispute)


def _open_disputes(comparison: Comparison) -> list[DisputeFacts]:
    """Disputes of ours that may have been decided since, however long ago they began."""
    ours = Dispute.objects.filter(payment__provider=comparison.slug, status__in=OPEN)
    older = ours.filter(opened_at__lt=comparison.run.since).values_list("provider_reference", flat=True)
    notices = [Notice(comparison.slug, "", "reconciliation", "dispute", reference) for reference in older]
    found = [comparison.provider.facts_of(notice) for notice in notices]
    return [facts for facts in found if isinstance(facts, DisputeFacts)]


def _check_top_ups(comparison: Comparison) -> None:
    """Ask about every attempt whose outcome is open."""
    for top_up in TopUp.objects.filter(provider=comparison.slug, status__in=IN_FLIGHT).order_by("pk"):
        if not top_ups.check(top_up_id=top_up.pk).is_in_flight:
            comparison.settled()


def _payment(comparison: Comparison, facts: PaymentFacts) -> None:
    """A payment that the provider has: ours is the same, or becomes so by settling, or it is unknown to us."""
    reference = facts.payment_reference
    comparison.look_at(reference)
    payment = _ours(comparison, reference)
    if payment is None:
        _settle(comparison, facts)
        payment = _ours(comparison, reference)
        if payment is not None:
            comparison.settled()
    if payment is not None:
        comparison.compare_payment(payment, facts)
    elif not comparison.is_noted(reference):
        found = f"{facts.amount} {facts.currency} paid"
        comparison.note(DifferenceKind.UNKNOWN_PAYMENT, reference, None, "a top-up or a subscription of ours", found)


def _settle(comparison: Comparison, facts: PaymentFacts) -> None:
    """What the lost notice of a payment would have done."""
    if facts.subscription_reference:
        named = SubscriptionFacts(Outcome.UNKNOWN, subscription_reference=facts.subscription_reference)
        subscription = find_subscription(named)
        if subscription is not None:
            subscriptions.check(subscription_id=subscription.pk)
    else:
        inbox.settle(provider=comparison.slug, facts=facts)


def _our_payments(comparison: Comparison, listed: set[str]) -> None:
    """Payments that we credited and the provider did not list: each is asked about, for it may be older there."""
    since = comparison.run.since
    ours = Payment.objects.filter(provider=comparison.slug, paid_at__gte=since, top_up__isnull=False)
    ours = ours.filter(is_live=comparison.provider.is_live())  # the other mode's keys know of no other payments
    for payment in ours.exclude(reference__in=listed).select_related("top_up", "wallet"):
        assert payment.top_up is not None
        comparison.look_at(payment.reference)
        facts = comparison.provider.look_up(top_ups.charge_request(payment.top_up))
        if facts.outcome == Outcome.SUCCEEDED and facts.payment_reference == payment.reference:
            comparison.compare_payment(payment, facts)
        else:
            expected = f"{payment.charge_amount.amount:f} {payment.charge_currency} (payment {payment.pk})"
            comparison.note(
                DifferenceKind.MISSING_PAYMENT, payment.reference, payment.wallet_id, expected, facts.outcome.value
            )


def _refund(comparison: Comparison, facts: RefundFacts) -> None:
    """A refund that the provider has: settled, or adopted, or noted by who could not book it."""
    comparison.look_at(facts.provider_reference)
    before = _status_of(facts.provider_reference)
    refund = refunds.adopt(facts=facts, provider=comparison.slug)
    if refund is not None and refund.status != before:
        comparison.settled()


def _our_refunds(comparison: Comparison) -> None:
    """Refunds that we say are on their way or done: the open ones are asked about, and none may be unknown there."""
    ours = Refund.objects.filter(
        payment__provider=comparison.slug,
        payment__is_live=comparison.provider.is_live(),
        decided_at__gte=comparison.run.since,
    )
    for refund in ours.filter(status__in=(RefundStatus.APPROVED, RefundStatus.SUBMITTED)):
        try:
            if refunds.check(refund_id=refund.pk).status not in (RefundStatus.APPROVED, RefundStatus.SUBMITTED):
                comparison.settled()
        except ProviderError as error:
            logger.warning("Refund %s could not be looked up: %s", refund.pk, error)
    for refund in ours.filter(status=RefundStatus.SUCCEEDED).select_related("payment"):
        reference = refund.provider_reference or str(refund.reference)
        if reference in comparison.looked_at:
            continue
        comparison.look_at(reference)
        facts = comparison.provider.look_up_refund(refunds.request_of(refund))
        if facts.outcome == Outcome.MISSING:
            expected = f"{refund.charge_amount.amount:f} {refund.charge_currency} (refund {refund.pk})"
            comparison.note(DifferenceKind.MISSING_REFUND, reference, refund.wallet_id, expected, "none")
        elif facts.outcome in (Outcome.FAILED, Outcome.EXPIRED):
            refunds.settle(refund_id=refund.pk, facts=facts)
            comparison.settled()


def _dispute(comparison: Comparison, facts: DisputeFacts) -> None:
    comparison.look_at(facts.provider_reference)
    ours = Dispute.objects.filter(provider_reference=facts.provider_reference).values_list("status", flat=True)
    before = ours.first()
    dispute = disputes.settle(facts=facts, provider=comparison.slug)
    if dispute is not None and dispute.status != before:
        comparison.settled()


def _ours(comparison: Comparison, reference: str) -> Payment | None:
    found = Payment.objects.filter(provider=comparison.slug, reference=reference)
    return found.select_related("wallet").first()


def _status_of(provider_reference: str) -> str | None:
    return Refund.objects.filter(provider_reference=provider_reference).values_list("status", flat=True).first()
