"""What staff do about a person's second factor; the person's own pages are allauth's."""

from __future__ import annotations

import logging

from allauth.mfa.models import Authenticator

log = logging.getLogger(__name__)


def switch_off(*, user_id: int, staff_id: int | None) -> None:
    """Take app and recovery codes away: the password alone signs the person in. Nothing where nothing is on."""
    taken, _by_model = Authenticator.objects.filter(user_id=user_id).delete()
    if taken:
        log.info("User %s switched the second factor of user %s off", staff_id, user_id)
