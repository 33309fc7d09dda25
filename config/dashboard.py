"""The back office's first page: is everything all right, and what did the money do. A handful of statements."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from billing.admin import attention, figures
from billing.admin.attention import Attention
from billing.admin.verification import age
from billing.models import LedgerVerification, Transaction, Wallet
from notifications.models import Delivery, SweepRun, WebhookEndpoint
from notifications.services import sweeps
from organizations.admin.amounts import amount_html
from organizations.admin.panels import Column, Panel, link_to, list_url
from organizations.models import Product, Service
from usage.models import RejectedEvent

UNDELIVERED_AFTER = timedelta(minutes=5)
VERIFICATION_OLD_AFTER = timedelta(days=2)
COUNTED = 10_001
ACCENTS = {"indigo": "#6660dc", "jade": "#16937f", "ocean": "#2a80cf", "plum": "#b5519a", "ember": "#c8652c"}

REJECTED = """
SELECT count(*) FROM (SELECT received_at FROM usage_rejectedevent ORDER BY id DESC LIMIT %s) newest
 WHERE received_at >= %s
"""
CHART_OPTIONS = json.dumps(
    {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "plugins": {"legend": {"display": False}},
        "scales": {
            "x": {
                "grid": {"display": False},
                "border": {"display": False},
                "ticks": {"color": "#7f8896", "maxTicksLimit": 6, "maxRotation": 0},
            },
            "y": {
                "beginAtZero": True,
                "border": {"display": False},
                "grid": {"color": "rgba(128,136,150,.18)"},
                "ticks": {"color": "#7f8896", "maxTicksLimit": 4},
            },
        },
    }
)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The page's figures, for whoever may see the ledger; for others the page says where to go."""
    may_see = request.user.has_perm("billing.view_transaction")
    context["may_see_money"] = may_see
    if not may_see:
        return context
    products = list(Product.objects.order_by("name"))
    money = figures.movements()
    context["stats"] = [
        _ledger(),
        _sweeps(),
        _rejected(),
        _undelivered(),
        _endpoints(),
        _services(),
        *map(_stat_of, attention.payments()),
    ]
    context["verify_url"] = reverse("admin:billing_ledgerverification_verify_now")
    context["panels"] = [_money(products, money)]
    context["charts"] = [_chart(product, money[product.pk]) for product in products if product.pk in money]
    context["low_panels"] = [_low()]
    context["chart_options"] = CHART_OPTIONS
    return context


def _stat_of(found: Attention) -> dict[str, Any]:
    note, url = found.note, list_url(found.model, **found.filters)
    return _stat(found.label, _capped(found.count), note, url, is_bad=found.count > 0)


def _stat(label: str, figure: Any, note: Any, url: str, *, is_bad: bool = False) -> dict[str, Any]:
    return {"label": label, "figure": figure, "note": note, "url": url, "is_bad": is_bad}


def _ledger() -> dict[str, Any]:
    latest = LedgerVerification.objects.order_by("-id").first()
    if latest is None:
        return _stat("Ledger", "Not verified yet", "The sweep runs once a day.", list_url(LedgerVerification))
    old = timezone.now() - latest.finished_at > VERIFICATION_OLD_AFTER
    note = f"Verified {age(latest)} ago, {latest.transactions:,} transactions"
    url = reverse("admin:billing_ledgerverification_change", args=[latest.pk])
    return _stat("Ledger", "Sound" if latest.is_sound else "Broken", note, url, is_bad=old or not latest.is_sound)


def _sweeps() -> dict[str, Any]:
    late = sweeps.late()
    failed = [name for name in SweepRun.objects.exclude(error="").values_list("name", flat=True) if name not in late]
    figure = f"{len(late)} late" if late else "On time"
    words = ", ".join(late) or (f"Last run failed: {', '.join(failed)}" if failed else f"{len(settings.SWEEPS)} sweeps")
    return _stat("Sweeps", figure, words.replace("_", " "), list_url(SweepRun), is_bad=bool(late or failed))


def _rejected() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(REJECTED, [COUNTED, timezone.now() - timedelta(hours=24)])
        (count,) = cursor.fetchone()
    return _stat("Rejected events", _capped(count), "in the last 24 hours", list_url(RejectedEvent))


def _undelivered() -> dict[str, Any]:
    overdue = Q(status=Delivery.Status.PENDING, created_at__lt=timezone.now() - UNDELIVERED_AFTER)
    undelivered = Delivery.objects.filter(overdue | Q(status=Delivery.Status.DEAD)).order_by()
    count = undelivered.values("pk")[:COUNTED].count()
    note = "waiting for more than 5 minutes, or given up"
    return _stat("Undelivered messages", _capped(count), note, list_url(Delivery), is_bad=count > 0)


def _endpoints() -> dict[str, Any]:
    failing = Count("pk", filter=Q(is_active=True, failing_since__isnull=False))
    found = WebhookEndpoint.objects.aggregate(failing=failing, off=Count("pk", filter=Q(is_active=False)))
    note = f"services do not take messages; {_capped(found['off'])} switched off"
    url = list_url(WebhookEndpoint)
    return _stat("Failing endpoints", _capped(found["failing"]), note, url, is_bad=found["failing"] > 0)


def _services() -> dict[str, Any]:
    silent = list(Service.objects.filter(silent_since__isnull=False, is_active=True).values_list("name", flat=True))
    note = ", ".join(silent) or "calls are reported as at other weeks"
    return _stat("Silent services", len(silent), note, list_url(Service), is_bad=bool(silent))


def _capped(count: int) -> str:
    return f"{COUNTED - 1:,}+" if count >= COUNTED else f"{count:,}"


def _money(products: list[Product], money: dict[int, figures.ProductFigures]) -> Panel:
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


def _chart(product: Product, money: figures.ProductFigures) -> dict[str, Any]:
    days: list[date] = figures.chart_days(timezone.now().date())
    values = [money.spent_by_day.get(day, Decimal(0)) for day in days]
    dataset = {
        "label": f"Spent, {product.currency}",
        "data": [str(value) for value in values],
        "backgroundColor": ACCENTS.get(product.accent, ACCENTS["indigo"]),
        "borderRadius": 2,
    }
    return {
        "title": product.name,
        "total": amount_html(sum(values, Decimal(0)), product.currency),
        "data": json.dumps({"labels": [f"{day:%b} {day.day}" for day in days], "datasets": [dataset]}),
    }


def _low() -> Panel:
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
    note = f"{_capped(count)} {'wallet' if count == 1 else 'wallets'}, the lowest first" if count else ""
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
