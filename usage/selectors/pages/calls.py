"""An account's calls as a list, newest first, and those still in progress.

A list row reads only what it shows. `body` is the event as it came; who called is in it where the service says so.
The list is read day by day, newest first, and only on days that the daily roll-up knows to have what a filter asks for:
what is rare, or was never there, is found without reading every call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.selectors.keyset import Bound, Stream
from organizations.database import run
from usage.models.event import EventType, UsageEvent

IN_PROGRESS_SHOWN = 25

COLUMNS = """e.id, e.day, e.event_type, e.started_at, e.received_at, e.call_id, e.channel, e.direction, e.call_status,
       e.outcome, e.duration_seconds, e.total, e.free_code, e.is_simulated, e.project_id, e.status,
       COALESCE(NULLIF(e.body->'data'->>'caller', ''), e.body->'data'->>'from', ''),
       COALESCE(e.body->'data'->>'assistant', '')"""
# The page's edge: the day and id of the call beyond it, or the first or last day that is wanted.
EDGE_DAY = """COALESCE((SELECT c.day FROM usage_usageevent c WHERE c.id = %(key)s AND c.account_id = %(account)s),
            %(beyond)s::date)"""
WANTED = """e.account_id = %(account)s AND e.event_type = ANY(%(types)s)
   AND (%(channel)s::text = '' OR e.channel = %(channel)s) AND (%(outcome)s::text = '' OR e.outcome = %(outcome)s)
   AND (%(project)s::bigint IS NULL OR e.project_id = %(project)s)"""
BETWEEN = "BETWEEN COALESCE(%(first)s::date, '-infinity') AND COALESCE(%(last)s::date, 'infinity')"
CALLS = f"""
SELECT {COLUMNS} FROM usage_usageevent e
 WHERE {WANTED}{{status}} AND (e.day, e.id) {{op}} ({EDGE_DAY}, %(key)s) AND e.day {BETWEEN}
 ORDER BY e.day {{order}}, e.id {{order}} LIMIT %(limit)s
"""
CALLS_OF_SOME_DAYS = f"""
SELECT e.* FROM (
  SELECT u.day FROM usage_dailyusage u
   WHERE u.account_id = %(account)s AND u.event_type = ANY(%(types)s)
     AND (%(channel)s::text = '' OR u.channel = %(channel)s) AND (%(outcome)s::text = '' OR u.outcome = %(outcome)s)
     AND (%(project)s::bigint IS NULL OR u.project_id = %(project)s) AND u.day {BETWEEN}
     AND u.day {{op}}= {EDGE_DAY}
   GROUP BY u.day ORDER BY u.day {{order}}) d, LATERAL (
  SELECT {COLUMNS} FROM usage_usageevent e
   WHERE {WANTED}{{status}} AND e.day = d.day AND (e.day, e.id) {{op}} ({EDGE_DAY}, %(key)s)
   ORDER BY e.id {{order}} LIMIT %(limit)s) e
 ORDER BY d.day {{order}}, e.id {{order}} LIMIT %(limit)s
"""
# The roll-up does not know how calls ended; those that were no conversation have an index, `event_unanswered`.
COMPLETED = " AND e.call_status = 'completed'"
UNANSWERED = " AND e.call_status NOT IN ('', 'completed') AND e.call_status = %(result)s"
IN_PROGRESS = """
SELECT h.id, h.call_id, h.project_id, h.amount, h.created_at, h.expires_at,
       COALESCE(h.request->>'channel', ''),
       COALESCE(NULLIF(h.request->>'caller', ''), h.request->>'from', ''), COALESCE(h.request->>'assistant', ''),
       h.is_simulated
  FROM billing_hold h
 WHERE h.wallet_id = %s AND h.status = 'active' AND h.expires_at > now() AND (%s::bigint IS NULL OR h.project_id = %s)
   AND (%s::text = '' OR h.request->>'channel' = %s)
 ORDER BY h.id DESC LIMIT %s
"""
WAYS_USED = """
SELECT DISTINCT CASE event_type WHEN 'call.completed' THEN channel ELSE event_type END
  FROM usage_dailyusage WHERE account_id = %s
