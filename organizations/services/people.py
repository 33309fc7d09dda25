"""What people choose for themselves."""

from __future__ import annotations

from django.conf import settings

from organizations.models import User


def choose_language(*, user_id: int, language: str) -> None:
    """Read all pages and letters in this language; "" is each account's own. Raises LookupError for one we have not."""
    if language and language not in dict(settings.LANGUAGES):
        raise LookupError(language)
    User.objects.filter(pk=user_id).update(language=language)
