"""What dj-stripe keeps, for staff to read: the objects that money hangs on, as Stripe has them. Nothing can be edited.

dj-stripe's own pages are taken away: they show keys and secrets, cancel subscriptions and edit what webhooks rely on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from djstripe import models
from unfold.decorators import display

from billing.providers.stripe import facts
from billing.providers.stripe.money import major
from organizations.admin.amounts import amount_html
from organizations.admin.base import BigTableAdmin, ReadOnlyMixin
from organizations.admin.panels import Panel

SECRETS = ("client_secret", "secret")
COLOURS = {"succeeded": "success", "active": "success", "paid": "success", "won": "success", "enabled": "success"} | {
    "failed": "danger",
    "canceled": "danger",
    "lost": "danger",
    "past_due": "danger",
    "needs_response": "warning",
    "requires_action": "warning",
}

for model in apps.get_app_config("djstripe").get_models():
    if admin.site.is_registered(model):
        admin.site.unregister(model)


def without_secrets(value: Any) -> Any:
    """The same without what would let a reader act in our name, at every depth."""
    if isinstance(value, Mapping):
        return {key: without_secrets(each) for key, each in value.items() if key not in SECRETS}
    return [without_secrets(each) for each in value] if isinstance(value, list) else value


class CopyAdmin(ReadOnlyMixin, BigTableAdmin):
    """A page of one kind of Stripe's objects."""

    search_fields: tuple[str, ...] = ("id__exact",)
    search_help_text = "The whole identifier"
    narrowing = ("q",)
    list_display: tuple[str, ...] = ("id", "shown_amount", "shown_status", "of_customer", "created", "livemode")
    fields: tuple[Any, ...] = (
        ("id", "livemode"),
        ("shown_amount", "shown_status"),
        ("of_customer", "created"),
        "at_stripe",
    )
    readonly_fields: tuple[str, ...] = ("at_stripe", "of_customer", "shown_amount", "shown_status")

    @display(description="amount")
    def shown_amount(self, obj: Any) -> SafeString | str:
        """The amount as Stripe has it: dj-stripe's columns convert some and not others."""
        data = obj.stripe_data
        units = data.get("amount", data.get("amount_paid"))
        currency = str(data.get("currency") or "").upper()
        return "" if units is None or not currency else amount_html(major(units, currency), currency)

    @display(description="status", label=COLOURS)
    def shown_status(self, obj: Any) -> str:
        """The status in Stripe's word."""
        return str(obj.stripe_data.get("status") or "")

    @display(description="customer")
    def of_customer(self, obj: Any) -> str:
        """Stripe's identifier of the customer."""
        return facts.identifier(obj.stripe_data.get("customer"))

    @display(description="at Stripe")
    def at_stripe(self, obj: Any) -> SafeString | str:
        """The object on Stripe's own pages."""
        address = obj.get_stripe_dashboard_url()
        return format_html('<a href="{}" rel="noopener" target="_blank">{}</a>', address, address) if address else ""

    def panels(self, request: HttpRequest, obj: Any) -> list[Panel]:
        """The whole object."""
        return [as_json("As Stripe has it", obj.stripe_data)]


def as_json(title: str, value: Any) -> Panel:
    """A panel of an object, without its secrets."""
    text = json.dumps(without_secrets(value), indent=2, sort_keys=True, ensure_ascii=False)
    return Panel(title, (), (), preformatted=text, is_wide=True)


for model in (
    models.Charge,
    models.Dispute,
    models.Invoice,
    models.PaymentIntent,
    models.Refund,
    models.Subscription,
):
    admin.site.register(model, CopyAdmin)


@admin.register(models.Customer)
class CustomerAdmin(CopyAdmin):
    """Accounts as Stripe's customers."""

    list_display = ("id", "subscriber", "email", "created", "livemode", "date_purged")
    list_select_related = ("subscriber",)
    search_fields = ("id__exact", "email__exact")
    search_help_text = "The whole identifier or e-mail address"
    fields = (("id", "livemode"), ("subscriber", "email"), ("created", "date_purged"), "at_stripe")


@admin.register(models.PaymentMethod)
class PaymentMethodAdmin(CopyAdmin):
    """Saved cards: brand and last four, never more."""

    list_display = ("id", "shown_card", "of_customer", "created", "livemode")
    fields = (("id", "livemode"), ("shown_card", "of_customer"), "created")
    readonly_fields = ("of_customer", "shown_card")

    @display(description="card")
    def shown_card(self, obj: Any) -> str:
        """Brand and last four."""
        card = obj.stripe_data.get("card") or {}
        return f"{card.get('brand', '')} {card.get('last4', '')}".strip()


@admin.register(models.Event)
class EventAdmin(CopyAdmin):
    """Events whose signature held; what they led to is among the webhooks of all providers."""

    list_display = ("id", "type", "created", "livemode")
    fields = (("id", "livemode"), ("type", "api_version"), ("created", "request_id"))


@admin.register(models.WebhookEndpoint)
class WebhookEndpointAdmin(CopyAdmin):
    """Where Stripe sends events; the signing secret is not shown."""

    list_display = ("id", "url", "status", "livemode", "created")
    fields = (("id", "livemode"), "url", ("status", "api_version"), "created", "at_stripe")


@admin.register(models.WebhookEventTrigger)
class WebhookEventTriggerAdmin(CopyAdmin):
    """Every delivery, forged ones included: those are forgotten after a month."""

    list_display = ("id", "created", "remote_ip", "valid", "processed", "exception")
    fields = (("id", "created"), ("remote_ip", "valid", "processed"), "exception")
    readonly_fields = ()

    def panels(self, request: HttpRequest, obj: Any) -> list[Panel]:
        """The body as it came, and what went wrong."""
        texts = [("What went wrong", obj.traceback), ("Body", obj.body)]
        return [Panel(title, (), (), preformatted=text, is_wide=True) for title, text in texts if text]
