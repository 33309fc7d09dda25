"""A rate in words: its price, what it is per, and how what is charged is counted.

What providers are paid and the margin on it are said only where the product shows costs (aitelier.md, 'What you do
not see in the billing UI').
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.templatetags.money import countable, money_text, number
from usage.rating.types import CALL, CHAT_MESSAGE, COST, MARGIN, ONE, UNIT, CardVersion, Rate
from usage.views.charge_lines import quantity_words
from usage.views.words import CHANNELS, OTHER_USAGE, OUTCOMES, TIERS, Text, word

MILLION = Decimal(1_000_000)
SECONDS_IN = {"minute": Decimal(60), "hour": Decimal(3600)}
PER_ONE: dict[str, Text] = {
    "call": gettext_lazy("per call"),
    "hour": gettext_lazy("per hour"),
    "minute": gettext_lazy("per minute"),
    "page": gettext_lazy("per page"),
    "request": gettext_lazy("per request"),
    "second": gettext_lazy("per second"),
    "token": gettext_lazy("per token"),
}


@dataclass(frozen=True, slots=True)
class Price:
    """A price as it is shown: an amount and what it is per, or words in its place; `notes` say how it is counted."""

    amount: Decimal | None
    words: str
    per: str
    notes: tuple[str, ...] = ()

    def text(self, currency: str) -> str:
        """All of it in one line."""
        price = " ".join(filter(None, (self.words or money_text(self.amount or Decimal(0), currency), self.per)))
        return ". ".join((price, *self.notes))


def price_of(rate: Rate, *, currency: str, shows_costs: bool) -> Price:
    """The rate's price, whatever kind it is of."""
    if rate.method == COST or rate.method == MARGIN:
        return Price(None, _cost_words(rate, shows_costs), "")
    if rate.price is None:
        return Price(None, _("On request"), "")
    if not rate.price and not rate.tiers and not rate.minimum:
        return Price(None, _("Free"), "")
    return Price(rate.price, "", per_words(rate.unit, rate.per), tuple(_notes(rate, currency)))


def _cost_words(rate: Rate, shows_costs: bool) -> str:
    if not shows_costs:
        return _("By use")
    if rate.method == MARGIN:
        return _("%(share)s%% of the costs above") % {"share": number((rate.price or Decimal(0)) * 100, most=4)}
    return _("As the provider bills")


def per_words(unit: str, per: Decimal) -> str:
    """What a price is per: per minute, per 1,000 tokens, per million tokens."""
    for name, seconds in reversed(SECONDS_IN.items()):
        if unit == "second" and per == seconds:
            unit, per = name, ONE
    if per == ONE:
        return str(PER_ONE[unit]) if unit in PER_ONE else _("per %(unit)s") % {"unit": unit}
    if unit == "token" and per == MILLION:
        return _("per million tokens")
    count, one_or_many = number(per, most=6), countable(per)
    words = {
        "call": ngettext("per %(count)s call", "per %(count)s calls", one_or_many),
        "page": ngettext("per %(count)s page", "per %(count)s pages", one_or_many),
        "request": ngettext("per %(count)s request", "per %(count)s requests", one_or_many),
        "token": ngettext("per %(count)s token", "per %(count)s tokens", one_or_many),
    }
    return words.get(unit, _("per %(count)s %(unit)s")) % {"count": count, "unit": unit}


def _notes(rate: Rate, currency: str) -> list[str]:
    """How the quantity is counted, one sentence each."""
    notes = []
    if rate.included:
        included = {"included": quantity_words(rate.included, measured_in(rate))}
        if rate.cap_field:
            words = _("Only where the length cap was raised above %(included)s, for what goes beyond") % included
        else:
            words = _("The first %(included)s of a call are included") % included
        notes.append(words)
    elif rate.cap_field:
        notes.append(_("Only where a length cap was set"))
    notes += _steps(rate)
    for above, price in rate.tiers:
        step = {"quantity": quantity_words(above, rate.unit), "price": money_text(price, currency)}
        notes.append(_("Above %(quantity)s: %(price)s") % step)
    if rate.minimum:
        notes.append(_("At least %(minimum)s") % {"minimum": money_text(rate.minimum, currency)})
    return notes


def _steps(rate: Rate) -> list[str]:
    """How time is counted: by the second, by begun minutes, or in other steps."""
    if measured_in(rate) != "second":
        return []
    if not rate.increment and not rate.first_increment:
        return [_("Counted by the second")]
    step, first = rate.increment, rate.first_increment
    words = {"step": quantity_words(step, "second"), "first": quantity_words(first, "second")}
    if not step:
        return [_("At least %(first)s are counted, then by the second") % words]
    if first and first != step:
        return [_("The first %(first)s count in full, then begun steps of %(step)s") % words]
    whole = {Decimal(60): _("Begun minutes count in full"), Decimal(3600): _("Begun hours count in full")}
    return [whole.get(step) or _("Begun steps of %(step)s count in full") % words]


def measured_in(rate: Rate) -> str:
    """The unit of what the event reports for the rate: seconds for what is priced by the minute."""
    return "second" if rate.metric.endswith("_seconds") else rate.unit


def event_type_words(event_type: str) -> str:
    """The heading of what is priced by events of a type."""
    return _("Calls") if event_type == CALL else word(OTHER_USAGE, event_type)


def tier_words(tier: str) -> str:
    """A tier's name as it is shown."""
    return word(TIERS, tier)


def selector_words(rate: Rate) -> str:
    """For what the rate is meant: gpt-realtime, Premium, Phone. Empty: for all."""
    named = [rate.model, rate.tier and tier_words(rate.tier), rate.outcome and word(OUTCOMES, rate.outcome)]
    return ", ".join(filter(None, [*named, *(word(CHANNELS, channel) for channel in rate.channels)]))


def outcome_note(version: CardVersion, outcome: str) -> str:
    """What decides the outcome, where the card does (usage.rating.outcome); empty where services report it."""
    if not version.derives_outcome:
        return ""
    length, turns = quantity_words(Decimal(version.conversation_seconds), "second"), version.conversation_turns
    words = {
        "success": _("The assistant reached its goal"),
        "conversation": _("No goal, but at least %(length)s and %(turns)s turns of the caller"),
        "spam": _("Shorter, fewer turns, or flagged as spam"),
    }
    return words.get(outcome, "") % {"length": length, "turns": number(turns)}


def chat_note(version: CardVersion, event_type: str) -> str:
    """When chat is charged (aitelier.md, 'Text chat charges')."""
    if event_type != CHAT_MESSAGE or not version.aggregates_chat:
        return ""
    return _("Added up and charged once an hour for each project, not message by message.")


def is_unit(rate: Rate) -> bool:
    """Whether the rate is a price times a quantity, which every customer may see."""
    return rate.method == UNIT
