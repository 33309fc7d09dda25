"""What the usage of a period was charged for, line by line: quantity x price where they give the amount.

Where the product does not show costs, what providers were paid and the margin on it are one line, as on a call's
page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.templatetags.money import NO_BREAK_SPACE, money_text, number
from billing.templatetags.stored import said
from usage.models.event import EventType
from usage.rating.types import CALL
from usage.selectors.pages.usage import ComponentSum, merged
from usage.selectors.pages.usage_card import AccountRates
from usage.views.charge_lines import TIMES, measured_words, quantity_words
from usage.views.words import OTHER_USAGE, word

ZERO = Decimal(0)
KINDS = [kind.value for kind in EventType]


@dataclass(frozen=True, slots=True)
class Item:
    """One line: `2 min x $0.12` gives the amount to the last digit, `2 min at $0.12` gives it before rounding."""

    label: str
    quantity: str
    amount: Decimal
    is_subtotal: bool = False
    is_rounded: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """The lines of one kind of usage or one model; the title is empty where the lines speak for themselves."""

    title: str
    items: list[Item]
    amount: Decimal


def sections_of(
    lines: Sequence[ComponentSum], rates: AccountRates, *, currency: str, shows_costs: bool
) -> list[Section]:
    """The lines by kind of usage, calls first, and by model where calls are priced by model, the dearest first."""
    groups: defaultdict[tuple[str, str], list[ComponentSum]] = defaultdict(list)
    for line in lines:
        model = line.model if rates.by_model and line.event_type == CALL else ""
        groups[line.event_type, model].append(replace(line, model=model, tier="", outcome=""))
    amounts = {key: sum((line.amount for line in group), ZERO) for key, group in groups.items()}
    ordered = sorted(groups, key=lambda key: (KINDS.index(key[0]), -amounts[key], key[1]))
    named = len(groups) > 1 and any(
        key[1] or rates.is_margin(line.event_type, line.component) for key, group in groups.items() for line in group
    )
    sections = [
        Section(
            _title(*key, by_model=rates.by_model),
            _items(merged(groups[key]), rates, currency, shows_costs=shows_costs),
            amounts[key],
        )
        for key in ordered
    ]
    if named or not sections:
        return sections
    items = [item for section in sections for item in section.items]
    return [Section("", items, sum(amounts.values(), ZERO))]


def _title(event_type: str, model: str, *, by_model: bool) -> str:
    if event_type != CALL:
        return word(OTHER_USAGE, event_type)
    if model:
        return model
    return _("Calls without a named model") if by_model else _("Calls")


def _items(lines: list[ComponentSum], rates: AccountRates, currency: str, *, shows_costs: bool) -> list[Item]:
    """In the card's order; with costs shown, their subtotal stands above the margin."""
    places = {line: _place(line, rates) for line in lines}
    ordered = sorted(lines, key=lambda line: (places[line], line.component, line.unit))
    if not shows_costs:
        hidden = [line for line in ordered if rates.passes_on(line.event_type, line.component)]
        items = [_item(line, rates, currency) for line in ordered if line not in hidden]
        return [*items, Item(_("Usage"), "", sum((line.amount for line in hidden), ZERO))] if hidden else items
    costs = [line for line in ordered if rates.is_cost(line.event_type, line.component)]
    margins = [line for line in ordered if rates.is_margin(line.event_type, line.component)]
    items = [_item(line, rates, currency) for line in ordered if line not in costs and line not in margins]
    items += [_item(line, rates, currency) for line in costs]
    if margins:
        items.append(Item(_("Total cost (provider)"), "", sum((line.amount for line in costs), ZERO), is_subtotal=True))
        items += [_margin(line, rates, currency) for line in margins]
    return items


def _place(line: ComponentSum, rates: AccountRates) -> int:
    known = rates.rates(line.event_type, line.component)
    return known[0].position if known else len(KINDS) * 1000


def _label(line: ComponentSum, rates: AccountRates) -> str:
    known = rates.rates(line.event_type, line.component)
    return said(known[0].label) if known else word({}, line.component)


def _item(line: ComponentSum, rates: AccountRates, currency: str) -> Item:
    label = _label(line, rates)
    exact = rates.exact_price(line)
    price = exact or rates.only_price(line)
    if price is None:
        return Item(label, quantity_words(line.quantity, line.unit), line.amount)
    quantity, price_text = measured_words(line.quantity, line.unit, *price, currency)
    price_text = price_text.replace(" ", NO_BREAK_SPACE)
    if exact is not None:
        return Item(label, f"{quantity} {TIMES}{NO_BREAK_SPACE}{price_text}", line.amount)
    words = _("%(quantity)s at %(price)s") % {"quantity": quantity, "price": price_text}
    return Item(label, words, line.amount, is_rounded=True)


def _margin(line: ComponentSum, rates: AccountRates, currency: str) -> Item:
    price = rates.exact_price(line)
    base = money_text(line.quantity, currency)
    words = _("%(share)s%%") % {"share": number(price[0] * 100, most=2)} + f" {TIMES} {base}" if price else ""
    return Item(_label(line, rates), words, line.amount)
