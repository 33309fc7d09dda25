"""What was sold: the table of lines, and under it the sums that it adds up to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.documents.content import Content, Line, Settlement
from billing.documents.pdf import wording
from billing.documents.pdf.figures import MINUS, Figures
from billing.documents.pdf.flow import Flow
from billing.documents.pdf.marks import QUIET
from billing.documents.pdf.rows import (
    FIGURES,
    PADDING,
    SMALL,
    STRONG,
    STRONG_FIGURES,
    TEXT,
    Cell,
    Row,
    Said,
    Side,
    cell,
)
from billing.documents.pdf.shaping import Style, shape

HEAD = Style(7.5, bold=True)
NUMBER = 26.0
COLUMN_MIN = 64.0
DECIMALS = re.compile(r"[.,](\d{2,})$")
KEPT_WITH_TOTALS = 2


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the columns of figures begin, as wide as the widest in them; the description has the rest."""

    is_numbered: bool
    quantity: float
    price: float
    amount: float
    width: float
    decimals: tuple[int, int]
    """The most that prices and amounts have, so that their cents stand in one line."""


def lay_lines(flow: Flow, content: Content, figures: Figures) -> None:
    """The table, its heading repeated on every page, its last lines on one page with the totals."""
    texts = [_figures_of(line, figures) for line in content.lines]
    columns = _columns(content, figures, texts, flow.width)
    head = _head(columns)
    rows = [
        _line_row(columns, number, line, texts[number - 1], figures)
        for number, line in enumerate(content.lines, start=1)
    ]
    table = flow.top.add("Table")
    totals = list(_totals(content, figures, columns))
    if len(rows) <= KEPT_WITH_TOTALS and flow.fits_a_page([head, *rows, *totals]):
        flow.place([head, *rows, *totals], table=table)
        return
    flow.place([head, *rows[:1]], table=table)
    flow.repeated = (head,)
    last = max(1, len(rows) - KEPT_WITH_TOTALS)
    for row in rows[1:last]:
        flow.place([row], table=table)
    flow.place([*rows[last:], *totals], table=table)
    flow.repeated = ()


def _figures_of(line: Line, figures: Figures) -> tuple[str, str, str]:
    """Quantity, price and amount of a line, as they are written."""
    quantity = f"{figures.number(line.quantity)} {line.unit}".strip()
    unit_price = line.amount if line.unit_price is None and line.quantity == 1 else line.unit_price
    price = figures.amount(unit_price) if unit_price is not None else ""
    return quantity, price, figures.amount(line.amount)


def _names() -> tuple[str, str, str]:
    return pgettext("column of a document", "Quantity"), _("Unit price"), _("Amount")


def _columns(content: Content, figures: Figures, texts: list[tuple[str, str, str]], width: float) -> _Columns:
    sums = (content.net, content.total, content.tax, content.due)
    amounts = [*(text[2] for text in texts), *(MINUS + figures.amount(each) for each in sums)]
    prices = [text[1] for text in texts]
    decimals = (_decimals_max(prices), _decimals_max(amounts))
    amount = width - _widest(amounts, _names()[2], decimals[1])
    price = amount - PADDING - _widest(prices, _names()[1], decimals[0])
    quantity = price - PADDING - _widest([text[0] for text in texts], _names()[0], 0)
    return _Columns(content.issuer.country == "RU", max(quantity, width * 0.3), price, amount, width, decimals)


def _widest(texts: list[str], name: str, decimals: int) -> float:
    widths = (shape(text, STRONG_FIGURES).width + _missing(text, decimals) for text in texts)
    return max(COLUMN_MIN, shape(name, HEAD).width, *widths)


def _decimals(text: str) -> int:
    """How many digits follow the last mark; none where the currency's sign stands behind them, or nothing does."""
    found = DECIMALS.search(text)
    return len(found[1]) if found else 0


def _decimals_max(texts: list[str]) -> int:
    return max(map(_decimals, texts), default=0)


def _missing(text: str, decimals: int) -> float:
    """The room of the digits that others in the column have and this one has not."""
    own = _decimals(text)
    return shape("0" * (decimals - own), FIGURES).width if 0 < own < decimals else 0.0


def _head(columns: _Columns) -> Row:
    quantity, price, amount = (Said(text, HEAD, QUIET) for text in _names())
    about = Said(pgettext("column of a document", "Description"), HEAD, QUIET)
    cells = _cells(columns, Said("№", HEAD, QUIET), (about,), quantity, price, amount)
    return Row(cells, before=5, after=6, rule_below=0.75, role="TR", cell_role="TH")


