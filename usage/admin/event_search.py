"""Finding events by what a person has in hand, through indexes that exist, however many events there are.

The event key begins with service and source, so it is probed once per leading value (a loose index scan) instead of
scanning the table; a call's id begins an index of its own.
"""

from __future__ import annotations

from django.db import connection

from organizations.models import Account

FOUND_MAX = 200

BY_CALL = "SELECT id FROM usage_usageevent WHERE call_id = %(term)s AND call_id <> '' ORDER BY id DESC LIMIT %(most)s"
BY_EVENT_ID = """
WITH RECURSIVE key AS (
  (SELECT service_id, source FROM usage_usageevent ORDER BY service_id, source LIMIT 1)
  UNION ALL
  (SELECT following.service_id, following.source FROM key
    CROSS JOIN LATERAL (SELECT service_id, source FROM usage_usageevent
                         WHERE (service_id, source) > (key.service_id, key.source)
                         ORDER BY service_id, source LIMIT 1) following)
)
SELECT e.id FROM key
 CROSS JOIN LATERAL (SELECT id FROM usage_usageevent
                      WHERE service_id = key.service_id AND source = key.source AND event_id = %(term)s) e
 LIMIT %(most)s
"""


def find_events(term: str) -> list[int]:
    """Ids of the events with exactly this call id, event id or own id; at most `FOUND_MAX` of each."""
    found: set[int] = set()
    with connection.cursor() as cursor:
        for statement in (BY_CALL, BY_EVENT_ID):
            cursor.execute(statement, {"term": term, "most": FOUND_MAX})
            found.update(row[0] for row in cursor.fetchall())
    if term.isascii() and term.isdigit() and len(term) < 19:
        found.add(int(term))
    return sorted(found)


def find_accounts(term: str) -> list[int]:
    """Ids of the accounts with exactly this identifier or owner's e-mail."""
    accounts = Account.objects.filter(external_id=term) | Account.objects.filter(email__iexact=term)
    return list(accounts.values_list("id", flat=True)[:FOUND_MAX])
