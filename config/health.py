"""`GET /healthz`: this process is up. `GET /readyz`: what it stands on is there, check by check; 503 when one is not.

Both are answered before hosts, redirects and sessions are looked at, as a load balancer asks by address and in plain
text. Nothing but fixed words leaves the house; what went wrong is in the log.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from billing.models import LedgerVerification
from billing.providers.stripe.endpoint import endpoint_status
from config.celery import app
from notifications.channels import bot_api
from notifications.selectors.telegram import stuck_since
from notifications.services import sweeps

BROKER_SECONDS_MAX = 2
logger = logging.getLogger(__name__)
_migrated = False  # migrations are never unapplied under a running process

Check = tuple[bool, str]


class Probes:
    """Middleware that answers the two addresses and passes everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The probe's answer, or what the site answers."""
        if request.path_info == "/healthz":
            return JsonResponse({"status": "up"})
        if request.path_info == "/readyz":
            return readyz()
        return self.get_response(request)


def readyz() -> JsonResponse:
    """All checks with their words."""
    results = dict(run_checks())
    is_ready = all(passed for passed, _ in results.values())
    return JsonResponse(
        {
            "status": "ready" if is_ready else "not ready",
            "checks": {name: {"ok": passed, "detail": detail} for name, (passed, detail) in results.items()},
        },
        status=200 if is_ready else 503,
        headers={"Cache-Control": "no-store"},
    )


def run_checks() -> Iterator[tuple[str, Check]]:
    """Each check's name, whether it passed, and what it says; those on the database only when it answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        logger.exception("readyz: the database does not answer")
        connection.close()
        yield "database", (False, "does not answer")
    else:
        yield "database", (True, "answers")
        for name, check in (
            ("migrations", _migrations),
            ("sweeps", _sweeps),
            ("ledger", _ledger),
            ("payments", _payments),
            ("telegram", _telegram),
        ):
            yield name, _guarded(name, check)
    yield "broker", _guarded("broker", _broker)


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception:  # whatever a driver raises, the answer is a check that failed
        logger.exception("readyz: %s", name)
        return False, "cannot be checked"


def _migrations() -> Check:
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing:
            return False, f"{len(missing)} to be applied"
        _migrated = True
    return True, "applied"


def _sweeps() -> Check:
    late = sweeps.late()
    return (False, f"late: {', '.join(late)}") if late else (True, "none late")


def _ledger() -> Check:
    """Told, never a reason to take a web server out: that would stop all tenants' calls and mend nothing."""
    last = LedgerVerification.objects.order_by("-id").first()
    if last is None:
        return True, "not verified yet"
    day = f"{last.finished_at:%Y-%m-%d %H:%M} UTC"
    return (True, f"sound at {day}") if last.is_sound else (True, f"broken at {day}: run verify_ledger")


def _payments() -> Check:
    """Whether Stripe can reach us: told, but no reason to take a web server out, which would mend nothing."""
    faults = endpoint_status()
    return True, "; ".join(faults) or "webhooks arrive"


def _telegram() -> Check:
    """Whether Telegram takes messages: told as well, letters leave without it."""
    if not bot_api.is_set_up():
        return True, "not set up"
    since = stuck_since()
    return True, f"messages wait since {since:%Y-%m-%d %H:%M} UTC" if since else "messages leave"


def _broker() -> Check:
    if settings.CELERY_BROKER_URL.startswith("filesystem:"):
        folder = settings.BROKER_DIR / "messages"
        with tempfile.TemporaryFile(dir=folder):
            pass
        waiting = sum(1 for _ in os.scandir(folder))
        return True, f"folder writable, {waiting} waiting"
    with app.connection_for_write(connect_timeout=BROKER_SECONDS_MAX) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS_MAX)
    return True, "answers"
