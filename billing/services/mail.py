"""Letters about money: to those of an account whom money concerns, and to staff. Each reaches each reader once.

A letter is a row of the outbox in the transaction of what it tells (`notifications.services.deliveries`); the key makes
a repetition nothing. It is written anew for each reader, in that reader's language, whoever's click or worker it was
that sent it; staff read English.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django.utils import translation

from notifications.services.deliveries import queue_email
from organizations.languages import ENGLISH, speaking
from organizations.models import Account, Role, User


class Letter(NamedTuple):
    """What a letter says, as plain text."""

    subject: str
    body: str


def tell_account(*, account_id: int, key: str, write: Callable[[], Letter]) -> int:
    """Write to the account's owners and billing members, or to its own address when it has none; says to how many."""
    account = Account.objects.get(pk=account_id)
    members = User.objects.filter(
        memberships__account_id=account_id, memberships__role__in=[Role.OWNER, Role.BILLING], is_active=True
    )
    readers: list[tuple[str, str, User | None]] = [
        (f"{key}:{user.pk}", user.email, user) for user in members.distinct().order_by("pk")
    ]
    if not readers and account.email:
        readers = [(f"{key}:account", account.email, None)]
    for own_key, email, user in readers:
        with speaking(user, account):
            letter = write()
        queue_email(key=own_key, recipient=email, subject=letter.subject, body=letter.body)
    return len(readers)


def tell_staff(*, key: str, write: Callable[[], Letter]) -> int:
    """Write to every active member of staff; says to how many."""
    staff = User.objects.filter(is_staff=True, is_active=True).order_by("pk")
    with translation.override(ENGLISH):
        letter = write()
    for user in staff:
        queue_email(key=f"{key}:staff:{user.pk}", recipient=user.email, subject=letter.subject, body=letter.body)
    return len(staff)
