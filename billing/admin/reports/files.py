"""A report's tables as a file: every row, exact amounts, and no text that a spreadsheet runs as a formula."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from tablib import Databook, Dataset

from billing.admin.reports.table import Field, Report
from billing.services.exports.cells import BYTE_ORDER_MARK, escaped

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MICRO = Decimal("0.000001")
EXACT_DIGITS = 15  # of a spreadsheet's numbers
SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # which no spreadsheet file may hold


def download(report: Report, extension: str, *, name: str) -> HttpResponse:
    """The report as a file of this format, called `name`: a sheet for each kind of table, in CSV one below another."""
    sheets = _sheets(report, extension)
    content = Databook(sheets).export("xlsx") if extension == "xlsx" else _csv(sheets)
    response = HttpResponse(content, content_type=FORMATS[extension])
    response["Content-Disposition"] = f'attachment; filename="{_safe(name)}.{extension}"'
    response["Cache-Control"] = "no-store"
    return response


def _sheets(report: Report, extension: str) -> list[Dataset]:
    """Every row with its currency, all tables with the same columns together; a spreadsheet makes totals itself."""
    sheets: dict[tuple[Any, ...], Dataset] = {}
    for table in report.tables:
        fields = tuple(table.fields)
        if fields not in sheets:
            sheets[fields] = Dataset(title=SHEET_NAME.sub(" ", table.sheet or report.name)[:31])
            sheets[fields].headers = [*(one.name for one in fields), "currency"]
        for line in table.lines:
            values = [_whole(value, one) for value, one in zip(line.values, fields, strict=True)]
            sheets[fields].append([cell(value, extension) for value in (*values, line.currency)])
    return list(sheets.values()) or [Dataset(title="Nothing", headers=["Nothing to show"])]


def _whole(value: Any, field: Field) -> Any:
    """An amount with all its decimals, as the ledger keeps it."""
    return value.quantize(MICRO) if field.kind == "amount" and isinstance(value, Decimal) else value


def _csv(sheets: list[Dataset]) -> str:
    return BYTE_ORDER_MARK + "\r\n".join(sheet.export("csv") for sheet in sheets)


def cell(value: Any, extension: str) -> Any:
    """A number as a number, where a spreadsheet keeps all its digits; anything else as a text that is no formula."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        is_exact = len(value.normalize().as_tuple().digits) <= EXACT_DIGITS
        return value if extension == "xlsx" and is_exact else text
    if isinstance(value, int):
        return value
    return escaped(CONTROL.sub(" ", str(value)))


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-").lower()
