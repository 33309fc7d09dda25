"""Leaving for a provider's page to pay on, and saying when no money moves because a stand-in answers."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect

from billing.models import PaymentProvider, TopUpTerms
from billing.providers import provider

STRIPE_PAGES = "https://checkout.stripe.com"


class SeeOther(HttpResponseRedirect):
    """303: go on with a GET, wherever a POST came from."""

    status_code = 303


def page_origins() -> list[str]:
    """The origins of the providers' pages, the stand-ins' included where they answer."""
    origins = [STRIPE_PAGES]
    for address in (getattr(settings, "STRIPE_API_HOST", ""), getattr(settings, "ROBOKASSA_BASE_URL", "")):
        parts = urlsplit(address or "")
        if parts.scheme and parts.netloc and (origin := f"{parts.scheme}://{parts.netloc}") not in origins:
            origins.append(origin)
    return origins


def allow_leaving(response: HttpResponse) -> HttpResponse:
    """Let the forms of this page end on a provider's page: browsers hold `form-action` against redirects, too."""
    response._csp_update = {"form-action": page_origins()}  # type: ignore[attr-defined]
    return response


def moves_no_money(terms: TopUpTerms | None) -> bool:
    """Whether a stand-in answers for one of the product's providers, which pages that take money then say."""
    slugs = [slug for slug in (terms.providers if terms else []) if slug != PaymentProvider.BANK]
    return any(provider(slug).is_stand_in() for slug in slugs)
