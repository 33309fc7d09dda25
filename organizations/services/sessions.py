"""Where people are signed in: the browsers that hold a session, and the end of one or of all of them.

Who ends a session signs that browser out at its next request. A view as a customer ends with the session it was in.
"""

from __future__ import annotations

import logging

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

log = logging.getLogger(__name__)


def sessions_of(user_id: int) -> QuerySet[UserSession]:
    """The person's sessions that have not run out, the last seen first."""
    live = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=timezone.now())
    return UserSession.objects.filter(Exists(live), user_id=user_id).order_by("-last_seen_at", "-pk")


def end(*, session_id: int, user_id: int, by_id: int) -> bool:
    """Sign one of the person's browsers out; says whether it was signed in. Somebody else's session is left alone."""
    session = UserSession.objects.filter(pk=session_id, user_id=user_id).first()
    if session is None:
        return False
    session.end()
    log.info("User %s ended a session of user %s", by_id, user_id)
    return True


def end_all(*, user_id: int, by_id: int, but: str | None = None) -> int:
    """Sign the person out everywhere, save in the session with the key `but`; returns how many sessions ended."""
    sessions = list(UserSession.objects.filter(user_id=user_id).exclude(session_key=but or ""))
    for session in sessions:
        session.end()
    if sessions:
        log.info("User %s ended %s sessions of user %s", by_id, len(sessions), user_id)
    return len(sessions)
