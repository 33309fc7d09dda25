"""What a coming version changes, in the words of the price list: only what differs, before and after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from usage.rating.types import CHAT_MESSAGE, CardVersion, Rate
from usage.views.prices_words import (
    chat_note,
    event_type_words,
    is_unit,
    outcome_note,
    price_of,
    selector_words,
    tier_words,
)
from usage.views.words import OUTCOMES, rounding_words, word

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of what changes; `before` or `after` is empty where there was or will be none."""

    label: str
    note: str
    before: str
    after: str


def changes_between(before: CardVersion, after: CardVersion, *, currency: str, shows_costs: bool) -> list[Change]:
    """Everything that a customer can see to differ; empty where nothing does."""

    def words(rate: Rate) -> str:
        return price_of(rate, currency=currency, shows_costs=shows_costs).text(currency)

    return [
        *_rate_changes(before, after, words, shows_costs),
        *_free_changes(before, after),
        *_term_changes(before, after, currency),
    ]


def _rate_changes(
    before: CardVersion, after: CardVersion, words: Callable[[Rate], str], shows_costs: bool
) -> list[Change]:
    old, new = _by_key(before, shows_costs), _by_key(after, shows_costs)
    found = []
    for key in dict.fromkeys((*old, *new)):
        was, will = old.get(key), new.get(key)
        texts = ("" if was is None else words(was), "" if will is None else words(will))
        rate = will or was
        if texts[0] != texts[1] and rate is not None:
            note = selector_words(rate) or event_type_words(rate.event_type)
            found.append(Change(_(rate.label), note, *texts))
    return found


def _by_key(version: CardVersion, shows_costs: bool) -> dict[Key, Rate]:
    """The rates that a customer may see, by what they are for."""
    return {
        (rate.event_type, rate.component, rate.model, rate.tier, rate.outcome, *sorted(rate.channels)): rate
        for rate in version.rates
        if shows_costs or is_unit(rate)
    }


def _free_changes(before: CardVersion, after: CardVersion) -> list[Change]:
    """Rules by the reason that customers read."""
    old = {rule.reason: rule for rule in before.free_rules}
    new = {rule.reason: rule for rule in after.free_rules}
    ended = [Change(_(each), event_type_words(old[each].event_type), _("Free"), "") for each in old if each not in new]
    begun = [Change(_(each), event_type_words(new[each].event_type), "", _("Free")) for each in new if each not in old]
    return [*ended, *begun]


def _term_changes(before: CardVersion, after: CardVersion, currency: str) -> list[Change]:
    """How lines are rounded, outcomes decided, and what holds for calls that name no tier."""

    def rounding(version: CardVersion) -> str:
        return rounding_words(version.rounding_step, version.rounding, currency) or _("Not rounded")

    def tier(version: CardVersion) -> str:
        return tier_words(version.default_tier) if version.default_tier else ""

    def chat(version: CardVersion) -> str:
        return chat_note(version, CHAT_MESSAGE)

    found = [(_("Rounding"), rounding), (_("Calls that name no tier"), tier), (_("Text chat"), chat)]
    changes = [Change(label, "", words(before), words(after)) for label, words in found]
    for outcome in OUTCOMES:
        changes.append(
            Change(word(OUTCOMES, outcome), _("Outcome"), outcome_note(before, outcome), outcome_note(after, outcome))
        )
    return [change for change in changes if change.before != change.after]
