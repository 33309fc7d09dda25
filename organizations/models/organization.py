"""Organizations: legal entities of an account that documents are issued to (aipbx.md, 'Organizations')."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from organizations.models.account import Account


class Organization(models.Model):
    """A legal entity of the account; one of them is the default for payments."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="organizations")
    name = models.CharField(max_length=255)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166 code, two letters.")
    region = models.CharField(max_length=10, blank=True, help_text="State or province, such as NY: some taxes ask it.")
    tax_id = models.CharField("tax ID", max_length=40)
    tax_registration_code = models.CharField(max_length=40, blank=True)
    legal_address = models.CharField(max_length=500, blank=True)
    bank_account = models.CharField(max_length=64, blank=True)
    bank_code = models.CharField(max_length=32, blank=True)
    email = models.EmailField("e-mail for documents", blank=True)
    is_default = models.BooleanField("default", default=False, help_text="Chosen first when somebody pays.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-is_default", "name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["account"], name="organization_one_default", condition=Q(is_default=True)),
            models.UniqueConstraint(fields=["id", "account"], name="organization_id_account"),
        ]

    def __str__(self) -> str:
        return self.name
