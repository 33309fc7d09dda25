"""What production must have set, and set securely: nothing starts before it is, neither web, worker nor command.

`refuse_insecure` is called when Django's apps are ready, which every process passes; it names every fault at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

SECRET_LENGTH_MIN = 50
SECRET_CHARACTERS_MIN = 10


def refuse_insecure(settings: ModuleType) -> None:
    """Raises ImproperlyConfigured that lists what is missing or insecure; does nothing outside production."""
    if not settings.PRODUCTION:
        return
    faults = list(faults_of(settings))
    if faults:
        raise ImproperlyConfigured("Production does not start with these settings:\n  " + "\n  ".join(faults))


def faults_of(settings: ModuleType) -> Iterator[str]:
    """One line per missing or insecure setting, which begins with the variable's name."""
    yield from _secret("SECRET_KEY", settings.SECRET_KEY, "anybody could sign sessions with it")
    yield from _secret("SIGNING_PASSPHRASE", settings.SIGNING_PASSPHRASE, "anybody could open the keys of exports")
    yield from _hosts(settings)
    yield from _payments(settings)
    yield from _telegram(settings)
    if settings.VAT_REGISTER and not settings.VIES_URL.startswith("https://"):
        yield "VIES_URL does not begin with https://: somebody could answer for the register."
    if settings.DEBUG:
        yield "DEBUG is on: errors would show code and settings to everybody."
    if not settings.DATABASE_URL:
        yield "DATABASE_URL is missing: the embedded PostgreSQL is for development."
    if not settings.STAFF_NEEDS_TWO_FACTOR:
        yield "STAFF_NEEDS_TWO_FACTOR is off: a stolen password alone would open the back office."
    if "filebased" in settings.EMAIL_BACKEND or "console" in settings.EMAIL_BACKEND:
        yield "EMAIL_URL is missing: invitations and alerts would reach nobody."
    if "localhost" in settings.DEFAULT_FROM_EMAIL:
        yield "DEFAULT_FROM_EMAIL is missing: mail needs a sender that receivers can trust."
    if not settings.SECURE_SSL_REDIRECT:
        yield "SECURE_SSL_REDIRECT is off: passwords and keys could travel in plain text."
    if settings.SECURE_HSTS_SECONDS <= 0:
        yield "SECURE_HSTS_SECONDS is 0: browsers would try plain text first."
    if not (settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE):
        yield "SESSION_COOKIE_SECURE is off: sessions could be read on the way."


def _payments(settings: ModuleType) -> Iterator[str]:
    if settings.STRIPE_IS_STAND_IN or settings.ROBOKASSA_IS_STAND_IN:
        yield "STRIPE_LIVE_SECRET_KEY and ROBOKASSA_LOGIN are played by a stand-in: nobody would really pay."
    if settings.STRIPE_LIVE_MODE and not settings.STRIPE_LIVE_SECRET_KEY:
        yield "STRIPE_LIVE_SECRET_KEY is missing, though STRIPE_LIVE_MODE is on."
    if not getattr(settings, "STRIPE_API_HOST", "https:").startswith("https:"):
        yield "STRIPE_API_HOST does not begin with https://: keys could be read on the way."
    if settings.ROBOKASSA_LOGIN:
        for name in ("ROBOKASSA_PASSWORD1", "ROBOKASSA_PASSWORD2"):
            if not getattr(settings, name):
                yield f"{name} is missing, though ROBOKASSA_LOGIN is set."
        for name in ("ROBOKASSA_BASE_URL", "ROBOKASSA_SERVICES_URL"):
            if not getattr(settings, name).startswith("https://"):
                yield f"{name} does not begin with https://."


def _telegram(settings: ModuleType) -> Iterator[str]:
    if not settings.TELEGRAM_BOT_TOKEN:
        return
    if not settings.TELEGRAM_BOT_NAME:
        yield "TELEGRAM_BOT_NAME is missing, though TELEGRAM_BOT_TOKEN is set."
    secret = settings.TELEGRAM_WEBHOOK_SECRET
    if not re.fullmatch(r"[A-Za-z0-9_-]{32,256}", secret):
        yield "TELEGRAM_WEBHOOK_SECRET needs 32 to 256 letters, digits, _ and -: anybody could speak as Telegram."
    if not settings.TELEGRAM_API_URL.startswith("https://"):
        yield "TELEGRAM_API_URL does not begin with https://: the bot's token could be read on the way."


def _secret(name: str, value: str, risk: str) -> Iterator[str]:
    if not value:
        yield f"{name} is missing."
    elif len(value) < SECRET_LENGTH_MIN or len(set(value)) < SECRET_CHARACTERS_MIN:
        yield f"{name} is weak: it needs {SECRET_LENGTH_MIN} random characters."
    elif value.startswith(("django-insecure-", "for development only")):
        yield f"{name} is a published one: {risk}."


def _hosts(settings: ModuleType) -> Iterator[str]:
    hosts: Sequence[str] = settings.ALLOWED_HOSTS
    if not hosts:
        yield "ALLOWED_HOSTS is missing: name the hosts that this site answers to."
    elif "*" in hosts:
        yield "ALLOWED_HOSTS is *: links in mail could be made to point anywhere."
    site = urlsplit(settings.SITE_URL)
    if not settings.SITE_URL:
        yield "SITE_URL is missing: links in mail begin with it."
    elif site.scheme != "https" or not site.hostname:
        yield "SITE_URL does not begin with https://."
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if not origin.startswith("https://"):
            yield f"CSRF_TRUSTED_ORIGINS has {origin}, which does not begin with https://."


@register(Tags.security, deploy=True)
def broker_is_shared(app_configs: object, **kwargs: Any) -> list[CheckMessage]:
    """The folder broker reaches the processes of one machine only; the sweeps make up for it, some seconds later."""
    from django.conf import settings

    if settings.CELERY_BROKER_URL.startswith("filesystem:"):
        return [
            Warning(
                "CELERY_BROKER_URL is a folder: workers on other machines do not hear of work at once.",
                hint="Set it to a Redis or RabbitMQ when there is more than one machine.",
                id="config.W001",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def webhooks_stay_outside(app_configs: object, **kwargs: Any) -> list[CheckMessage]:
    """Whoever may add an endpoint could make this server ask others of its own network."""
    from django.conf import settings

    if settings.WEBHOOKS_ALLOW_PRIVATE:
        return [
            Warning(
                "WEBHOOKS_ALLOW_PRIVATE is on: webhooks may go to private addresses, and without TLS.",
                hint="Leave it out, unless every telephony service listens inside your own network.",
                id="config.W002",
            )
        ]
    return []
