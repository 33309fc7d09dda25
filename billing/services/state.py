"""A locked wallet and its spendable grants as they stand in memory, and what a wallet's balance means.

Nothing here touches the database: `billing.services.ledger` reads these under the wallet's lock and writes them back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing.models.grant import GrantKind
from billing.models.wallet import WalletMode

ZERO = Decimal(0)
# Two timezones are never further apart; a day beyond that was written by a clock gone wrong, and binds nobody.
ZONES_APART = timedelta(days=2)
# Of equal priority and expiry an allotment goes first, then promo, then paid money.
KIND_ORDER = {GrantKind.ALLOTMENT.value: 0, GrantKind.PROMO.value: 1, GrantKind.PAID.value: 2}


@dataclass(slots=True)
class GrantState:
    """A grant under its wallet's lock."""

    id: int
    kind: str
    priority: int
    amount: Decimal
    remaining: Decimal
    expires_at: datetime | None
    source: str = ""
    is_new: bool = False
    is_changed: bool = False

    def order(self) -> tuple[int, bool, float, int, int]:
        """The order of spending: priority, earliest expiry, allotment before promo before paid, oldest."""
        expiry = self.expires_at.timestamp() if self.expires_at else 0.0
        return self.priority, self.expires_at is None, expiry, KIND_ORDER[self.kind], self.id


@dataclass(frozen=True, slots=True)
class Standing:
    """What alerts look at: the balance (positive is the customer's) and what usage has cost today."""

    balance: Decimal
    spent: Decimal


@dataclass(slots=True)
class WalletState:
    """A wallet under its lock; amounts in the wallet's currency, `local_now` in the account's timezone."""

    id: int
    account_id: int
    currency: str
    mode: str
    credit_limit: Decimal
    is_frozen: bool
    is_overdue: bool
    paid: Decimal
    promo: Decimal
    allotment: Decimal
    debt: Decimal
    held: Decimal
    held_calls: int
    spent_on: date | None
    spent_today: Decimal
    daily_cap: Decimal | None
    concurrency_limit: int | None
    last_number: int
    chain_head: bytes
    next_expiry_at: datetime | None
    zone: ZoneInfo
    account_status: str
    local_now: datetime
    monthly_allotment: Decimal = ZERO
    allotment_anchor: date | None = None
    allotment_resets_at: datetime | None = None
    auto_top_up_below: Decimal | None = None
    alert_below: Decimal | None = None
    alerts_fired: int = 0
    alerts_told: int = 0
    floor: Decimal = ZERO
    repaid: Decimal = ZERO
    """What money has paid of the debt since the books were opened, less what a dispute has taken back of it."""
    pays_first: int | None = None
    """The billing period whose invoice `repaid` pays before older ones; None: the oldest first."""
    opened: Standing | None = None
    """Where it stood when its books were opened; None for a copy that nobody closes."""
    stop_is_told: bool = False
    """Whether another letter of this transaction says that calls stop, and why."""
    grants: list[GrantState] = field(default_factory=list)
    day: date = field(init=False)
    """Today in the account's timezone, never a day before the last one that usage was charged on."""

    def __post_init__(self) -> None:
        # A clock behind another server's at midnight would else open a second count of a day that is being counted, and
        # let the daily cap be spent twice. (Another timezone counts its own day anew: `billing.services.days`.)
        self.day = self.local_now.date()
        if self.spent_on is not None and self.day < self.spent_on <= self.day + ZONES_APART:
            self.day = self.spent_on

    @property
    def balance(self) -> Decimal:
        """The customer's money: positive is theirs, negative is owed."""
        return self.paid + self.promo + self.allotment - self.debt

    @property
    def standing(self) -> Standing:
        """Where it stands now."""
        return Standing(self.balance, self.spent)

    @property
    def available(self) -> Decimal:
        """What a new call may still reserve: balance plus credit limit less what calls in progress hold."""
        limit = self.credit_limit if self.mode == WalletMode.POSTPAY else ZERO
        return self.balance + limit - self.held

    @property
    def spent(self) -> Decimal:
        """What usage has cost today, in the account's timezone."""
        return self.spent_today if self.spent_on == self.day else ZERO

    def add_spent(self, amount: Decimal) -> None:
        """Count usage (or, negative, its reversal) towards today."""
        self.spent_today = self.spent + amount
        self.spent_on = self.day

    def count(self, today: date, spent_today: Decimal) -> None:
        """Take over what was spent today."""
        self.day = self.spent_on = today
        self.spent_today = spent_today
        if self.opened is not None:
            self.opened = Standing(self.opened.balance, self.spent)  # counted anew, not spent

    def date_of(self, moment: datetime) -> date:
        """The account's day that a moment lies in."""
        return moment.astimezone(self.zone).date()

    def add_to(self, kind: str, amount: Decimal) -> None:
        """Move the cached balance of one kind of grant."""
        if kind == GrantKind.PAID:
            self.paid += amount
        elif kind == GrantKind.PROMO:
            self.promo += amount
        else:
            self.allotment += amount
