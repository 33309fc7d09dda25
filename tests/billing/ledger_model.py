"""What the ledger should do, written a second time and as simply as it goes: lists, dictionaries, no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

ZERO = Decimal(0)
SPENT_FIRST = ["allotment", "promo", "paid"]


@dataclass
class ModelGrant:
    """A lot of credit."""

    number: int
    kind: str
    left: Decimal
    expires_at: datetime | None

    def turn(self) -> tuple[bool, float, int, int]:
        """Paid money last, then what expires first, then by kind, then the oldest."""
        expiry = self.expires_at.timestamp() if self.expires_at else float("inf")
        return self.kind == "paid", expiry, SPENT_FIRST.index(self.kind), self.number


@dataclass
class ModelCharge:
    """What a charge took, from which grants and as debt."""

    day: date
    taken: list[tuple[ModelGrant | None, Decimal]]

    @property
    def total(self) -> Decimal:
        """The whole charge."""
        return sum((amount for _, amount in self.taken), ZERO)


@dataclass
class Model:
    """One wallet."""

    grants: list[ModelGrant] = field(default_factory=list)
    debt: Decimal = ZERO
    holds: dict[str, tuple[Decimal, datetime]] = field(default_factory=dict)
    charges: dict[int, ModelCharge] = field(default_factory=dict)
    voided: set[int] = field(default_factory=set)
    spent: dict[date, Decimal] = field(default_factory=dict)

    def balance(self) -> Decimal:
        """What the customer sees."""
        return sum((grant.left for grant in self.grants), ZERO) - self.debt

    def of(self, kind: str) -> Decimal:
        """What is left of one kind of credit."""
        return sum((grant.left for grant in self.grants if grant.kind == kind), ZERO)

    def held(self) -> Decimal:
        """What calls in progress reserve."""
        return sum((amount for amount, _ in self.holds.values()), ZERO)

    def expire(self, now: datetime) -> None:
        """Credit whose time is over is gone."""
        for grant in self.grants:
            if grant.expires_at is not None and grant.expires_at <= now:
                grant.left = ZERO

    def give(self, kind: str, amount: Decimal, expires_at: datetime | None = None) -> None:
        """A new lot; paid money settles what is owed."""
        self.grants.append(ModelGrant(len(self.grants), kind, amount, expires_at))
        self.settle()

    def settle(self) -> None:
        """Paid money pays the debt, oldest lot first."""
        for grant in self.grants:
            if grant.kind == "paid":
                pays = min(grant.left, self.debt)
                grant.left -= pays
                self.debt -= pays

    def take(self, amount: Decimal) -> list[tuple[ModelGrant | None, Decimal]]:
        """Draw `amount`; what no grant covers becomes debt."""
        taken: list[tuple[ModelGrant | None, Decimal]] = []
        for grant in sorted(self.grants, key=ModelGrant.turn):
            part = min(grant.left, amount)
            if part > 0:
                grant.left -= part
                amount -= part
                taken.append((grant, part))
        if amount > 0:
            self.debt += amount
            taken.append((None, amount))
        return taken

    def charge(self, number: int, amount: Decimal, day: date) -> None:
        """Usage is charged whatever the balance."""
        self.charges[number] = ModelCharge(day, self.take(amount))
        self.spent[day] = self.spent.get(day, ZERO) + amount

    def void(self, number: int, today: date, now: datetime) -> None:
        """Each grant gets back what it gave; debt that was settled since comes back as paid money."""
        charge = self.charges[number]
        self.voided.add(number)
        for grant, amount in charge.taken:
            if grant is not None:
                grant.left += amount
            else:
                surplus = max(amount - self.debt, ZERO)
                self.debt -= amount - surplus
                if surplus:
                    self.grants.append(ModelGrant(len(self.grants), "paid", surplus, None))
        self.settle()
        if charge.day == today:
            self.spent[today] -= charge.total
        self.expire(now)
