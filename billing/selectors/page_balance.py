"""A wallet's balance in the parts that a customer sees, which add up to what is available."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.models import Wallet

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Balance:
    """paid + promo + allotment - debt + credit_limit - held = available."""

    currency: str
    paid: Decimal
    promo: Decimal
    allotment: Decimal
    debt: Decimal
    credit_limit: Decimal
    held: Decimal
    held_calls: int
    spent_today: Decimal
    daily_cap: Decimal | None
    monthly_allotment: Decimal
    last_number: int

    @property
    def available(self) -> Decimal:
        """What calls may spend now."""
        return self.paid + self.promo + self.allotment - self.debt + self.credit_limit - self.held

    @property
    def left_today(self) -> Decimal | None:
        """What the daily cap leaves, calls in progress counted as spent; None without a cap."""
        if self.daily_cap is None:
            return None
        return max(self.daily_cap - self.spent_today - self.held, ZERO)

    @property
    def cap_share(self) -> Decimal | None:
        """The part of the daily cap that is spent, 0 to 1; None without a cap."""
        if not self.daily_cap:
            return None
        return min(max(self.spent_today, ZERO) / self.daily_cap, Decimal(1))


def balance_of(wallet: Wallet, today: date) -> Balance:
    """The wallet's parts; `today` is the account's day, to tell whether its spending of the day is still today's."""
    return Balance(
        currency=wallet.currency,
        paid=wallet.paid.amount,
        promo=wallet.promo.amount,
        allotment=wallet.allotment.amount,
        debt=wallet.debt.amount,
        credit_limit=wallet.credit_limit.amount,
        held=wallet.held.amount,
        held_calls=wallet.held_calls,
        spent_today=wallet.spent_today.amount if wallet.spent_on == today else ZERO,
        daily_cap=wallet.daily_cap.amount if wallet.daily_cap is not None else None,
        monthly_allotment=wallet.monthly_allotment.amount,
        last_number=wallet.last_number,
    )
