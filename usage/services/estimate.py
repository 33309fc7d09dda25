"""What an event would cost now: rated as a real one, nothing written (API.md, 'Accounts')."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from organizations.selectors.keys import KeyContext
from usage.models.event import EventType
from usage.rating.engine import rate
from usage.rating.types import PriceOnRequest
from usage.selectors.cards import load_cards
from usage.services import context
from usage.services.answers import charge_dict
from usage.services.errors import ServiceError
from usage.services.incoming import IncomingEvent


def estimate(*, key: KeyContext, account_external_id: str, event: IncomingEvent) -> dict[str, Any]:
    """The charge that the event would have, line by line.

    Raises ServiceError unknown_account (404) and price_on_request (422).
    """
    where = context.find(key.product_id, [(account_external_id, event.project)])
    account = where.accounts.get(account_external_id)
    if account is None:
        raise ServiceError("unknown_account", "No such account.", status=404)
    event_type = EventType.CHAT_HOUR.value if event.event_type == EventType.CHAT_MESSAGE else event.event_type
    started_at = event.data.get("started_at") or timezone.now()
    try:
        version = load_cards(key.product_id, key.rates_revision).version_for(account.id, started_at)
        rated = rate(version, event_type, event.data)
    except PriceOnRequest as refusal:
        raise ServiceError("price_on_request", str(refusal)) from refusal
    lines = [line.as_json() for line in rated.lines]
    return {
        **charge_dict(rated.total, key.currency, lines, rated.free_reason),
        "outcome": rated.outcome or None,
        "tier": rated.tier or None,
        "rate_card": {"name": version.card_name, "version": version.number},
    }
