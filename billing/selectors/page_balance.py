"""A wallet's balance in the parts that a customer sees, which add up to what is available.

It is read as authorisation reads it, so that a page never says that calls start while the API refuses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from billing.models import Wallet, WalletMode
from billing.selectors.balance import call_terms, state_of
from billing.services.admission import refusals

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
    refusals: tuple[str, ...]
    """The API's reasons for which no call starts now; empty when calls start."""

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
        """The part of the daily cap that is used, calls in progress counted as spent, 0 to 1; None without a cap."""
        if not self.daily_cap:
            return None
        return min(max(self.spent_today + self.held, ZERO) / self.daily_cap, Decimal(1))


def balance_of(wallet: Wallet) -> Balance:
    """The wallet's parts now."""
    state = state_of(wallet)
    terms = call_terms(wallet.account.product.terms)
    return Balance(
        currency=state.currency,
        paid=state.paid,
        promo=state.promo,
        allotment=state.allotment,
        debt=state.debt,
        credit_limit=state.credit_limit if state.mode == WalletMode.POSTPAY else ZERO,
        held=state.held,
        held_calls=state.held_calls,
        spent_today=state.spent,
        daily_cap=state.daily_cap,
        monthly_allotment=wallet.monthly_allotment.amount,
        last_number=state.last_number,
        refusals=tuple(each.reason for each in refusals(state, terms)),
    )
