"""Approved refunds go to their provider, again and again with one key until it says what came of them.

Never inside a transaction. A bank transfer is sent by staff, who then say so; one that comes back, too. Robokassa
remembers no keys: what may have reached it is never sent again, and staff say what they find in its cabinet.
"""

from __future__ import annotations

import logging

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import PaymentProvider, Refund, RefundStatus
from billing.providers import provider as provider_called
from billing.providers.base import (
    UNANSWERED,
    Outcome,
    ProviderError,
    ProviderUnavailableError,
    RefundFacts,
    RefundRequest,
)
from billing.services.refunds.outcomes import settle
from billing.services.settling import KEY_AGE_MAX, next_check

logger = logging.getLogger(__name__)

BATCH = 50
# These answer a repeated request as they answered it first.
REMEMBERS_KEYS = frozenset({PaymentProvider.STRIPE.value})
UNDER_WAY = (RefundStatus.APPROVED, RefundStatus.SUBMITTED)


def submit(*, refund_id: int) -> Refund:
    """Send a refund, or ask how it stands, and settle what the provider says. Safe to repeat at any moment."""
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    is_open = refund.status in UNDER_WAY and refund.payment.provider != PaymentProvider.BANK
    if not is_open or not _claim(refund):
        return refund
    facts = _ask(refund)
    if _was_never_sent(refund, facts):
        Refund.objects.filter(pk=refund.pk).update(checks=0, next_check_at=next_check(timezone.now(), 0))
        return refund
    return settle(refund_id=refund.pk, facts=facts)


def check(*, refund_id: int) -> Refund:
    """Ask how a refund stands, one that has succeeded included, and settle it; one that was not sent yet is sent.

    Raises ProviderUnavailableError when there is no answer.
    """
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.payment.provider == PaymentProvider.BANK:
        return refund
    if refund.status == RefundStatus.APPROVED:
        return submit(refund_id=refund_id)
    return settle(
        refund_id=refund.pk, facts=provider_called(refund.payment.provider).look_up_refund(request_of(refund))
    )


def check_due() -> int:
    """Send or ask about every refund whose time has come; returns how many."""
    due = Refund.objects.filter(next_check_at__lte=timezone.now(), status__in=UNDER_WAY).order_by("next_check_at")
    handled = 0
    for refund_id in list(due.values_list("pk", flat=True)[:BATCH]):
        try:
            submit(refund_id=refund_id)
        except Exception:  # one that cannot be sent must not keep the others waiting
            logger.exception("Refund %s could not be sent", refund_id)
        handled += 1
    return handled


def mark_sent(*, refund_id: int, bank_reference: str) -> Refund:
    """Staff have sent an approved refund, or found it sent; a second time changes nothing.

    Raises ValidationError without a reference, for a refund whose provider says itself what became of it, and for one
    not approved.
    """
    reference = bank_reference.strip()
    if not reference:
        raise ValidationError({"bank_reference": _("Write the reference of the transfer.")})
    refund = _by_hand(refund_id)
    if refund.status == RefundStatus.SUCCEEDED:
        return refund
    if refund.status not in UNDER_WAY:
        raise ValidationError(_("Only an approved refund can be marked as sent."))
    return settle(refund_id=refund_id, facts=RefundFacts(Outcome.SUCCEEDED, reference[:255]))


def mark_returned(*, refund_id: int, reason: str) -> Refund:
    """A transfer could not be made or came back: the money is in the balance again, once.

    Raises ValidationError without a reason, for a refund whose provider says itself what became of it, and for one
    never approved.
    """
    text = reason.strip()
    if not text:
        raise ValidationError({"reason": _("Say why the transfer came back.")})
    refund = _by_hand(refund_id)
    if refund.status in (RefundStatus.REQUESTED, RefundStatus.DECLINED):
        raise ValidationError(_("This refund was never approved."))
    return settle(refund_id=refund_id, facts=RefundFacts(Outcome.FAILED, failure_message=text))


def is_by_hand(refund: Refund) -> bool:
    """Whether only staff can say what became of it: a bank transfer, or a request that was never answered."""
    return refund.payment.provider == PaymentProvider.BANK or refund.provider_reference == UNANSWERED


def _by_hand(refund_id: int) -> Refund:
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if not is_by_hand(refund):
        words = _("This refund goes through %(provider)s, which says itself what becomes of it.")
        raise ValidationError(words % {"provider": refund.payment.get_provider_display()})
    return refund


def _claim(refund: Refund) -> bool:
    """Put the next look off, for this worker alone; one that dies here is followed by the sweep and by no other."""
    now = timezone.now()
    same = Refund.objects.filter(pk=refund.pk, status__in=UNDER_WAY, checks=refund.checks)
    due = same if not refund.checks else same.filter(next_check_at__lte=now)
    return bool(due.update(next_check_at=next_check(now, refund.checks), checks=refund.checks + 1))


def _ask(refund: Refund) -> RefundFacts:
    """The provider's answer. A refusal is a failure, silence an unknown outcome; a key too old is not used again."""
    provider = provider_called(refund.payment.provider)
    request = request_of(refund)
    remembers = refund.payment.provider in REMEMBERS_KEYS
    may_repeat = remembers and timezone.now() - request.asked_at <= KEY_AGE_MAX
    if refund.status == RefundStatus.SUBMITTED or (remembers and not may_repeat):
        try:
            facts = provider.look_up_refund(request)
        except ProviderError as error:  # a question that was not answered says nothing of the refund
            logger.warning("Refund %s could not be looked up: %s", refund.pk, error)
            return RefundFacts(Outcome.UNKNOWN, request.provider_reference, request.reference)
        if facts.outcome != Outcome.MISSING or not may_repeat:
            return facts
    if refund.checks and not remembers:  # a worker died over it, and nobody knows whether it was sent
        return RefundFacts(Outcome.UNKNOWN, UNANSWERED, request.reference)
    try:
        return provider.refund(request)
    except ProviderUnavailableError as error:
        logger.warning("Refund %s: no answer from its provider: %s", refund.pk, error)
        return RefundFacts(Outcome.UNKNOWN, request.provider_reference, request.reference)
    except ProviderError as error:
        logger.error("Refund %s was refused by its provider: %s", refund.pk, error)
        return RefundFacts(Outcome.FAILED, request.provider_reference, request.reference, failure_message=str(error))


def _was_never_sent(refund: Refund, facts: RefundFacts) -> bool:
    """Whether a provider that remembers no keys could not even be reached, so that it may be sent again."""
    is_nameless = facts.outcome == Outcome.UNKNOWN and not facts.provider_reference
    return is_nameless and refund.payment.provider not in REMEMBERS_KEYS


def request_of(refund: Refund) -> RefundRequest:
    """What the provider is asked for: the same words however often it is asked."""
    return RefundRequest(
        reference=str(refund.reference),
        payment_reference=refund.payment.reference,
        amount=refund.charge_amount.amount,
        currency=str(refund.charge_currency),
        asked_at=refund.decided_at or refund.created_at,
        details=refund.payment.details,
        provider_reference=refund.provider_reference,
    )