def _line_row(columns: _Columns, number: int, line: Line, texts: tuple[str, str, str], figures: Figures) -> Row:
    late = _("of %(date)s") % {"date": figures.day(line.happened_on)} if line.happened_on else ""
    detail = " · ".join(each for each in (line.detail, late) if each)
    about = (Said(line.description, TEXT), Said(detail, SMALL, QUIET, space_before=1))
    quantity, price, amount = (Said(text, FIGURES) for text in texts)
    cells = _cells(columns, Said(str(number), FIGURES, QUIET), about, quantity, price, amount)
    return Row(cells, before=5, after=6, rule_below=0.5, role="TR")


def _cells(
    columns: _Columns, number: Said, about: tuple[Said, ...], quantity: Said, price: Said, amount: Said
) -> tuple[Cell, ...]:
    start = NUMBER if columns.is_numbered else 0.0
    numbered = (cell(0, NUMBER - PADDING, number),) if columns.is_numbered else ()
    return (
        *numbered,
        cell(start, columns.quantity - start - PADDING, *about),
        cell(columns.quantity, columns.price - columns.quantity - PADDING, quantity, side=Side.RIGHT),
        _figure(columns.price, columns.amount - PADDING, price, columns.decimals[0]),
        _figure(columns.amount, columns.width, amount, columns.decimals[1]),
    )


def _figure(start: float, end: float, said: Said, decimals: int) -> Cell:
    """An amount whose cents stand under the others'."""
    return cell(start, end - start - _missing(said.text, decimals), said, side=Side.RIGHT)


def _totals(content: Content, figures: Figures, columns: _Columns) -> Iterator[Row]:
    yield _sum_row(columns, _net_name(content), figures.amount(content.net), before=8)
    for tax in content.taxes:
        name = _("%(name)s %(percent)s of %(base)s") % {
            "name": tax.name,
            "percent": figures.percent(tax.percent),
            "base": figures.amount(tax.base),
        }
        yield _sum_row(columns, name, figures.amount(tax.amount))
    if untaxed := wording.untaxed_name(content):
        yield _sum_row(columns, untaxed, wording.NONE)
    yield _sum_row(columns, wording.total_name(content), figures.amount(content.total), is_total=True)
    yield from _settled(content, figures, columns)
    if content.charged:
        rate = _("%(rate)s %(charged)s for 1 %(currency)s") % {
            "rate": figures.number(content.charged.rate),
            "charged": content.charged.currency,
            "currency": content.currency,
        }
        name = _("Charged in %(currency)s") % {"currency": content.charged.currency}
        charged = figures.amount(content.charged.amount, content.charged.currency)
        yield _sum_row(columns, f"{name} · {rate}", charged, before=9)


def _settled(content: Content, figures: Figures, columns: _Columns) -> Iterator[Row]:
    """How it was paid; on an invoice, what is left to pay."""
    takes_off = content.kind in ("invoice", "proforma")
    for at, settlement in enumerate(content.settlements):
        amount = figures.amount(settlement.amount)
        text = f"{MINUS}{amount}" if takes_off else amount
        yield _sum_row(columns, _settlement_name(settlement, figures), text, before=9 if at == 0 else 3)
    if takes_off and (content.settlements or content.due != content.total):
        yield Row((), before=0 if content.settlements else 9)
        yield _sum_row(columns, _("Amount due"), figures.amount(content.due), is_total=True)


def _settlement_name(settlement: Settlement, figures: Figures) -> str:
    return f"{settlement.label}, {figures.short(settlement.on)}" if settlement.on else settlement.label


def _net_name(content: Content) -> str:
    return _("Total without tax") if content.taxes else _("Subtotal")


def _sum_row(columns: _Columns, name: str, amount: str, *, before: float = 3, is_total: bool = False) -> Row:
    """One sum under the table: a total has a rule above it and a double rule below."""
    start = columns.width * 0.42
    style = STRONG_FIGURES if is_total else FIGURES
    cells = (
        cell(start, columns.amount - start - PADDING, Said(name, STRONG if is_total else TEXT)),
        _figure(columns.amount, columns.width, Said(amount, style), columns.decimals[1]),
    )
    return Row(
        cells,
        before=6 if is_total else before,
        after=6 if is_total else 3,
        rule_above=0.75 if is_total else 0,
        rule_below=0.75 if is_total else 0,
        rule_from=start,
        is_closed=is_total,
        role="TR",
    )
