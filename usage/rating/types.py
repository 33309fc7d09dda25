"""What the engine works on and what it answers: plain values, no database behind them.

They mirror `RateCardVersion`, `Rate` and `FreeRule` field for field. All numbers are `Decimal`, all exact. A
`CardVersion` never changes once made, so what is worked out from it is kept with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usage.rating.match import Prices

ZERO = Decimal(0)
ONE = Decimal(1)

CALL = "call.completed"
CHAT_MESSAGE = "chat.message"
CHAT_HOUR = "chat.hour"

UNIT = "unit"
COST = "cost"
MARGIN = "margin"


class PriceOnRequest(LookupError):  # noqa: N818 - the word of the API's own code
    """The card has no price for what was used: it is refused, never charged at zero by accident.

    `component` names the component, model, tier or event type without a price; `detail` says it to a person.
    """

    def __init__(self, component: str, detail: str) -> None:
        super().__init__(detail)
        self.component = component
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of one component (see `usage.models.Rate`). `price` None: on request."""

    event_type: str
    component: str
    label: str
    unit: str
    price: Decimal | None
    position: int = 0
    model: str = ""
    tier: str = ""
    outcome: str = ""
    channels: tuple[str, ...] = ()
    method: str = UNIT
    metric: str = ""
    per: Decimal = ONE
    included: Decimal = ZERO
    cap_field: str = ""
    first_increment: Decimal = ZERO
    increment: Decimal = ZERO
    units_per_increment: Decimal = ONE
    minimum: Decimal = ZERO
    tiers: tuple[tuple[Decimal, Decimal], ...] = ()
    """(above how many units, price from there on), rising."""
    is_operators_to_set: bool = False


@dataclass(frozen=True, slots=True)
class FreeRule:
    """What is not charged (see `usage.models.FreeRule`)."""

    event_type: str
    code: str
    reason: str
    condition: str
    position: int = 0
    field: str = "status"
    values: tuple[str, ...] = ()
    limit: Decimal | None = None
    except_statuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CardVersion:
    """The prices that hold from `starts_at` on (see `usage.models.RateCardVersion`)."""

    rates: tuple[Rate, ...]
    free_rules: tuple[FreeRule, ...] = ()
    rounding_step: Decimal = Decimal("0.000001")
    rounding: str = "half_up"
    derives_outcome: bool = False
    conversation_seconds: int = 30
    conversation_turns: int = 3
    default_tier: str = ""
    aggregates_chat: bool = False
    id: int = 0
    number: int = 1
    card_name: str = ""
    starts_at: datetime | None = None
    prices: dict[str, Prices] = field(default_factory=dict, init=False, repr=False)
    """Worked out at first use, by event type: see `usage.rating.match.prices_of`."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a charge. `amount` is rounded; quantity x price / per, rounded, is the amount unless a minimum is.

    `measured` and `included` are in `measured_unit`: what the event reported, and how much of it was free.
    """

    component: str
    label: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal
    price: Decimal
    per: Decimal
    measured: Decimal | None = None
    measured_unit: str = ""
    included: Decimal = ZERO
    minimum: Decimal | None = None

    def as_json(self) -> dict[str, str]:
        """The line as it is stored and served: decimal strings, the amount with six decimals."""
        document = {
            "component": self.component,
            "label": self.label,
            "quantity": plain(self.quantity),
            "unit": self.unit,
            "unit_price": plain(self.unit_price),
            "amount": f"{self.amount:.6f}",
            "price": plain(self.price),
            "per": plain(self.per),
        }
        if self.measured is not None:
            document["measured"] = plain(self.measured)
            document["measured_unit"] = self.measured_unit
        if self.included:
            document["included"] = plain(self.included)
        if self.minimum is not None:
            document["minimum"] = plain(self.minimum)
        return document


@dataclass(frozen=True, slots=True)
class Rated:
    """What an event costs and why: lines that sum to `total`, or no line and the rule that made it free."""

    lines: tuple[Line, ...]
    total: Decimal
    cost: Decimal
    """The sum of the provider costs that the event reported, charged or not."""
    outcome: str
    outcome_reason: str
    model: str
    tier: str
    free_code: str = ""
    free_reason: str = ""


def plain(number: Decimal) -> str:
    """The number in digits, without an exponent and without trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
