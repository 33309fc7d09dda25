"""A rate-card version in words: its prices, what is free, what is new against the version before, and its faults."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.html import format_html_join

from organizations.admin.amounts import amount_text
from organizations.admin.panels import Column, Panel, badge, link, moment
from usage.admin.event_panels import plain
from usage.models import EventType, FreeRule, Rate, RateCardVersion
from usage.rating.faults import faults
from usage.selectors.cards import card_version

EVENT_TYPES = dict(EventType.choices)
OPERATORS = badge("operator's to set", "warn")


def rates_of(version: RateCardVersion) -> QuerySet[Rate]:
    """The version's rates in the order of a charge's lines."""
    return version.rates.select_related("version__card__product").order_by("position", "id")


def selectors(rate: Rate) -> str:
    """For what the rate is meant, empty when for all."""
    return ", ".join(one for one in (rate.model, rate.tier, rate.outcome, *rate.channels) if one)


def price_text(rate: Rate) -> str:
    """The price in words."""
    if rate.method == Rate.Method.COST:
        return "provider cost, passed on"
    if rate.price is None:
        return "on request"
    if rate.method == Rate.Method.MARGIN:
        return f"{plain(rate.price * 100)}% of the provider cost"
    price = amount_text(rate.price, rate.version.card.product.currency)
    return f"{price} per {plain(rate.per) + ' ' if rate.per != 1 else ''}{rate.unit}"


def rules_text(rate: Rate) -> str:
    """Everything else that decides the quantity and the amount."""
    parts = []
    if rate.metric:
        parts.append(f"counts {rate.metric}")
    if rate.included:
        parts.append(f"{plain(rate.included)} included")
    if rate.first_increment or rate.increment:
        parts.append(f"in steps of {plain(rate.increment)}, first {plain(rate.first_increment or rate.increment)}")
    if rate.cap_field:
        parts.append(f"only when {rate.cap_field} is above what is included")
    if rate.minimum:
        parts.append(f"at least {plain(rate.minimum)}")
    parts += [f"above {tier['above']}: {tier['price']}" for tier in rate.tiers]
    return "; ".join(parts)


def prices_panel(version: RateCardVersion) -> Panel:
    """Every rate, one line each."""
    columns = (
        Column("Event"),
        Column("Line"),
        Column("Component"),
        Column("For"),
        Column("Price"),
        Column("How it is counted"),
        Column(""),
    )
    rows = [
        (
            EVENT_TYPES.get(rate.event_type, rate.event_type),
            rate.label,
            rate.component,
            selectors(rate) or "all",
            price_text(rate),
            rules_text(rate),
            OPERATORS if rate.is_operators_to_set else "",
        )
        for rate in rates_of(version)
    ]
    return Panel("Prices", columns, rows, empty="No prices yet: everything would be on request.", is_wide=True)


def free_panel(version: RateCardVersion) -> Panel:
    """What is not charged."""
    columns = (Column("Event"), Column("When"), Column("Not for"), Column("Reason customers read"))
    rows = [
        (
            EVENT_TYPES.get(rule.event_type, rule.event_type),
            condition_text(rule),
            ", ".join(rule.except_statuses),
            rule.reason,
        )
        for rule in version.free_rules.order_by("position", "id")
    ]
    return Panel("Free of charge", columns, rows, empty="Nothing is free on this card.", is_wide=True)


def condition_text(rule: FreeRule) -> str:
    """The rule's condition in words."""
    if rule.condition == FreeRule.Condition.STATUS:
        return f"status is {' or '.join(rule.values)}"
    words = "below" if rule.condition == FreeRule.Condition.BELOW else "not above"
    return f"{rule.field} is {words} {plain(rule.limit)}"


def faults_panel(version: RateCardVersion) -> Panel:
    """What stands in the way of publishing a draft."""
    rows = [(fault,) for fault in faults(card_version(version))]
    empty = "Nothing stands in the way: this draft may be published."
    return Panel("Before it can be published", (Column("To put right"),), rows, empty=empty, is_wide=True)


def versions_panel(versions: list[RateCardVersion]) -> Panel:
    """The versions of a card, newest first."""
    rows = [
        (
            link(one, f"Version {one.number}"),
            badge(one.get_status_display(), "good" if one.status == RateCardVersion.Status.PUBLISHED else "warn"),
            moment(one.starts_at),
            one.note,
        )
        for one in versions
    ]
    columns = (Column("Version"), Column("State"), Column("Holds from (UTC)"), Column("Why"))
    empty = "No versions yet. Press New version to write the first prices."
    return Panel("Versions", columns, rows, empty=empty, is_wide=True)


def _priced(version: RateCardVersion) -> dict[tuple[str, ...], tuple[str, str]]:
    return {
        (rate.event_type, rate.component, rate.model, rate.tier, rate.outcome, *sorted(rate.channels)): (
            f"{rate.label}{f' ({selectors(rate)})' if selectors(rate) else ''}",
            "; ".join(one for one in (price_text(rate), rules_text(rate)) if one),
        )
        for rate in rates_of(version)
    }


def changes(version: RateCardVersion, before: RateCardVersion | None) -> Any:
    """What the version changes against the one before, a line per rate."""
    new = _priced(version)
    old = _priced(before) if before is not None else {}
    lines = [
        f"{label}: {old[key][1]} → {text}" if key in old else f"{label}: new, {text}"
        for key, (label, text) in new.items()
        if key not in old or old[key][1] != text
    ]
    lines += [f"{label}: not charged any more" for key, (label, _text) in old.items() if key not in new]
    return format_html_join("", "<div>{}</div>", ((line,) for line in lines)) if lines else "no price changes"
