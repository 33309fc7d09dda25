"""What could not be issued or drawn: kept for staff to see, tried again later each time, in nobody's way."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from billing.models import DocumentFailure

PAUSE, PAUSE_MAX = timedelta(minutes=1), timedelta(hours=6)
logger = logging.getLogger(__name__)


def attempt(cause: str, act: Callable[[], object]) -> bool:
    """Do it unless it rests after a failure, and keep what went wrong; whether it was done. `cause` names it."""
    known = DocumentFailure.objects.filter(cause=cause).first()
    if known is not None and known.next_attempt_at > timezone.now():
        return False
    try:
        act()
    except Exception as error:  # one document that cannot be made must not keep the others waiting
        logger.exception("%s: the document could not be made", cause)
        _keep(cause, known, error)
        return False
    if known is not None:
        known.delete()
    return True


def _keep(cause: str, known: DocumentFailure | None, error: Exception) -> None:
    failures = known.failures + 1 if known else 1
    pause = min(PAUSE * 2 ** min(failures - 1, 10), PAUSE_MAX)
    DocumentFailure.objects.update_or_create(
        cause=cause,
        defaults={
            "failures": failures,
            "next_attempt_at": timezone.now() + pause,
            "error": f"{type(error).__name__}: {error}"[:2000],
        },
    )
