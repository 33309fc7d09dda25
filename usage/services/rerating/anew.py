"""What an event costs at the prices that are published now: by the version that holds at the event's own time.

A correction of prices is a version published since with a start in the past; nothing is ever priced by a version that
did not hold when the call began.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from usage.models.event import EventType
from usage.rating.engine import rate
from usage.rating.types import CardVersion, PriceOnRequest, Rated
from usage.selectors.cards import ProductCards
from usage.services.reported import UnreadableError, facts_of
from usage.services.rerating.events import Charged

CHAT_MESSAGE = EventType.CHAT_MESSAGE.value
CHAT_HOUR = EventType.CHAT_HOUR.value
LAST_OF_HOUR = timedelta(hours=1) - timedelta(microseconds=1)


class LeftAloneError(Exception):
    """Why an event cannot be charged anew, in words for staff."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge as it is put in the place of another; `lines` as they are stored."""

    version_id: int
    total: Decimal
    cost: Decimal
    lines: list[dict[str, str]]
    model: str
    tier: str
    outcome: str
    outcome_reason: str
    free_code: str
    free_reason: str

    def as_json(self) -> dict[str, Any]:
        """For keeping; decimals as text."""
        return {**asdict(self), "total": f"{self.total:f}", "cost": f"{self.cost:f}"}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Charge:
        """What `as_json` kept."""
        return cls(**{**kept, "total": Decimal(kept["total"]), "cost": Decimal(kept["cost"])})


def charge_anew(event: Charged, cards: ProductCards) -> Charge:
    """The event's charge at today's cards. Raises LeftAloneError."""
    try:
        facts = facts_of(event.event_type, event.body)
        version, rated = _rated(event, facts, cards)
    except UnreadableError as error:
        raise LeftAloneError(f"What it reported cannot be read: {error}") from error
    except PriceOnRequest as refusal:
        raise LeftAloneError(f"It has no price now: {refusal}") from refusal
    lines = [line.as_json() for line in rated.lines]
    ending = (rated.model, rated.tier, rated.outcome, rated.outcome_reason, rated.free_code, rated.free_reason)
    return Charge(version.id, rated.total, rated.cost, lines, *ending)


def _rated(event: Charged, facts: dict[str, Any], cards: ProductCards) -> tuple[CardVersion, Rated]:
    if event.event_type == CHAT_HOUR:
        return _rated_hour(event, facts, cards)
    version = cards.version_for(event.account_id, event.started_at)
    if event.event_type == CHAT_MESSAGE and version.aggregates_chat:
        raise LeftAloneError("The prices that hold then charge messages by the hour.")
    return version, rate(version, event.event_type, facts)


def _rated_hour(event: Charged, facts: dict[str, Any], cards: ProductCards) -> tuple[CardVersion, Rated]:
    """As `usage.services.chat_hours` prices it: at its beginning, or, where chat has no price then, at its end."""
    try:
        version = cards.version_for(event.account_id, event.occurred_at)
        return version, rate(version, CHAT_HOUR, facts)
    except PriceOnRequest:
        version = cards.version_for(event.account_id, event.occurred_at + LAST_OF_HOUR)
        if version.starts_at is None or version.starts_at > event.started_at:
            raise  # it held only after what the first charge counts as the hour's beginning
        return version, rate(version, CHAT_HOUR, facts)