"""
# For `billing.selectors.pulse`: a free or simulated event moves no wallet, and shows all the same.
NEWEST_EVENT = """
(SELECT e.id FROM usage_usageevent e WHERE e.account_id = a.id ORDER BY e.day DESC, e.id DESC LIMIT 1)
"""


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which of an account's calls a reader wants to see; empty means all."""

    account_id: int
    wallet_id: int
    types: tuple[str, ...] = (EventType.CALL.value,)
    channel: str = ""
    result: str = ""
    outcome: str = ""
    project_id: int | None = None
    first: date | None = None
    last: date | None = None

    def allows_in_progress(self, today: date) -> bool:
        """Whether calls without a result yet belong in the list."""
        is_today = (self.first is None or self.first <= today) and (self.last is None or self.last >= today)
        return is_today and not self.result and not self.outcome and EventType.CALL.value in self.types


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call of the list; `key` is the event's id. `total` is None for a chat message, charged with its hour."""

    key: int
    day: date
    event_type: str
    started_at: datetime
    received_at: datetime
    call_id: str
    channel: str
    direction: str
    call_status: str
    outcome: str
    seconds: Decimal
    total: Decimal | None
    free_code: str
    is_simulated: bool
    project_id: int
    status: str
    caller: str
    assistant: str

    @property
    def stream(self) -> int:
        """Calls are one stream."""
        return 0

    @property
    def at(self) -> datetime:
        """The day it was charged on, which with the key is the list's order."""
        return datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)

    @property
    def is_void(self) -> bool:
        """Whether it was reversed."""
        return self.status == UsageEvent.Status.VOID

    @property
    def title(self) -> str:
        """Who called, or the identifier that the service gave."""
        return self.caller or self.call_id or str(EventType(self.event_type).label)


@dataclass(frozen=True, slots=True)
class CallInProgress:
    """A call that was allowed to start and has not ended: what is held for it."""

    hold_id: int
    call_id: str
    project_id: int | None
    amount: Decimal
    started_at: datetime
    expires_at: datetime
    channel: str
    caller: str
    assistant: str
    is_simulated: bool

    @property
    def title(self) -> str:
        """Who called, or the identifier that the service gave."""
        return self.caller or self.call_id


def ways_used(account_id: int) -> set[str]:
    """The channels that the account's calls ever came by, and the types of its other usage."""
    (rows,) = run((WAYS_USED, [account_id]))
    return {way for (way,) in rows}


def call_streams(wanted: CallFilter) -> tuple[Stream[CallRow], Stream[CallRow]]:
    """The calls, to be paged by key."""

    def calls(bound: Bound) -> Sequence[CallRow]:
        op, order, beyond = (
            (">", "ASC", wanted.first or "-infinity") if bound.newer else ("<", "DESC", wanted.last or "infinity")
        )
        parameters: dict[str, Any] = {
            "account": wanted.account_id,
            "types": list(wanted.types),
            "key": bound.key,
            "beyond": beyond,
            "channel": wanted.channel,
            "result": wanted.result,
            "outcome": wanted.outcome,
            "project": wanted.project_id,
            "first": wanted.first,
            "last": wanted.last,
            "limit": bound.limit,
        }
        sql = CALLS_OF_SOME_DAYS if wanted.channel or wanted.outcome or wanted.project_id is not None else CALLS
        status = "" if not wanted.result else COMPLETED if wanted.result == "completed" else UNANSWERED
        (rows,) = run((sql.format(op=op, order=order, status=status), parameters))  # type: ignore[arg-type]
        return [CallRow(*row) for row in rows]

    return calls, lambda bound: []


def calls_in_progress(wanted: CallFilter) -> list[CallInProgress]:
    """The account's calls in progress, the latest first, 25 at most."""
    project = wanted.project_id
    (rows,) = run(
        (IN_PROGRESS, [wanted.wallet_id, project, project, wanted.channel, wanted.channel, IN_PROGRESS_SHOWN])
    )
    return [CallInProgress(*row) for row in rows]
