"""A rate-card version as a CSV or XLSX file, all cells texts: no digit passes through a binary number.

Texts that a spreadsheet would run as a formula get an apostrophe in front, which `reading` takes away.
"""

from __future__ import annotations

from import_export.formats.base_formats import CSV, XLSX
from tablib import Dataset

from billing.services.exports.cells import BYTE_ORDER_MARK, escaped
from usage.selectors.card_content import CardContent
from usage.services.card_files.layout import table_of

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = XLSX.CONTENT_TYPE


def as_csv(content: CardContent) -> bytes:
    """The file in UTF-8, with the mark by which spreadsheets know it."""
    return (BYTE_ORDER_MARK + str(CSV().export_data(_dataset(content)))).encode()


def as_xlsx(content: CardContent) -> bytes:
    """The file with one sheet."""
    return bytes(XLSX().export_data(_dataset(content)))


def _dataset(content: CardContent) -> Dataset:
    header, *rows = table_of(content)
    dataset = Dataset(headers=header, title="Rate card")
    dataset.extend([[escaped(cell) for cell in row] for row in rows])
    return dataset
