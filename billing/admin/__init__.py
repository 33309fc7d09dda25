"""The back office's pages about money. The ledger is read-only for everyone, superusers included."""

from billing.admin import (
    auto_top_up,
    card,
    grant,
    hold,
    ledger,
    payment,
    provider_event,
    terms,
    top_up,
    verification,
    wallet,
)

__all__ = [
    "auto_top_up",
    "card",
    "grant",
    "hold",
    "ledger",
    "payment",
    "provider_event",
    "terms",
    "top_up",
    "verification",
    "wallet",
]
