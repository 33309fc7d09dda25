"""What usage would cost now: rated as a real event, nothing written (API.md, 'Accounts').

The API and the calculator of the prices page ask the same function, so that both name the same amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from organizations.selectors.keys import KeyContext
from usage.models.event import EventType
from usage.rating.engine import rate
from usage.rating.types import CardVersion, PriceOnRequest, Rated
from usage.selectors.cards import load_cards
from usage.services import context
from usage.services.answers import charge_dict
from usage.services.errors import ServiceError
from usage.services.incoming import IncomingEvent


@dataclass(frozen=True, slots=True)
class Estimate:
    """The charge that an event would have, and the version that it follows from."""

    version: CardVersion
    rated: Rated


def rate_facts(
    *,
    product_id: int,
    rates_revision: int,
    account_id: int,
    event_type: str,
    facts: Mapping[str, object],
    started_at: datetime,
) -> Estimate:
    """Rate an event's data, as the engine takes it, on the version that holds for the account at that moment.

    A chat message is rated as an hour of chat, which is what is charged. Raises PriceOnRequest.
    """
    priced_as = EventType.CHAT_HOUR.value if event_type == EventType.CHAT_MESSAGE else event_type
    version = load_cards(product_id, rates_revision).version_for(account_id, started_at)
    return Estimate(version, rate(version, priced_as, facts))


def estimate(*, key: KeyContext, account_external_id: str, event: IncomingEvent) -> dict[str, Any]:
    """The charge that the event would have, line by line.

    Raises ServiceError unknown_account (404) and price_on_request (422).
    """
    where = context.find(key.product_id, [(account_external_id, event.project)])
    account = where.accounts.get(account_external_id)
    if account is None:
        raise ServiceError("unknown_account", "No such account.", status=404)
    try:
        found = rate_facts(
            product_id=key.product_id,
            rates_revision=key.rates_revision,
            account_id=account.id,
            event_type=event.event_type,
            facts=event.data,
            started_at=event.data.get("started_at") or timezone.now(),
        )
    except PriceOnRequest as refusal:
        raise ServiceError("price_on_request", str(refusal)) from refusal
    rated, version = found.rated, found.version
    lines = [line.as_json() for line in rated.lines]
    return {
        **charge_dict(rated.total, key.currency, lines, rated.free_reason),
        "outcome": rated.outcome or None,
        "tier": rated.tier or None,
        "rate_card": {"name": version.card_name, "version": version.number},
    }
