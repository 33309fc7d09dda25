"""The first page: what there is, how long it lasts, where it went."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from billing.models import WalletMode
from billing.selectors.keyset import read_page
from billing.templatetags.moments import day_span, in_place, month_name
from billing.templatetags.money import micro_width, number
from billing.views.documents import invoices_of
from billing.views.shell import Frame, render_page
from organizations.tenancy import Tenant, tenant_page
from usage.selectors.cards import load_cards
from usage.selectors.pages.history import HistoryFilter, history_streams
from usage.selectors.pages.spending import (
    CHART_DAYS,
    PACE_DAYS,
    DaySpending,
    Pace,
    pace_of,
    spending_by_day,
    spending_by_hour,
    total_of,
)
from usage.views.chart import chart_context, draw_hours
from usage.views.chart_slots import chart_slots
from usage.views.history_lines import HistoryLine, history_lines
from usage.views.runway import pace_words, runway_of

LAST_TRANSACTIONS = 6
TOKEN = "token"  # a unit of the rate cards


@require_safe
@tenant_page
def overview(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """Balance, runway, today, this month, thirty days, last movements."""
    frame = Frame(request, tenant)
    today = frame.today
    month = today.replace(day=1)
    month_before = (month - timedelta(days=1)).replace(day=1)
    chart_from = today - timedelta(days=CHART_DAYS - 1)
    read = partial(
        spending_by_day,
        account_id=tenant.account.id,
        first=min(month_before, chart_from - timedelta(days=PACE_DAYS)),
        last=today,
    )
    days = read(project_id=frame.project_id)
    pace = pace_of(days, today)
    # The balance and the cap are the account's, whichever project the other figures are of.
    whole_pace = pace_of(read(), today) if frame.project_id else pace
    lines = _last_lines(frame)
    slots = chart_slots(frame, days, first=chart_from, last=today)
    is_postpay = frame.wallet.mode == WalletMode.POSTPAY
    context = {
        "place": in_place(frame.zone),
        "is_postpay": is_postpay,
        "invoices": invoices_of(frame) if is_postpay else [],
        "parts": balance_parts(frame),
        "runway": runway_of(frame, whole_pace),
        "pace": pace,
        "today_spending": days.get(today, DaySpending(today)),
        "hours": draw_hours(spending_by_hour(wallet_id=frame.wallet.pk, day=today)),
        **_month(days, today, month, month_before),
        "meters_tokens": _meters_tokens(tenant),
        "average_words": _average_words(frame, pace) if pace else "",
        **chart_context(frame, slots, average=pace.per_day if pace else None),
        "lines": lines,
        "last_micro": micro_width(line.row.amount for line in lines),
    }
    return render_page(request, frame, "usage/overview.html", context, current="overview")


def balance_parts(frame: Frame) -> list[tuple[str, Decimal]]:
    """What the available balance is made of; the parts add up to it, so none that matters is left out."""
    balance = frame.balance
    parts: list[tuple[str, Decimal]] = [(_("Bought") if frame.sells_credits else _("Paid"), balance.paid)]
    if balance.allotment or balance.monthly_allotment:
        parts.append((_("Monthly allotment, spent first"), balance.allotment))
        parts.append((_("Promo, spent after it"), balance.promo))
    else:
        parts.append((_("Promo, spent first"), balance.promo))
    if balance.credit_limit:
        parts.append((_("Credit limit"), balance.credit_limit))
    if balance.debt:
        is_postpay = frame.wallet.mode == WalletMode.POSTPAY
        parts.append((_("Owed so far") if is_postpay else _("Owed for calls beyond the balance"), -balance.debt))
    if balance.held_calls:
        words = ngettext(
            "Held for %(calls)s call in progress", "Held for %(calls)s calls in progress", balance.held_calls
        )
        parts.append((words % {"calls": number(balance.held_calls)}, -balance.held))
    return parts


def _meters_tokens(tenant: Tenant) -> bool:
    """Whether any price of the product, or of the account's own card, is of tokens."""
    cards = load_cards(tenant.product.pk, tenant.product.rates_revision)
    versions = [*cards.default, *cards.by_account.get(tenant.account.pk, ())]
    return any(rate.unit == TOKEN for version in versions for rate in version.rates)


def _month(days: dict[date, DaySpending], today: date, month: date, month_before: date) -> dict[str, Any]:
    """This month so far, and the same days of the month before to compare with."""
    same_day = min(today.day, (month - timedelta(days=1)).day)
    before_until = month_before.replace(day=same_day)
    return {
        "month_title": capfirst(_("%(month)s so far") % {"month": month_name(month)}),
        "month": total_of((day for at, day in days.items() if at >= month), since=month),
        "before": total_of((day for at, day in days.items() if month_before <= at <= before_until), since=month_before),
        "before_span": day_span(month_before, before_until),
    }


def _average_words(frame: Frame, pace: Pace) -> str:
    """What the dashed line of the chart is."""
    words = ngettext(
        "Average of %(days)s full day, %(per_day)s", "Average of %(days)s full days, %(per_day)s", pace.days
    )
    return words % {"days": number(pace.days), "per_day": pace_words(pace.per_day, frame.balance.currency)}


def _last_lines(frame: Frame) -> list[HistoryLine]:
    wanted = HistoryFilter(
        wallet_id=frame.wallet.pk,
        account_id=frame.tenant.account.id,
        zone=frame.zone,
        project_id=frame.project_id,
    )
    return history_lines(frame, read_page(history_streams(wanted), size=LAST_TRANSACTIONS).rows)
