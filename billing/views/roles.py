"""Who may do what: owners everything; billing members spend, change what is paid and how, and dismiss; viewers look."""

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


def is_owner(tenant: Tenant) -> bool:
    """Whether the reader may change members and settings."""
    return tenant.role == Role.OWNER


def require_owner(tenant: Tenant) -> None:
    """Raises PermissionDenied for a reader who is no owner."""
    if not is_owner(tenant):
        raise PermissionDenied
