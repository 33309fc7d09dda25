"""Where Stripe's webhooks come to, under the name that dj-stripe knows the address by."""

from __future__ import annotations

from django.urls import path

from billing.providers.stripe.webhooks import WebhookView

app_name = "djstripe"
urlpatterns = [path("webhook/<uuid:uuid>/", WebhookView.as_view(), name="djstripe_webhook_by_uuid")]
