"""What an operator sells, and the telephony services that sell it.

A product is a row, never a branch in code: everything in which two products differ is one of its settings, here, in
its terms (`billing.ProductTerms`) or on its rate card (`usage.RateCard`).
"""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models

from organizations.fields import currency_field
from organizations.models.project import Mode


class Accent(models.TextChoices):
    """The five accents of the visual language (a product names one; pages never branch on the product)."""

    INDIGO = "indigo"
    JADE = "jade"
    OCEAN = "ocean"
    PLUM = "plum"
    EMBER = "ember"


class OnExhaustion(models.TextChoices):
    """What becomes of a call in progress when the money ends."""

    FINISH = "finish", "Calls in progress are never cut"
    HANGUP = "hangup", "Calls in progress are ended"


class Product(models.Model):
    """What is sold under one name: currency, branding, defaults."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    currency = currency_field()
    accent = models.CharField(max_length=10, choices=Accent, default=Accent.INDIGO)
    mark = models.CharField(max_length=40, help_text="Symbol of the product's mark in icons.svg.")
    timezone = models.CharField(max_length=64, default="UTC", help_text="For accounts that name none of their own.")
    default_project_mode = models.CharField(max_length=10, choices=Mode, default=Mode.LIVE)
    shows_costs = models.BooleanField(
        default=False, help_text="Customers see provider cost and margin on a call's page."
    )
    rates_revision = models.BigIntegerField(
        default=0, editable=False, help_text="Goes up when a rate card of the product is published."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Service(models.Model):
    """A telephony system or gateway that calls the API with its own key; several may share a product."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="services")
    slug = models.SlugField(unique=True, validators=[RegexValidator(r"^[a-z][a-z0-9-]*$")])
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True, help_text="Off: every key of the service is refused.")
    silent_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Its last event, while it reports none that are due."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name
