"""Production refuses to start insecurely, whichever way it is started, and names every fault."""

from __future__ import annotations

import os
import subprocess
import sys
from types import ModuleType

import pytest

from config import settings
from config.checks import faults_of
from config.settings import BASE_DIR

PROPER = {
    "DJANGO_ENV": "production",
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMN",
    "SIGNING_PASSPHRASE": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMN",
    "ALLOWED_HOSTS": "billing.example.com",
    "SITE_URL": "https://billing.example.com",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    "CELERY_BROKER_URL": "redis://127.0.0.1:9/0",
    "EMAIL_URL": "smtp+tls://user:secret@mail.example.com:587",
    "DEFAULT_FROM_EMAIL": "billing@example.com",
}
DEPLOY = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]


def start(*arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """A process of its own, in a production environment with changes (None takes a variable away)."""
    kept = {name: os.environ[name] for name in ("PATH", "DATA_DIR", "HOME") if name in os.environ}
    environment = kept | {name: value for name, value in {**PROPER, **changes}.items() if value is not None}
    return subprocess.run(
        [sys.executable, *arguments], cwd=BASE_DIR, env=environment, capture_output=True, text=True, timeout=60
    )


def proper(**changes: object) -> ModuleType:
    """A settings module as a proper production environment makes it."""
    made = ModuleType("made")
    vars(made).update({name: value for name, value in vars(settings).items() if name.isupper()})
    vars(made).update(
        PRODUCTION=True,
        SECRET_KEY=PROPER["SECRET_KEY"],
        SIGNING_PASSPHRASE=PROPER["SIGNING_PASSPHRASE"],
        DEBUG=False,
        ALLOWED_HOSTS=["billing.example.com"],
        SITE_URL="https://billing.example.com",
        DATABASE_URL=PROPER["DATABASE_URL"],
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        DEFAULT_FROM_EMAIL="billing@example.com",
        CSRF_TRUSTED_ORIGINS=[],
        SECURE_SSL_REDIRECT=True,
        SECURE_HSTS_SECONDS=3600,
        SESSION_COOKIE_SECURE=True,
        CSRF_COOKIE_SECURE=True,
        STAFF_NEEDS_TWO_FACTOR=True,
        STRIPE_IS_STAND_IN=False,
        STRIPE_API_HOST="https://api.stripe.com",
        ROBOKASSA_IS_STAND_IN=False,
        ROBOKASSA_LOGIN="",
        TELEGRAM_BOT_TOKEN="",
        VAT_REGISTER="billing.providers.vies.ask",
        VIES_URL="https://vies.example",
    )
    vars(made).update(changes)
    return made


def test_a_proper_production_environment_has_no_fault() -> None:
    assert list(faults_of(proper())) == []


@pytest.mark.parametrize(
    ("setting", "value", "fault"),
    [
        ("SECRET_KEY", "", "SECRET_KEY is missing"),
        ("SECRET_KEY", "short", "SECRET_KEY is weak"),
        ("SECRET_KEY", "a" * 60, "SECRET_KEY is weak"),
        ("SECRET_KEY", "django-insecure-" + PROPER["SECRET_KEY"], "SECRET_KEY is a published one"),
        ("SECRET_KEY", settings.SECRET_KEY, "SECRET_KEY is a published one"),
        ("SIGNING_PASSPHRASE", "", "SIGNING_PASSPHRASE is missing"),
        ("SIGNING_PASSPHRASE", settings.SIGNING_PASSPHRASE, "SIGNING_PASSPHRASE is a published one"),
        ("DEBUG", True, "DEBUG is on"),
        ("ALLOWED_HOSTS", [], "ALLOWED_HOSTS is missing"),
        ("ALLOWED_HOSTS", ["a.example", "*"], "ALLOWED_HOSTS is *"),
        ("SITE_URL", "", "SITE_URL is missing"),
        ("SITE_URL", "http://billing.example.com", "SITE_URL does not begin with https://"),
        ("CSRF_TRUSTED_ORIGINS", ["http://a.example"], "CSRF_TRUSTED_ORIGINS has http://a.example"),
        ("DATABASE_URL", "", "DATABASE_URL is missing"),
        ("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend", "EMAIL_URL is missing"),
        ("DEFAULT_FROM_EMAIL", "Billing <billing@localhost>", "DEFAULT_FROM_EMAIL is missing"),
        ("SECURE_SSL_REDIRECT", False, "SECURE_SSL_REDIRECT is off"),
        ("SECURE_HSTS_SECONDS", 0, "SECURE_HSTS_SECONDS is 0"),
        ("SESSION_COOKIE_SECURE", False, "SESSION_COOKIE_SECURE is off"),
        ("STAFF_NEEDS_TWO_FACTOR", False, "STAFF_NEEDS_TWO_FACTOR is off"),
        ("STRIPE_IS_STAND_IN", True, "STRIPE_LIVE_SECRET_KEY and ROBOKASSA_LOGIN are played by a stand-in"),
        ("STRIPE_LIVE_MODE", True, "STRIPE_LIVE_SECRET_KEY is missing"),
        ("STRIPE_API_HOST", "http://10.0.0.7", "STRIPE_API_HOST does not begin with https://"),
        ("VIES_URL", "http://127.0.0.1:8001/vies", "VIES_URL does not begin with https://"),
    ],
)
def test_each_insecure_setting_is_named(setting: str, value: object, fault: str) -> None:
    (found,) = faults_of(proper(**{setting: value}))
    assert found.startswith(fault)


def test_a_shop_without_passwords_or_in_plain_text_is_named() -> None:
    shop = {"ROBOKASSA_LOGIN": "shop", "ROBOKASSA_PASSWORD1": "", "ROBOKASSA_PASSWORD2": "two"}
    pages = {"ROBOKASSA_BASE_URL": "http://shop.example", "ROBOKASSA_SERVICES_URL": "https://shop.example"}
    assert list(faults_of(proper(**shop, **pages))) == [
        "ROBOKASSA_PASSWORD1 is missing, though ROBOKASSA_LOGIN is set.",
        "ROBOKASSA_BASE_URL does not begin with https://.",
    ]


def test_a_bot_without_name_or_secret_or_in_plain_text_is_named() -> None:
    bot = {"TELEGRAM_BOT_TOKEN": "1:a", "TELEGRAM_BOT_NAME": "", "TELEGRAM_WEBHOOK_SECRET": "short"}
    assert list(faults_of(proper(**bot, TELEGRAM_API_URL="http://bots.example"))) == [
        "TELEGRAM_BOT_NAME is missing, though TELEGRAM_BOT_TOKEN is set.",
        "TELEGRAM_WEBHOOK_SECRET needs 32 to 256 letters, digits, _ and -: anybody could speak as Telegram.",
        "TELEGRAM_API_URL does not begin with https://: the bot's token could be read on the way.",
    ]


def test_a_proper_environment_passes_djangos_deployment_check() -> None:
    done = start(*DEPLOY)
    assert (done.returncode, done.stderr) == (0, "System check identified no issues (0 silenced).\n") or (
        done.returncode == 0 and "no issues" in done.stdout + done.stderr
    )


def test_a_folder_as_broker_is_warned_of() -> None:
    done = start(*DEPLOY, CELERY_BROKER_URL=None)
    assert done.returncode == 1
    assert "config.W001" in done.stderr


def test_webhooks_into_the_own_network_are_warned_of() -> None:
    done = start(*DEPLOY, WEBHOOKS_ALLOW_PRIVATE="true")
    assert done.returncode == 1
    assert "config.W002" in done.stderr
    assert "config.W001" not in done.stderr


@pytest.mark.parametrize(
    "entry",
    [
        ["manage.py", "migrate"],
        ["-c", "import config.wsgi"],
        ["-m", "celery", "-A", "config.celery", "worker"],
        ["-m", "celery", "-A", "config.celery", "beat"],
    ],
    ids=["command", "web", "worker", "beat"],
)
def test_nothing_starts_without_its_settings(entry: list[str]) -> None:
    done = start(*entry, SECRET_KEY=None, ALLOWED_HOSTS="*")
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "SECRET_KEY is missing." in said
    assert "ALLOWED_HOSTS is *" in said


def test_a_mistyped_environment_is_no_development() -> None:
    done = start("manage.py", "check", DJANGO_ENV="prod")
    assert done.returncode == 1
    assert done.stderr.strip() == "manage.py: DJANGO_ENV is 'prod'; it is development or production."


def test_another_database_than_postgresql_is_refused() -> None:
    done = start("manage.py", "check", DATABASE_URL="sqlite:///db.sqlite3")
    assert done.returncode == 1
    assert "DATABASE_URL is no PostgreSQL" in done.stderr
