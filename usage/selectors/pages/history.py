"""Every movement of a wallet as a customer reads it: one by one, or the usage of a day and kind as one row.

Filters go through the hourly roll-up, whose rows say between which numbers the transactions of an hour, kind and
project lie: a rare kind, a project or a month is found without reading past what does not match. Simulated charges
move no wallet; they come from the events and the daily roll-up, and are merged in on request. Money that is not in the
ledger yet, or never came, is merged in from `pages.unposted`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from billing.selectors.keyset import Bound, Stream
from organizations.database import run
from usage.selectors.pages.history_row import LEDGER, SIMULATED, HistoryFilter, HistoryRow
from usage.selectors.pages.unposted import asked_refunds, unposted_top_ups, with_outcomes

__all__ = ["HistoryFilter", "HistoryRow", "history_streams", "kinds_used"]

COLUMNS = (
    "t.number, t.created_at, t.day, t.kind, t.amount, t.balance_after, t.description, t.reason, t.key, t.project_id"
)
# `m.` is a row of the hourly roll-up; both parts are empty for "all".
MATCHES = """m.wallet_id = %(wallet)s AND (%(kinds)s::text[] IS NULL OR m.kind = ANY(%(kinds)s))
   AND (%(project)s::bigint IS NULL OR m.project_id = %(project)s)
   AND (%(first)s::date IS NULL OR m.day >= %(first)s) AND (%(last)s::date IS NULL OR m.day <= %(last)s)"""
# The day of the first transaction beyond the page's edge: where the roll-up is entered.
ENTRY = """(SELECT t.day FROM billing_transaction t WHERE t.wallet_id = %(wallet)s AND t.number {op} %(key)s
   ORDER BY t.number {order} LIMIT 1)"""

PLAIN = f"""
SELECT {COLUMNS} FROM billing_transaction t WHERE t.wallet_id = %(wallet)s AND t.number {{op}} %(key)s
 ORDER BY t.number {{order}} LIMIT %(limit)s
"""
FILTERED = f"""
SELECT {COLUMNS} FROM billing_hourlymovement m, LATERAL (
  SELECT * FROM billing_transaction t
   WHERE t.wallet_id = m.wallet_id AND t.number BETWEEN m.first_number AND m.last_number AND t.number {{op}} %(key)s
     AND t.kind = m.kind AND t.project_id IS NOT DISTINCT FROM m.project_id
   ORDER BY t.number {{order}} LIMIT %(limit)s) t
 WHERE {MATCHES} AND m.day {{op}}= {ENTRY}
 ORDER BY m.day {{order}}, m.hour {{order}}, t.number {{order}} LIMIT %(limit)s
"""
BY_DAY = f"""
WITH RECURSIVE steps AS (
  (SELECT m.day FROM billing_hourlymovement m WHERE {MATCHES} AND m.day {{op}}= {ENTRY}
    ORDER BY m.day {{order}} LIMIT 1)
  UNION ALL
  SELECT (SELECT m.day FROM billing_hourlymovement m WHERE {MATCHES} AND m.day {{op}} s.day
           ORDER BY m.day {{order}} LIMIT 1)
    FROM steps s WHERE s.day IS NOT NULL
), days AS MATERIALIZED (SELECT day FROM steps WHERE day IS NOT NULL LIMIT %(limit)s + 1)
SELECT * FROM (
  SELECT max(m.last_number) AS number, max(m.last_at) AS at, m.day, m.kind, sum(m.amount),
         (array_agg(m.balance_after ORDER BY m.last_number DESC))[1], '', '', '', NULL::bigint,
         sum(m.count), min(m.first_number)
    FROM days d JOIN billing_hourlymovement m ON m.day = d.day
   WHERE {MATCHES} AND m.kind = ANY(%(usage)s) GROUP BY m.day, m.kind
  UNION ALL
  SELECT {COLUMNS}, 1, t.number
    FROM days d JOIN billing_hourlymovement m ON m.day = d.day, LATERAL (
      SELECT * FROM billing_transaction t
       WHERE t.wallet_id = m.wallet_id AND t.number BETWEEN m.first_number AND m.last_number
         AND t.number {{op}} %(key)s AND t.kind = m.kind AND t.project_id IS NOT DISTINCT FROM m.project_id
       ORDER BY t.number {{order}} LIMIT %(limit)s) t
   WHERE {MATCHES} AND NOT m.kind = ANY(%(usage)s)
) AS rows WHERE number {{op}} %(key)s ORDER BY number {{order}} LIMIT %(limit)s
"""

KIND_OF_EVENT = """CASE event_type WHEN 'call.completed' THEN 'call' WHEN 'crawl.completed' THEN 'crawl'
       WHEN 'llm.completed' THEN 'llm' ELSE 'chat' END"""
SIMULATED_DAYS = f"""
SELECT DISTINCT u.day FROM usage_dailyusage u WHERE u.account_id = %(account)s AND u.is_simulated
   AND (%(kinds)s::text[] IS NULL OR {KIND_OF_EVENT} = ANY(%(kinds)s))
   AND (%(project)s::bigint IS NULL OR u.project_id = %(project)s)
   AND (%(first)s::date IS NULL OR u.day >= %(first)s) AND (%(last)s::date IS NULL OR u.day <= %(last)s)"""
SIMULATED_ONE_BY_ONE = f"""
SELECT e.id, e.received_at, e.day, {KIND_OF_EVENT}, -e.total, e.project_id
  FROM ({SIMULATED_DAYS}) d, LATERAL (
    SELECT * FROM usage_usageevent e WHERE e.account_id = %(account)s AND e.day = d.day AND e.is_simulated
       AND e.id {{op}} %(key)s AND e.total > 0 AND e.status = 'accepted'
       AND (%(kinds)s::text[] IS NULL OR {KIND_OF_EVENT} = ANY(%(kinds)s))
       AND (%(project)s::bigint IS NULL OR e.project_id = %(project)s)
     ORDER BY e.id {{order}} LIMIT %(limit)s) e
 ORDER BY e.day {{order}}, e.id {{order}} LIMIT %(limit)s
