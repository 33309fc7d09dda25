"""What is made of a webhook whose signature held: a `Notice` of the object to look at, handed to the inbox.

dj-stripe would re-fetch the object inside the webhook's transaction, and a Stripe that hangs would hold both. Its own
handlers are taken off these events: a worker reads the object later, and brings dj-stripe's copy up to date then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from djstripe import event_handlers
from djstripe.event_handlers import djstripe_receiver
from djstripe.models import Event
from djstripe.signals import WEBHOOK_SIGNALS

from billing.providers.base import Notice

KINDS = (
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "payment_intent.requires_action",
    "charge.refunded",
    "charge.refund.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "payment_method.attached",
    "payment_method.detached",
    "payment_method.updated",
    "payment_method.automatically_updated",
    "setup_intent.succeeded",
    "customer.updated",
    "customer.deleted",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "invoice.paid",
    "invoice.payment_failed",
)
"""The events that an endpoint is registered for."""

_callbacks: list[Callable[[Notice], object]] = []


def deliver_to(callback: Callable[[Notice], object]) -> None:
    """Hand every notice to `callback`, inside the webhook's transaction: it writes down and asks nobody."""
    _callbacks.append(callback)


@djstripe_receiver(KINDS)
def receive(sender: type[Event], event: Event, **kwargs: Any) -> None:
    """Turn an event into a notice. The event's own words about the object are not believed."""
    about = event.data["object"]
    notice = Notice(
        provider="stripe",
        event_id=str(event.id),
        kind=str(event.type),
        object_kind=str(about.get("object", "")),
        object_id=str(about.get("id", "")),
    )
    for callback in _callbacks:
        callback(notice)


def silence_dj_stripe() -> None:
    """Take dj-stripe's own handlers off all events."""
    handlers = [value for name, value in vars(event_handlers).items() if name.startswith("handle_")]
    for signal in WEBHOOK_SIGNALS.values():
        for handler in handlers:
            signal.disconnect(handler, sender=Event)
