"""What is not charged: statuses, and quantities below or up to a limit.

A rule over a field that the event does not report does not apply: nothing is free because somebody left it out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from usage.rating.types import FreeRule

STATUS = "status"
BELOW = "below"
UP_TO = "up_to"


def first_rule(rules: Sequence[FreeRule], facts: Mapping[str, object]) -> FreeRule | None:
    """The first rule that makes the event free, or None. `below` is strict, `up_to` inclusive."""
    for rule in rules:
        if rule.except_statuses and facts.get("status") in rule.except_statuses:
            continue
        value = facts.get(rule.field)
        if value in rule.values if rule.condition == STATUS else _is_within(rule, value):
            return rule
    return None


def _is_within(rule: FreeRule, value: object) -> bool:
    if not isinstance(value, Decimal) or rule.limit is None:
        return False
    return value <= rule.limit if rule.condition == UP_TO else value < rule.limit
