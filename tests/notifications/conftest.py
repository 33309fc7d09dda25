"""What tests of messages may use: `telegram`, a running stand-in of Telegram."""

from __future__ import annotations

from tests.notifications.telegram import telegram

__all__ = ["telegram"]
