"""The back office's first page: is everything all right, and what did the money do. A handful of statements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, Model, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from billing.admin import attention, figures
from billing.admin.attention import Attention
from billing.admin.verification import age
from billing.models import LedgerVerification, Transaction, Wallet
from config import dashboard_money
from notifications.models import Delivery, SweepRun, WebhookEndpoint
from notifications.services import sweeps
from organizations.admin.panels import list_url
from organizations.models import Product, Service
from usage.models import DailyUsage, RejectedEvent

UNDELIVERED_AFTER = timedelta(minutes=5)
VERIFICATION_OLD_AFTER = timedelta(days=2)
COUNTED = 10_001

REJECTED = """
SELECT count(*) FROM (SELECT received_at FROM usage_rejectedevent ORDER BY id DESC LIMIT %s) newest
 WHERE received_at >= %s
"""


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The page's figures, each for whoever may see the list behind it; who sees none is told where to go."""

    def may_view(model: type[Model]) -> bool:
        return request.user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")

    stats = [build() for model, build in STATS if may_view(model)]
    context["stats"] = [*stats, *(_stat_of(one) for one in attention.payments() if may_view(one.model))]
    if request.user.has_perm("billing.change_ledgerverification"):
        context["verify_url"] = reverse("admin:billing_ledgerverification_verify_now")
    panels = []
    if may_view(Transaction):
        products = list(Product.objects.order_by("name"))
        money = figures.movements()
        panels.append(dashboard_money.money_panel(products, money))
        context["chart_groups"] = [
            ("Spending, last 30 days", dashboard_money.spending_charts(products, money), dashboard_money.PLAIN),
            (
                "Money in and back, last 30 days",
                dashboard_money.payment_charts(products, money),
                dashboard_money.WITH_LEGEND,
            ),
        ]
    if may_view(DailyUsage):
        panels.append(dashboard_money.margin_panel())
    context["panels"] = panels
    context["low_panels"] = [dashboard_money.low_panel()] if may_view(Wallet) else []
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


STATS: tuple[tuple[type[Model], Callable[[], dict[str, Any]]], ...] = (
    (LedgerVerification, _ledger),
    (SweepRun, _sweeps),
    (RejectedEvent, _rejected),
    (Delivery, _undelivered),
    (WebhookEndpoint, _endpoints),
    (Service, _services),
)
