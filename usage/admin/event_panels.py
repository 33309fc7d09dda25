"""The tables of an event's page: the charge line by line, what paid for it, and the account's other calls."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.html import format_html

from billing.models import Transfer
from organizations.admin.amounts import amount_html, money_html
from organizations.admin.panels import Column, Panel, badge, link, list_url, moment
from organizations.models import Account
from usage.models import UsageEvent

CALLS_SHOWN = 20
COST_UNIT = "cost"
QUANTITY_DECIMALS = 6


def plain(number: Any) -> str:
    """A decimal string without its trailing zeros, thousands grouped."""
    if number in (None, ""):
        return ""
    text = f"{Decimal(str(number)):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def charge_panel(event: UsageEvent) -> Panel:
    """Quantity x price = amount, line by line, to the total."""
    columns = (
        Column("Line"),
        Column("Component"),
        Column("Quantity", True),
        Column("Price", True),
        Column("Amount", True),
    )
    rows = [_line(line, event.currency) for line in event.lines]
    total: tuple[Any, ...] = ()
    if event.total is not None and rows:
        total = ("Total", "", "", "", money_html(event.total))
    return Panel("Charge", columns, rows, empty=_nothing_charged(event), total=total, is_wide=True, note=_marks(event))


def _line(line: dict[str, Any], currency: str) -> tuple[Any, ...]:
    unit = line.get("unit", "")
    price, per = Decimal(str(line.get("price") or line.get("unit_price") or 0)), Decimal(str(line.get("per") or 1))
    shown: Any = amount_html(price, currency)
    if unit == COST_UNIT:
        shown = f"{plain(price * 100)}%"
    elif per != 1:
        shown = format_html("{} / {} {}", shown, plain(per), unit)
    # A third of a minute has no end: the seconds beside it are exact.
    quantity = f"{plain(round(Decimal(str(line.get('quantity') or 0)), QUANTITY_DECIMALS))} {unit}"
    if line.get("measured"):
        quantity = f"{quantity} ({plain(line['measured'])} {line.get('measured_unit', '')})"
    amount = amount_html(Decimal(str(line.get("amount", "0"))), currency)
    return line.get("label") or line.get("component", ""), line.get("component", ""), quantity, shown, amount


def _nothing_charged(event: UsageEvent) -> str:
    if event.free_reason:
        return f"Nothing is charged: {event.free_reason} ({event.free_code})."
    if event.total is None:
        return "This message is charged with all messages of its hour."
    return "Nothing was charged."


def _marks(event: UsageEvent) -> Any:
    marks = []
    if event.is_simulated:
        marks.append(badge("Simulated: no money moved", "warn"))
    if event.status == UsageEvent.Status.VOID:
        marks.append(badge("Reversed", "bad"))
        marks.append(format_html("{} at {}", event.void_reason, moment(event.voided_at)))
    return format_html("{} " * len(marks), *marks) if marks else ""


def payment_panel(event: UsageEvent) -> Panel:
    """From which grants the charge was paid."""
    columns = (Column("From"), Column("To"), Column("Grant"), Column("Amount", True))
    if event.transaction_id is None:
        words = "No money moved, so there is no transaction."
        return Panel("Paid from", columns, [], empty=words)
    transfers = (
        Transfer.objects.filter(transaction_id=event.transaction_id)
        .select_related("source", "target", "grant")
        .order_by("id")
    )
    rows = [
        (one.source.get_kind_display(), one.target.get_kind_display(), link(one.grant), money_html(one.amount))
        for one in transfers
    ]
    total = ("Total", "", "", money_html(event.total)) if event.total is not None else ()
    return Panel(
        "Paid from", columns, rows, note=link(event.transaction, f"Transaction {event.transaction}"), total=total
    )


def calls_panel(account: Account) -> Panel:
    """The account's latest events."""
    events = (
        UsageEvent.objects.filter(account=account)
        .select_related("project")
        .defer("body", "lines")
        .order_by("-day", "-id")[:CALLS_SHOWN]
    )
    rows = [
        (
            link(one, one.call_id or one.event_id),
            moment(one.received_at),
            one.get_event_type_display(),
            one.project,
            f"{plain(one.duration_seconds)} s" if one.duration_seconds else "",
            one.outcome or one.call_status,
            badge("reversed", "bad")
            if one.status == UsageEvent.Status.VOID
            else badge("simulated", "warn")
            if one.is_simulated
            else "",
            money_html(one.total),
        )
        for one in events
    ]
    columns = (
        Column("Call or event"),
        Column("Received (UTC)"),
        Column("Type"),
        Column("Project"),
        Column("Length", True),
        Column("Outcome"),
        Column(""),
        Column("Charged", True),
    )
    return Panel(
        f"Last {CALLS_SHOWN} calls and events",
        columns,
        rows,
        empty="No calls yet. They appear as soon as the service reports one.",
        is_wide=True,
        more_url=list_url(UsageEvent, account__id__exact=account.pk),
    )
