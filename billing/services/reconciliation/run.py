"""A run of the reconciliation: what each provider lists against what we have, and the other way round.

Questions come first and outside any transaction; then whatever a lost notice had left open is settled, by the same
services as a webhook, and what still disagrees becomes a difference. One that has vanished is closed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone

from billing.models import (
    DifferenceKind,
    Dispute,
    Payment,
    PaymentDifference,
    PaymentProvider,
    ReconciliationRun,
    Refund,
)
from billing.providers import provider as provider_called
from billing.providers.base import ProviderError
from billing.selectors.refund_shares import RESERVED
from billing.services.reconciliation.comparison import Comparison
from billing.services.reconciliation.listed import compare_lists
from billing.services.reconciliation.orders import compare_orders

logger = logging.getLogger(__name__)

FIRST_WINDOW = timedelta(days=90)
OVERLAP = timedelta(days=3)
# How each provider is compared: by its lists, or order by order. A bank is asked by nobody.
COMPARED: dict[str, Callable[[Comparison], None]] = {
    PaymentProvider.STRIPE.value: compare_lists,
    PaymentProvider.ROBOKASSA.value: compare_orders,
}


def compare_all(*, since: datetime | None) -> ReconciliationRun:
    """Compare everything since then: by default since three days before the last complete run began.

    Never inside a transaction. A provider that cannot be asked is named in the run's `error`; the others are compared.
    """
    run = ReconciliationRun.objects.create(since=since or _default_since(), started_at=timezone.now())
    errors = []
    for slug, compare in COMPARED.items():
        if not provider_called(slug).is_ready():
            continue
        comparison = Comparison(run, slug)
        try:
            compare(comparison)
        except ProviderError as error:
            logger.warning("Reconciliation with %s was cut short: %s", slug, error)
            errors.append(f"{PaymentProvider(slug).label}: {error}")
        except Exception as error:  # one provider's trouble must not keep the others from being compared
            logger.exception("Reconciliation with %s has failed", slug)
            errors.append(f"{PaymentProvider(slug).label}: {type(error).__name__}: {error}")
        else:
            _close_vanished(comparison)
    run.error = "\n".join(errors)
    run.differences = PaymentDifference.objects.filter(closed_at__isnull=True).count()
    run.finished_at = timezone.now()
    run.save()
    return run


def _default_since() -> datetime:
    last = ReconciliationRun.objects.filter(finished_at__isnull=False, error="").order_by("-started_at").first()
    return last.started_at - OVERLAP if last else timezone.now() - FIRST_WINDOW


def _close_vanished(comparison: Comparison) -> None:
    """Close what was compared and is right now, and what we did not know and know since."""
    still_open = PaymentDifference.objects.filter(provider=comparison.slug, closed_at__isnull=True)
    for difference in still_open.filter(last_seen_at__lt=comparison.run.started_at):
        if _has_vanished(difference, comparison):
            PaymentDifference.objects.filter(pk=difference.pk, explanation="").update(closed_at=timezone.now())


def _has_vanished(difference: PaymentDifference, comparison: Comparison) -> bool:
    provider, reference = difference.provider, difference.reference
    if difference.kind == DifferenceKind.OVERPAID:
        return False
    if difference.kind == DifferenceKind.UNKNOWN_PAYMENT:
        return Payment.objects.filter(provider=provider, reference=reference).exists()
    if difference.kind == DifferenceKind.UNKNOWN_DISPUTE:
        return Dispute.objects.filter(payment__provider=provider, provider_reference=reference).exists()
    if difference.kind == DifferenceKind.UNKNOWN_REFUND:
        # A refund booked in part was noted with its booking; one booked later was booked in full.
        booked = Refund.objects.filter(payment__provider=provider, provider_reference=reference, status__in=RESERVED)
        return booked.filter(created_at__gt=difference.last_seen_at).exists()
    return reference in comparison.looked_at
