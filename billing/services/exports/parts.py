"""What an export is made of: its scope, and tables of text. Billing has the movements; usage registers the calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose movements, and which: those numbered `first_number` to `last_number`, none where the last is lower.

    `starts_at` is the first instant of the first day, `ends_at` the first one after the last day. `opening` is the
    balance before, `opening_hash` the hash that the chain goes on from.
    """

    wallet_id: int
    account_id: int
    currency: str
    zone: ZoneInfo
    shows_costs: bool
    starts_at: datetime
    ends_at: datetime
    first_number: int
    last_number: int
    opening: Decimal
    opening_hash: bytes

    def here(self, at: datetime) -> str:
        """The moment on the account's clock, with its offset, to the microsecond."""
        return at.astimezone(self.zone).isoformat(timespec="microseconds")


@dataclass(frozen=True, slots=True)
class Table:
    """A file of the export: batches of rows as they come. One that `may_be_absent` is left out when it has no row."""

    name: str
    header: tuple[str, ...]
    batches: Iterator[list[Row]]
    may_be_absent: bool = False


@dataclass(frozen=True, slots=True)
class EventRef:
    """What a service called the event behind a movement."""

    source: str
    event_id: str
    call_id: str


@dataclass(frozen=True, slots=True)
class UsageParts:
    """What usage adds. `events_of` takes ledger keys and answers for those it gave; all run inside the snapshot."""

    events_of: Callable[[Sequence[str]], Mapping[str, EventRef]]
    tables: Callable[[Scope], Sequence[Table]]
    rows_expected: Callable[[Scope], int]


_registered: list[UsageParts] = []


def register_usage(parts: UsageParts) -> None:
    """Let exports have usage's tables, too."""
    _registered.append(parts)


def usage_parts() -> list[UsageParts]:
    """What was registered: one in the product, none in a test of billing alone."""
    return _registered
