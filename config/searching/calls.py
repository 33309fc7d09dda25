"""Calls: finished ones, those in progress, and what was refused, by call id, event id or the caller's number."""

from __future__ import annotations

from django.db import connection

from billing.models import Hold, HoldStatus
from config.searching.lookups import EACH_MOST, LookUp, Rows
from config.searching.terms import Term
from organizations.admin.amounts import amount_text
from organizations.models import Service
from usage.admin.event_search import find_events
from usage.models import RateCard, RejectedEvent, UsageEvent

CALLERS_AMONG = 50_000  # of the newest events: no index has the number a call came from
BY_CALLER = """
SELECT id FROM (SELECT id, body -> 'data' AS data FROM usage_usageevent ORDER BY id DESC LIMIT %(among)s) newest
 WHERE regexp_replace(coalesce(data ->> 'caller', data ->> 'from', ''), '[^0-9]', '', 'g') = %(digits)s
 ORDER BY id DESC LIMIT %(most)s
"""


def _event(term: Term) -> list[Rows]:
    if not term.is_one_word:
        return []
    return [UsageEvent.objects.filter(pk__in=find_events(term.text)).defer("body", "lines").order_by("-pk")]


def _event_by_caller(term: Term) -> list[Rows]:
    if not term.phone:
        return []
    with connection.cursor() as cursor:
        cursor.execute(BY_CALLER, {"among": CALLERS_AMONG, "digits": term.phone, "most": EACH_MOST})
        found = [row[0] for row in cursor.fetchall()]
    return [UsageEvent.objects.filter(pk__in=found).defer("body", "lines").order_by("-pk")] if found else []


def _hold(term: Term) -> list[Rows]:
    """The key begins with the service: there are few, and each is asked."""
    if not term.is_one_word:
        return []
    services = list(Service.objects.values_list("pk", flat=True))
    named = Hold.objects.filter(service_id__in=services, call_id=term.text)
    # Each of the two has an index of its own: one of calls that ended otherwise, one of expired ones.
    expired = named.filter(status=HoldStatus.EXPIRED)
    return [named.exclude(status=HoldStatus.EXPIRED).order_by("-pk"), expired.order_by("-pk")]


def _rejection(term: Term) -> list[Rows]:
    return [RejectedEvent.objects.filter(event_id=term.text).order_by("-pk")] if term.is_one_word else []


def _cards(term: Term) -> list[Rows]:
    """Rate cards by their name: there are few of them."""
    return [RateCard.objects.filter(name__icontains=term.text).order_by("pk")] if len(term.text) >= 3 else []


def _charged(row: UsageEvent) -> str:
    total = "" if row.total is None else amount_text(row.total.amount, row.currency)
    state = "reversed" if row.status == UsageEvent.Status.VOID else "simulated" if row.is_simulated else ""
    return ", ".join(part for part in (total, f"{row.received_at:%Y-%m-%d %H:%M} UTC", state) if part)


LOOKUPS = (
    LookUp(
        UsageEvent,
        "call",
        _event,
        _event_by_caller,
        ("account__product",),
        "account",
        title=lambda row: row.call_id or row.event_id,
        facts=_charged,
        kind="Call or event",
    ),
    LookUp(
        Hold,
        "lock_clock",
        _hold,
        related=("wallet__account__product",),
        account="wallet.account",
        facts=lambda row: f"{row.get_status_display()}, {row.created_at:%Y-%m-%d %H:%M} UTC",
    ),
    LookUp(
        RejectedEvent,
        "call_missed",
        _rejection,
        related=("service",),
        title=lambda row: row.event_id,
        facts=lambda row: f"{row.service}, {row.code}, {row.received_at:%Y-%m-%d %H:%M} UTC",
    ),
    LookUp(RateCard, "sell", begun=_cards, related=("product", "account__product"), account="account"),
)
