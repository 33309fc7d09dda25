"""Guessing codes does not pay: ten refused codes in an hour close the form for an account, twenty for a person.

Attempts are rows, counted and written under two locks, the wallet's and then the person's, so that guesses at the same
moment stand in line. A closed form looks at no code, a right one neither, and what it refuses is not counted again: it
opens when the oldest of the attempts is an hour old.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.db.transaction import TransactionManagementError

from billing.models import CouponAttempt

REFUSED_PER_WALLET_MAX = 10
REFUSED_PER_USER_MAX = 20
WINDOW = timedelta(hours=1)
LOCK_USER = "SELECT pg_advisory_xact_lock(hashtext('coupon attempts'), %s)"


def minutes_closed(*, wallet_id: int, user_id: int, now: datetime) -> int:
    """For how many more minutes the form is closed to this account and person; 0 when it is open.

    The caller holds the wallet's lock; the person's is taken here, until the transaction ends. Raises
    TransactionManagementError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("Attempts are counted inside a transaction only.")
    with connection.cursor() as cursor:
        cursor.execute(LOCK_USER, [user_id % 2**31])
    opens_at = max(
        _opens_at(Q(wallet_id=wallet_id), REFUSED_PER_WALLET_MAX, now),
        _opens_at(Q(user_id=user_id), REFUSED_PER_USER_MAX, now),
    )
    return math.ceil((opens_at - now) / timedelta(minutes=1))


def note_refused(*, wallet_id: int, user_id: int, now: datetime) -> None:
    """Count a code that was refused, and forget what no longer counts. Under the locks of `minutes_closed`."""
    forgotten = Q(wallet_id=wallet_id) | Q(user_id=user_id)
    CouponAttempt.objects.filter(forgotten, created_at__lte=now - WINDOW).delete()
    CouponAttempt.objects.create(wallet_id=wallet_id, user_id=user_id, created_at=now)


def _opens_at(whose: Q, most: int, now: datetime) -> datetime:
    """When so few attempts are left in the window that another code is looked at; `now` when they are."""
    newest = CouponAttempt.objects.filter(whose, created_at__gt=now - WINDOW).order_by("-created_at", "-id")
    counted = list(newest.values_list("created_at", flat=True)[:most])
    return counted[-1] + WINDOW if len(counted) == most else now
