"""dj-stripe's objects in the back office: to be read, without what would let a reader act in our name."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin
from django.test import Client
from django.urls import reverse
from djstripe import models

from organizations.models import Account
from tests.config.stripe_rows import stripe_rows


def test_only_pages_to_read_are_left_of_dj_stripes(db: None) -> None:
    shown = {model.__name__ for model in admin.site._registry if model._meta.app_label == "djstripe"}
    assert shown == {
        "Charge",
        "Customer",
        "Dispute",
        "Event",
        "Invoice",
        "PaymentIntent",
        "PaymentMethod",
        "Refund",
        "Subscription",
        "WebhookEndpoint",
        "WebhookEventTrigger",
    }


def test_no_page_shows_a_secret(staff_client: Client, make_account: Callable[..., Account]) -> None:
    stripe_rows(make_account("aitelier"), 1)
    for model in (models.PaymentIntent, models.WebhookEndpoint):
        row = model.objects.get()
        page = staff_client.get(reverse(f"admin:djstripe_{model._meta.model_name}_change", args=[row.pk]))
        assert row.id in page.content.decode()
        assert "hush" not in page.content.decode()


def test_amounts_are_stripes_own(staff_client: Client, make_account: Callable[..., Account]) -> None:
    stripe_rows(make_account("aitelier"), 1)
    models.Charge.objects.update(stripe_data={"amount": 2500, "currency": "jpy", "status": "succeeded"})
    for name, amount in (("paymentintent", "$25.00"), ("refund", "$25.00"), ("charge", "JPY 2,500.00")):
        assert amount in staff_client.get(reverse(f"admin:djstripe_{name}_changelist")).content.decode()


def test_every_page_can_be_read_and_not_written(staff_client: Client, make_account: Callable[..., Account]) -> None:
    stripe_rows(make_account("aitelier"), 1)
    for model in [each for each in admin.site._registry if each._meta.app_label == "djstripe"]:
        address = reverse(f"admin:djstripe_{model._meta.model_name}_change", args=[model._default_manager.get().pk])
        page = staff_client.get(address)
        assert (page.status_code, b'name="_save"' in page.content) == (200, False), model
        assert staff_client.post(address, {"_save": "1"}).status_code == 403, model
