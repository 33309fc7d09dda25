"""The payment providers, by slug. `billing.providers.base` says what each of them does."""

from __future__ import annotations

from functools import cache

from django.utils.module_loading import import_string

from billing.providers.base import Provider

CLASSES = {
    "stripe": "billing.providers.stripe.provider.StripeProvider",
    "robokassa": "billing.providers.robokassa.provider.RobokassaProvider",
    "bank": "billing.providers.bank.BankProvider",
}


@cache
def provider(slug: str) -> Provider:
    """The provider called `slug`. Raises KeyError for an unknown one."""
    found: Provider = import_string(CLASSES[slug])()
    return found
