"""How long a balance lasts: it is drawn down day by day at a pace, as the ledger would draw it.

Pure: no database, no clock. Honest where an average alone is not: each weekday has its own pace, credit is spent in the
ledger's order and gone when it expires, an allotment is replaced on its date and nothing of it carried over, and the
daily cap bounds every day. More money never lasts shorter, a higher pace never longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

ZERO = Decimal(0)
HORIZON_DAYS = 365


@dataclass(frozen=True, slots=True)
class Lot:
    """Credit to spend: today, and on the days before `until` (None: for ever). `step` orders lots that are else equal:
    0 an allotment, 1 promo, 2 paid."""

    amount: Decimal
    until: date | None = None
    priority: int = 0
    step: int = 2

    @property
    def order(self) -> tuple[int, bool, date, int]:
        """The ledger's order of spending: priority, earliest expiry, allotment before promo before paid."""
        return self.priority, self.until is None, self.until or date.max, self.step


@dataclass(frozen=True, slots=True)
class Funds:
    """What may be spent. `beyond` is the credit limit less what is owed and what calls in progress hold: below zero it
    is set against the lots. `refill` replaces the allotment on each of `refill_days`; `cap` is the most in a day, and
    with less than the `floor` no call starts."""

    lots: Sequence[Lot] = ()
    beyond: Decimal = ZERO
    refill: Lot | None = None
    refill_days: Sequence[date] = ()
    cap: Decimal | None = None
    floor: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Forecast:
    """`ends_on` is the first day that is not covered, None beyond the horizon; `draws` and `left` are of the days from
    today until then. `lost` is credit other than the allotment that expires unspent, the first of it on `lost_on`."""

    ends_on: date | None
    draws: tuple[Decimal, ...]
    left: tuple[Decimal, ...]
    lost: Decimal = ZERO
    lost_on: date | None = None

    def falls_below(self, threshold: Decimal) -> int | None:
        """In how many days less than the threshold is left; None where it never is before the horizon."""
        end = None if self.ends_on is None else len(self.left)
        return next((day for day, left in enumerate(self.left) if left < threshold), end)


def forecast(*, funds: Funds, pace: Sequence[Decimal], today: date, spent_today: Decimal = ZERO) -> Forecast:
    """Draw the funds down at `pace`, amounts a day from Monday to Sunday, of which today's is `spent_today` already."""
    lots = sorted(funds.lots, key=lambda lot: lot.order)
    beyond, lost, lost_on = funds.beyond, ZERO, None
    draws: list[Decimal] = []
    left: list[Decimal] = []
    for offset in range(HORIZON_DAYS + 1):
        day = today + timedelta(days=offset)
        if offset:
            gone = [lot for lot in lots if lot.until is not None and lot.until <= day]
            lots = [lot for lot in lots if lot not in gone]
            for lot in gone:
                if lot.step and lot.amount:
                    lost, lost_on = lost + lot.amount, lost_on or day
            lots = _refilled(lots, funds, day)
        wanted = pace[day.weekday()] if funds.cap is None else min(pace[day.weekday()], funds.cap)
        if not offset:
            wanted = max(wanted - spent_today, ZERO)
        if sum((lot.amount for lot in lots), beyond) < wanted + funds.floor:
            return Forecast(day, tuple(draws), tuple(left), lost, lost_on)
        lots, rest = _drawn(lots, wanted)
        beyond -= rest
        draws.append(wanted)
        left.append(sum((lot.amount for lot in lots), beyond))
    return Forecast(None, tuple(draws), tuple(left), lost, lost_on)


def _refilled(lots: list[Lot], funds: Funds, day: date) -> list[Lot]:
    """The lots with the allotment of a cycle that begins on this day in place of the last one's."""
    if funds.refill is None or day not in funds.refill_days:
        return lots
    following = next((each for each in funds.refill_days if each > day), None)
    kept = [lot for lot in lots if lot.step]
    return sorted([*kept, replace(funds.refill, until=following)], key=lambda lot: lot.order)


def _drawn(lots: list[Lot], wanted: Decimal) -> tuple[list[Lot], Decimal]:
    """The lots after so much was drawn from them in order, and what they did not cover."""
    after = []
    for lot in lots:
        taken = min(lot.amount, wanted)
        wanted -= taken
        after.append(replace(lot, amount=lot.amount - taken))
    return after, wanted
