"""From an event to its price: finds account, project and rate-card version, and runs the rating engine.

Happens before the transaction and writes nothing. What cannot be priced becomes a `Rejection`, never a charge of 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from usage.models.event import EventType
from usage.rating.engine import rate
from usage.rating.types import CardVersion, PriceOnRequest, Rated
from usage.selectors.cards import ProductCards
from usage.services.context import AccountRef, Context, ProjectRef
from usage.services.incoming import IncomingEvent, Rejection

CALL = EventType.CALL.value
CHAT_MESSAGE = EventType.CHAT_MESSAGE.value


@dataclass(slots=True)
class PricedEvent:
    """An event with its account, project and price; `hour` is set when the hour is charged, not the event."""

    event: IncomingEvent
    account: AccountRef
    project: ProjectRef
    version: CardVersion
    rated: Rated | None
    started_at: datetime
    hour: datetime | None = None


def price(
    event: IncomingEvent, *, context: Context, cards: ProductCards, window: timedelta, now: datetime
) -> PricedEvent | Rejection:
    """The event's price, or why it is refused: unknown account or project, too old, or without a price."""
    account = context.accounts.get(event.subject)
    if account is None:
        return reject(event, "unknown_account", f"No account {event.subject!r} exists for this service.")
    project = context.projects.get((event.subject, event.project))
    if project is None:
        return reject(event, "unknown_project", unknown_project_words(event.project))
    if event.occurred_at < now - window:
        return reject(event, "event_too_old", f"The event is older than {window.days} days.")
    started_at: datetime = event.data.get("started_at") or event.occurred_at
    try:
        version = cards.version_for(account.id, started_at)
        if event.event_type == CHAT_MESSAGE and version.aggregates_chat:
            return PricedEvent(event, account, project, version, None, started_at, hour_of(event.occurred_at, account))
        rated = rate(version, event.event_type, event.data)
    except PriceOnRequest as refusal:
        return reject(event, "price_on_request", str(refusal))
    return PricedEvent(event, account, project, version, rated, started_at)


def unknown_project_words(project: str | None) -> str:
    """What to say when an account's project was not found."""
    if project is None:
        return "The account has no single project. Name one in `project`."
    return f"The account has no project {project!r}."


def hour_of(moment: datetime, account: AccountRef) -> datetime:
    """The start of the clock hour, in the account's timezone, that a moment lies in."""
    local = moment.astimezone(account.zone)
    return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def reject(event: IncomingEvent, code: str, detail: str) -> Rejection:
    """A refusal of the event in its place."""
    return Rejection(event.source, event.event_id, event.subject, code, detail, event.body)


def text(data: dict[str, Any], name: str) -> str:
    """A text of the event's data, empty when it is not given."""
    value = data.get(name)
    return value if isinstance(value, str) else ""
