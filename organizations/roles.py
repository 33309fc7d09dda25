"""The roles of staff, by the names of their groups. `config.role_subjects` says what each may do."""

from __future__ import annotations

from django.db import models


class StaffRole(models.TextChoices):
    """A group of Django's that the installation keeps true to the table of what each role may do."""

    SUPPORT = "support", "Support"
    BILLING = "billing", "Billing"
    PRICING = "pricing", "Pricing"
    ADMIN = "admin", "Admin"
