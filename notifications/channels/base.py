"""What a channel's sender answers: the other side's words, or that it must be tried again, or that it never will.

A sender runs outside any transaction and ends well within a delivery's lease (`services.deliveries.LEASE`), whatever
the other side does: it sets time-outs. Where it cannot know whether a message arrived it raises Later: the message may
then come twice, both times with the same `Delivery.uid`.
"""

from __future__ import annotations

from datetime import timedelta


class Later(Exception):  # noqa: N818 - an outcome, not a fault of ours
    """Not sent, or nobody knows whether: to be tried again, not before `after` where the other side named it."""

    def __init__(self, why: str, *, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


class NotYet(Exception):  # noqa: N818 - an outcome, not a fault of ours
    """Nothing was sent because it is not its turn, such as by a rate limit; costs no attempt, comes again `after`."""

    def __init__(self, why: str, *, after: timedelta) -> None:
        super().__init__(why)
        self.after = after


class Never(Exception):  # noqa: N818 - an outcome, not a fault of ours
    """The address will not take it, however often it is tried."""
