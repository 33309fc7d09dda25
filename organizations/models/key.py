"""API keys of services: stored hashed, shown once, with scopes, expiry and revocation."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from rest_framework_api_key.models import AbstractAPIKey

from organizations.models.product import Service


class Scope(models.TextChoices):
    """What a key may do (API.md, 'Conventions')."""

    AUTHORIZE = "authorize", "Authorize calls"
    USAGE = "usage", "Report usage"
    READ = "read", "Read balances and calls"
    MANAGE = "manage", "Create accounts"


class ServiceKey(AbstractAPIKey):
    """A key of one service."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="keys")
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope), help_text="What the key may do.")

    class Meta(AbstractAPIKey.Meta):
        verbose_name = "API key"
        verbose_name_plural = "API keys"
