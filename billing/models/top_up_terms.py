"""How a product takes money: what a product's page promises about topping up, as settings.

Prices are in `price_currency`: the product's own, or the money that credits are sold for.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.tax import Scheme
from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import Product


class PaymentProvider(models.TextChoices):
    """Where money comes from."""

    STRIPE = "stripe", "Stripe"
    ROBOKASSA = "robokassa", "Robokassa"
    BANK = "bank", _("Bank transfer")


class TopUpTerms(models.Model):
    """The terms of topping up one product's wallets. `minimum` and `choices` are in the product's currency."""

    product = models.OneToOneField(Product, on_delete=models.PROTECT, primary_key=True, related_name="top_up_terms")
    currency = currency_field()
    minimum = amount_field(help_text="The smallest top-up, before tax.")
    maximum = amount_field(help_text="The largest top-up, before tax.")
    choices = ArrayField(
        models.DecimalField(max_digits=20, decimal_places=6), help_text="The quick choices, smallest first."
    )
    providers = ArrayField(
        models.CharField(max_length=12, choices=PaymentProvider), help_text="In the order they are offered."
    )
    price_currency = currency_field()
    unit_price = amount_field(
        currency="price_currency", help_text="Products that sell credits: the price of one, before tax. Others: 1."
    )
    offers_auto_top_up = models.BooleanField("automatic top-up", default=False)
    cooling_minutes = models.PositiveIntegerField(
        default=60, help_text="Between a failed automatic top-up and the next attempt."
    )
    refund_months = models.PositiveSmallIntegerField(
        default=12, help_text="Unspent money goes back within so many months of the last activity. Zero: never."
    )
    bank_details = models.TextField(blank=True, help_text="What a customer needs for a bank transfer, line by line.")

    class Meta:
        verbose_name = "top-up terms"
        verbose_name_plural = "top-up terms"
        constraints = [
            models.CheckConstraint(
                condition=Q(minimum__gt=0, maximum__gte=models.F("minimum"), unit_price__gt=0)
                & not_nan("minimum", "maximum", "unit_price"),
                name="top_up_terms_amounts",
            )
        ]

    def __str__(self) -> str:
        return f"Top-up terms of {self.product}"


class CreditPack(models.Model):
    """So many credits for a price of their own (atllasx.md, 'Purchasing Additional Credits')."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="credit_packs")
    currency = currency_field()
    amount = amount_field(help_text="What is added to the balance.")
    price_currency = currency_field()
    price = amount_field(currency="price_currency", help_text="Before tax.")
    is_active = models.BooleanField("on sale", default=True)

    class Meta:
        ordering = ["amount"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, price__gt=0) & not_nan("amount", "price"), name="credit_pack_amounts"
            ),
            models.UniqueConstraint(fields=["product", "amount"], name="credit_pack_once", condition=Q(is_active=True)),
        ]

    def __str__(self) -> str:
        return f"Pack of {self.amount.amount.normalize():,f} for {self.price}"


class TaxRate(models.Model):
    """A tax in a country or region, with the days it holds: staff's data, never code."""

    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, blank=True, related_name="tax_rates", help_text="Empty: all."
    )
    country = models.CharField(max_length=2, help_text="ISO 3166 code, two letters.")
    region = models.CharField(max_length=10, blank=True, help_text="State or province. Empty: the whole country.")
    name = models.CharField(max_length=60, help_text="As it stands on the bill, such as Sales tax, New York.")
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    scheme = models.CharField(
        max_length=10,
        choices=[("standard", "Standard"), ("igst", "IGST"), ("cgst", "CGST"), ("sgst", "SGST")],
        default=Scheme.STANDARD.value,
        help_text="India: IGST across states, CGST and SGST within one. Everywhere else: standard.",
    )
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True, help_text="The last day. Empty: until further notice.")

    class Meta:
        ordering = ["country", "region", "-valid_from"]
        constraints = [
            models.CheckConstraint(condition=Q(percent__gte=0) & not_nan("percent", digits=3), name="tax_rate_percent"),
            models.UniqueConstraint(
                fields=["product", "country", "region", "name", "valid_from"],
                name="tax_rate_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        digits = f"{self.percent:f}"
        return f"{self.name} {digits.rstrip('0').rstrip('.') if '.' in digits else digits}%"


class ExchangeRate(models.Model):
    """What one unit of `base` costs in `quote` from a day on; a top-up freezes the one of its day."""

    base = models.CharField(max_length=6)
    quote = models.CharField(max_length=6)
    rate = models.DecimalField(max_digits=20, decimal_places=8)
    valid_from = models.DateField()

    class Meta:
        ordering = ["base", "quote", "-valid_from"]
        constraints = [
            models.CheckConstraint(condition=Q(rate__gt=0) & not_nan("rate", digits=12), name="exchange_rate_positive"),
            models.UniqueConstraint(fields=["base", "quote", "valid_from"], name="exchange_rate_once"),
        ]

    def __str__(self) -> str:
        return f"1 {self.base} = {self.rate} {self.quote}"
