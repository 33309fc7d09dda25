"""Accounts (the tenants), their members and the invitations that make members."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from organizations.models.product import Product


class Role(models.TextChoices):
    """What a member may do in an account."""

    OWNER = "owner", _("Owner")
    BILLING = "billing", pgettext_lazy("role", "Billing")
    VIEWER = "viewer", _("Viewer")


class Account(models.Model):
    """A customer of one product; `external_id` is the identifier the product's services know it by."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="accounts")
    external_id = models.CharField("identifier", max_length=255)
    name = models.CharField(max_length=255)
    email = models.EmailField("owner's e-mail", blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166 code, two letters.")
    timezone = models.CharField(max_length=64, help_text="Days, caps and pages follow it.")
    language = models.CharField(
        max_length=10, blank=True, help_text="Of pages and letters. Empty: the reader's browser's."
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)
    members: models.ManyToManyField = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="accounts"
    )

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "external_id"], name="account_external_id_per_product")
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's place in an account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.account}"


class Invitation(models.Model):
    """A place in an account offered by e-mail. Only the token's SHA-256 is kept; it works once, until it expires."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role, default=Role.OWNER)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.email} to {self.account}"
