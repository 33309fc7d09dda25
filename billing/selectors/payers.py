"""Whose payments an account's are, as a provider knows it."""

from __future__ import annotations

from billing.providers.base import Payer
from organizations.models import Account, Role


def payer_of(account: Account) -> Payer:
    """The account as a provider's customer: its own address, else that of its first owner."""
    email = account.email
    if not email:
        owners = account.memberships.filter(role=Role.OWNER, user__is_active=True).order_by("pk")
        email = owners.values_list("user__email", flat=True).first() or ""
    return Payer(account.pk, account.name, email)
