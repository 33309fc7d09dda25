"""What a report says, free of how it is shown: tables of exact values, which a page and a file write alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.admin.reports.charts import Chart
from organizations.admin.amounts import DASH, amount_html, currency_words
from organizations.admin.panels import Column, Panel

ROWS_SHOWN = 200
ROWS_MAX = 50_000
TENTH = Decimal("0.1")
NOT_REPORTED = "not reported"


class TooManyRowsError(Exception):
    """A report has more rows than a page or a file takes; its words say what to do."""

    def __init__(self) -> None:
        super().__init__(
            f"This is more than {ROWS_MAX:,} rows. Choose fewer days, one product or one account, or group by less."
        )


@dataclass(frozen=True, slots=True)
class Linked:
    """A value that leads somewhere on the page, and is its text in a file."""

    text: str
    url: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Field:
    """A column. `kind`: text, count, amount (of the line's currency), percent; `name` heads it in a file."""

    name: str
    label: str
    kind: str = "text"

    @property
    def is_number(self) -> bool:
        """Whether digits stand under digits."""
        return self.kind != "text"


@dataclass(frozen=True, slots=True)
class Line:
    """One row: a value for each column (None: there is none), and the currency of its amounts."""

    values: Sequence[Any]
    currency: str


@dataclass(frozen=True)
class Table:
    """Lines of one currency with their total; amounts of two currencies never meet in one."""

    title: str
    currency: str
    fields: Sequence[Field]
    lines: Sequence[Line]
    total: Sequence[Any] = ()
    note: str = ""
    empty: str = ""
    sheet: str = ""


@dataclass(frozen=True)
class Report:
    """A report's answer. `name` begins the names of its files, `about` says what the figures are and of when."""

    name: str
    about: str
    tables: Sequence[Table]
    charts: Sequence[Chart] = ()
    empty: str = "Nothing to show."


def by_currency(
    lines: Iterable[Line],
    fields: Sequence[Field],
    *,
    total: Callable[[Sequence[Line]], Sequence[Any]] | None = None,
    title: str = "",
    note: str = "",
    sheet: str = "",
) -> list[Table]:
    """One table for each currency, in the order in which they come. Raises TooManyRowsError."""
    found: dict[str, list[Line]] = {}
    for count, line in enumerate(lines, start=1):
        if count > ROWS_MAX:
            raise TooManyRowsError
        found.setdefault(line.currency, []).append(line)
    return [
        Table(
            f"{title}, {currency_words(currency)}" if title else currency_words(currency),
            currency,
            fields,
            of,
            total(of) if total else (),
            note,
            sheet=sheet,
        )
        for currency, of in found.items()
    ]


def column_sum(lines: Sequence[Line], place: int) -> Decimal:
    """The sum of a column's values; those that are not there count nothing."""
    return sum((line.values[place] for line in lines if line.values[place] is not None), Decimal(0))


def percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """A share in percent to a tenth, half up; None of nothing."""
    return (part * 100 / whole).quantize(TENTH, ROUND_HALF_UP) if whole else None


def panel(table: Table) -> Panel:
    """The table as the page shows it: its first rows, and its whole total."""
    shown = [_shown(line.values, table) for line in table.lines[:ROWS_SHOWN]]
    note = table.note
    if len(table.lines) > ROWS_SHOWN:
        note = f"{note} The first {ROWS_SHOWN} of {len(table.lines):,} rows; the file has all of them.".strip()
    columns = [Column(one.label, one.is_number) for one in table.fields]
    total = _shown(table.total, table) if table.total else ()
    return Panel(table.title, columns, shown, empty=table.empty, total=total, note=note, is_wide=True)


def _shown(values: Sequence[Any], table: Table) -> list[Any]:
    return [_cell(value, one, table.currency) for value, one in zip(values, table.fields, strict=True)]


def _cell(value: Any, column: Field, currency: str) -> Any:
    if isinstance(value, Linked):
        return format_html('<a class="bo-link" href="{}">{}</a>', value.url, value.text)
    if column.kind == "amount" and isinstance(value, Decimal):
        return amount_html(value, currency)
    if column.kind == "percent" and isinstance(value, Decimal):
        return f"{value} %"
    if column.kind == "count" and value is not None:
        return f"{value:,}"
    if value is None:
        return DASH
    return _muted(value) if value == NOT_REPORTED else value


def _muted(text: str) -> SafeString:
    return format_html('<span class="bo-muted">{}</span>', text)
