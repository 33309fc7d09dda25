"""Re-ratings, their calls and what charges were before, for the back office's lists, as they lie in the database."""

from __future__ import annotations

from django.utils import timezone

from tests.factories import make_user
from usage.models import ChargeRevision, ReratedCall, Rerating, UsageEvent


def rerating_rows(event: UsageEvent) -> None:
    """One row of each about the event."""
    now, user = timezone.now(), make_user()
    job = Rerating.objects.create(
        product=event.account.product,
        account=event.account,
        first_day=now.date(),
        last_day=now.date(),
        reason="Wrong price",
        asked_by=user,
        asked_at=now,
        state=Rerating.State.READY,
        found=1,
    )
    ReratedCall.objects.create(
        rerating=job,
        event=event,
        account=event.account,
        is_simulated=event.is_simulated,
        currency=event.currency,
        old_total=event.total,
        new_total=event.total,
        difference=0,
        old_lines=event.lines,
    )
    ChargeRevision.objects.create(
        event=event,
        rerating=job,
        revised_at=now,
        reason="Wrong price",
        currency=event.currency,
        total=event.total,
        new_total=event.total,
        cost=event.cost,
        version=event.version,
    )
