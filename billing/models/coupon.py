"""Coupons: codes that become promo credit, once per account and never past their limit."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.models.grant import Grant
from billing.models.wallet import Wallet
from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import Product


class CouponBatch(models.Model):
    """What a set of codes is worth: a campaign with one shared code, or many single-use ones."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="coupon_batches")
    currency = currency_field()
    name = models.CharField(max_length=100, help_text="For staff, such as Spring fair 2026.")
    amount = amount_field(help_text="Promo credit per redemption.")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is switched off.")
    grant_days = models.PositiveIntegerField(null=True, blank=True, help_text="The credit lasts so long. Empty: ever.")
    is_active = models.BooleanField("active", default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "coupon batches"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0) & not_nan("amount"), name="coupon_batch_amount")
        ]

    def __str__(self) -> str:
        return self.name


class Coupon(models.Model):
    """One code. Case-sensitive (letustalk.md, 'Redeem a coupon code'), unique among all products."""

    batch = models.ForeignKey(CouponBatch, on_delete=models.PROTECT, related_name="coupons")
    code = models.CharField(max_length=40, unique=True)
    limit = models.PositiveIntegerField(default=1, help_text="How many accounts may redeem it.")
    redeemed = models.PositiveIntegerField(default=0, editable=False)
    is_active = models.BooleanField("active", default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=Q(redeemed__lte=F("limit"), limit__gt=0), name="coupon_limit")]

    def __str__(self) -> str:
        return self.code


class CouponRedemption(models.Model):
    """A code that an account used: the promo grant it became."""

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="redemptions")
    batch = models.ForeignKey(CouponBatch, on_delete=models.PROTECT, related_name="redemptions")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="redemptions")
    grant = models.OneToOneField(Grant, on_delete=models.PROTECT, related_name="redemption")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["batch", "wallet"], name="coupon_once_per_account")]

    def __str__(self) -> str:
        return f"{self.coupon} by {self.wallet}"


class CouponAttempt(models.Model):
    """A code that was not accepted: so many of them in an hour close the form for a while."""

    wallet = models.ForeignKey(Wallet, on_delete=models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["wallet", "created_at"], name="coupon_attempt_by_wallet"),
            models.Index(fields=["user", "created_at"], name="coupon_attempt_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.created_at:%Y-%m-%d %H:%M:%S} UTC"
