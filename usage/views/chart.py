"""The charts that the server draws. Geometry is x in per cent, y in pixels, so that text never scales."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any

from billing.templatetags.money import CREDIT, micro_width, number, rounded_text, short_text
from billing.views.shell import Frame
from usage.selectors.pages.spending import DaySpending, total_of
from usage.views.chart_slots import STEP_WORDS, Slot

BASE, TOP = Decimal(180), Decimal(22)
BAR_SHARE = Decimal("0.66")
TIP_ROOM = 340  # px for its words in any language; the tip is as wide as they are
TICKS_EVERY = ((8, 1), (16, 2), (35, 7))  # up to so many bars, one label in so many; more bars: one in 14
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
    """One day of the chart, or a few; a sandbox's would-be cost stands hatched on top of what was spent."""

    slot: Slot
    hit_x: str
    x: str
    y: str
    height: str
    simulated_y: str
    simulated_height: str
    middle: str
    tip_x: int
    tip_side: str

    @property
    def day(self) -> DaySpending:
        """What was spent."""
        return self.slot.spending


@dataclass(frozen=True, slots=True)
class Tick:
    """A label under the chart; narrow screens leave the wide ones out. `anchor` is SVG's: which point of it is at x."""

    x: str
    anchor: str
    slot: Slot
    is_wide: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the template draws."""

    bars: list[Bar]
    grid: list[GridLine]
    ticks: list[Tick]
    average_y: str | None
    bar_width: str
    slot_width: str
    tip_room: int = TIP_ROOM


def draw_chart(slots: Sequence[Slot], *, average: Decimal | None, label: Callable[[Decimal], str]) -> Chart:
    """A bar a slot; `average` is of a slot, `label` words the amounts of the grid lines."""
    amounts = [slot.spending.spent + slot.spending.simulated for slot in slots]
    top = max([*amounts, average or Decimal(0)], default=Decimal(0))
    step = _step(top)
    lines = max(int((top / step).to_integral_value(ROUND_CEILING)), 1)
    scale = (BASE - TOP) / (step * lines)
    width = Decimal(100) / len(slots)
    grid = [
        GridLine(_px(BASE - step * index * scale), _px(BASE - step * index * scale + 4), label(step * index))
        for index in range(lines + 1)
    ]
    bars = [_bar(slot, index, width, scale, len(slots)) for index, slot in enumerate(slots)]
    return Chart(
        bars=bars,
        grid=grid,
        ticks=_ticks(bars),
        average_y=None if average is None else _px(BASE - average * scale),
        bar_width=_pct(width * BAR_SHARE),
        slot_width=_pct(width),
    )


def chart_context(
    frame: Frame, slots: Sequence[Slot], *, step: str = "day", average: Decimal | None = None
) -> dict[str, Any]:
    """What `usage/chart.html` takes: the chart, and the same figures as a table, newest first, with their sum."""
    return {
        "chart_words": STEP_WORDS[step],
        "chart": draw_chart(slots, average=average, label=lambda amount: _axis(frame.balance.currency, amount)),
        "chart_total": total_of([slot.spending for slot in slots], since=slots[0].spending.day),
        "chart_table": slots[::-1],
        "table_micro": micro_width(slot.spending.spent for slot in slots),
        "table_simulated_micro": micro_width(slot.spending.simulated for slot in slots),
    }


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


def _bar(slot: Slot, index: int, width: Decimal, scale: Decimal, count: int) -> Bar:
    height = max(slot.spending.spent, Decimal(0)) * scale
    simulated = max(slot.spending.simulated, Decimal(0)) * scale
    # The tip hangs to the right of the first bars, to the left of the last ones.
    tip_x, tip_side = -TIP_ROOM // 2, "middle"
    if index < count // 5:
        tip_x, tip_side = -12, "start"
    elif index >= count - count // 3:
        tip_x, tip_side = 12 - TIP_ROOM, "end"
    return Bar(
        slot=slot,
        hit_x=_pct(width * index),
        x=_pct(width * index + width * (1 - BAR_SHARE) / 2),
        y=_px(BASE - height),
        height=_px(height),
        simulated_y=_px(BASE - height - simulated),
        simulated_height=_px(simulated),
        middle=_pct(width * index + width / 2),
        tip_x=tip_x,
        tip_side=tip_side,
    )


def _ticks(bars: list[Bar]) -> list[Tick]:
    """The last bar and every so many before it; narrow screens show every second of them.

    Under bars that are narrower than a label the last one ends where the chart does.
    """
    last = len(bars) - 1
    every = next((step for most, step in TICKS_EVERY if len(bars) <= most), 14)
    ticks = [
        Tick(bars[index].middle, "middle", bars[index].slot, (last - index) // every % 2 == 1)
        for index in range(last % every, last + 1, every)
    ]
    return ticks if every == 1 else [*ticks[:-1], replace(ticks[-1], x="100%", anchor="end")]


def _step(top: Decimal) -> Decimal:
    """A round amount that divides the height into three or four parts."""
    if top <= 0:
        return Decimal(1)
    rough = top / 4
    unit = Decimal(10) ** rough.adjusted()
    return next(factor * unit for factor in STEPS if factor * unit >= rough)


def _axis(currency: str, amount: Decimal) -> str:
    """A grid line's amount in as few characters as it takes."""
    if currency == CREDIT:
        return number(amount, most=1)
    return short_text(amount, currency) if amount == amount.to_integral_value() else rounded_text(amount, currency)


def _px(value: Decimal) -> str:
    return f"{value:.1f}"


def _pct(value: Decimal) -> str:
    return f"{value:.3f}%"
