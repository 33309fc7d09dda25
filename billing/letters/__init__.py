"""The words of the notices that billing tells, by subject; registered when the app is ready."""

from __future__ import annotations

from billing.letters import wallet


def register_all() -> None:
    """Give every event of billing its words."""
    wallet.register_words()
