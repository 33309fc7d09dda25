"""What the rates behind a roll-up's components are called and how they priced, as far as the account's cards know.

A roll-up names components only. The account's own card goes before its product's, a later version before an earlier
one; a coming version says nothing yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from organizations.models import Account
from usage.rating.match import PRICED_AS
from usage.rating.types import CALL, COST, MARGIN, UNIT, CardVersion, Rate
from usage.selectors.cards import load_cards
from usage.selectors.pages.usage import ComponentSum

ZERO = Decimal(0)
MINUTE, DURATION = "minute", "duration_seconds"


class Price(NamedTuple):
    """An amount for so many units, or a share."""

    amount: Decimal
    per: Decimal


@dataclass(frozen=True, slots=True)
class AccountRates:
    """The versions that hold or held for an account, the first to be asked first."""

    versions: tuple[CardVersion, ...]

    @property
    def newest(self) -> CardVersion | None:
        """The version that prices what starts now; None where nothing has a price."""
        return self.versions[0] if self.versions else None

    @property
    def by_ending(self) -> frozenset[str]:
        """The components of calls that are priced by outcome or tier."""
        return frozenset(
            rate.component
            for version in self.versions
            for rate in version.rates
            if rate.event_type == CALL and (rate.outcome or rate.tier)
        )

    @property
    def by_model(self) -> bool:
        """Whether calls are priced by model."""
        return any(rate.model for version in self.versions for rate in version.rates if rate.event_type == CALL)

    @property
    def tiers(self) -> list[str]:
        """The tiers that calls are priced by, in the card's order."""
        return list(
            dict.fromkeys(
                rate.tier
                for version in self.versions
                for rate in version.rates
                if rate.event_type == CALL and rate.tier
            )
        )

    def rates(self, event_type: str, component: str) -> list[Rate]:
        """Every rate that the component has or had, the latest first."""
        listed = PRICED_AS.get(event_type, event_type)
        return [
            rate
            for version in self.versions
            for rate in version.rates
            if (rate.event_type, rate.component) == (listed, component)
        ]

    def is_cost(self, event_type: str, component: str) -> bool:
        """Whether it passes on what a provider was paid."""
        return self._method(event_type, component) == COST

    def is_margin(self, event_type: str, component: str) -> bool:
        """Whether it is a share of what providers were paid."""
        return self._method(event_type, component) == MARGIN

    def passes_on(self, event_type: str, component: str) -> bool:
        """Whether it tells, or told on an earlier version, what a provider was paid, directly or as a share of it."""
        return any(rate.method in (COST, MARGIN) for rate in self.rates(event_type, component))

    def exact_price(self, line: ComponentSum) -> Price | None:
        """A published price that gives the amount to the last digit; None where none does.

        Lines are rounded one by one and prices change, so that for a sum there need be none.
        """
        return next(
            (price for price in self._prices(line) if line.quantity * price.amount == line.amount * price.per), None
        )

    def only_price(self, line: ComponentSum) -> Price | None:
        """The one price that was ever published for it; None where there were several, or none.

        None, too, where it gives another amount than the rounding of each line explains: a least amount was charged,
        or a price by volume, or that of a model.
        """
        prices = set(self._prices(line))
        price = prices.pop() if len(prices) == 1 else None
        if price is None or abs(line.quantity * price.amount / price.per - line.amount) > line.count * self._step:
            return None
        return price

    @property
    def _step(self) -> Decimal:
        """The coarsest that a line was ever rounded to."""
        return max((version.rounding_step for version in self.versions), default=ZERO)

    def _prices(self, line: ComponentSum) -> list[Price]:
        """What the line may have been charged at, the latest first; an empty tier or outcome of it stands for any."""
        return [
            Price(rate.price, rate.per)
            for version in self.versions
            for rate in _for_model(version, line)
            if rate.unit == line.unit
            and rate.method in (UNIT, MARGIN)
            and rate.price is not None
            and not rate.tiers
            and all(
                not had or wanted in ("", had) for wanted, had in ((rate.tier, line.tier), (rate.outcome, line.outcome))
            )
        ]

    def overage_minutes(self, lines: Sequence[ComponentSum]) -> Decimal:
        """The minutes charged beyond those that the price of a call includes (aitelier.md, 'Overage minutes')."""
        return sum((line.quantity for line in lines if line.is_call and self._is_overage(line)), ZERO)

    def _is_overage(self, line: ComponentSum) -> bool:
        known = self.rates(line.event_type, line.component)
        return line.unit == MINUTE and any(rate.included and rate.metric == DURATION for rate in known)

    def _method(self, event_type: str, component: str) -> str:
        known = self.rates(event_type, component)
        return known[0].method if known else UNIT


def account_rates(account: Account, now: datetime) -> AccountRates:
    """The account's rates, from memory where its product's cards did not change."""
    cards = load_cards(account.product_id, account.product.rates_revision)
    versions = (*cards.by_account.get(account.pk, ()), *cards.default)
    return AccountRates(tuple(each for each in versions if each.starts_at is not None and each.starts_at <= now))


def _for_model(version: CardVersion, line: ComponentSum) -> list[Rate]:
    """The version's rates of the component for the line's model: those that name it, else those that name none."""
    rates = AccountRates((version,)).rates(line.event_type, line.component)
    return [rate for rate in rates if rate.model == line.model] or [rate for rate in rates if not rate.model]
