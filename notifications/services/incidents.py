"""Incidents: opened by a failure, dismissed by whoever has read it, resolved when what failed works again.

At most one of a kind is open in an account. A new failure resolves the one before and opens another, so that a banner
which was dismissed comes back (atllasx.md, 'Failed Payments': "A fresh failure … shows the banner again").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from notifications.models import Incident
from organizations.models import User


def open_incident(
    *, account_id: int, kind: str, reason: str, subject: str = "", details: Mapping[str, Any] | None = None
) -> Incident:
    """A new incident in place of the open one of its kind, in the caller's transaction. `details` is plain JSON.

    Of several that are opened at one moment the last to commit stays open.
    """
    with transaction.atomic():
        while True:
            resolve(account_id=account_id, kind=kind)
            incident, is_new = Incident.objects.get_or_create(
                account_id=account_id,
                kind=kind,
                resolved_at=None,
                defaults={
                    "reason": reason,
                    "subject": subject,
                    "details": dict(details or {}),
                    "opened_at": timezone.now(),
                },
            )
            if is_new:  # otherwise another one was committed in between: it is the older one now
                return incident


def dismiss(*, incident: Incident, user: User) -> Incident:
    """Put the banner away for every member of the account; what was dismissed or resolved before stays as it was."""
    Incident.objects.filter(pk=incident.pk, dismissed_at__isnull=True, resolved_at__isnull=True).update(
        dismissed_at=timezone.now(), dismissed_by=user
    )
    incident.refresh_from_db()
    return incident


def resolve(*, account_id: int, kind: str) -> int:
    """What failed works again: no incident of this kind is open any more. Returns how many were."""
    return Incident.objects.filter(account_id=account_id, kind=kind, resolved_at__isnull=True).update(
        resolved_at=timezone.now()
    )
