"""Lists as CSV files, streamed: a file of any length takes no memory, and no cell of it is a formula.

Numbers keep their minus: they are written by the program, never by a caller. All other text is a cell as
`billing.services.exports.cells` says.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse

from billing.services.exports.cells import BYTE_ORDER_MARK, escaped

PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class _Echo:
    """What a CSV writer writes to, handing each line back."""

    def write(self, line: str) -> str:
        return line


def safe_cell(value: object) -> str:
    """The value as text that no spreadsheet takes for a formula."""
    text = str(value)
    return text if PLAIN_NUMBER.fullmatch(text) else escaped(text)


def csv_response(filename: str, header: list[str], rows: Iterable[list[Any]]) -> StreamingHttpResponse:
    """A download of the rows as they come."""

    def lines() -> Iterator[str]:
        writer = csv.writer(_Echo())
        yield BYTE_ORDER_MARK
        yield writer.writerow(header)
        for row in rows:
            yield writer.writerow([safe_cell(cell) for cell in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "private, no-store"
    return response
