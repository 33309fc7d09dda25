"""A run as CSV: its total, its components and its accounts, one line each, in a constant amount of memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

from billing.services.exports.cells import BYTE_ORDER_MARK, escaped
from usage.models import WhatIfRun

HEADER = (
    *("part", "key", "name", "calls", "changed", "own_card", "without_price"),
    *("charged", "would_be", "difference", "charged_without_price", "currency"),
)


def csv_lines(run: WhatIfRun) -> Iterator[str]:
    """The file, line by line; amounts with six decimals and a point."""
    yield BYTE_ORDER_MARK + _line(HEADER)
    yield _line(("total", "", str(run), *_figures(run), run.currency))
    for component, sums in sorted(run.components.items()):
        actual, would_be = Decimal(sums["actual"]), Decimal(sums["would_be"])
        amounts = (f"{actual:.6f}", f"{would_be:.6f}", f"{would_be - actual:.6f}", "")
        yield _line(("component", component, sums["label"], "", "", "", "", *amounts, run.currency))
    for one in run.accounts.select_related("account").order_by("account_id").iterator(chunk_size=1000):
        yield _line(("account", one.account.external_id, one.account.name, *_figures(one), run.currency))


def _figures(row: Any) -> tuple[Any, ...]:
    """A run's or an account's: they have the same."""
    amounts = (row.actual, row.would_be, row.difference, row.unpriced_actual)
    return (row.calls, row.changed, row.own_card, row.unpriced, *(f"{amount:.6f}" for amount in amounts))


def _line(cells: tuple[Any, ...]) -> str:
    text = StringIO()
    csv.writer(text).writerow(
        [escaped(cell) if isinstance(cell, str) and not _is_number(cell) else cell for cell in cells]
    )
    return text.getvalue()


def _is_number(cell: str) -> bool:
    """Whether it is an amount of ours: a minus in front of digits is no formula."""
    return cell.removeprefix("-").replace(".", "", 1).isdigit()
