"""The cells of an uploaded CSV or XLSX file as texts, within bounds. Raises FaultsError for what is neither.

A cell that a spreadsheet keeps as a number is read as the digits that were typed, which are the shortest that give its
number again; what has more digits than such a number keeps is refused, and so are formulas and dates.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from billing.services.exports.cells import BYTE_ORDER_MARK, unescaped
from usage.rating.types import plain
from usage.services.card_files.layout import ERRORS_MAX, HEADER, Fault, FaultsError, Lines

BYTES_MAX = 1_000_000
UNPACKED_BYTES_MAX = 20_000_000
PARTS_MAX = 200
ROWS_MAX = 2_000
COLUMNS_MAX = 60
DIGITS_MAX = 15  # what a spreadsheet's number keeps
ZIP_START = b"PK\x03\x04"
OLD_EXCEL_START = b"\xd0\xcf\x11\xe0"
TOO_MANY = f"More than {ROWS_MAX:,} lines. A card has fewer: remove what does not belong to it."
NO_SPREADSHEET = "It is no spreadsheet that can be read. Save it as CSV UTF-8 or XLSX and choose it again."


def lines_of(data: bytes) -> Lines:
    """The file's lines with their numbers from 1, header first. Raises FaultsError."""
    if len(data) > BYTES_MAX:
        raise refused(f"It is larger than {BYTES_MAX // 1_000_000} MB. Remove sheets and pictures.")
    if not data.strip():
        raise refused("The file is empty. Download the template and fill it in.")
    if data.startswith(OLD_EXCEL_START):
        raise refused("It is an old or protected Excel file. Save it as XLSX without a password.")
    return _of_xlsx(data) if data.startswith(ZIP_START) else _of_csv(data)


def refused(words: str) -> FaultsError:
    """A refusal of the whole file."""
    return FaultsError([Fault(0, "", words)])


def _of_csv(data: bytes) -> Lines:
    try:
        text = data.decode("utf-8-sig").removeprefix(BYTE_ORDER_MARK)
    except UnicodeDecodeError:
        raise refused("It is no UTF-8 text. Save it as CSV UTF-8, or as XLSX.") from None
    if "\x00" in text:
        raise refused(NO_SPREADSHEET)
    head = text.partition("\n")[0]
    delimiter = max((",", ";", "\t"), key=head.count)
    lines: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        start = 1
        for cells in reader:
            if len(lines) > ROWS_MAX:
                raise refused(TOO_MANY)
            lines.append((start, [unescaped(cell) for cell in cells]))
            start = reader.line_num + 1
    except csv.Error as error:
        raise refused(f"Line {reader.line_num} is no CSV: {error}. Check its quotation marks.") from None
    return lines


def _of_xlsx(data: bytes) -> Lines:
    _check_archive(data)
    try:
        workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = workbook.worksheets[0]
            faults: list[Fault] = []
            lines = list(_rows(sheet, faults))
        finally:
            workbook.close()
    except FaultsError:
        raise
    except Exception:  # openpyxl raises whatever a broken part leads it to
        raise refused(NO_SPREADSHEET) from None
    if faults:
        raise FaultsError(faults)
    return lines


def _check_archive(data: bytes) -> None:
    """No more than a rate card takes once unpacked, and no XML that declares entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
                raise refused("It holds far more than a rate card. Copy the card's sheet into a new file.")
            for part in parts:
                with archive.open(part) as content:
                    body = content.read(part.file_size + 1)  # what its directory says, and no byte more
                if len(body) > part.file_size or b"<!DOCTYPE" in body or b"<!ENTITY" in body:
                    raise refused(NO_SPREADSHEET)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise refused("The file is broken or protected. Save it again without a password.") from error


def _rows(sheet: Any, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    header: list[str] = []
    for number, cells in enumerate(sheet.iter_rows(max_col=COLUMNS_MAX), start=1):
        if number > ROWS_MAX + 1:
            raise refused(TOO_MANY)
        texts = []
        for place, cell in enumerate(cells):
            text = ""
            try:
                text = _text(cell)
            except ValueError as error:
                name = (
                    header[place] if place < len(header) and header[place] in HEADER else get_column_letter(place + 1)
                )
                if len(faults) < ERRORS_MAX:
                    faults.append(Fault(number, name, str(error)))
            texts.append(text)
        while len(texts) > len(HEADER) and not texts[-1]:  # a sheet is read to a fixed width
            texts.pop()
        header = header or [text.strip().lower() for text in texts]
        yield number, texts


def _text(cell: Any) -> str:
    """The cell as it was typed. Raises ValueError with what to do."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        raise ValueError("It is a formula. Write the value itself.")
    if cell.data_type == "e":
        raise ValueError(f"It is an error of the spreadsheet ({value}). Write the value itself.")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _digits(value)
    if isinstance(value, date | datetime | time):
        raise ValueError("The spreadsheet made a date of it. Format the cell as text and write it again.")
    return unescaped(str(value))


def _digits(number: int | float) -> str:
    exact = Decimal(repr(number))  # the shortest digits that give the same number: those that were typed
    if len(exact.normalize().as_tuple().digits) > DIGITS_MAX:
        raise ValueError(
            f"It has more digits than a spreadsheet's number keeps ({plain(exact)}). Format the cell as text."
        )
    return plain(exact)
