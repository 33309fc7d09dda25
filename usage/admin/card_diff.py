"""The differences between two versions in tables: prices with their change in percent, free rules, terms."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from organizations.admin.panels import Column, Panel, badge
from usage.models import EventType, Rate, RateCardVersion, WhatIfRun, WhatIfStatus
from usage.selectors.card_diff import ADDED, CHANGED, REMOVED, CardDiff, FieldChange, RowChange, diff_of

EVENT_TYPES = dict(EventType.choices)
KINDS = {ADDED: badge("added", "good"), REMOVED: badge("removed", "bad"), CHANGED: badge("changed", "warn")}
PRICE_FIELDS = ("price", "per", "unit", "method")
NOT_CHARGED = "not charged"


def diff_panels(before: RateCardVersion | None, after: RateCardVersion) -> list[Panel]:
    """The tables of the comparison; one that says so where there is nothing to compare."""
    diff = diff_of(before, after)
    if diff.is_empty:
        return [Panel("No differences", (Column(""),), [], empty="Both versions price alike, field by field.")]
    return panels_of(diff)


def panels_of(diff: CardDiff) -> list[Panel]:
    """Prices, free rules and terms, of which only those that differ."""
    panels = []
    if diff.rates:
        panels.append(_rates(diff))
    if diff.rules:
        panels.append(_rules(diff))
    if diff.settings:
        rows = [(_words(one.name), one.before or "empty", one.after or "empty") for one in diff.settings]
        panels.append(Panel("Rounding, outcomes and chat", (Column("What"), Column("Before"), Column("After")), rows))
    return panels


def summary(diff: CardDiff) -> str:
    """The differences in one line, such as "2 prices changed, 1 added"."""
    if diff.is_empty:
        return "nothing"
    parts = []
    for rows, what in ((diff.rates, "rate"), (diff.rules, "free rule")):
        for kind in (CHANGED, ADDED, REMOVED):
            count = sum(1 for row in rows if row.kind == kind)
            if count:
                parts.append(f"{count} {what}{'s' if count > 1 else ''} {kind}")
    if diff.settings:
        parts.append(f"{len(diff.settings)} of its terms changed")
    return ", ".join(parts)


def last_what_if(version: RateCardVersion) -> WhatIfRun | None:
    """The run of the version that ended last."""
    return version.what_ifs.filter(status=WhatIfStatus.DONE).order_by("-id").first()


def _rates(diff: CardDiff) -> Panel:
    columns = (
        Column(""),
        Column("Event"),
        Column("Line"),
        Column("For"),
        Column("Price before", True),
        Column("Price after", True),
        Column("%", True),
        Column("Other changes"),
    )
    rows = [
        (
            KINDS[one.kind],
            EVENT_TYPES.get(one.row["event_type"], one.row["event_type"]),
            format_html("{} <span class='bo-muted'>{}</span>", one.row["label"], one.row["component"]),
            _for(one),
            _price(one.before),
            _price(one.after),
            "" if one.percent is None else f"{one.percent:+,.2f}%",
            _lines([change for change in one.fields if change.name not in PRICE_FIELDS]),
        )
        for one in diff.rates
    ]
    return Panel("Prices", columns, rows, is_wide=True)


def _rules(diff: CardDiff) -> Panel:
    columns = (Column(""), Column("Event"), Column("Free of charge"), Column("Code"), Column("What changes"))
    rows = [
        (
            KINDS[one.kind],
            EVENT_TYPES.get(one.row["event_type"], one.row["event_type"]),
            one.row["reason"],
            one.row["code"],
            _lines(one.fields) if one.kind == CHANGED else _condition(one.row),
        )
        for one in diff.rules
    ]
    return Panel("Free of charge", columns, rows, is_wide=True)


def _for(change: RowChange) -> str:
    row = change.row
    return ", ".join(row[name] for name in ("model", "tier", "outcome", "channels") if row[name]) or "all"


def _price(row: dict[str, str]) -> str:
    """The price as the card states it, without its currency, which both versions share."""
    if not row:
        return NOT_CHARGED
    if row["method"] == Rate.Method.COST:
        return "provider cost"
    if not row["price"]:
        return "on request"
    if row["method"] == Rate.Method.MARGIN:
        return f"{row['price']} of the cost"
    return f"{row['price']} per {row['per'] + ' ' if row['per'] != '1' else ''}{row['unit']}"


def _condition(row: dict[str, str]) -> str:
    if row["condition"] == "status":
        return f"status is {row['values']}"
    return f"{row['field']} is {'below' if row['condition'] == 'below' else 'not above'} {row['limit']}"


def _lines(changes: Any) -> SafeString:
    return format_html_join("", "<div>{}</div>", ((_line(one),) for one in changes))


def _line(change: FieldChange) -> str:
    return f"{_words(change.name)}: {change.before or 'empty'} → {change.after or 'empty'}"


def _words(name: str) -> str:
    return name.replace("_", " ")
