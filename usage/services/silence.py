"""Calls that are no longer reported: an account that nearly always has some at this time of the week has none.

A telephony service that cannot reach us looks just like that. Told once for each silence.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from notifications.models import Event, Notice
from notifications.services.notices import Told, tell
from organizations.database import run

WINDOW = timedelta(hours=3)
WEEKS = 4
CALLS_LEAST = 20  # in the same hours of all those weeks together

# Accounts with usage in the same hours of each of the last weeks, and their newest event by index.
SILENT = """
WITH at AS (SELECT %s::timestamptz AS now, %s::interval AS span, %s::int AS weeks, %s::int AS least)
SELECT w.account_id, e.received_at
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
 CROSS JOIN LATERAL (SELECT received_at FROM usage_usageevent
                      WHERE account_id = w.account_id ORDER BY day DESC, id DESC LIMIT 1) e
 WHERE e.received_at <= at.now - at.span
   AND NOT EXISTS (SELECT 1 FROM billing_hold h
                    WHERE h.wallet_id = w.id AND h.status = 'active' AND h.expires_at > at.now)
"""


def tell_due() -> int:
    """Tell of every account that has fallen silent; returns how many there were."""
    now = timezone.now()
    (rows,) = run((SILENT, [now, WINDOW, WEEKS, CALLS_LEAST]))
    return sum(_tell(account_id, since, now) for account_id, since in rows)


def _tell(account_id: int, since: datetime, now: datetime) -> bool:
    at = since.astimezone(UTC).isoformat()
    key = f"silent:{account_id}:{at}"
    if Notice.objects.filter(key=key).exists():  # only to be quick: the key decides
        return False
    with transaction.atomic():
        tell(Told(account_id, Event.SERVICE_SILENT, key, facts={"since": at}, at=now))
    return True
