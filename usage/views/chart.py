"""Geometry of the charts that the server draws: x in per cent, y in pixels, so that text never scales."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal

from usage.selectors.pages.spending import DaySpending

BASE, TOP = Decimal(180), Decimal(22)
BAR_SHARE = Decimal("0.66")
TIP_WIDTH = 196
STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
SPARK_HEIGHT = Decimal(56)
SPARK_LEAST = Decimal(2)


@dataclass(frozen=True, slots=True)
class GridLine:
    """A horizontal line and the amount it stands for."""

    y: str
    text_y: str
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart; a sandbox's would-be cost stands hatched on top of what was spent."""

    day: DaySpending
    hit_x: str
    x: str
    y: str
    height: str
    simulated_y: str
    simulated_height: str
    middle: str
    tip_x: int
    tip_text_x: int
    is_today: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A label under the chart; narrow screens leave the wide ones out."""

    x: str
    day: date
    is_wide: bool
    is_today: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the template draws."""

    bars: list[Bar]
    grid: list[GridLine]
    ticks: list[Tick]
    average_y: str | None
    bar_width: str
    slot_width: str


def draw_chart(
    days: Sequence[DaySpending], *, today: date, average: Decimal | None, label: Callable[[Decimal], str]
) -> Chart:
    """A bar a day; `label` words the amounts of the grid lines."""
    top = max([day.spent + day.simulated for day in days] + [average or Decimal(0)], default=Decimal(0))
    step = _step(top)
    lines = max(int((top / step).to_integral_value(ROUND_CEILING)), 1)
    scale = (BASE - TOP) / (step * lines)
    slot = Decimal(100) / len(days)
    grid = [
        GridLine(_px(BASE - step * index * scale), _px(BASE - step * index * scale + 4), label(step * index))
        for index in range(lines + 1)
    ]
    bars = [_bar(day, index, slot, scale, today, len(days)) for index, day in enumerate(days)]
    return Chart(
        bars=bars,
        grid=grid,
        ticks=_ticks(bars, days),
        average_y=None if average is None else _px(BASE - average * scale),
        bar_width=_pct(slot * BAR_SHARE),
        slot_width=_pct(slot),
    )


def draw_hours(hours: dict[int, Decimal]) -> list[tuple[str, str, str, bool]]:
    """x, y, height and whether anything was spent, for each hour of a day."""
    top = max(hours.values(), default=Decimal(0))
    bars = []
    for hour in range(24):
        spent = max(hours.get(hour, Decimal(0)), Decimal(0))
        height = max(spent / top * (SPARK_HEIGHT - 6), SPARK_LEAST) if spent > 0 else SPARK_LEAST
        bars.append(
            (_pct(Decimal("0.6") + hour * Decimal(100) / 24), _px(SPARK_HEIGHT - height), _px(height), spent > 0)
        )
    return bars


def _bar(day: DaySpending, index: int, slot: Decimal, scale: Decimal, today: date, count: int) -> Bar:
    height = max(day.spent, Decimal(0)) * scale
    simulated = max(day.simulated, Decimal(0)) * scale
    # The tip hangs to the right of the first bars, to the left of the last ones.
    tip_x = -12 if index < count // 5 else 12 - TIP_WIDTH if index >= count - count // 3 else -TIP_WIDTH // 2
    return Bar(
        day=day,
        hit_x=_pct(slot * index),
        x=_pct(slot * index + slot * (1 - BAR_SHARE) / 2),
        y=_px(BASE - height),
        height=_px(height),
        simulated_y=_px(BASE - height - simulated),
        simulated_height=_px(simulated),
        middle=_pct(slot * index + slot / 2),
        tip_x=tip_x,
        tip_text_x=tip_x + TIP_WIDTH // 2,
        is_today=day.day == today,
    )


def _ticks(bars: list[Bar], days: Sequence[DaySpending]) -> list[Tick]:
    """Today and every seventh day before it."""
    last = len(days) - 1
    return [
        Tick(bars[index].middle, days[index].day, (last - index) // 7 % 2 == 1, index == last)
        for index in range(last % 7, last + 1, 7)
    ]


def _step(top: Decimal) -> Decimal:
    """A round amount that divides the height into three or four parts."""
    if top <= 0:
        return Decimal(1)
    rough = top / 4
    unit = Decimal(10) ** rough.adjusted()
    return next(factor * unit for factor in STEPS if factor * unit >= rough)


def _px(value: Decimal) -> str:
    return f"{value:.1f}"


def _pct(value: Decimal) -> str:
    return f"{value:.3f}%"
