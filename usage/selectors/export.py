"""What usage adds to a signed export (`billing.services.exports`): usage.csv and simulated.csv, a row for every line.

A charge's lines add up to its movement. Events without a charge stand there, too, with one row and the amount 0: free
ones with the rule's reason, chat messages with the hour that they are charged with. Where the product does not
show costs, what providers were paid and the margin on it are one line (aitelier.md, 'What you do not see in the billing
UI').
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from django.db.models import Sum

from billing.services.exports.cells import escaped
from billing.services.exports.parts import EventRef, Row, Scope, Table, UsageParts
from organizations.database import stream
from organizations.models import Project
from usage.charge_keys import event_of
from usage.models import DailyComponent, Rate, RateCardVersion, UsageEvent
from usage.rating.types import COST, MARGIN, plain

HEADER = (
    *("movement", "at", "type", "source", "event_id", "call_id", "project", "channel", "direction", "call_status"),
    *("started_at", "duration_seconds", "model", "tier", "outcome", "outcome_reason", "status", "reversed_at"),
    *("charged_with_hour", "free_code", "free_reason", "rate_card", "rate_card_version"),
    *("component", "label", "quantity", "unit", "price", "per", "amount", "currency"),
)
NO_LINE = ("", "", "", "", "", "", f"{Decimal(0):.6f}")
PASSED_ON = "usage"  # the component that costs and margin are one line of
CLOCKS_APART = timedelta(days=2)  # an account's day may lie so far from the instant's, by a timezone of before

# By the index on account, day and id, in its order: rows come at once, and none is sorted.
EVENTS = """
SELECT x.number, e.received_at, e.event_type, e.source, e.event_id, e.call_id, e.project_id, e.channel, e.direction,
       e.call_status, e.started_at, e.duration_seconds, e.model, e.tier, e.outcome, e.outcome_reason, e.status,
       e.voided_at, e.hour, e.free_code, e.free_reason, e.version_id, e.lines::text
  FROM usage_usageevent e LEFT JOIN billing_transaction x ON x.id = e.transaction_id
 WHERE e.account_id = %s::bigint AND e.day BETWEEN %s::date AND %s::date AND e.is_simulated = %s::boolean
   AND (x.number BETWEEN %s::bigint AND %s::bigint AND x.key = 'charge:' || e.id
        OR (e.transaction_id IS NULL AND e.received_at >= %s::timestamptz AND e.received_at < %s::timestamptz))
 ORDER BY e.account_id, e.day, e.id
"""
# What corrections wrote: charges that another has taken the place of, and charges made anew, which may be of days long
# gone. Their movements are these days' all the same.
CORRECTED = """
SELECT * FROM (
  SELECT x.number, e.received_at, e.event_type, e.source, e.event_id, e.call_id, e.project_id, e.channel, e.direction,
         e.call_status, e.started_at, e.duration_seconds, r.model, r.tier, r.outcome, r.outcome_reason,
         'void', r.revised_at, e.hour, r.free_code, r.free_reason, r.version_id, r.lines::text
    FROM usage_chargerevision r JOIN usage_usageevent e ON e.id = r.event_id
    JOIN billing_transaction x ON x.id = r.transaction_id
   WHERE e.account_id = %s::bigint AND x.number BETWEEN %s::bigint AND %s::bigint
   UNION ALL
  SELECT x.number, e.received_at, e.event_type, e.source, e.event_id, e.call_id, e.project_id, e.channel, e.direction,
         e.call_status, e.started_at, e.duration_seconds, e.model, e.tier, e.outcome, e.outcome_reason, e.status,
         e.voided_at, e.hour, e.free_code, e.free_reason, e.version_id, e.lines::text
    FROM usage_usageevent e JOIN billing_transaction x ON x.id = e.transaction_id
   WHERE e.account_id = %s::bigint AND x.number BETWEEN %s::bigint AND %s::bigint
     AND x.key <> 'charge:' || e.id AND e.id IN (SELECT event_id FROM usage_chargerevision)) c
 ORDER BY number
