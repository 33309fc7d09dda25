"""Rows of what dj-stripe keeps, for the pages of the back office."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from djstripe import models

from organizations.models import Account


def stripe_rows(account: Account, number: int) -> None:
    """A customer with a card and a payment, refunded and disputed; a subscription; an endpoint that was told of it."""
    now = timezone.now()
    data = {
        "amount": 2500,
        "currency": "usd",
        "status": "succeeded",
        "customer": f"cus_{number}",
        "client_secret": "hush",
    }
    same: dict[str, Any] = {"livemode": False, "created": now, "stripe_data": data}

    def of(status: str) -> dict[str, Any]:
        return {"stripe_data": data | {"status": status}}

    customer = models.Customer.objects.create(id=f"cus_{number}", subscriber=account, **same)
    card = {"brand": "visa", "last4": "4242"}
    models.PaymentMethod.objects.create(id=f"pm_{number}", customer=customer, **same | {"stripe_data": {"card": card}})
    models.PaymentIntent.objects.create(id=f"pi_{number}", customer=customer, **same)
    charge = models.Charge.objects.create(id=f"ch_{number}", amount=25, currency="usd", status="succeeded", **same)
    models.Refund.objects.create(id=f"re_{number}", charge=charge, amount=2500, currency="usd", **same)
    models.Dispute.objects.create(id=f"dp_{number}", charge=charge, **same | of("needs_response"))
    models.Subscription.objects.create(id=f"sub_{number}", customer=customer, **same | of("active"))
    models.Invoice.objects.create(id=f"in_{number}", customer=customer, **same | of("paid"))
    event = models.Event.objects.create(id=f"evt_{number}", data={}, type="charge.refunded", **same)
    endpoint = models.WebhookEndpoint.objects.create(
        id=f"we_{number}", url="https://example.com/", secret="whsec_hush", status="enabled", enabled_events=[], **same
    )
    models.WebhookEventTrigger.objects.create(
        remote_ip="127.0.0.1", headers={}, body="{}", valid=True, event=event, webhook_endpoint=endpoint
    )
