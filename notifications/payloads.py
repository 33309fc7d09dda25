"""What services are told by webhook: the data of each type (API.md, 'Webhooks out').

These names are a contract: of a notice's facts only those listed here leave the house. Amounts are strings with six
decimals, as everywhere in the API. The OpenAPI document describes the same table.
"""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal

import msgspec

from notifications.models import Notice, WebhookType
from notifications.rules import RULES

TEST_TYPE = "webhook.test"
"""Sent by staff to see whether an endpoint answers; whatever types it listens to."""

BALANCE = {"balance": "balance", "currency": "currency"}
FAILURE = {"reason": "reason", "amount": "amount", **BALANCE}
# The name of each datum, and of the fact that it is.
DATA: dict[WebhookType, dict[str, str]] = {
    WebhookType.WALLET_LOW: {"threshold": "threshold", **BALANCE},
    WebhookType.WALLET_BLOCKED: {"reason": "reason", **BALANCE},
    WebhookType.WALLET_UNBLOCKED: BALANCE,
    WebhookType.WALLET_TOPPED_UP: {"top_up": "top_up", "amount": "amount", **BALANCE},
    WebhookType.AUTO_TOP_UP_FAILED: {**FAILURE, "next_attempt_at": "next_attempt_at"},
    WebhookType.AUTO_TOP_UP_DISABLED: FAILURE,
    WebhookType.PROJECT_MODE_CHANGED: {"project": "project_id", "mode": "mode"},
}
AMOUNTS = {"amount", "balance", "threshold"}
OPTIONAL = {"next_attempt_at"}
_encode = msgspec.json.Encoder().encode


def body_of(notice: Notice, webhook: WebhookType) -> str:
    """The notice as services read it, as JSON."""
    account = notice.account
    data = {"product": account.product.slug, "account": account.external_id}
    for name, fact in DATA[webhook].items():
        if fact in notice.facts:
            data[name] = f"{Decimal(notice.facts[fact]):.6f}" if name in AMOUNTS else notice.facts[fact]
    return body(webhook.value, notice.created_at.astimezone(UTC).isoformat(), data)


def body(webhook: str, timestamp: str, data: dict[str, str]) -> str:
    """One message. `timestamp` says when it happened, as RFC 3339."""
    return _encode({"type": webhook, "timestamp": timestamp, "data": data}).decode()


def events_of(types: list[str]) -> list[str]:
    """The events that an endpoint with these types hears of; no types are all."""
    heard = {event.value: rule.webhook for event, rule in RULES.items()}
    return [event for event, webhook in heard.items() if webhook and (not types or webhook.value in types)]
