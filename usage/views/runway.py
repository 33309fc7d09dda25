"""How long the balance lasts, in words: a length or a range, and all that it is based on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import AutoTopUp, AutoTopUpStatus, WalletMode
from billing.selectors.cards import has_saved_card
from billing.templatetags.moments import day_long, days_words
from billing.templatetags.money import CREDIT, money_text, number, rounded_text
from billing.views.shell import Frame
from usage.forecast import Forecast, Funds, forecast
from usage.selectors.pages.funds import funds_of
from usage.selectors.pages.spending import Pace

TENTH = Decimal("0.1")
LINE_POINTS_MAX = 60
LINE_TOP, LINE_BOTTOM = 3, 55  # of the drawing's 56 units


@dataclass(frozen=True, slots=True)
class Runway:
    """`length` and `until` are the figure, `basis` the sentences under it; `line` draws what is left until `ends`."""

    length: str
    until: str
    basis: list[str]
    line: str
    ends: str
    per_day: str


def pace_words(amount: Decimal, currency: str) -> str:
    """An amount a day: to the cent, or to a tenth of a credit."""
    return rounded_text(amount.quantize(TENTH) if currency == CREDIT else amount, currency)


def runway_of(frame: Frame, pace: Pace | None) -> Runway | None:
    """How long the balance lasts at the account's pace; None without one."""
    if pace is None:
        return None
    funds = funds_of(frame.wallet, frame.balance, now=frame.now)
    expected = _forecast(frame, funds, pace, pace.per_day)
    found = [expected]
    if pace.is_turning and pace.last_week:
        found.append(_forecast(frame, funds, pace, pace.last_week))
    length, until = _length(frame, found)
    return Runway(
        length=length,
        until=until,
        basis=[
            _average(frame, pace),
            *_doubt(frame, pace),
            *_cap(frame, pace),
            *_allotment(frame, funds),
            *_lost(frame, expected),
            *_end(frame, expected),
        ],
        line=_line(frame, expected),
        ends=day_long(expected.ends_on) if expected.ends_on is not None else _("in a year"),
        per_day=pace_words(pace.per_day, frame.balance.currency),
    )


def _forecast(frame: Frame, funds: Funds, pace: Pace, per_day: Decimal) -> Forecast:
    return forecast(funds=funds, pace=pace.at(per_day), today=frame.today, spent_today=frame.balance.spent_today)


def _length(frame: Frame, found: list[Forecast]) -> tuple[str, str]:
    """36 days until April 20; where the pace turns, from the shorter to the longer."""
    ends = sorted({each.ends_on for each in found if each.ends_on is not None})
    if not ends:
        return _("More than a year"), ""
    days = [(end - frame.today).days for end in ends]
    if any(each.ends_on is None for each in found):
        words = ngettext("From %(days)s day on", "From %(days)s days on", days[0]) % {"days": number(days[0])}
        return words, _("to more than a year")
    if len(days) == 1:
        return days_words(days[0]), _("until %(day)s") % {"day": day_long(ends[0])}
    words = ngettext("%(least)s to %(most)s day", "%(least)s to %(most)s days", days[1])
    span = {"first": day_long(ends[0]), "last": day_long(ends[1])}
    return words % {"least": number(days[0]), "most": number(days[1])}, _("%(first)s to %(last)s") % span


def _average(frame: Frame, pace: Pace) -> str:
    words = {"per_day": pace_words(pace.per_day, frame.balance.currency), "days": number(pace.days)}
    if pace.last_week is not None:
        return (
            _("At %(per_day)s a day, the average of the last %(days)s full days, each weekday at its own pace.") % words
        )
    return (
        ngettext(
            "At %(per_day)s a day, the pace of the last full day.",
            "At %(per_day)s a day, the average of the last %(days)s full days.",
            pace.days,
        )
        % words
    )


