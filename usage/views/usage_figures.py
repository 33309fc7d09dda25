"""The few figures of the usage page that say how much it was, each beside the period before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.templatetags.money import CENT, CREDIT, MINUS, countable, money, money_text, number
from usage.models.event import EventType
from usage.rating.outcome import SUCCESS
from usage.selectors.pages.usage import Sums

ZERO = Decimal(0)
HUNDRED = Decimal(100)
CHANGE_PERCENT_MAX = 999


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; `note` compares it or says more."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of some days' usage, as the figures need them."""

    spent: Decimal
    calls: int
    spent_on_calls: Decimal
    resolved: int
    """Calls that resolved to an outcome."""
    successes: int
    seconds: Decimal
    """Of calls in which somebody spoke."""
    requests: int
    spent_on_requests: Decimal
    tokens: Decimal
    is_any: bool

    @classmethod
    def of(cls, sums: Sequence[Sums]) -> Totals:
        """The totals of these sums."""
        calls = [each for each in sums if each.is_call]
        requests = [each for each in sums if each.event_type == EventType.LLM]
        return cls(
            spent=sum((each.spent for each in sums), ZERO),
            calls=sum(each.count for each in calls),
            spent_on_calls=sum((each.spent for each in calls), ZERO),
            resolved=sum(each.count for each in calls if each.outcome),
            successes=sum(each.count for each in calls if each.outcome == SUCCESS),
            seconds=sum((each.seconds for each in calls if each.channel != "chat"), ZERO),
            requests=sum(each.count for each in requests),
            spent_on_requests=sum((each.spent for each in requests), ZERO),
            tokens=sum((each.tokens for each in sums), ZERO),
            is_any=any(each.count for each in sums),
        )

    @property
    def per_call(self) -> Decimal | None:
        """What a call cost on average; None without calls."""
        return self.spent_on_calls / self.calls if self.calls else None

    @property
    def per_request(self) -> Decimal | None:
        """What a request of a gateway cost on average; None without requests."""
        return self.spent_on_requests / self.requests if self.requests else None

    @property
    def success_percent(self) -> Decimal | None:
        """Successes among the calls that resolved to an outcome."""
        return HUNDRED * self.successes / self.resolved if self.resolved else None


def figures_of(
    now: Totals, before: Totals, *, overage_minutes: Decimal, currency: str, simulated: bool
) -> list[Figure]:
    """Spending, how much was used, how it went: four figures, of calls or of what was used instead of calls."""
    spent_label = _("Would have cost") if simulated else _("Spent")
    earlier = money_text(_rough(before.spent, currency), currency)
    spent_note = _change(now.spent, before.spent, earlier, before) or _("No usage before")
    figures = [Figure(spent_label, money({"currency": currency}, now.spent), spent_note)]
    if now.requests and not now.calls and not before.calls:
        return [
            *figures,
            _count(_("LLM requests"), Decimal(now.requests), Decimal(before.requests), before),
            _average(_("Average per request"), now.per_request, before.per_request, before, currency),
            _count(_("Tokens"), now.tokens, before.tokens, before),
        ]
    figures.append(_count(_("Calls"), Decimal(now.calls), Decimal(before.calls), before))
    if now.success_percent is not None:
        figures.append(_success(now.success_percent, before))
    else:
        figures.append(_average(_("Average per call"), now.per_call, before.per_call, before, currency))
    minutes = _count(_("Minutes"), _minutes(now), _minutes(before), before)
    if overage_minutes:
        words = ngettext("%(count)s overage minute", "%(count)s overage minutes", countable(overage_minutes)) % {
            "count": number(overage_minutes, most=2)
        }
        minutes = Figure(minutes.label, minutes.value, words)
    return [*figures, minutes]


def _minutes(totals: Totals) -> Decimal:
    return totals.seconds / 60


def _count(label: str, now: Decimal, earlier: Decimal, before: Totals) -> Figure:
    return Figure(label, _rounded(now), _change(now, earlier, _rounded(earlier), before))


def _rounded(count: Decimal) -> str:
    """Whole, or with a tenth where that matters."""
    return number(count, most=1 if count < 10 else 0)


def _average(label: str, now: Decimal | None, earlier: Decimal | None, before: Totals, currency: str) -> Figure:
    if now is None:
        return Figure(label, "\N{EM DASH}", "")
    value = money({"currency": currency}, _rough(now, currency))
    if earlier is None:
        return Figure(label, value, "")
    return Figure(label, value, _change(now, earlier, money_text(_rough(earlier, currency), currency), before))


def _rough(amount: Decimal, currency: str) -> Decimal:
    """To the cent, or to a tenth of it where it is small: for what is only compared."""
    return amount.quantize(CENT if currency == CREDIT or amount >= 1 else Decimal("0.001"))


def _success(percent: Decimal, before: Totals) -> Figure:
    value = _("%(share)s%%") % {"share": number(percent)}
    if before.success_percent is None:
        return Figure(_("Successful"), value, "")
    earlier = {"before": number(before.success_percent)}
    points = int(percent.quantize(Decimal(1)) - before.success_percent.quantize(Decimal(1)))
    if not points:
        return Figure(_("Successful"), value, _("%(before)s%% before") % earlier)
    words = ngettext("%(change)s point from %(before)s%%", "%(change)s points from %(before)s%%", abs(points))
    return Figure(_("Successful"), value, words % {"change": _signed(Decimal(points)), **earlier})


def _change(now: Decimal, earlier: Decimal, words: str, before: Totals) -> str:
    """How a figure differs from the period before, in percent, or what it was; empty where there was no usage."""
    if not before.is_any:
        return ""
    if earlier > 0:
        percent = (now - earlier) / earlier * HUNDRED
        percent = percent.quantize(Decimal(1) if abs(percent) >= 1 else Decimal("0.1"))
        if percent and abs(percent) <= CHANGE_PERCENT_MAX:
            return _("%(change)s%% from %(before)s") % {"change": _signed(percent), "before": words}
    return _("%(before)s before") % {"before": words}


def _signed(value: Decimal) -> str:
    return f"{'+' if value > 0 else MINUS}{number(abs(value), most=1)}"
