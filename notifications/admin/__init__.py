"""The back office's pages about what leaves the house and what runs by the clock."""

from notifications.admin import delivery, sweep

__all__ = ["delivery", "sweep"]
