"""Who may pay: owners and billing members spend, change and dismiss; viewers look."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from organizations.models import Role
from organizations.tenancy import Tenant

PAYING_ROLES = (Role.OWNER, Role.BILLING)


def may_pay(tenant: Tenant) -> bool:
    """Whether the reader may do what costs money or changes how it is paid."""
    return tenant.role in PAYING_ROLES


def require_payer(tenant: Tenant) -> None:
    """Raises PermissionDenied for a reader who may only look."""
    if not may_pay(tenant):
        raise PermissionDenied