"""
_decode = msgspec.json.Decoder(list[dict[str, str]]).decode


@dataclass(frozen=True, slots=True)
class _Version:
    """A rate-card version, and how its components are priced."""

    card: str
    number: str
    methods: Mapping[str, str]


def usage_parts() -> UsageParts:
    """For registration, when the app is ready."""
    return UsageParts(events_of=events_of, tables=tables, rows_expected=rows_expected)


def events_of(keys: Sequence[str]) -> dict[str, EventRef]:
    """The events behind ledger keys of charges and reversals."""
    pks = {key: pk for key in keys if (pk := event_of(key)) is not None}
    named = UsageEvent.objects.filter(pk__in=set(pks.values())).values_list("pk", "source", "event_id", "call_id")
    events = {pk: EventRef(source, event_id, call_id) for pk, source, event_id, call_id in named}
    return {key: events[pk] for key, pk in pks.items() if pk in events}


def tables(scope: Scope) -> list[Table]:
    """The two files."""
    return [
        Table("usage.csv", HEADER, _batches(scope, is_simulated=False)),
        Table("simulated.csv", HEADER, _batches(scope, is_simulated=True), may_be_absent=True),
    ]


def rows_expected(scope: Scope) -> int:
    """The lines of the days, by the roll-up."""
    first, last = (at.astimezone(scope.zone).date() for at in (scope.starts_at, scope.ends_at))
    days = DailyComponent.objects.filter(account_id=scope.account_id, day__range=(first, last))
    return int(days.aggregate(lines=Sum("count"))["lines"] or 0)


def _batches(scope: Scope, *, is_simulated: bool) -> Iterator[list[Row]]:
    projects = dict(Project.objects.filter(account_id=scope.account_id).values_list("id", "external_id"))
    versions: dict[int, _Version] = {}
    days = _day(scope, scope.starts_at - CLOCKS_APART), _day(scope, scope.ends_at + CLOCKS_APART)
    between = (scope.first_number, scope.last_number, scope.starts_at, scope.ends_at)
    for batch in stream(EVENTS, [scope.account_id, *days, is_simulated, *between]):
        yield [row for event in batch for row in _rows(scope, event, projects, versions)]
    if not is_simulated:
        numbers = (scope.account_id, scope.first_number, scope.last_number)
        for batch in stream(CORRECTED, [*numbers, *numbers]):
            yield [row for event in batch for row in _rows(scope, event, projects, versions)]


def _day(scope: Scope, at: datetime) -> date:
    return at.astimezone(scope.zone).date()


def _rows(
    scope: Scope, event: tuple[Any, ...], projects: Mapping[int, str], versions: dict[int, _Version]
) -> Iterator[Row]:
    number, received_at, event_type, source, event_id, call_id, project_id, *words = event
    channel, direction, call_status, started_at, seconds, model, tier, outcome, why, status, voided_at, *rest = words
    hour, free_code, free_reason, version_id, lines = rest
    version = _version(version_id, versions)
    facts = (
        *("" if number is None else str(number), scope.here(received_at), event_type),
        *(escaped(text) for text in (source, event_id, call_id, projects.get(project_id, ""))),
        *(escaped(text) for text in (channel, direction, call_status)),
        *(scope.here(started_at), plain(seconds), escaped(model), escaped(tier), escaped(outcome), escaped(why)),
        *("reversed" if status == UsageEvent.Status.VOID else "accepted", scope.here(voided_at) if voided_at else ""),
        *(scope.here(hour) if hour else "", escaped(free_code), escaped(free_reason)),
        *(escaped(version.card), version.number),
    )
    for line in _lines(_decode(lines), version, shows_costs=scope.shows_costs) or [NO_LINE]:
        yield (*facts, *line, scope.currency)


def _lines(lines: list[dict[str, str]], version: _Version, *, shows_costs: bool) -> list[Row]:
    shown: list[Row] = []
    passed_on: Decimal | None = None
    for line in lines:
        if not shows_costs and version.methods.get(line["component"]) in (COST, MARGIN):
            passed_on = (passed_on or Decimal(0)) + Decimal(line["amount"])
            continue
        named = (escaped(line["component"]), escaped(line["label"]), line["quantity"], escaped(line["unit"]))
        shown.append((*named, line["price"], line["per"], line["amount"]))
    if passed_on is not None:
        shown.append((PASSED_ON, "", "", "", "", "", f"{passed_on:.6f}"))
    return shown


def _version(version_id: int | None, known: dict[int, _Version]) -> _Version:
    if version_id is None:
        return _Version("", "", {})
    if version_id not in known:
        row = RateCardVersion.objects.select_related("card").get(pk=version_id)
        methods = dict(Rate.objects.filter(version=row).order_by().values_list("component", "method").distinct())
        known[version_id] = _Version(row.card.name, str(row.number), methods)
    return known[version_id]
