"""The calls that a run compares, a batch at a time in the order of their index: by account, newest day first.

Reversed and simulated calls are left out, and so are chat messages that their hour is charged for. Nothing is locked,
and no more than a batch is ever in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Sum

from organizations.database import run as run_statements
from usage.models import DailyUsage, WhatIfRun

BATCH = 1000
ACCOUNTS = """
SELECT a.id FROM organizations_account a
 WHERE a.product_id = %s::bigint AND a.id >= %s::bigint AND a.id BETWEEN %s::bigint AND %s::bigint
   AND EXISTS (SELECT 1 FROM usage_dailyusage d
                WHERE d.account_id = a.id AND d.day BETWEEN %s::date AND %s::date AND NOT d.is_simulated)
 ORDER BY a.id LIMIT 1000
"""
CALLS = """
SELECT e.id, e.account_id, e.day, e.event_type, e.started_at, e.total, e.lines::text, e.body::text
  FROM usage_usageevent e
 WHERE e.account_id = %s::bigint AND e.day >= %s::date AND e.day <= %s::date
   AND (e.day, e.id) < (%s::date, %s::bigint)
   AND e.status = 'accepted' AND NOT e.is_simulated AND e.total IS NOT NULL
 ORDER BY e.account_id, e.day DESC, e.id DESC LIMIT %s::int
"""
ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ChargedCall:
    """A call or event as it was charged: the texts of its lines and of what was reported."""

    id: int
    account_id: int
    day: date
    event_type: str
    started_at: datetime
    total: Decimal
    lines: str
    body: str


def batches(run: WhatIfRun) -> Iterator[list[ChargedCall]]:
    """The calls that are still to be compared, after the run's own mark."""
    waiting: list[ChargedCall] = []
    for account_id in _accounts(run):
        day, event_id = run.last_day + timedelta(days=1), 0
        if account_id == run.at_account and run.at_day is not None:
            day, event_id = run.at_day, run.at_event
        while True:
            found = _calls(run, account_id, day, event_id, BATCH - len(waiting))
            waiting += found
            if len(waiting) < BATCH:
                break
            yield waiting
            day, event_id = waiting[-1].day, waiting[-1].id
            waiting = []
    if waiting:
        yield waiting


def expected(run: WhatIfRun) -> int:
    """About how many calls there are, from the roll-ups."""
    days = DailyUsage.objects.filter(day__range=(run.first_day, run.last_day), is_simulated=False)
    of_scope = days.filter(account_id=run.account_id) if run.account_id else days.filter(account__product=run.product)
    return int(of_scope.aggregate(sum=Sum("count"))["sum"] or 0)


def _accounts(run: WhatIfRun) -> Iterator[int]:
    """The accounts with calls on these days, from the run's mark on, in id order."""
    least, most = (run.account_id, run.account_id) if run.account_id else (0, ID_MAX)
    start = run.at_account
    while True:
        params = [run.product_id, start, least, most, run.first_day, run.last_day]
        (found,) = run_statements((ACCOUNTS, params))
        if not found:
            return
        yield from (account_id for (account_id,) in found)
        start = found[-1][0] + 1


def _calls(run: WhatIfRun, account_id: int, day: date, event_id: int, count: int) -> list[ChargedCall]:
    params = [account_id, run.first_day, run.last_day, day, event_id, count]
    (found,) = run_statements((CALLS, params))
    return [ChargedCall(*row) for row in found]
