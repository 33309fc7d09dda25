"""The stand-ins of development: one process that plays Stripe, Robokassa, Telegram and VIES.

They run where no real keys are set, never in production; every page that takes money says so.
"""

from __future__ import annotations

import sys

from django.conf import settings


def are_used() -> bool:
    """Whether a stand-in answers for any provider."""
    names = ("STRIPE", "ROBOKASSA", "TELEGRAM", "VIES")
    return not settings.PRODUCTION and any(getattr(settings, f"{name}_IS_STAND_IN") for name in names)


def address() -> str:
    """Where they listen; the page there lists test cards and what can be made to happen."""
    return f"http://127.0.0.1:{settings.STAND_IN_PORT}"


def command(site: str) -> list[str]:
    """The process that plays them for the site at this address; what they know lives in DATA_DIR.

    With keys for Stripe, Stripe is not played; with a shop at Robokassa or a bot of one's own, the others still are.
    """
    port, data = str(settings.STAND_IN_PORT), str(settings.DATA_DIR / "stand-ins")
    told = [sys.executable, "-m", "tests.fakes", "--port", port, "--data", data, "--site", site]
    return told if settings.STRIPE_IS_STAND_IN else [*told, "--without-stripe"]
