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


def tell_staff(*, key: str, write: Callable[[], Letter]) -> int:
    """Write to every active member of staff; says to how many."""
    staff = User.objects.filter(is_staff=True, is_active=True).order_by("pk")
    with translation.override(ENGLISH):
        letter = write()
    for user in staff:
        queue_email(key=f"{key}:staff:{user.pk}", recipient=user.email, subject=letter.subject, body=letter.body)
    return len(staff)
