"""A charge's lines in human units: 1.5 min x $0.006 / min = $0.009.

Where the product does not show costs, what providers were paid and the margin on it are one line: neither can be told
from the page (aitelier.md, 'What you do not see in the billing UI').
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.templatetags.moments import length_words
from billing.templatetags.money import countable, money_text, number
from billing.templatetags.stored import said
from usage.models import Rate

COST, MARGIN = Rate.Method.COST.value, Rate.Method.MARGIN.value
QUANTITY_DECIMALS = 6
PRICE_STEP = Decimal("0.000001")
TIME_STEP = Decimal("0.0001")
TIME_TOLERANCE = Decimal("0.001")
SECONDS_IN = {"minute": 60, "hour": 3600}
PER_TIME = {"minute": gettext_lazy("min"), "hour": gettext_lazy("h")}
TIMES = "\N{MULTIPLICATION SIGN}"
PER_WORDS = {Decimal(1000): gettext_lazy("1K"), Decimal(1_000_000): gettext_lazy("1M")}


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """One line as it is shown; `note` says what was included, counted or at least charged."""

    label: str
    quantity: str
    price: str
    amount: Decimal
    note: str = ""
    is_subtotal: bool = False


def charge_lines(
    lines: Sequence[Mapping[str, str]], *, methods: Mapping[str, str], currency: str, shows_costs: bool
) -> list[ChargeLine]:
    """The stored lines in words. With costs shown, their subtotal stands above the margin."""
    shown: list[ChargeLine] = []
    costs = [line for line in lines if methods.get(line["component"]) == COST]
    margins = [line for line in lines if methods.get(line["component"]) == MARGIN]
    if not shows_costs:
        plain = [line for line in lines if line not in costs and line not in margins]
        shown = [_line(line, currency) for line in plain]
        hidden = sum((Decimal(line["amount"]) for line in (*costs, *margins)), Decimal(0))
        if hidden:
            shown.append(ChargeLine(_("Usage"), "", "", hidden))
        return shown
    for line in lines:
        if line in margins:
            continue
        shown.append(_cost_line(line, currency) if line in costs else _line(line, currency))
    if margins:
        subtotal = sum((Decimal(line["amount"]) for line in costs), Decimal(0))
        shown.append(ChargeLine(_("Total cost (provider)"), "", "", subtotal, is_subtotal=True))
        shown += [_margin_line(line, currency) for line in margins]
    return shown


def _line(line: Mapping[str, str], currency: str) -> ChargeLine:
    quantity, unit = Decimal(line["quantity"]), line["unit"]
    price, per = Decimal(line["price"]), Decimal(line["per"])
    words, money = measured_words(quantity, unit, price, per, currency)
    return ChargeLine(said(line["label"]), words, f"{TIMES} {money}", Decimal(line["amount"]), _note(line, currency))


def measured_words(quantity: Decimal, unit: str, price: Decimal, per: Decimal, currency: str) -> tuple[str, str]:
    """A quantity and its price, both of one unit and to the last digit: one times the other is the amount."""
    if unit == "second" and per >= 60 and per % 60 == 0:
        # Priced per minute or hour, counted in seconds: said in what it is priced in.
        size, unit = (3600, "hour") if per % 3600 == 0 else (60, "minute")
        quantity, per = quantity / size, per / size
    money = price_words(price, per, currency)
    if unit == "second":
        return _("%(count)s s") % {"count": number(quantity, most=QUANTITY_DECIMALS)}, money
    if unit in SECONDS_IN and quantity != quantity.quantize(TIME_STEP):
        # 0.7833 min would not give the amount; 47 s at a price per minute does.
        return _seconds_words((quantity * SECONDS_IN[unit]).quantize(PRICE_STEP)), f"{money} / {PER_TIME[unit]}"
    return quantity_words(quantity, unit), money


def _seconds_words(seconds: Decimal) -> str:
    """A length with all its digits: 11 min 40.5 s."""
    minutes, rest = divmod(seconds, 60)
    words = {"minutes": number(minutes), "seconds": number(rest, most=QUANTITY_DECIMALS)}
    return (_("%(minutes)s min %(seconds)s s") if minutes else _("%(seconds)s s")) % words


def _cost_line(line: Mapping[str, str], currency: str) -> ChargeLine:
    """A provider's cost, with its unit price where it has one that a person can multiply by."""
    amount = Decimal(line["amount"])
    if not line.get("measured"):
        return ChargeLine(said(line["label"]), "", _("as billed"), amount, _note(line, currency))
    quantity, unit = Decimal(line["measured"]), line.get("measured_unit", "")
    per = Decimal(1000) if unit == "token" else Decimal(1)
    if unit == "second":
        quantity, unit = quantity / 60, "minute"
    price = amount / quantity * per
    words = _("as billed")
    if price == price.quantize(PRICE_STEP) and price.quantize(PRICE_STEP) * quantity == amount * per:
        words = f"{TIMES} {price_words(price, per, currency)}"
    return ChargeLine(said(line["label"]), quantity_words(quantity, unit), words, amount, _note(line, currency))


