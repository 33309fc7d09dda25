"""The table that a rate-card version is in a spreadsheet: one line per setting, rate and free rule. Pure.

The first column says which of the three a line is; a line leaves the columns of the others empty. What `table_of`
writes, `records_of` reads back unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from usage.selectors.card_content import RATE_FIELDS, RULE_FIELDS, SETTINGS, CardContent, Texts

SETTING, RATE, FREE = "setting", "rate", "free"
KINDS = (SETTING, RATE, FREE)
ONLY_RULES = tuple(name for name in RULE_FIELDS if name not in RATE_FIELDS)
HEADER = ("row", "setting", "value", *RATE_FIELDS, *ONLY_RULES)
COLUMNS = {SETTING: ("setting", "value"), RATE: RATE_FIELDS, FREE: RULE_FIELDS}
ERRORS_MAX = 50

Lines = Sequence[tuple[int, Sequence[str]]]
"""Lines of a file with their numbers, the header among them, each a list of cells."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where, and what to do about it; line 0 is the file as a whole, and column "" a whole line."""

    line: int
    column: str
    words: str

    def __str__(self) -> str:
        place = f"Line {self.line}" if self.line else ""
        if self.column:
            place = f"{place}, column {self.column}"
        return f"{place}: {self.words}" if place else self.words


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the table: its number in the file, its kind, and the columns that its kind has."""

    line: int
    kind: str
    texts: Texts


class FaultsError(Exception):
    """The file cannot be taken; `faults` says why, a line each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("; ".join(str(fault) for fault in self.faults))


def table_of(content: CardContent) -> list[list[str]]:
    """The header and the lines of a version."""
    rows = [{"row": SETTING, "setting": name, "value": text} for name, text in content.settings.items()]
    rows += [{"row": RATE, **rate} for rate in content.rates]
    rows += [{"row": FREE, **rule} for rule in content.rules]
    return [list(HEADER), *([row.get(name, "") for name in HEADER] for row in rows)]


def template() -> CardContent:
    """What a card of one price and one free rule looks like."""
    blank = dict.fromkeys(RATE_FIELDS, "")
    numbers = {"per": "1", "units_per_increment": "60", "included": "0", "first_increment": "0", "increment": "60"}
    rate = {
        **blank,
        **numbers,
        "event_type": "call.completed",
        "component": "telephony",
        "label": "Telephony",
        "method": "unit",
        "price": "0.015",
        "unit": "minute",
        "metric": "duration_seconds",
        "minimum": "0",
        "position": "1",
        "is_operators_to_set": "no",
    }
    rule = {
        **dict.fromkeys(RULE_FIELDS, ""),
        "event_type": "call.completed",
        "code": "not_answered",
        "reason": "The call was not answered",
        "condition": "status",
        "field": "status",
        "values": "no_answer, failed",
        "position": "1",
    }
    defaults = ("0.000001", "half_up", "no", "30", "3", "", "no")
    return CardContent(dict(zip(SETTINGS, defaults, strict=True)), (rate,), (rule,))


def records_of(lines: Lines) -> list[Record]:
    """The lines as records, empty ones left out. Raises FaultsError for a wrong header or lines that are neither."""
    if not lines:
        raise FaultsError([Fault(0, "", "The file is empty. Download the template and fill it in.")])
    (header_line, header), *body = lines
    places = _places(header_line, header)
    faults: list[Fault] = []
    records = []
    for number, cells in body:
        row = {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
        if any(cell.strip() for cell in cells[len(header) :]):
            faults.append(Fault(number, "", "It has more cells than the header. Move or remove what is beyond it."))
        if not any(row.values()):
            continue
        kind = row["row"].lower()
        if kind not in KINDS:
            faults.append(Fault(number, "row", f"Write {SETTING}, {RATE} or {FREE}, not {row['row'] or 'nothing'!r}."))
            continue
        stray = [name for name in HEADER[1:] if row[name] and name not in COLUMNS[kind]]
        faults += [Fault(number, name, f"Leave it empty: a line of kind {kind} has no such column.") for name in stray]
        records.append(Record(number, kind, {name: row[name] for name in COLUMNS[kind]}))
    if faults:
        raise FaultsError(faults)
    return records


def _places(number: int, header: Sequence[str]) -> dict[str, int]:
    """Where each column stands; the order is free."""
    names = [name.strip().lower() for name in header]
    while names and not names[-1]:
        names.pop()
    faults = [
        Fault(number, name, "There is no such column. Remove it, or download the template.")
        for name in dict.fromkeys(names)
        if name not in HEADER
    ]
    faults += [
        Fault(number, name, "The column is missing. Download the template.") for name in HEADER if name not in names
    ]
    faults += [Fault(number, name, "The column is there twice.") for name in HEADER if names.count(name) > 1]
    if faults:
        raise FaultsError(faults)
    return {name: names.index(name) for name in HEADER}
