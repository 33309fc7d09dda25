"""The choice of one row among many, in a form that an address fills in: what is no key is no row, and no error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect

DIGITS_MAX = 18  # of a key


class RowSelect(AutocompleteSelect):
    """A search among rows. Whoever writes something else into the address sees the form say so."""

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        """The chosen row as an option, where there is one."""
        keys = [each for each in map(str, value) if each.isascii() and each.isdigit() and len(each) <= DIGITS_MAX]
        return super().optgroups(name, keys, attr)
