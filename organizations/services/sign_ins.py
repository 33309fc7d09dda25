"""Sign-ins, and attempts that failed, as they happen; old ones go after `SIGN_INS_KEPT_DAYS`.

Somebody who is locked out and goes on trying is written down once in `LOCKED_ONCE_IN` for each address and place, so
that nobody fills the table.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef
from django.utils import timezone

from organizations.models import SignIn, User

LOCKED_ONCE_IN = timedelta(minutes=5)
AT_ONCE = 10_000

log = logging.getLogger(__name__)


def record(
    *, user: User | None, address: str, ip: str | None, browser: str, method: SignIn.Method, outcome: SignIn.Outcome
) -> SignIn | None:
    """Write the attempt down; None where it was, a moment ago. Without a `user`, it is the person with the address."""
    address = address.strip().lower()[:254]
    if outcome == SignIn.Outcome.LOCKED:
        since = timezone.now() - LOCKED_ONCE_IN
        if SignIn.objects.filter(address=address, ip=ip, outcome=outcome, at__gt=since).exists():
            return None
    if user is None:
        user = User.objects.filter(email=address).first()
    return SignIn.objects.create(
        user=user, address=address, ip=ip, browser=browser[:300], method=method, outcome=outcome
    )


def prune() -> int:
    """Delete sign-ins that are older than `SIGN_INS_KEPT_DAYS`, and sessions that have run out; returns how many."""
    from allauth.usersessions.models import UserSession

    now = timezone.now()
    old = SignIn.objects.filter(at__lt=now - timedelta(days=settings.SIGN_INS_KEPT_DAYS)).order_by("at").values("pk")
    gone, _ = SignIn.objects.filter(pk__in=old[:AT_ONCE]).delete()
    live = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=now)
    dead = UserSession.objects.filter(~Exists(live)).order_by("pk").values("pk")
    ended, _ = UserSession.objects.filter(pk__in=dead[:AT_ONCE]).delete()
    return gone + ended
