"""Letters to staff, in English. Each reaches each of them once.

A letter is a row of the outbox in the transaction of what it tells (`notifications.services.deliveries`); the key makes
a repetition nothing. Customers are told by notices (`notifications.services.notices`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django.utils import translation

from notifications.services.deliveries import queue_email
from organizations.languages import ENGLISH
from organizations.models import User


class Letter(NamedTuple):
    """What a letter says, as plain text."""

    subject: str
    body: str


def tell_staff(*, key: str, write: Callable[[], Letter], permission: str = "", except_id: int = 0) -> int:
    """Write to every active member of staff, or those who have the permission, but for one; says to how many."""
    staff = [
        user
        for user in User.objects.filter(is_staff=True, is_active=True).exclude(pk=except_id).order_by("pk")
        if not permission or user.has_perm(permission)
    ]
    with translation.override(ENGLISH):
        letter = write()
    for user in staff:
        queue_email(key=f"{key}:staff:{user.pk}", recipient=user.email, subject=letter.subject, body=letter.body)
    return len(staff)
