"""How Stripe is asked: with short time-outs, never twice by itself, and by one API version for us and for dj-stripe.

What went wrong is sorted into three kinds, because only one of them leaves money in doubt: refused (nothing happened),
missing (there is no such object), and no answer (anything may have happened; ask again with the same key).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache

import stripe
from django.conf import settings
from django.utils import timezone

from billing.providers.base import ProviderError, ProviderUnavailableError

CONNECT_SECONDS_MAX = 3
READ_SECONDS_MAX = 15
KEY_AGE_MAX = timedelta(hours=23)
"""Stripe may forget idempotency keys after 24 hours: from then on a thing is only looked up, never posted again."""
STRIPES_OWN_HOST = "https://api.stripe.com"


class MissingError(ProviderError):
    """Stripe knows of no such object."""


def api_key() -> str:
    """The secret key of the configured mode; empty when Stripe is not set up."""
    return str(settings.STRIPE_LIVE_SECRET_KEY if settings.STRIPE_LIVE_MODE else settings.STRIPE_TEST_SECRET_KEY)


def is_live() -> bool:
    """Whether it is about real money."""
    return bool(settings.STRIPE_LIVE_MODE)


@cache
def _http_client() -> stripe.HTTPClient:
    return stripe.RequestsClient(timeout=(CONNECT_SECONDS_MAX, READ_SECONDS_MAX))


def _host() -> str:
    return str(getattr(settings, "STRIPE_API_HOST", STRIPES_OWN_HOST))


def configure() -> None:
    """Set what dj-stripe's own calls go by: it uses the library's globals. Called when the apps are ready."""
    stripe.api_base = _host()
    stripe.api_version = settings.STRIPE_API_VERSION
    stripe.max_network_retries = 0
    stripe.default_http_client = _http_client()
    stripe.enable_telemetry = False


def client() -> stripe.StripeClient:
    """A client for our own calls, by the settings as they are now."""
    return stripe.StripeClient(
        api_key(),
        stripe_version=settings.STRIPE_API_VERSION,
        base_addresses={"api": _host()},
        http_client=_http_client(),
        max_network_retries=0,
    )


def is_without_answer(error: stripe.StripeError) -> bool:
    """Whether the call may have had an effect all the same, or whether one with the same key may have had before.

    A refused key (401, 403) says nothing of the attempt before it, and a key that met other parameters says that there
    was one.
    """
    if isinstance(error, stripe.IdempotencyError) or not error.http_status:
        return True
    return error.http_status in (401, 403, 409, 429) or error.http_status >= 500


def is_missing(error: stripe.StripeError) -> bool:
    """Whether the object asked about does not exist, or not in this mode."""
    return isinstance(error, stripe.InvalidRequestError) and (
        error.http_status == 404 or error.code == "resource_missing"
    )


@contextmanager
def asking() -> Iterator[None]:
    """Around a question: raises MissingError, ProviderUnavailableError or ProviderError for Stripe's own errors."""
    try:
        yield
    except stripe.StripeError as error:
        if is_missing(error):
            raise MissingError(words(error)) from error
        if is_without_answer(error):
            raise ProviderUnavailableError(words(error)) from error
        raise ProviderError(words(error)) from error


def words(error: stripe.StripeError) -> str:
    """What Stripe said, for staff and logs."""
    return str(error.user_message or error) or type(error).__name__


def key_is_kept(asked_at: datetime) -> bool:
    """Whether Stripe surely still knows the idempotency key of what was first asked then."""
    return timezone.now() - asked_at < KEY_AGE_MAX


def moment(seconds: int | None) -> datetime | None:
    """Stripe's seconds since 1970 as a moment."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
