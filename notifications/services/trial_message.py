"""A test message: to whoever asks for it, by every channel they have, so that they see which of them work."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from notifications.models import Event
from notifications.selectors.told import last_test
from notifications.services.notices import Told, tell
from organizations.models import Account, Membership, User

PAUSE = timedelta(minutes=1)


class TooSoonError(Exception):
    """The member's last test is younger than `PAUSE`."""


def send_test(*, account: Account, user: User) -> None:
    """Tell the member that nothing happened. Raises TooSoonError, and Membership.DoesNotExist for no member."""
    with transaction.atomic():
        Membership.objects.select_for_update(of=("self",)).get(account=account, user=user)
        last = last_test(account_id=account.pk, user_id=user.pk)
        if last is not None and last.created_at > timezone.now() - PAUSE:
            raise TooSoonError
        key = f"test:{account.pk}:{user.pk}:{secrets.token_hex(8)}"
        tell(Told(account_id=account.pk, event=Event.TEST, key=key, facts={"user": str(user.pk)}))
