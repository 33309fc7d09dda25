"""The back office's pages about what leaves the house, what failed and what runs by the clock."""

from notifications.admin import delivery, endpoint, incident, notice, reader, sweep

__all__ = ["delivery", "endpoint", "incident", "notice", "reader", "sweep"]
