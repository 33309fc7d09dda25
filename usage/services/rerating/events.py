"""The events of a re-rating's scope, batch by batch, each read once: account by account, in the order of their days.

By the index on account, day and id, so that no batch reads again what an earlier one has read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from organizations.database import array, run
from usage.models import Rerating
from usage.selectors.blocked import normalised

BATCH = 500
# As `usage.selectors.blocked.normalised` does: however a service writes the number, it is one caller.
NUMBER = r"regexp_replace(regexp_replace(regexp_replace(lower({}), '[\s().\-/]', '', 'g'), '^tel:', ''), '^00', '+')"
CALLER, FROM = NUMBER.format("e.body -> 'data' ->> 'caller'"), NUMBER.format("e.body -> 'data' ->> 'from'")
COLUMNS = """
e.id, e.account_id, e.day, e.event_type, e.occurred_at, e.started_at, e.is_simulated, e.currency, e.status,
e.total, e.cost, e.transaction_id, e.version_id, e.hour IS NOT NULL, e.lines::text, e.body::text
"""
OF_ACCOUNT = f"""
SELECT {COLUMNS} FROM usage_usageevent e
 WHERE e.account_id = %s::bigint AND e.day BETWEEN %s::date AND %s::date AND (e.day, e.id) > (%s::date, %s::bigint)
   AND e.status = 'accepted' AND e.total IS NOT NULL
   AND (%s::bigint IS NULL OR e.project_id = %s::bigint) AND (%s::text = '' OR e.event_type = %s::text)
   AND (%s::text = '' OR e.model = %s::text) AND (%s::bigint IS NULL OR e.version_id = %s::bigint)
   AND (%s::text = '' OR %s::text IN ({CALLER}, {FROM}))
 ORDER BY e.day, e.id LIMIT {BATCH}
"""
CHOSEN = f"SELECT {COLUMNS} FROM usage_usageevent e WHERE e.id = ANY(%s::bigint[]) ORDER BY e.account_id, e.id"
NEXT_ACCOUNT = """
SELECT min(a.id) FROM organizations_account a
 WHERE a.product_id = %s::bigint AND a.id > %s::bigint
   AND EXISTS (SELECT FROM usage_dailyusage u WHERE u.account_id = a.id AND u.day BETWEEN %s::date AND %s::date)
"""
BEFORE_ALL = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Charged:
    """An event as far as its price matters: `lines` and `body` are JSON texts, `total` is None in an hour of chat."""

    id: int
    account_id: int
    day: date
    event_type: str
    occurred_at: datetime
    started_at: datetime
    is_simulated: bool
    currency: str
    status: str
    total: Decimal | None
    cost: Decimal
    transaction_id: int | None
    version_id: int | None
    is_of_an_hour: bool
    lines: str
    body: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one account, and the place to go on from; `is_last`: nothing follows."""

    events: list[Charged]
    place: list[Any]
    is_last: bool = False


def next_batch(rerating: Rerating) -> Batch:
    """What follows the job's place; may be empty where an account is through."""
    if rerating.chosen:
        return _chosen(rerating)
    account_id, day, event_id = rerating.place or [None, BEFORE_ALL.isoformat(), 0]
    if account_id is None:
        account_id = rerating.account_id or _account_after(rerating, 0)
    if account_id is None:
        return Batch([], [], is_last=True)
    events = _of_account(rerating, account_id, day, event_id)
    if len(events) == BATCH:
        return Batch(events, [account_id, events[-1].day.isoformat(), events[-1].id])
    following = None if rerating.account_id else _account_after(rerating, account_id)
    return Batch(events, [following, BEFORE_ALL.isoformat(), 0], is_last=following is None)


def _chosen(rerating: Rerating) -> Batch:
    done = rerating.place[0] if rerating.place else 0
    wanted = rerating.chosen[done : done + BATCH]
    (rows,) = run((CHOSEN, [array(wanted)]))
    after = done + len(wanted)
    return Batch([Charged(*row) for row in rows], [after], is_last=after >= len(rerating.chosen))


def _of_account(rerating: Rerating, account_id: int, day: str, event_id: int) -> list[Charged]:
    narrowed = [
        *(rerating.project_id, rerating.project_id, rerating.event_type, rerating.event_type),
        *(rerating.model, rerating.model, rerating.version_id, rerating.version_id),
        *(rerating.caller, normalised(rerating.caller)),
    ]
    (rows,) = run((OF_ACCOUNT, [account_id, rerating.first_day, rerating.last_day, day, event_id, *narrowed]))
    return [Charged(*row) for row in rows]


def _account_after(rerating: Rerating, account_id: int) -> int | None:
    (rows,) = run((NEXT_ACCOUNT, [rerating.product_id, account_id, rerating.first_day, rerating.last_day]))
    found: int | None = rows[0][0]
    return found
