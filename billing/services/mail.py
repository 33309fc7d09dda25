"""Letters about money: to those of an account whom money concerns, and to staff. Each reaches each reader once.

A letter is a row of the outbox in the transaction of what it tells (`notifications.services.deliveries`); the key makes
a repetition nothing.
"""

from __future__ import annotations

from notifications.services.deliveries import queue_email
from organizations.models import Account, Role, User


def tell_account(*, account_id: int, key: str, subject: str, body: str) -> int:
    """Write to the account's owners and billing members, or to its own address when it has none; says to how many."""
    members = User.objects.filter(
        memberships__account_id=account_id, memberships__role__in=[Role.OWNER, Role.BILLING], is_active=True
    )
    readers = [(f"{key}:{user.pk}", user.email) for user in members.distinct().order_by("pk")]
    if not readers:
        email = Account.objects.values_list("email", flat=True).get(pk=account_id)
        readers = [(f"{key}:account", email)] if email else []
    _queue(readers, subject, body)
    return len(readers)


def tell_staff(*, key: str, subject: str, body: str) -> int:
    """Write to every active member of staff; says to how many."""
    staff = User.objects.filter(is_staff=True, is_active=True).order_by("pk")
    readers = [(f"{key}:staff:{user.pk}", user.email) for user in staff]
    _queue(readers, subject, body)
    return len(readers)


def _queue(readers: list[tuple[str, str]], subject: str, body: str) -> None:
    for key, email in readers:
        queue_email(key=key, recipient=email, subject=subject, body=body)