def _doubt(frame: Frame, pace: Pace) -> list[str]:
    """Why it is only rough, where it is."""
    if pace.is_short:
        return [_("Rough: less than a week of calls is known.")]
    if not pace.is_turning or pace.last_week is None or pace.week_before is None:
        return []
    words = {
        "now": pace_words(pace.last_week, frame.balance.currency),
        "before": pace_words(pace.week_before, frame.balance.currency),
    }
    return [_("Rough: it was %(now)s a day in the last 7 days and %(before)s in the 7 before.") % words]


def _cap(frame: Frame, pace: Pace) -> list[str]:
    cap = frame.balance.daily_cap
    if cap is None or cap >= max(pace.weekdays):
        return []
    return [_("Never more than the daily cap of %(cap)s a day.") % {"cap": money_text(cap, frame.balance.currency)}]


def _allotment(frame: Frame, funds: Funds) -> list[str]:
    if funds.refill is None or not funds.refill_days:
        return []
    words = {
        "amount": money_text(funds.refill.amount, frame.balance.currency),
        "day": day_long(funds.refill_days[0]),
    }
    return [_("Counts %(amount)s each month from %(day)s on; what is left by then is not carried over.") % words]


def _lost(frame: Frame, expected: Forecast) -> list[str]:
    if not expected.lost or expected.lost_on is None:
        return []
    words = {
        "amount": money_text(expected.lost, frame.balance.currency),
        "day": day_long(expected.lost_on - timedelta(days=1)),
    }
    return [
        _("Not counted: %(amount)s of promo credit that would still be unspent when it ends after %(day)s.") % words
    ]


def _end(frame: Frame, expected: Forecast) -> list[str]:
    """What happens at the end: the credit limit, or the card is charged before."""
    currency = frame.balance.currency
    if frame.wallet.mode == WalletMode.POSTPAY:
        limit = money_text(frame.balance.credit_limit, currency)
        return [_("Until the credit limit of %(limit)s is used up.") % {"limit": limit}]
    if frame.terms is None or not frame.terms.offers_auto_top_up:
        return []
    rule = _rule_that_charges(frame)
    if rule is None:
        return []
    words = {
        "amount": money_text(rule.amount.amount, currency),
        "below": money_text(rule.threshold.amount, currency),
    }
    sentences = [
        _("Auto top-up adds %(amount)s when less than %(below)s is left, so it lasts as long as the card is charged.")
        % words
    ]
    days = expected.falls_below(rule.threshold.amount)
    if days is not None:
        day = day_long(frame.today + timedelta(days=days))
        sentences.append(_("The next charge is expected about %(day)s.") % {"day": day})
    if rule.monthly_ceiling is not None:
        ceiling = money_text(rule.monthly_ceiling.amount, currency)
        sentences.append(_("It adds %(ceiling)s at most in a month.") % {"ceiling": ceiling})
    return sentences


def _rule_that_charges(frame: Frame) -> AutoTopUp | None:
    """The rule of automatic top-up, where nothing keeps it from charging: else a banner says what does."""
    if frame.wallet.is_frozen:
        return None
    rules = AutoTopUp.objects.filter(pk=frame.wallet.pk, status=AutoTopUpStatus.ON, next_attempt_at=None)
    return rules.filter(has_saved_card(OuterRef("pk"))).first()


def _line(frame: Frame, expected: Forecast) -> str:
    """The path of what is left, from today (100% of the most there will be) to the end, over a width of 100."""
    left = [max(frame.balance.available, Decimal(0)), *expected.left]
    if expected.ends_on is not None:
        left.append(Decimal(0))
    top = max(left) or Decimal(1)
    every = max(len(left) // LINE_POINTS_MAX, 1)
    picked = [*left[:-1:every], left[-1]]
    across, down = Decimal(100) / max(len(picked) - 1, 1), (LINE_BOTTOM - LINE_TOP) / top
    return "M" + "L".join(
        f"{across * index:.1f} {LINE_BOTTOM - down * amount:.1f}" for index, amount in enumerate(picked)
    )
