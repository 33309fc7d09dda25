"""What a load balancer is told: `healthz` without the database, `readyz` check by check."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.utils import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from billing.models import LedgerVerification
from config import health
from notifications.models import Delivery, SweepRun


@pytest.fixture(autouse=True)
def _a_young_installation(request: pytest.FixtureRequest) -> None:
    """The tests' database is as old as the run, which would make every sweep late in the end."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        SweepRun.objects.update(started_at=timezone.now())


def ask(path: str = "/readyz", host: str = "10.0.0.7") -> tuple[int, dict[str, Any]]:
    """Asked by address and in plain text, as load balancers do."""
    answer = Client(headers={"host": host}).get(path)
    return answer.status_code, answer.json()


def detail(body: dict[str, Any], check: str) -> tuple[bool, str]:
    return body["checks"][check]["ok"], body["checks"][check]["detail"]


def verification(*, is_sound: bool) -> None:
    now = timezone.now()
    LedgerVerification.objects.create(started_at=now, finished_at=now, transactions=0, is_sound=is_sound)


def test_healthz_needs_no_database() -> None:
    assert ask("/healthz") == (200, {"status": "up"})  # no database mark: a query would fail this test


def test_probes_are_answered_before_the_redirect_to_https(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert ask("/healthz")[0] == 200


@pytest.mark.django_db
def test_a_fresh_installation_is_ready() -> None:
    status, body = ask()
    assert (status, body["status"]) == (200, "ready")
    assert list(body["checks"]) == ["database", "migrations", "sweeps", "ledger", "payments", "telegram", "broker"]
    assert detail(body, "ledger") == (True, "not verified yet")


@pytest.mark.django_db
def test_the_migrations_are_looked_at_until_they_are_applied_once(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    ask()
    with django_assert_num_queries(5):  # SELECT 1, sweeps, last verification, webhook endpoint, Telegram's messages
        ask()


@pytest.mark.django_db
def test_a_sweep_that_never_began_is_late_in_the_end() -> None:
    SweepRun.objects.filter(name="expire_holds").update(started_at=timezone.now() - timedelta(seconds=106))
    status, body = ask()
    assert (status, detail(body, "sweeps")) == (503, (False, "late: expire_holds"))


@pytest.mark.django_db
def test_a_broken_ledger_is_told_and_stops_nobodys_calls() -> None:
    verification(is_sound=False)
    status, body = ask()
    assert status == 200
    assert body["checks"]["ledger"]["detail"].startswith("broken at")
    assert body["checks"]["ledger"]["detail"].endswith("run verify_ledger")


@pytest.mark.django_db
def test_a_missing_migration_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'usage'")
    status, body = ask()
    assert status == 503
    assert detail(body, "migrations")[1].endswith("to be applied")


@pytest.mark.django_db
def test_a_broker_that_is_gone_is_not_ready(settings: Settings) -> None:
    settings.BROKER_DIR = settings.BROKER_DIR / "gone"
    status, body = ask()
    assert (status, detail(body, "broker")) == (503, (False, "cannot be checked"))


@pytest.mark.django_db
def test_a_database_that_is_gone_is_told_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise OperationalError("password of user billing at 10.0.0.9")

    monkeypatch.setattr(connection, "cursor", gone)
    monkeypatch.setattr(connection, "close", lambda: None)
    status, body = ask()
    assert (status, list(body["checks"]), detail(body, "database")) == (
        503,
        ["database", "broker"],
        (False, "does not answer"),
    )


@pytest.mark.django_db
def test_a_missing_webhook_endpoint_is_told_and_does_not_fail() -> None:
    status, body = ask()
    told = "Stripe has no webhook endpoint here: manage.py stripe_webhook_endpoint registers one."
    assert (status, detail(body, "payments")) == (200, (True, told))


@pytest.mark.django_db
def test_messages_that_telegram_does_not_take_are_told_and_do_not_fail(settings: Settings) -> None:
    now = timezone.now()
    stuck = {"channel": "telegram", "recipient": "5", "body": "Text", "next_attempt_at": now}
    Delivery.objects.create(key="in time", last_error="once", **stuck)
    Delivery.objects.create(key="another channel", last_error="no server", **{**stuck, "channel": "email"})
    Delivery.objects.create(key="stuck", last_error="401 Unauthorized", **stuck)
    old = Delivery.objects.exclude(key="in time")
    old.update(created_at=now - timedelta(minutes=9))
    assert detail(ask()[1], "telegram") == (True, "messages leave")
    old.update(created_at=now - timedelta(minutes=11))
    since = f"messages wait since {now - timedelta(minutes=11):%Y-%m-%d %H:%M} UTC"
    status, body = ask()
    assert (status, detail(body, "telegram")) == (200, (True, since))
    settings.TELEGRAM_BOT_TOKEN = ""
    assert detail(ask()[1], "telegram") == (True, "not set up")
