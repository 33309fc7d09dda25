"""Calls by outcome and tier, for a rate card that prices them so; it adds up in both directions.

The counts are of all calls, the amounts of what they were charged by outcome and tier: what else a call cost, such as
overage, stands with everything else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.templatetags.money import number
from billing.templatetags.stored import said
from usage.rating.types import CALL
from usage.selectors.pages.usage import ComponentSum, Sums, merged
from usage.selectors.pages.usage_card import AccountRates
from usage.views.charge_lines import TIMES, price_words
from usage.views.words import OUTCOMES, word

ZERO = Decimal(0)
Ending = tuple[str, str]
"""Outcome and tier."""


@dataclass(frozen=True, slots=True)
class Cell:
    """An amount and what it is of: `62 x $0.60` where that is exactly it, else `62 calls`."""

    label: str
    amount: Decimal
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """One outcome; `cells` by tier, the sum last where there are several."""

    title: str
    note: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Calls by outcome and tier; it adds up in both directions."""

    rows: list[Row]
    totals: list[Cell]

    @property
    def amount(self) -> Decimal:
        """Of all calls."""
        return self.totals[-1].amount

    @property
    def amounts(self) -> list[Decimal]:
        """Every amount it shows."""
        return [cell.amount for row in self.rows for cell in row.cells] + [cell.amount for cell in self.totals]


class _Calls:
    """How many calls ended how, and what they were charged for it."""

    def __init__(self, sums: Sequence[Sums], lines: Sequence[ComponentSum], rates: AccountRates, currency: str) -> None:
        self.rates, self.currency = rates, currency
        self.counts: defaultdict[Ending, int] = defaultdict(int)
        self.lines: defaultdict[Ending, list[ComponentSum]] = defaultdict(list)
        priced = rates.by_ending
        for each in sums:
            if each.is_call and each.count:
                self.counts[each.outcome, each.tier] += each.count
        for line in lines:
            if line.event_type == CALL and line.component in priced:
                self.lines[line.outcome, line.tier].append(replace(line, model=""))

    @property
    def endings(self) -> set[Ending]:
        """All that there were."""
        return {*self.counts, *self.lines}

    def cell(self, label: str, endings: Sequence[Ending], *, with_price: bool) -> Cell:
        """These endings together."""
        lines = merged([line for ending in endings for line in self.lines.get(ending, ())])
        count = sum(self.counts.get(ending, 0) for ending in endings)
        words = self._exactly(lines, count) if with_price else ""
        return Cell(label, sum((line.amount for line in lines), ZERO), words or calls_words(count))

    def _exactly(self, lines: list[ComponentSum], count: int) -> str:
        """The price of each call of a cell; empty where no one price was charged for each of them."""
        if len(lines) != 1 or lines[0].quantity != count:
            return ""
        price = self.rates.exact_price(lines[0])
        return f"{number(count)} {TIMES} {price_words(*price, self.currency)}" if price else ""


def matrix_of(
    sums: Sequence[Sums], lines: Sequence[ComponentSum], rates: AccountRates, *, currency: str
) -> Matrix | None:
    """The matrix; None where calls are not priced so, or there were none."""
    calls = _Calls(sums, lines, rates, currency)
    if not rates.by_ending or not calls.endings:
        return None
    outcomes = _in_order((*OUTCOMES, ""), {outcome for outcome, _tier in calls.endings})
    tiers = _in_order(rates.tiers, {tier for _outcome, tier in calls.endings})
    columns = [_tier_label(tier) for tier in tiers]

    def cells(wanted: Sequence[str], *, with_price: bool) -> list[Cell]:
        """These outcomes by tier, then in all tiers."""
        by_tier = [[(outcome, tier) for outcome in wanted] for tier in tiers]
        row = [
            calls.cell(label, endings, with_price=with_price) for label, endings in zip(columns, by_tier, strict=True)
        ]
        if len(tiers) > 1:
            row.append(calls.cell(_("All tiers"), [each for endings in by_tier for each in endings], with_price=False))
        return row

    rows = [Row(*_outcome_words(outcome, rates), cells([outcome], with_price=True)) for outcome in outcomes]
    return Matrix(rows, cells(outcomes, with_price=False))


def calls_words(count: int) -> str:
    """62 calls."""
    return ngettext("%(count)s call", "%(count)s calls", count) % {"count": number(count)}


def _in_order(known: Sequence[str], found: set[str]) -> list[str]:
    """What was found, in the order in which it is known; what is not, behind it."""
    return [each for each in known if each in found] + sorted(found - set(known))


def _tier_label(tier: str) -> str:
    return said(tier.replace("_", " ").capitalize()) if tier else _("No tier")


def _outcome_words(outcome: str, rates: AccountRates) -> tuple[str, str]:
    """What an outcome is called, and by what it is told from the others."""
    version = rates.newest
    if version is None or not version.derives_outcome:
        return (word(OUTCOMES, outcome) if outcome else _("Calls")), ""
    if not outcome:
        return _("No outcome"), _("Not completed")
    bounds = {"seconds": number(version.conversation_seconds), "turns": number(version.conversation_turns)}
    notes = {
        "success": _("The agent reached the goal"),
        "conversation": _("%(seconds)s s and %(turns)s turns or more, no goal") % bounds,
        "spam": _("Under %(seconds)s s, no input, or flagged") % bounds,
    }
    return word(OUTCOMES, outcome), notes.get(outcome, "")
