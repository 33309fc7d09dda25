"""Leaving for a provider's page to pay on, and saying when no money moves because a stand-in answers.

Browsers hold the policy's `form-action` against redirects, too: the pages' origins are settings.PAYMENT_PAGES.
"""

from __future__ import annotations

from django.http import HttpResponseRedirect

from billing.models import PaymentProvider, TopUpTerms
from billing.providers import provider


class SeeOther(HttpResponseRedirect):
    """303: go on with a GET, wherever a POST came from."""

    status_code = 303


def moves_no_money(terms: TopUpTerms | None) -> bool:
    """Whether a stand-in answers for one of the product's providers, which pages that take money then say."""
    slugs = [slug for slug in (terms.providers if terms else []) if slug != PaymentProvider.BANK]
    return any(provider(slug).is_stand_in() for slug in slugs)
