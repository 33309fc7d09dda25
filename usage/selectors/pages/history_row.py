"""A line of the history, and what a reader may ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.models import TransactionKind
from billing.models.ledger import USAGE_KINDS
from billing.selectors.keyset import Bound
from usage.charge_keys import event_of

LEDGER, SIMULATED, TOP_UPS, REFUNDS = range(4)
SUCCESSFUL, PROCESSING, ERROR = "successful", "processing", "error"
USAGE = [kind.value for kind in USAGE_KINDS]


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """What a reader wants to see of one account's wallet."""

    wallet_id: int
    account_id: int
    zone: ZoneInfo
    by_day: bool = True
    kind: str = ""
    project_id: int | None = None
    first: date | None = None
    last: date | None = None
    with_simulated: bool = False

    @property
    def narrows(self) -> bool:
        """Whether anything but the newest transactions of all kinds is asked for."""
        return bool(self.kind or self.project_id or self.first or self.last)

    def parameters(self, bound: Bound) -> dict[str, Any]:
        """What the statements above take."""
        return {
            "wallet": self.wallet_id,
            "account": self.account_id,
            "kinds": [self.kind] if self.kind else None,
            "usage": USAGE,
            "project": self.project_id,
            "first": self.first,
            "last": self.last,
            "key": bound.key,
            "limit": bound.limit,
        }


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One line of the history: a transaction, `count` of one kind on one day, or money that has not moved.

    `top_up` is the reference of the top-up whose page tells more.
    """

    stream: int
    key: int
    at: datetime
    day: date
    kind: str
    amount: Decimal
    balance_after: Decimal | None
    description: str
    reason: str
    reference: str
    project_id: int | None
    count: int
    first_number: int | None
    status: str = SUCCESSFUL
    top_up: UUID | None = None

    @property
    def is_simulated(self) -> bool:
        """Whether no money moved."""
        return self.stream == SIMULATED

    @property
    def number(self) -> int | None:
        """The (last) transaction's number; None for what is in no ledger."""
        return self.key if self.stream == LEDGER else None

    @property
    def kind_label(self) -> str:
        """The kind in a word."""
        return str(TransactionKind(self.kind).label)

    @property
    def event_id(self) -> int | None:
        """The usage event behind a single charge or reversal."""
        if self.is_simulated:
            return int(self.reference) if self.reference else None
        return event_of(self.reference)
