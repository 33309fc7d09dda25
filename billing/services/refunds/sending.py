"""Approved refunds go to their provider, again and again with one key until it says what came of them.

Never inside a transaction. A bank transfer is sent by staff, who then say so; one that comes back, too.
"""

from __future__ import annotations

import logging

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import PaymentProvider, Refund, RefundStatus
from billing.providers import provider as provider_called
from billing.providers.base import Outcome, ProviderError, ProviderUnavailableError, RefundFacts, RefundRequest
from billing.services.refunds.outcomes import settle
from billing.services.settling import KEY_AGE_MAX, next_check

logger = logging.getLogger(__name__)

BATCH = 50
UNDER_WAY = (RefundStatus.APPROVED, RefundStatus.SUBMITTED)


def submit(*, refund_id: int) -> Refund:
    """Send a refund, or ask how it stands, and settle what the provider says. Safe to repeat at any moment."""
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.status not in UNDER_WAY or refund.payment.provider == PaymentProvider.BANK:
        return refund
    _claim(refund)
    return settle(refund_id=refund.pk, facts=_ask(refund))


def check(*, refund_id: int) -> Refund:
    """Ask how a refund stands, one that has succeeded included, and settle it.

    Raises ProviderUnavailableError when there is no answer.
    """
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.payment.provider == PaymentProvider.BANK:
        return refund
    return settle(refund_id=refund.pk, facts=provider_called(refund.payment.provider).look_up_refund(_request(refund)))


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
    """Staff have sent an approved refund by bank transfer; a second time changes nothing.

    Raises ValidationError without the bank's reference, for another provider's refund and for one not approved.
    """
    reference = bank_reference.strip()
    if not reference:
        raise ValidationError({"bank_reference": _("Write the reference of the bank transfer.")})
    refund = _by_hand(refund_id)
    if refund.status == RefundStatus.SUCCEEDED:
        return refund
    if refund.status != RefundStatus.APPROVED:
        raise ValidationError(_("Only an approved refund can be marked as sent."))
    return settle(refund_id=refund_id, facts=RefundFacts(Outcome.SUCCEEDED, reference[:255]))


def mark_returned(*, refund_id: int, reason: str) -> Refund:
    """A bank transfer could not be made or came back: the money is in the balance again, once.

    Raises ValidationError without a reason, for another provider's refund and for one not approved.
    """
    text = reason.strip()
    if not text:
        raise ValidationError({"reason": _("Say why the transfer came back.")})
    refund = _by_hand(refund_id)
    if refund.status in (RefundStatus.REQUESTED, RefundStatus.DECLINED):
        raise ValidationError(_("This refund was never approved."))
    return settle(refund_id=refund_id, facts=RefundFacts(Outcome.FAILED, failure_message=text))


def _by_hand(refund_id: int) -> Refund:
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.payment.provider != PaymentProvider.BANK:
        raise ValidationError(_("This refund goes through %(provider)s, which says itself what becomes of it.")
                              % {"provider": refund.payment.get_provider_display()})  # fmt: skip
    return refund


def _claim(refund: Refund) -> None:
    """Put the next look off, so that a worker that dies here is followed by the sweep and by no other meanwhile."""
    Refund.objects.filter(pk=refund.pk, status__in=UNDER_WAY).update(
        next_check_at=next_check(timezone.now(), refund.checks), checks=refund.checks + 1
    )


def _ask(refund: Refund) -> RefundFacts:
    """The provider's answer. A refusal is a failure, silence an unknown outcome; after 23 hours we only look."""
    provider = provider_called(refund.payment.provider)
    request = _request(refund)
    is_young = timezone.now() - request.asked_at <= KEY_AGE_MAX
    try:
        if refund.status == RefundStatus.SUBMITTED or not is_young:
            facts = provider.look_up_refund(request)
            if facts.outcome != Outcome.MISSING or not is_young:
                return facts
    except ProviderError as error:  # a question that was not answered says nothing of the refund
        logger.warning("Refund %s could not be looked up: %s", refund.pk, error)
        return RefundFacts(Outcome.UNKNOWN, request.provider_reference, request.reference)
    try:
        return provider.refund(request)
    except ProviderUnavailableError as error:
        logger.warning("Refund %s: no answer from its provider: %s", refund.pk, error)
        return RefundFacts(Outcome.UNKNOWN, request.provider_reference, request.reference)
    except ProviderError as error:
        logger.error("Refund %s was refused by its provider: %s", refund.pk, error)
        return RefundFacts(Outcome.FAILED, request.provider_reference, request.reference, failure_message=str(error))


def _request(refund: Refund) -> RefundRequest:
    return RefundRequest(
        reference=str(refund.reference),
        payment_reference=refund.payment.reference,
        amount=refund.charge_amount.amount,
        currency=str(refund.charge_currency),
        asked_at=refund.decided_at or refund.created_at,
        details=refund.payment.details,
        provider_reference=refund.provider_reference,
    )
