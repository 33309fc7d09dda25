"""Calls that are no longer reported: an account that nearly always has some at this time of the week has none.

A telephony service that cannot reach us looks just like that. Told once for each silence: to the account, and to staff
where none of a service's accounts has any; then `Service.silent_since` says so until the service reports again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from notifications.models import Event, Notice
from notifications.services.notices import Told, tell
from notifications.services.staff_mail import Letter, tell_staff
from organizations.database import run
from organizations.models import Service

WINDOW = timedelta(hours=3)
WEEKS = 4
CALLS_LEAST = 20  # in the same hours of all those weeks together

# Accounts with usage in the same hours of each of the last weeks, and their newest event by index.
HABITS = """
WITH at AS (SELECT %s::timestamptz AS now, %s::interval AS span, %s::int AS weeks, %s::int AS least)
SELECT w.account_id, e.service_id, e.received_at,
       e.received_at <= at.now - at.span
       AND NOT EXISTS (SELECT 1 FROM billing_hold h
                        WHERE h.wallet_id = w.id AND h.status = 'active' AND h.expires_at > at.now)
  FROM (SELECT m.wallet_id
          FROM at CROSS JOIN generate_series(1, at.weeks) AS week
          JOIN billing_hourlymovement m
            ON m.day BETWEEN (at.now - week * interval '7 days' - at.span)::date - 1
                         AND (at.now - week * interval '7 days')::date + 1
           AND m.last_at > at.now - week * interval '7 days' - at.span
           AND m.last_at <= at.now - week * interval '7 days'
         WHERE m.kind = 'call'
         GROUP BY m.wallet_id, at.weeks, at.least
        HAVING count(DISTINCT week) = at.weeks AND sum(m.count) >= at.least) usual
 CROSS JOIN at
  JOIN billing_wallet w ON w.id = usual.wallet_id
  JOIN organizations_account a ON a.id = w.account_id AND a.status = 'active'
 CROSS JOIN LATERAL (SELECT service_id, received_at FROM usage_usageevent
                      WHERE account_id = w.account_id ORDER BY day DESC, id DESC LIMIT 1) e
"""
# Of services that were silent: whether an account's newest event is theirs and newer.
HEARD = """
UPDATE organizations_service s SET silent_since = NULL
 WHERE s.silent_since IS NOT NULL
   AND EXISTS (SELECT FROM organizations_account a
                CROSS JOIN LATERAL (SELECT service_id, received_at FROM usage_usageevent
                                     WHERE account_id = a.id ORDER BY day DESC, id DESC LIMIT 1) e
                WHERE a.product_id = s.product_id AND e.service_id = s.id AND e.received_at > s.silent_since)
"""


@dataclass(frozen=True, slots=True)
class Habit:
    """An account that nearly always has calls at this time of the week, the service of its newest event, and when."""

    account_id: int
    service_id: int
    since: datetime
    is_silent: bool


def tell_due() -> int:
    """Tell of every account, and of every service, that has fallen silent; returns how many accounts there were."""
    now = timezone.now()
    run((HEARD, []))
    (rows,) = run((HABITS, [now, WINDOW, WEEKS, CALLS_LEAST]))
    by_service = defaultdict[int, list[Habit]](list)
    for habit in [Habit(*row) for row in rows]:
        by_service[habit.service_id].append(habit)
    for service_id, habits in sorted(by_service.items()):
        if all(habit.is_silent for habit in habits):
            _tell_staff(service_id, since=max(habit.since for habit in habits), accounts=len(habits))
    found = [habit for habits in by_service.values() for habit in habits if habit.is_silent]
    return sum(_tell(habit.account_id, habit.since, now) for habit in found)


def _tell_staff(service_id: int, *, since: datetime, accounts: int) -> None:
    """Once for each silence: whoever marks the service writes."""
    with transaction.atomic():
        heard = Service.objects.filter(pk=service_id, is_active=True, silent_since=None)
        if heard.update(silent_since=since):
            key = f"service_silent:{service_id}:{since.astimezone(UTC).isoformat()}"
            tell_staff(key=key, write=lambda: _letter(service_id, since, accounts))


def _letter(service_id: int, since: datetime, accounts: int) -> Letter:
    service = Service.objects.select_related("product").get(pk=service_id)
    at = f"{since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return Letter(
        f"No calls from {service.name} since {at}",
        f"{service.name} ({service.product}) has reported nothing since {at}. Accounts that nearly always have calls "
        f"at this time of the week: {accounts}; none of them has any.\n"
        "Look whether the service runs, reaches us, and has a key that works.\n"
        f"{settings.SITE_URL}/admin/organizations/service/{service.pk}/change/",
    )


def _tell(account_id: int, since: datetime, now: datetime) -> bool:
    at = since.astimezone(UTC).isoformat()
    key = f"silent:{account_id}:{at}"
    if Notice.objects.filter(key=key).exists():  # only to be quick: the key decides
        return False
    with transaction.atomic():
        tell(Told(account_id, Event.SERVICE_SILENT, key, facts={"since": at}, at=now))
    return True
