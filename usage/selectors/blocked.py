"""The callers that are blocked, kept in memory until the product's revision changes, which blocking raises.

Authorising a call pays no statement for them, whether any are blocked or not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from usage.models import BlockedCaller

_BETWEEN = re.compile(r"[\s().\-/]")


@dataclass(frozen=True, slots=True)
class Blocked:
    """The blocked numbers of one revision, of the whole product and by account."""

    revision: int
    everywhere: frozenset[str]
    of_account: dict[int, frozenset[str]]

    def stops(self, account_id: int, caller: str) -> bool:
        """Whether calls of this caller to the account are denied."""
        number = normalised(caller)
        return number in self.everywhere or number in self.of_account.get(account_id, ())


_kept: dict[int, Blocked] = {}


def normalised(caller: str) -> str:
    """A number as it is compared: +14155550100 for "+1 (415) 555-0100", "tel:+1-415-555-0100" and "001415555-0100"."""
    number = _BETWEEN.sub("", caller.strip().lower().removeprefix("tel:"))
    return f"+{number[2:]}" if number.startswith("00") else number


def load_blocked(product_id: int, revision: int) -> Blocked:
    """The product's blocked callers; read again when `revision` is another than last time."""
    known = _kept.get(product_id)
    if known is None or known.revision != revision:
        everywhere, of_account = set(), defaultdict(set)
        for row in BlockedCaller.objects.filter(product_id=product_id, lifted_at=None):
            if row.account_id is None:
                everywhere.add(row.number)
            else:
                of_account[row.account_id].add(row.number)
        kept = {account_id: frozenset(numbers) for account_id, numbers in of_account.items()}
        known = _kept[product_id] = Blocked(revision, frozenset(everywhere), kept)
    return known
