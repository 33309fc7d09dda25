"""Bars by day, as django-unfold's chart component draws them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

COLOURS = ("#6660dc", "#c8652c", "#16937f")
OPTIONS = json.dumps(
    {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "plugins": {"legend": {"display": True, "position": "bottom", "labels": {"color": "#7f8896"}}},
        "scales": {
            "x": {
                "grid": {"display": False},
                "border": {"display": False},
                "ticks": {"color": "#7f8896", "maxTicksLimit": 12, "maxRotation": 0},
            },
            "y": {
                "beginAtZero": True,
                "border": {"display": False},
                "grid": {"color": "rgba(128,136,150,.18)"},
                "ticks": {"color": "#7f8896", "maxTicksLimit": 5},
            },
        },
    }
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A title and the component's data."""

    title: str
    data: str


def by_day(title: str, first: date, last: date, series: Sequence[tuple[str, Mapping[date, Decimal]]]) -> Chart:
    """Every day from `first` to `last` with its value in each of the series, nothing where a day has none."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    datasets: list[dict[str, Any]] = [
        {
            "label": label,
            "data": [str(values.get(day, Decimal(0))) for day in days],
            "backgroundColor": COLOURS[place % len(COLOURS)],
            "borderRadius": 2,
        }
        for place, (label, values) in enumerate(series)
    ]
    return Chart(title, json.dumps({"labels": [f"{day:%b} {day.day}" for day in days], "datasets": datasets}))