"""
SIMULATED_BY_DAY = f"""
SELECT * FROM (
  SELECT (u.day - DATE '2000-01-01') * 8 + CASE {KIND_OF_EVENT} WHEN 'call' THEN 4 WHEN 'chat' THEN 3
         WHEN 'crawl' THEN 2 ELSE 1 END AS key, u.day, {KIND_OF_EVENT} AS kind, sum(count - free_count) AS count,
         -sum(spent) AS amount
    FROM usage_dailyusage u WHERE u.account_id = %(account)s AND u.is_simulated
     AND (%(kinds)s::text[] IS NULL OR {KIND_OF_EVENT} = ANY(%(kinds)s))
     AND (%(project)s::bigint IS NULL OR u.project_id = %(project)s)
     AND (%(first)s::date IS NULL OR u.day >= %(first)s) AND (%(last)s::date IS NULL OR u.day <= %(last)s)
   GROUP BY 1, 2, 3
) AS rows WHERE key {{op}} %(key)s AND amount < 0 ORDER BY key {{order}} LIMIT %(limit)s
"""

KINDS_USED = f"""
SELECT m.kind FROM billing_hourlymovement m WHERE m.wallet_id = %(wallet)s
 UNION SELECT {KIND_OF_EVENT} FROM usage_dailyusage u WHERE u.account_id = %(account)s AND u.is_simulated
 UNION SELECT CASE t.origin WHEN 'auto' THEN 'auto_top_up' ELSE 'top_up' END
         FROM billing_topup t WHERE t.wallet_id = %(wallet)s
 UNION SELECT 'refund' FROM billing_refund r WHERE r.wallet_id = %(wallet)s
"""


def kinds_used(*, wallet_id: int, account_id: int) -> set[str]:
    """The kinds of movement that the wallet's history shows anything of."""
    (rows,) = run((KINDS_USED, {"wallet": wallet_id, "account": account_id}))  # type: ignore[arg-type]
    return {kind for (kind,) in rows}


def history_streams(wanted: HistoryFilter) -> tuple[Stream[HistoryRow], ...]:
    """The ledger's rows, the simulated ones and those of money in flight, to be read as one list."""

    def ledger(bound: Bound) -> Sequence[HistoryRow]:
        sql = BY_DAY if wanted.by_day else FILTERED if wanted.narrows else PLAIN
        return with_outcomes(wanted, [_ledger_row(*row) for row in _read(sql, wanted, bound)])

    def simulated(bound: Bound) -> Sequence[HistoryRow]:
        if not wanted.with_simulated:
            return []
        if wanted.by_day:
            return [_simulated_day(wanted.zone, *row) for row in _read(SIMULATED_BY_DAY, wanted, bound)]
        return [_simulated_event(*row) for row in _read(SIMULATED_ONE_BY_ONE, wanted, bound)]

    def top_ups(bound: Bound) -> Sequence[HistoryRow]:
        return unposted_top_ups(wanted, bound)

    def refunds(bound: Bound) -> Sequence[HistoryRow]:
        return asked_refunds(wanted, bound)

    return ledger, simulated, top_ups, refunds


def _read(sql: str, wanted: HistoryFilter, bound: Bound) -> list[tuple[Any, ...]]:
    op, order = (">", "ASC") if bound.newer else ("<", "DESC")
    (rows,) = run((sql.format(op=op, order=order), wanted.parameters(bound)))  # type: ignore[arg-type]
    return rows


def _ledger_row(
    number: int,
    at: datetime,
    day: date,
    kind: str,
    amount: Decimal,
    balance_after: Decimal,
    description: str,
    reason: str,
    reference: str,
    project_id: int | None,
    count: int = 1,
    first_number: int | None = None,
) -> HistoryRow:
    return HistoryRow(
        LEDGER, number, at, day, kind, amount, balance_after, description, reason, reference, project_id, int(count),
        first_number or number,
    )  # fmt: skip


def _simulated_event(event_id: int, at: datetime, day: date, kind: str, amount: Decimal, project_id: int) -> HistoryRow:
    return HistoryRow(SIMULATED, event_id, at, day, kind, amount, None, "", "", str(event_id), project_id, 1, None)


def _simulated_day(zone: ZoneInfo, key: int, day: date, kind: str, count: int, amount: Decimal) -> HistoryRow:
    at = datetime(day.year, day.month, day.day, 23, 59, 59, 999999, tzinfo=zone)
    return HistoryRow(SIMULATED, key, at, day, kind, amount, None, "", "", "", None, int(count), None)
