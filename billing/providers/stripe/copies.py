"""dj-stripe's copies of Stripe's objects, for staff to read. Nothing that moves money depends on them."""

from __future__ import annotations

import logging

import stripe
from django.db import DatabaseError
from djstripe.models import Charge, Dispute, PaymentIntent, Refund
from djstripe.models.base import StripeModel

from billing.providers.stripe import client

logger = logging.getLogger(__name__)


def keep(model: type[StripeModel], found: stripe.StripeObject) -> None:
    """Bring dj-stripe's copy up to date. A copy that cannot be made is logged and holds nothing up."""
    try:
        model.sync_from_stripe_data(found, api_key=client.api_key())
    except (stripe.StripeError, DatabaseError, ValueError, KeyError):
        logger.warning("dj-stripe has no copy of %s", getattr(found, "id", "?"), exc_info=True)


def keep_intent(intent: stripe.PaymentIntent) -> None:
    """An intent and its charge."""
    keep(PaymentIntent, intent)
    if isinstance(intent.latest_charge, stripe.Charge):
        keep(Charge, intent.latest_charge)


def keep_refund(refund: stripe.Refund) -> None:
    """A refund: no webhook of dj-stripe's makes one."""
    keep(Refund, refund)


def keep_dispute(dispute: stripe.Dispute) -> None:
    """A dispute."""
    keep(Dispute, dispute)
