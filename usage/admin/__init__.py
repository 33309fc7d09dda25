"""The back office's pages about calls, usage and prices."""

from usage.admin import (
    blocked,
    event,
    idempotency,
    rate_card,
    rate_card_version,
    rejection,
    rerating,
    rollup,
    wallet_calls,
    what_if,
)

__all__ = [
    "blocked",
    "event",
    "idempotency",
    "rate_card",
    "rate_card_version",
    "rejection",
    "rerating",
    "rollup",
    "wallet_calls",
    "what_if",
]