def price_words(price: Decimal, per: Decimal, currency: str) -> str:
    """$0.005 / 1K."""
    words = money_text(price, currency)
    return words if per == 1 else f"{words} / {PER_WORDS.get(per) or number(per, most=QUANTITY_DECIMALS)}"


def _margin_line(line: Mapping[str, str], currency: str) -> ChargeLine:
    share = Decimal(line["price"]) * 100
    base = money_text(Decimal(line["quantity"]), currency)
    return ChargeLine(
        said(line["label"]),
        f"{number(share, most=2)}%",
        f"{TIMES} {base}",
        Decimal(line["amount"]),
        _note(line, currency),
    )


def _note(line: Mapping[str, str], currency: str) -> str:
    """Why the amount is not simply what was measured times the price."""
    notes = []
    size = SECONDS_IN.get(line["unit"])
    measured = Decimal(line.get("measured", 0))
    included = Decimal(line.get("included", 0))
    if size is not None and line.get("measured_unit") == "second":
        counted = Decimal(line["quantity"]) * size
        is_stepped = abs(max(measured - included, Decimal(0)) - counted) > TIME_TOLERANCE
        if included or is_stepped:
            notes.append(_("%(measured)s in all") % {"measured": length_words(measured)})
        if included:
            notes.append(_("the first %(included)s are included") % {"included": quantity_words(included, "second")})
        if is_stepped:
            notes.append(_("counted in whole steps"))
    elif included:
        words = quantity_words(included, line.get("measured_unit") or line["unit"])
        notes.append(_("the first %(included)s are included") % {"included": words})
    if line.get("minimum"):
        notes.append(_("at least %(minimum)s") % {"minimum": money_text(Decimal(line["minimum"]), currency)})
    return ", ".join(notes)


def quantity_words(quantity: Decimal, unit: str) -> str:
    """A quantity with its unit: 1.5 min, 2,340 tokens, 1 call. Seconds from a minute on are said in minutes."""
    if unit == "second" and quantity >= 60:
        quantity, unit = quantity / 60, "minute"
    count = number(quantity, most=QUANTITY_DECIMALS if unit not in ("minute", "hour") else 4)
    one_or_many = countable(quantity)
    words = {
        "second": _("%(count)s s"),
        "minute": _("%(count)s min"),
        "hour": _("%(count)s h"),
        "token": ngettext("%(count)s token", "%(count)s tokens", one_or_many),
        "call": ngettext("%(count)s call", "%(count)s calls", one_or_many),
        "page": ngettext("%(count)s page", "%(count)s pages", one_or_many),
        "request": ngettext("%(count)s request", "%(count)s requests", one_or_many),
    }
    return str(words[unit]) % {"count": count} if unit in words else f"{count} {unit}"
