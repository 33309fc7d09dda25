"""Reading a TOML table strictly: every field typed, no unknown field, and errors that name file, table and field.

Numbers are quoted decimals in plain digits: TOML's own floats would lose some.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

_NUMBER = re.compile(r"[0-9]{1,14}(\.[0-9]{1,10})?", re.ASCII)


class ProductFileError(Exception):
    """Something in a product's file is wrong; the text names the file, the table, the field and the rule."""

    def __init__(self, where: str, field: str, rule: str) -> None:
        super().__init__(f"{where}{f', {field}' if field else ''}: {rule}")


class Table:
    """One table of the file. Fields are taken one by one; `done` refuses what was not asked for."""

    def __init__(self, file: str, data: dict[str, Any], path: str = "", place: int = 0) -> None:
        """`path` is the table's dotted name, `place` its place among several of the name, from 1."""
        self._file, self._path = file, path
        self.where = f"{file}, [[{path}]] {place}" if place else f"{file}, [{path}]" if path else file
        self._data = data
        self._taken: set[str] = set()

    def error(self, field: str, rule: str) -> ProductFileError:
        """The error to raise about one field of this table (or the table itself, for an empty name)."""
        return ProductFileError(self.where, field, rule)

    def has(self, name: str) -> bool:
        """Whether the field is given."""
        return name in self._data

    def _take(self, name: str, kind: type | tuple[type, ...], described: str, default: Any) -> Any:
        self._taken.add(name)
        if name not in self._data:
            if default is None:
                raise self.error(name, "is required.")
            return default
        value = self._data[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.error(name, f"must be {described}.")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """A text; required where no default is given."""
        value = self._take(name, str, "a text in quotes", default)
        return str(value)

    def flag(self, name: str, default: bool) -> bool:
        """true or false."""
        return bool(self._take(name, bool, "true or false", default))

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number that is not negative."""
        value = self._take(name, int, "a whole number", default)
        if value < 0:
            raise self.error(name, "must not be negative.")
        return int(value)

    def number(self, name: str, default: str | None = None) -> Decimal:
        """A decimal number in quotes that is not negative."""
        value = self._take(name, str, 'a number in quotes, such as "0.005"', default)
        if not _NUMBER.fullmatch(value):
            raise self.error(name, f'must be a number in plain digits, such as "0.005", not "{value}".')
        return Decimal(value)

    def moment(self, name: str) -> datetime:
        """A date and time with an offset."""
        value = self._take(name, datetime, "a date and time, such as 2026-01-01T00:00:00Z", None)
        if value.tzinfo is None:
            raise self.error(name, "needs an offset, such as the Z in 2026-01-01T00:00:00Z.")
        assert isinstance(value, datetime)
        return value

    def choice(self, name: str, choices: Iterable[str], default: str | None = None) -> str:
        """One of the given words."""
        value = self.text(name, default)
        allowed = list(choices)
        if value not in allowed:
            raise self.error(name, f'must be one of {", ".join(allowed)}, not "{value}".')
        return value

    def texts(self, name: str, choices: Iterable[str] = ()) -> tuple[str, ...]:
        """A list of texts, empty when it is not given; where choices are named, each is one of them."""
        values = self._take(name, list, "a list of texts", [])
        allowed = list(choices)
        for value in values:
            if not isinstance(value, str):
                raise self.error(name, "must be a list of texts.")
            if allowed and value not in allowed:
                raise self.error(name, f'must only have {", ".join(allowed)}, not "{value}".')
        return tuple(values)

    def timezone(self, default: str) -> str:
        """The `timezone` field: an IANA name."""
        name = self.text("timezone", default)
        if name not in available_timezones():
            raise self.error("timezone", f'"{name}" is not a timezone, such as Europe/Berlin.')
        return name

    def table(self, name: str) -> Table:
        """The table under this name, which is required."""
        value = self._take(name, dict, "a table", None)
        return Table(self._file, value, self._under(name))

    def tables(self, name: str) -> list[Table]:
        """The tables under this name, in order; none when it is not given."""
        values = self._take(name, list, "a list of tables", [])
        if not all(isinstance(value, dict) for value in values):
            raise self.error(name, "must be a list of tables.")
        path = self._under(name)
        return [Table(self._file, value, path, place) for place, value in enumerate(values, start=1)]

    def _under(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def done(self) -> None:
        """Refuse fields that nobody reads: they are misspelled."""
        unknown = [name for name in self._data if name not in self._taken]
        if unknown:
            raise self.error(unknown[0], "is not a field of this table.")
