"""The dashboard's money: in and out by product, margin, charts of the last days, wallets that are short of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from billing.admin import figures
from billing.models import Transaction, Wallet
from organizations.admin.amounts import DASH, amount_html, currency_words
from organizations.admin.panels import Column, Panel, link_to, list_url
from organizations.models import Product
from usage.models import DailyUsage
from usage.selectors.reports.margin import Asked, margin

ACCENTS = {"indigo": "#6660dc", "jade": "#16937f", "ocean": "#2a80cf", "plum": "#b5519a", "ember": "#c8652c"}
BACK_COLOUR = "#97a0ae"  # no product's own
EASTERNMOST = ZoneInfo("Pacific/Kiritimati")  # UTC+14: no account's day is later than the day there
GREY, LINE = "#7f8896", "rgba(128,136,150,.18)"
X_AXIS = {
    "grid": {"display": False},
    "border": {"display": False},
    "ticks": {"color": GREY, "maxTicksLimit": 6, "maxRotation": 0},
}
Y_AXIS = {
    "beginAtZero": True,
    "border": {"display": False},
    "grid": {"color": LINE},
    "ticks": {"color": GREY, "maxTicksLimit": 4},
}


def chart_options(*, has_legend: bool) -> str:
    """How Chart.js draws one, as JSON; a legend only where there is more than one thing to tell apart."""
    legend = {"display": has_legend, "position": "bottom", "labels": {"color": GREY, "boxWidth": 10, "boxHeight": 10}}
    return json.dumps(
        {
            "animation": False,
            "responsive": True,
            "maintainAspectRatio": False,
            "plugins": {"legend": legend},
            "scales": {"x": {**X_AXIS, "stacked": True}, "y": Y_AXIS},
        }
    )


PLAIN, WITH_LEGEND = chart_options(has_legend=False), chart_options(has_legend=True)


def money_panel(products: list[Product], money: Mapping[int, figures.ProductFigures]) -> Panel:
    """What came in, went back, was given and spent, today and this month."""
    columns = (
        Column("Product"),
        Column("In today", True),
        Column("Spent today", True),
        Column("In this month", True),
        Column("Back", True),
        Column("Given", True),
        Column("Spent", True),
        Column("Expired", True),
        Column("Adjusted", True),
    )
    rows = []
    for product in products:
        if product.pk not in money:
            continue
        today, month = money[product.pk].today, money[product.pk].month
        cells = [today["paid_in"], today["spent"], *(month[one] for one in ("paid_in", "paid_out", "given", "spent"))]
        shown = [amount_html(Decimal(one), product.currency) for one in cells]
        shown += [amount_html(month[one], product.currency, signed=True) for one in ("expired", "adjusted")]
        rows.append((link_to(Product, product.pk, product), *shown))
    return Panel(
        "Money in and out",
        columns,
        rows,
        empty="No money has moved in the last weeks. The first credit or call appears here.",
        is_wide=True,
        note="In: top-ups, paid invoices and credits. Back: refunds and disputes. Given: promo, coupons, bonuses, "
        "allotments. Days and months are each account's own.",
        more_url=list_url(Transaction),
        more_label="Transactions",
    )


def margin_panel() -> Panel:
    """What this month's usage was charged, what it cost where that is known, and what is left."""
    today = timezone.now().date()
    asked = Asked(first_day=today.replace(day=1), last_day=today + timedelta(days=1))
    rows = []
    for one in margin(asked, ["product"], rows_max=100):
        ((product_id, name),) = one.key
        left = DASH if one.margin is None else amount_html(one.margin, one.currency)
        share = f"{one.margin / one.costed:.1%}" if one.margin is not None and one.costed else DASH
        amounts = [amount_html(value, one.currency) for value in (one.charged, one.costed)]
        cost = amount_html(one.cost, one.currency) if one.is_cost_known else DASH
        rows.append((link_to(Product, product_id, name), f"{one.events:,}", *amounts, cost, left, share))
    return Panel(
        "Margin this month",
        (
            Column("Product"),
            Column("Events", True),
            Column("Charged", True),
            Column("of it with known cost", True),
            Column("Cost", True),
            Column("Margin", True),
            Column("Share", True),
        ),
        rows,
        empty="Nothing was charged this month.",
        note="The margin is taken of charges whose cost the service reported, and of no others.",
        is_wide=True,
        more_url=list_url(DailyUsage),
        more_label="Daily usage",
    )


def last_day(money: Mapping[int, figures.ProductFigures]) -> date:
    """The last day that charts show: today, or tomorrow where an account east of UTC has it already and spent on it."""
    latest = timezone.now().astimezone(EASTERNMOST).date()
    moved = [day for one in money.values() for day in (*one.spent_by_day, *one.in_by_day) if day <= latest]
    return max([timezone.now().date(), *moved])


def spending_charts(products: list[Product], money: Mapping[int, figures.ProductFigures]) -> list[dict[str, Any]]:
    """For each product what was spent on each of the last days, in its currency."""
    days, charts = figures.chart_days(last_day(money)), []
    for product in products:
        if product.pk in money:
            spent = money[product.pk].spent_by_day
            charts.append(_chart(product, days, spent, {"Spent": (spent, _accent(product))}))
    return charts


def payment_charts(products: list[Product], money: Mapping[int, figures.ProductFigures]) -> list[dict[str, Any]]:
    """For each product with payments in the last days, what came in, and below zero what went back."""
    days = figures.chart_days(last_day(money))
    charts = []
    for product in products:
        of_product = money.get(product.pk)
        if of_product and any(day in of_product.in_by_day or day in of_product.back_by_day for day in days):
            back = {day: -value for day, value in of_product.back_by_day.items() if value}
            drawn = {"In": (of_product.in_by_day, _accent(product)), "Back": (back, BACK_COLOUR)}
            charts.append(_chart(product, days, of_product.in_by_day, drawn))
    return charts


def _accent(product: Product) -> str:
    return ACCENTS.get(product.accent, ACCENTS["indigo"])


def _chart(
    product: Product,
    days: list[date],
    summed: Mapping[date, Decimal],
    drawn: Mapping[str, tuple[Mapping[date, Decimal], str]],
) -> dict[str, Any]:
    sets = [
        {
            "label": f"{name}, {currency_words(product.currency)}",
            "data": [str(by_day.get(day, Decimal(0))) for day in days],
            "backgroundColor": colour,
            "borderRadius": 2,
        }
        for name, (by_day, colour) in drawn.items()
    ]
    return {
        "title": product.name,
        "total": amount_html(sum((summed.get(day, Decimal(0)) for day in days), Decimal(0)), product.currency),
        "data": json.dumps({"labels": [f"{day:%b} {day.day}" for day in days], "datasets": sets}),
    }


def low_panel() -> Panel:
    """Wallets with which no call starts for want of money."""
    lowest, count = figures.wallets_below_floor()
    rows = [
        (
            link_to(Wallet, one.wallet_id, one.account),
            one.product,
            amount_html(one.available, one.currency),
            amount_html(one.floor, one.currency),
        )
        for one in lowest
    ]
    counted = f"{count:,}" if count < figures.WALLETS_COUNTED else f"{figures.WALLETS_COUNTED - 1:,}+"
    note = f"{counted} {'wallet' if count == 1 else 'wallets'}, the lowest first" if count else ""
    return Panel(
        "Wallets below their floor",
        (Column("Account"), Column("Product"), Column("Available", True), Column("Floor", True)),
        rows,
        empty="No active account is short of money.",
        note=note,
        is_wide=True,
        more_url=list_url(Wallet),
        more_label="Wallets",
    )
