"""Who decides about staff: superusers, and members of the admin role, who yet have no power over superusers."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from organizations.models import User
from organizations.roles import StaffRole


def deciders() -> QuerySet[User]:
    """Those who can sign in and decide who is staff: without one of them nobody could be made one again."""
    decides = Q(is_superuser=True) | Q(groups__name=StaffRole.ADMIN)
    return User.objects.filter(decides, is_active=True, is_staff=True).order_by("pk").distinct()


def decides_about_staff(user: Any) -> bool:
    """Whether this person may say who is staff and what they may do. Takes a query unless it was asked before."""
    if not (user.is_active and user.is_staff):
        return False
    if user.is_superuser:
        return True
    if not hasattr(user, "_decides_about_staff"):
        user._decides_about_staff = user.groups.filter(name=StaffRole.ADMIN).exists()
    return bool(user._decides_about_staff)


def has_power_over(actor: Any, person: User | None) -> bool:
    """Whether `actor` may change this person: members are anybody's who has the permission, staff the deciders'."""
    if person is None or not (person.is_staff or person.is_superuser):
        return True
    return decides_about_staff(actor) and (actor.is_superuser or not person.is_superuser)
