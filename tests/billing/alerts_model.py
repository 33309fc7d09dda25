"""What should be told of a wallet, written a second time and as simply as it goes: flags and numbers, no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

ZERO = Decimal(0)


@dataclass
class Level:
    """One thing that may be past, be clear, or be neither."""

    has_fired: bool = False

    def look(self, *, was_past: bool, was_clear: bool, is_past: bool, is_clear: bool) -> bool:
        """Says whether this is the crossing."""
        is_armed = not self.has_fired or was_clear
        self.has_fired = is_past or not (is_armed or is_clear)
        return is_past and is_armed and not was_past


@dataclass
class Model:
    """One prepaid wallet, from the moment that it is empty and nobody was told of anything."""

    balance: Decimal = ZERO
    spent: Decimal = ZERO
    floor: Decimal = ZERO
    threshold: Decimal | None = None
    cap: Decimal | None = None
    stops: dict[str, bool] = field(default_factory=dict)  # by reason, in the order of the API's answer
    low: Level = field(default_factory=Level)
    near: Level = field(default_factory=Level)
    reached: Level = field(default_factory=Level)
    empty: Level = field(default_factory=lambda: Level(has_fired=True))
    was_stopped: bool = False
    services_think_shut: bool = True

    def reason(self) -> str | None:
        """Why no call starts."""
        for reason, is_on in self.stops.items():
            if is_on:
                return reason
        if self._is_used(self.spent, "1"):
            return "daily_limit_reached"
        return "insufficient_balance" if self._is_empty(self.balance) else None

    def set_threshold(self, threshold: Decimal | None) -> None:
        """Nobody is told of what the setting itself did."""
        if threshold != self.threshold:
            self.threshold = threshold
            self.low.has_fired = self._is_low(self.balance)

    def set_cap(self, cap: Decimal | None) -> list[str]:
        """Services are told whether calls start by it."""
        if cap == self.cap:
            return []
        self.cap = cap
        self.near.has_fired, self.reached.has_fired = self._is_used(self.spent, "0.8"), self._is_used(self.spent, "1")
        return self.move(ZERO, ZERO)

    def midnight(self) -> None:
        """What was spent yesterday counts no more."""
        self.spent = ZERO
        self.near.has_fired = self.reached.has_fired = False

    def move(self, amount: Decimal, used: Decimal) -> list[str]:
        """The balance moves by `amount`, today's spending by `used`; what is told then."""
        before, after = self.balance, self.balance + amount
        spent_before, spent = self.spent, self.spent + used
        self.balance, self.spent = after, spent
        told = []
        if self.low.look(
            was_past=self._is_low(before), was_clear=self._is_clear_of_low(before),
            is_past=self._is_low(after), is_clear=self._is_clear_of_low(after),
        ):  # fmt: skip
            told.append("low_balance")
        is_near, is_reached = (
            level.look(
                was_past=self._is_used(spent_before, past), was_clear=not self._is_used(spent_before, clear),
                is_past=self._is_used(spent, past), is_clear=not self._is_used(spent, clear),
            )
            for level, past, clear in ((self.near, "0.8", "0.7"), (self.reached, "1", "0.9"))
        )  # fmt: skip
        told += ["cap_reached"] if is_reached else ["cap_near"] if is_near else []
        is_emptied = self.empty.look(
            was_past=self._is_empty(before), was_clear=self._is_clear_of_empty(before),
            is_past=self._is_empty(after), is_clear=self._is_clear_of_empty(after),
        )  # fmt: skip
        return told + self._of_calls(is_emptied)

    def _of_calls(self, is_emptied: bool) -> list[str]:
        reason, is_stopped = self.reason(), any(self.stops.values())
        for_people = reason if is_stopped and not self.was_stopped else "insufficient_balance" if is_emptied else None
        for_services = reason if reason and not self.services_think_shut else None
        has_opened = self.services_think_shut and reason is None
        self.was_stopped, self.services_think_shut = is_stopped, reason is not None
        if has_opened:
            return ["calls_accepted"]
        if for_people == for_services:
            return [f"calls_refused: {reason}"] if reason and for_services else []
        found = [f"calls_refused to services: {for_services}"] if for_services else []
        return found + ([f"calls_refused to people: {for_people}"] if for_people else [])

    def _is_low(self, balance: Decimal) -> bool:
        return self.threshold is not None and balance < self.threshold

    def _is_clear_of_low(self, balance: Decimal) -> bool:
        return self.threshold is None or balance >= self.threshold * Decimal("1.1")

    def _is_empty(self, balance: Decimal) -> bool:
        return balance <= 0 or balance < self.floor

    def _is_clear_of_empty(self, balance: Decimal) -> bool:
        return balance > 0 and balance >= self.floor * Decimal("1.1")

    def _is_used(self, spent: Decimal, share: str) -> bool:
        return self.cap is not None and spent >= self.cap * Decimal(share)
