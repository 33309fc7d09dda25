"""Rate cards as spreadsheets: what goes out comes back the same, and what cannot be read says why."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from organizations.models import Product
from usage.models import RateCardVersion
from usage.selectors.card_content import CardContent, content_of
from usage.services.card_files import reading, writing
from usage.services.card_files.layout import HEADER, FaultsError, records_of, table_of, template

WRITERS = (writing.as_csv, writing.as_xlsx)


def faults(data: bytes) -> list[str]:
    with pytest.raises(FaultsError) as caught:
        records_of(reading.lines_of(data))
    return [str(one) for one in caught.value.faults]


def workbook(*rows: list[Any]) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def rate_row(**cells: Any) -> list[Any]:
    (rate,) = template().rates
    row = {"row": "rate", **rate, **cells}
    return [row.get(name, "") for name in HEADER]


@pytest.mark.parametrize("write", WRITERS)
def test_what_is_written_is_read_back_cell_by_cell(
    write: Callable[[CardContent], bytes], products: dict[str, Product]
) -> None:
    for version in RateCardVersion.objects.all():
        content = content_of(version)
        cells = [list(row) for _number, row in reading.lines_of(write(content))]
        assert cells == table_of(content), version


@pytest.mark.parametrize("write", WRITERS)
def test_texts_that_a_spreadsheet_would_run_are_guarded_and_come_back(write: Callable[[CardContent], bytes]) -> None:
    (rate,) = template().rates
    content = replace(template(), rates=({**rate, "label": "=HYPERLINK(1)"}, {**rate, "label": "'quoted"}))
    data = write(content)
    assert [list(row) for _number, row in reading.lines_of(data)] == table_of(content)
    shown = (
        data if data.startswith(b"\xef\xbb\xbf") else zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    )
    assert b"'=HYPERLINK(1)" in shown and b"<f>" not in shown


def test_a_workbook_holds_decimals_as_texts() -> None:
    sheet = load_workbook(io.BytesIO(writing.as_xlsx(template()))).active
    price = sheet.cell(row=9, column=HEADER.index("price") + 1)
    assert (price.value, price.data_type) == ("0.015", "s")


@pytest.mark.parametrize(
    ("cell", "text"),
    [(0.1, "0.1"), (0.29, "0.29"), (0.0000001, "0.0000001"), (15, "15"), (1e3, "1000"), ("0.10", "0.10"), (None, "")],
)
def test_a_number_typed_into_a_workbook_is_read_as_it_was_typed(cell: Any, text: str) -> None:
    (_, header), (_, row) = reading.lines_of(workbook(list(HEADER), rate_row(price=cell)))
    assert row[header.index("price")] == text


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (
            1 / 3,
            "It has more digits than a spreadsheet's number keeps (0.3333333333333333). Format the cell as text.",
        ),
        ("=1/3", "It is a formula. Write the value itself."),
        (datetime(2026, 1, 2, tzinfo=UTC).replace(tzinfo=None), "The spreadsheet made a date of it."),
    ],
)
def test_a_cell_that_is_not_what_was_typed_is_refused_in_its_place(cell: Any, words: str) -> None:
    (fault,) = faults(workbook(list(HEADER), rate_row(price=cell)))
    assert fault.startswith(f"Line 2, column price: {words}")


def test_separators_and_the_order_of_columns_are_free() -> None:
    content = template()
    header, *rows = table_of(content)
    order = list(reversed(range(len(header))))
    lines = [";".join(f'"{row[place]}"' for place in order) for row in [header, *rows]]
    found = records_of(reading.lines_of("\r\n".join(lines).encode("utf-8-sig")))
    assert [one.texts for one in found if one.kind == "rate"] == list(content.rates)


def test_what_is_no_spreadsheet_is_told_so() -> None:
    xlsx = writing.as_xlsx(template())
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (reading.UNPACKED_BYTES_MAX + 1))
    entities = io.BytesIO()
    with zipfile.ZipFile(entities, "w") as archive:
        archive.writestr("xl/workbook.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    long = "\n".join([",".join(HEADER), *["rate"] * (reading.ROWS_MAX + 1)]).encode()
    for data, words in (
        (b"", "The file is empty. Download the template and fill it in."),
        (b"%PDF-1.7 \xff\xfe", "It is no UTF-8 text. Save it as CSV UTF-8, or as XLSX."),
        (xlsx[:400], "The file is broken or protected. Save it again without a password."),
        (reading.OLD_EXCEL_START + b"x", "It is an old or protected Excel file. Save it as XLSX without a password."),
        (bomb.getvalue(), "It holds far more than a rate card. Copy the card's sheet into a new file."),
        (entities.getvalue(), reading.NO_SPREADSHEET),
        (long, reading.TOO_MANY),
        (b"x" * (reading.BYTES_MAX + 1), "It is larger than 1 MB. Remove sheets and pictures."),
        (b'row,"setting\nx', "Line 2 is no CSV: unexpected end of data. Check its quotation marks."),
    ):
        assert faults(data) == [words]


def test_a_wrong_header_names_what_is_missing_and_what_is_strange() -> None:
    header = [name for name in HEADER if name != "price"]
    assert faults(",".join([*header, "cost"]).encode()) == [
        "Line 1, column cost: There is no such column. Remove it, or download the template.",
        "Line 1, column price: The column is missing. Download the template.",
    ]


def test_lines_that_are_neither_rate_nor_rule_nor_setting_are_told_with_their_numbers() -> None:
    rows = [list(HEADER), rate_row(row="price"), [""] * len(HEADER), rate_row(code="x")]
    text = "\n".join(",".join(str(cell) for cell in row) for row in rows)
    assert faults(text.encode()) == [
        "Line 2, column row: Write setting, rate or free, not 'price'.",
        "Line 4, column code: Leave it empty: a line of kind rate has no such column.",
    ]
