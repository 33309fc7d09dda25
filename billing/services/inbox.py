"""The inbox: a provider's notice is a row before anything is believed, and only what we re-read is acted on.

A worker reads the notice's object at the provider, outside any transaction, and settles it where it belongs. Of a
payment only its success is taken from whatever object told of it; how an attempt that brought no money stands is asked
of the attempt itself, because a card refused on the payment page is not the end of it.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing.models import DifferenceKind, Payment, ProviderEvent, ProviderEventStatus, Refund, TopUp
from billing.providers import provider as provider_called
from billing.providers.base import (
    CardFacts,
    DisputeFacts,
    Facts,
    InvoiceFacts,
    Notice,
    Outcome,
    PaymentFacts,
    RefundFacts,
    SubscriptionFacts,
)
from billing.services import cards, disputes, doorbells, refunds, subscriptions, top_ups
from billing.services.postpay import paying
from billing.services.reconciliation import note_difference

logger = logging.getLogger(__name__)

ATTEMPTS_MAX = 12
BATCH = 50
CLAIM = timedelta(minutes=1)
BACKOFF_MAX = timedelta(hours=6)
NOTHING = "Nothing that we act on."


def receive(*, notice: Notice) -> ProviderEvent:
    """Write a notice down, in the caller's transaction if there is one; a repeated one is the same row."""
    now = timezone.now()
    ProviderEvent.objects.bulk_create(
        [
            ProviderEvent(
                provider=notice.provider,
                event_id=notice.event_id,
                kind=notice.kind,
                object_kind=notice.object_kind,
                object_id=notice.object_id,
                received_at=now,
                next_attempt_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    event = ProviderEvent.objects.get(provider=notice.provider, event_id=notice.event_id)
    if event.status == ProviderEventStatus.PENDING:
        doorbells.ring("billing.handle_event", event.pk)
    return event


def handle(*, event_id: int) -> ProviderEvent:
    """Re-read what the event is about and settle it; does nothing when it is done, or another worker is at it.

    What goes wrong is kept on the row, which is tried again later. Never inside a transaction.
    """
    now = timezone.now()
    claimed = ProviderEvent.objects.filter(
        pk=event_id, status=ProviderEventStatus.PENDING, next_attempt_at__lte=now
    ).update(next_attempt_at=now + CLAIM, attempts=F("attempts") + 1)
    event = ProviderEvent.objects.get(pk=event_id)
    if claimed:
        try:
            outcome = _act(event)
        except Exception as error:  # whatever it is, staff must see it, and it may pass
            logger.exception("Event %s of %s could not be handled", event.event_id, event.provider)
            _failed(event, f"{type(error).__name__}: {error}")
        else:
            _done(event, outcome)
    return event


def handle_due() -> int:
    """Handle every event whose time has come; returns how many."""
    handled = 0
    while True:
        due = list(
            ProviderEvent.objects.filter(status=ProviderEventStatus.PENDING, next_attempt_at__lte=timezone.now())
            .order_by("next_attempt_at", "id")
            .values_list("id", flat=True)[:BATCH]
        )
        if not due:
            return handled
        for event_id in due:
            handle(event_id=event_id)
        handled += len(due)


def replay(*, event_id: int) -> ProviderEvent:
    """Have an event handled anew, whatever came of it before: settling twice changes nothing."""
    with transaction.atomic():
        event = ProviderEvent.objects.select_for_update().get(pk=event_id)
        event.status, event.attempts, event.last_error, event.outcome = ProviderEventStatus.PENDING, 0, "", ""
        event.next_attempt_at, event.handled_at = timezone.now(), None
        event.save()
        doorbells.ring("billing.handle_event", event.pk)
    return event


def _act(event: ProviderEvent) -> str:
    """What the event came to, in words; empty when there was nothing to do."""
    notice = Notice(event.provider, event.event_id, event.kind, event.object_kind, event.object_id)
    facts = provider_called(event.provider).facts_of(notice)
    return "" if facts is None else settle(provider=event.provider, facts=facts)


def settle(*, provider: str, facts: Facts) -> str:
    """Settle facts of any kind where they belong; returns what came of it, in words for staff."""
    if isinstance(facts, PaymentFacts):
        return _settle_payment(provider, facts)
    if isinstance(facts, CardFacts):
        cards.sync(facts=facts)
        return f"Card ending {facts.last4} {'removed' if facts.is_removed else 'brought up to date'}."
    if isinstance(facts, RefundFacts | DisputeFacts):
        _settle_its_payment(provider, facts.payment_reference)
    if isinstance(facts, RefundFacts):
        refund = refund_of(provider, facts)
        refund = refunds.settle(refund_id=refund.pk, facts=facts) if refund else refunds.adopt(facts=facts)
        return f"Refund {refund.pk}: {refund.get_status_display()}." if refund else "A refund of nothing of ours."
    if isinstance(facts, DisputeFacts):
        dispute = disputes.settle(facts=facts)
        return f"Dispute {dispute.pk}: {dispute.get_status_display()}." if dispute else "A dispute that is not ours."
    if isinstance(facts, InvoiceFacts):
        period = paying.settle(facts=facts)
        return f"Invoice of period {period.pk}: {period.get_status_display()}." if period else ""
    assert isinstance(facts, SubscriptionFacts)
    subscription = subscriptions.settle(facts=facts)
    return f"Subscription {subscription.pk}: {subscription.get_status_display()}." if subscription else ""


def refund_of(provider: str, facts: RefundFacts) -> Refund | None:
    """Our refund that a provider speaks of, by our reference or by the provider's; None for one made over there."""
    found = Refund.objects.filter(payment__provider=provider)
    reference = _uuid(facts.refund_reference)
    if reference is not None:
        return found.filter(reference=reference).first()
    return found.filter(provider_reference=facts.provider_reference).first() if facts.provider_reference else None


def top_up_of(provider: str, facts: PaymentFacts) -> TopUp | None:
    """The attempt that a payment names, by our reference or by the provider's."""
    found = TopUp.objects.filter(provider=provider)
    if facts.top_up_reference:
        reference = _uuid(facts.top_up_reference)
        return found.filter(reference=reference).first() if reference else None
    if facts.provider_reference:
        return found.filter(provider_reference=facts.provider_reference).first()
    return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _settle_payment(provider: str, facts: PaymentFacts) -> str:
    if facts.period_reference:
        of_invoice = InvoiceFacts(Outcome.PENDING, "", facts.period_reference, facts.account_id, payments=(facts,))
        return settle(provider=provider, facts=of_invoice)
    top_up = top_up_of(provider, facts)
    if top_up is None:
        return _not_ours(provider, facts)
    if facts.outcome == Outcome.SUCCEEDED:
        top_up = top_ups.settle(top_up_id=top_up.pk, facts=facts)
    elif top_up.is_in_flight:
        top_up = top_ups.check(top_up_id=top_up.pk)
    return f"Top-up {top_up.pk}: {top_up.get_status_display()}."


def _settle_its_payment(provider: str, reference: str) -> None:
    """What is taken back of a payment may be told of before the payment itself: that is read and credited first."""
    if not reference or Payment.objects.filter(provider=provider, reference=reference).exists():
        return
    facts = provider_called(provider).facts_of(Notice(provider, "", "payment", "payment_intent", reference))
    if facts is not None:
        settle(provider=provider, facts=facts)


def _not_ours(provider: str, facts: PaymentFacts) -> str:
    """Money that arrived for nothing we know of is a difference for staff; anything else is nobody's."""
    if facts.outcome != Outcome.SUCCEEDED or facts.subscription_reference:
        return ""
    note_difference(
        provider=provider,
        kind=DifferenceKind.UNKNOWN_PAYMENT,
        reference=facts.payment_reference or facts.provider_reference,
        wallet_id=None,
        expected="",
        found=f"{facts.amount} {facts.currency}",
    )
    return "A payment that is not ours: see the differences."


def _done(event: ProviderEvent, outcome: str) -> None:
    event.status = ProviderEventStatus.DONE if outcome else ProviderEventStatus.IGNORED
    event.outcome, event.last_error = (outcome or NOTHING)[:255], ""
    event.handled_at, event.next_attempt_at = timezone.now(), None
    event.save()


def _failed(event: ProviderEvent, error: str) -> None:
    """Try again later, each time later; give up in the end, for staff to see."""
    event.last_error = error[:2000]
    is_over = event.attempts >= ATTEMPTS_MAX
    event.status = ProviderEventStatus.FAILED if is_over else ProviderEventStatus.PENDING
    pause = min(timedelta(seconds=15) * 2 ** (event.attempts - 1), BACKOFF_MAX)
    event.next_attempt_at = None if is_over else timezone.now() + pause
    event.save()
