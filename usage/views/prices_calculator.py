"""The calculator: an example to begin with, then whatever the reader types, rated as a call would be.

The amount comes from the very function that the API's estimate uses (`usage.services.estimate`), never from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from billing.templatetags.money import micro_width
from billing.views.shell import Frame
from usage.rating.match import Plan, Prices, prices_of
from usage.rating.metrics import METRICS
from usage.rating.types import CALL, COST, CardVersion, PriceOnRequest, Rated
from usage.selectors.pages.prices import examples_of
from usage.services.estimate import rate_facts
from usage.views.charge_lines import ChargeLine, charge_lines
from usage.views.prices_fields import COST_PREFIX, Field, FlagField, SelectField, asked_fields, select_fields
from usage.views.prices_words import event_type_words

KIND, TYPED, NO_MODEL = "of", "typed", "-"
COSTS = "provider_costs"


@dataclass(frozen=True, slots=True)
class Result:
    """What it would cost, line by line; `free_reason` where a rule makes it free."""

    total: Decimal
    lines: list[ChargeLine]
    free_reason: str

    @property
    def micro(self) -> int:
        """Digits below a cent that the amounts need."""
        return micro_width([self.total, *(line.amount for line in self.lines)])


@dataclass(slots=True)
class Calculator:
    """The form as it stands. `result` is None while a field is wrong or the price is on request."""

    event_type: str
    kinds: list[tuple[str, str]]
    selects: list[SelectField]
    fields: list[Field] = field(default_factory=list)
    result: Result | None = None
    is_on_request: bool = False

    def chosen(self, name: str) -> str:
        """The value of a choice; empty where the card does not offer it."""
        return next((each.value for each in self.selects if each.name == name), "")

    @property
    def typed_for(self) -> str:
        """What the quantities are typed for: another model begins with its own example."""
        return self.chosen("model") or NO_MODEL

    @property
    def errors(self) -> list[Field]:
        """The fields that cannot be read."""
        return [each for each in self.fields if not isinstance(each, FlagField) and each.error]


def calculator_of(frame: Frame, version: CardVersion, params: QueryDict) -> Calculator | None:
    """The calculator as its form was sent, or with its example; None where the card prices nothing to be counted."""
    product = frame.tenant.product
    kinds = _kinds(version, shows_costs=product.shows_costs)
    if not kinds:
        return None
    event_type = params.get(KIND, "")
    if event_type not in kinds:
        event_type = kinds[0]
    examples = examples_of(product_id=product.pk, account_id=frame.tenant.account.pk)
    example = examples.get(event_type, {})
    prices = prices_of(version, event_type)
    selects = select_fields(version, prices, {**example, **params.dict()})
    form = Calculator(event_type, [(each, event_type_words(each)) for each in kinds], selects)
    plan = _plan(prices, form)
    if plan is None:
        form.is_on_request = True
        return form
    form.fields = asked_fields(
        prices, plan, model=form.chosen("model"), currency=frame.wallet.currency, shows_costs=product.shows_costs
    )
    facts = _read(form, params, example)
    if not form.errors:
        _rate(frame, form, version, facts)
    return form


def _kinds(version: CardVersion, *, shows_costs: bool) -> list[str]:
    """The event types whose whole price the reader can name the quantities of."""
    priced = {rate.event_type for rate in version.rates}
    hidden = set() if shows_costs else {rate.event_type for rate in version.rates if rate.method == COST}
    return [event_type for event_type in METRICS if event_type in priced - hidden]


def _plan(prices: Prices, form: Calculator) -> Plan | None:
    """The rates for what is chosen; None where they are on request."""
    names = ("model", "tier", "outcome", "channel")
    try:
        return prices.plan(prices.key(*(form.chosen(name) for name in names)))
    except PriceOnRequest:
        return None


def _read(form: Calculator, params: QueryDict, example: Mapping[str, Any]) -> dict[str, Any]:
    """An event's data from the fields, as the API hands it on; what is wrong is said beside its field."""
    is_typed = params.get(TYPED) == form.typed_for
    facts: dict[str, Any] = {"channel": "phone", "status": "completed"} if form.event_type == CALL else {}
    facts |= {each.name: each.value for each in form.selects if each.value}
    costs: dict[str, Decimal] = {}
    for each in form.fields:
        if isinstance(each, FlagField):
            each.is_on = each.name in params if is_typed else bool(example.get(each.name))
            facts[each.name] = each.is_on
            continue
        component = each.name.removeprefix(COST_PREFIX) if each.name.startswith(COST_PREFIX) else ""
        begins = example.get(COSTS, {}).get(component) if component else example.get(each.name)
        each.value = each.shown(begins) if begins is not None and each.has_example else ""
        if is_typed:
            each.value = params.get(each.name, each.value)
        try:
            quantity = each.read(each.value)
        except ValidationError as error:
            each.error = " ".join(error.messages)
            continue
        if quantity is not None and component:
            costs[component] = quantity
        elif quantity is not None:
            facts[each.name] = quantity
    return facts | ({COSTS: costs} if costs else {})


def _rate(frame: Frame, form: Calculator, version: CardVersion, facts: Mapping[str, Any]) -> None:
    product = frame.tenant.product
    try:
        rated = rate_facts(
            product_id=product.pk,
            rates_revision=product.rates_revision,
            account_id=frame.tenant.account.pk,
            event_type=form.event_type,
            facts=facts,
            started_at=frame.now,
        ).rated
    except PriceOnRequest:
        form.is_on_request = True
        return
    form.result = Result(rated.total, _lines(frame, form, version, rated), rated.free_reason and _(rated.free_reason))


def _lines(frame: Frame, form: Calculator, version: CardVersion, rated: Rated) -> list[ChargeLine]:
    rates: Sequence[Any] = [rate for rate in version.rates if rate.event_type == form.event_type]
    return charge_lines(
        [line.as_json() for line in rated.lines],
        methods={rate.component: rate.method for rate in rates},
        currency=frame.wallet.currency,
        shows_costs=frame.tenant.product.shows_costs,
    )
