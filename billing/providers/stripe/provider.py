"""Stripe as one of the payment providers."""

from __future__ import annotations

from django.conf import settings

from billing.providers.stripe import client


class StripeProvider:
    """`billing.providers.base.Provider`, and what only cards and subscriptions ask for."""

    slug = "stripe"

    def is_ready(self) -> bool:
        """Whether there is a key."""
        return bool(client.api_key())

    def is_stand_in(self) -> bool:
        """Whether the stand-in answers."""
        return bool(settings.STRIPE_IS_STAND_IN)

    def is_live(self) -> bool:
        """Whether the key is for real money."""
        return client.is_live()
