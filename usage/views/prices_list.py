"""The price list: what a card version prices, laid out by what decides the price.

What every event costs is a list; what depends on the model is a table of models, what depends on tier and outcome a
matrix of both, and provider costs that are passed on stand by channel. A rate that fits none of them is in the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from billing.templatetags.money import micro_width
from usage.rating.metrics import METRICS
from usage.rating.types import COST, MARGIN, CardVersion, Rate
from usage.views.prices_words import (
    Price,
    chat_note,
    event_type_words,
    is_unit,
    outcome_note,
    price_of,
    selector_words,
    tier_words,
)
from usage.views.words import CHANNELS, OUTCOMES, word


@dataclass(frozen=True, slots=True)
class ListLine:
    """One price of the list; `selectors` say what it is for, empty for all."""

    label: str
    selectors: str
    price: Price


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A row of prices under a table's columns; None where there is none."""

    label: str
    note: str
    prices: tuple[Price | None, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Prices in two dimensions. A column has a name and, where all its prices are per the same, what they are per."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[MatrixRow, ...]

    @property
    def micro(self) -> int:
        """Digits below a cent that its columns need."""
        return _micro(price for row in self.rows for price in row.prices)

    @property
    def cells(self) -> list[tuple[MatrixRow, list[tuple[str, Price | None]]]]:
        """The rows, each price with the name of its column."""
        names = [name for name, _per in self.columns]
        return [(row, list(zip(names, row.prices, strict=True))) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Costs:
    """Provider costs that are passed on: by component, on which of the channels; and what is added to them."""

    channels: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, bool], ...]], ...]
    margin: Price | None


@dataclass(slots=True)
class Section:
    """The prices of one kind of event."""

    event_type: str
    title: str
    note: str
    lines: list[ListLine] = field(default_factory=list)
    by_model: Matrix | None = None
    by_outcome: Matrix | None = None
    default_tier: str = ""
    costs: Costs | None = None

    @property
    def micro(self) -> int:
        """Digits below a cent that the list's column needs."""
        return _micro(line.price for line in self.lines)


def _micro(prices: Iterable[Price | None]) -> int:
    return micro_width(price.amount for price in prices if price is not None and price.amount is not None)


def sections_of(version: CardVersion, *, currency: str, shows_costs: bool) -> list[Section]:
    """The version's prices by kind of event, calls first."""
    found = []
    for event_type in METRICS:
        rates = [rate for rate in version.rates if rate.event_type == event_type]
        if rates:
            rates.sort(key=lambda rate: rate.position)
            found.append(_section(version, event_type, rates, currency, shows_costs))
    return found


def _section(version: CardVersion, event_type: str, rates: Sequence[Rate], currency: str, shows_costs: bool) -> Section:
    section = Section(event_type, event_type_words(event_type), chat_note(version, event_type))
    base = {rate.component: rate for rate in rates if is_unit(rate) and not selector_words(rate)}
    by_model = [rate for rate in rates if is_unit(rate) and _is_by_model(rate)]
    by_outcome = [rate for rate in rates if is_unit(rate) and _is_by_outcome(rate)]
    if by_model:
        section.by_model = _by_model(by_model, base, currency, shows_costs)
    if by_outcome:
        section.by_outcome = _by_outcome(version, by_outcome, currency, shows_costs)
        section.default_tier = version.default_tier and tier_words(version.default_tier)
    passed_on = [rate for rate in rates if not is_unit(rate)]
    if passed_on and shows_costs:
        section.costs = _costs(passed_on, currency)
    elif passed_on:
        # One line for all of it: neither the parts nor the margin are the customer's to see.
        section.lines.append(ListLine(_("Usage"), "", price_of(passed_on[0], currency=currency, shows_costs=False)))
    section.lines += [
        ListLine(_(rate.label), selector_words(rate), price_of(rate, currency=currency, shows_costs=shows_costs))
        for rate in rates
        if is_unit(rate) and rate not in by_model and rate not in by_outcome
    ]
    return section


def _is_by_model(rate: Rate) -> bool:
    return bool(rate.model) and not (rate.tier or rate.outcome or rate.channels)


def _is_by_outcome(rate: Rate) -> bool:
    return bool(rate.tier or rate.outcome) and not (rate.model or rate.channels)


def _by_model(rates: Sequence[Rate], base: dict[str, Rate], currency: str, shows_costs: bool) -> Matrix:
    """Models down, components across; where a model has no price of its own, that of every call holds."""
    own = {(rate.model, rate.component): rate for rate in rates}
    components = {rate.component: _(rate.label) for rate in rates}
    rows = []
    for model in dict.fromkeys(rate.model for rate in rates):
        chosen = [own.get((model, component)) or base.get(component) for component in components]
        prices = [price_of(rate, currency=currency, shows_costs=shows_costs) if rate else None for rate in chosen]
        rows.append(MatrixRow(model, "", tuple(prices)))
    return _matrix(list(components.values()), rows)


def _by_outcome(version: CardVersion, rates: Sequence[Rate], currency: str, shows_costs: bool) -> Matrix:
    """Outcomes down, tiers across; what is priced by only one of them has one row or one column."""
    tiers = list(dict.fromkeys(rate.tier for rate in rates))
    own = {(rate.component, rate.outcome, rate.tier): rate for rate in rates}
    rows = []
    for component, outcome in dict.fromkeys((rate.component, rate.outcome) for rate in rates):
        chosen = [own.get((component, outcome, tier)) for tier in tiers]
        label = word(OUTCOMES, outcome) if outcome else next(_(rate.label) for rate in chosen if rate)
        prices = [price_of(rate, currency=currency, shows_costs=shows_costs) if rate else None for rate in chosen]
        rows.append(MatrixRow(label, outcome_note(version, outcome), tuple(prices)))
    return _matrix([tier_words(tier) for tier in tiers], rows)


def _matrix(names: Sequence[str], rows: Sequence[MatrixRow]) -> Matrix:
    columns = []
    for place, name in enumerate(names):
        each = {price.per for row in rows if (price := row.prices[place]) is not None and price.per}
        columns.append((name, each.pop() if len(each) == 1 else ""))
    return Matrix(tuple(columns), tuple(rows))


def _costs(rates: Sequence[Rate], currency: str) -> Costs:
    """What of the providers' costs is passed on, by channel where the card tells channels apart."""
    costs = [rate for rate in rates if rate.method == COST]
    by_channel = any(rate.channels for rate in costs)
    channels = [(each, word(CHANNELS, each)) for each in CHANNELS] if by_channel else [("", _("Passed on"))]
    rows = tuple(
        (_(rate.label), tuple((name, not rate.channels or code in rate.channels) for code, name in channels))
        for rate in costs
    )
    margin = next((rate for rate in rates if rate.method == MARGIN), None)
    shown = price_of(margin, currency=currency, shows_costs=True) if margin is not None else None
    return Costs(tuple(name for _code, name in channels), rows, shown)
