"""What a period's invoice lists: asked of whoever knows calls, because billing knows amounts only.

Which transactions are a period's is a rule on sets, so that each is on one invoice exactly and no row carries a mark:
those charged by the time of closing (`last_number`) that happened before its end, less those that the same rule gave to
the period before; where more was reversed than charged there is no invoice, and the next one has all of it, too. A
reversal follows its charge while that is on no invoice yet; later it is on the next invoice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Window:
    """Whose transactions, and which: numbers after `since_number` up to `last_number`, of before `ends_at`, less those
    up to `invoiced_number` of before `invoiced_until` (None: nothing was invoiced yet)."""

    wallet_id: int
    account_id: int
    since_number: int
    last_number: int
    starts_at: datetime
    ends_at: datetime
    invoiced_number: int = 0
    invoiced_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class UsageLine:
    """One kind of usage at one price; `amount` is exact. `happened_on` is set where it is of an earlier period."""

    description: str
    amount: Decimal
    quantity: Decimal = Decimal(1)
    unit: str = ""
    unit_price: Decimal | None = None
    detail: str = ""
    happened_on: date | None = None


@dataclass(frozen=True, slots=True)
class PeriodUsage:
    """The usage of a window. The lines add up to `total`, of which `promo` and `allotment` were covered so.

    `owed_later` is what usage after the window's end has left as debt already: it waits for the next invoice.
    """

    lines: tuple[UsageLine, ...] = ()
    total: Decimal = ZERO
    promo: Decimal = ZERO
    allotment: Decimal = ZERO
    owed_later: Decimal = ZERO


Source = Callable[[Window], PeriodUsage]

_sources: list[Source] = []


def on_lines(source: Source) -> None:
    """Have `source(window)` asked for the usage of a period, in the reader's language that is active then."""
    if source not in _sources:
        _sources.append(source)


def usage_of(window: Window) -> PeriodUsage:
    """The usage of the window, of all sources. Raises ValueError where lines do not add up to their total."""
    parts = [source(window) for source in _sources]
    lines = tuple(line for part in parts for line in part.lines)
    found = PeriodUsage(
        lines,
        sum((part.total for part in parts), ZERO),
        sum((part.promo for part in parts), ZERO),
        sum((part.allotment for part in parts), ZERO),
        sum((part.owed_later for part in parts), ZERO),
    )
    listed = sum((line.amount for line in lines), ZERO)
    if listed != found.total:
        raise ValueError(f"Lines of wallet {window.wallet_id} come to {listed}, its ledger says {found.total}.")
    return found
