"""API keys come into being here. Only the key's hash is kept: who loses the key needs a new one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.models import Scope, Service, ServiceKey

NAME_LENGTH_MAX = 50  # `AbstractAPIKey.name`


def issue_key(
    *, service: Service, scopes: Sequence[str], name: str, expires_at: datetime | None = None
) -> tuple[ServiceKey, str]:
    """A new key of the service and the text to hand over, which is never seen again.

    Raises ValidationError for a scope that does not exist, none at all, a repeated one, or an expiry that has passed.
    """
    unknown = [scope for scope in scopes if scope not in Scope.values]
    if unknown:
        message = _("%(scope)s is no scope. Choose from %(known)s.")
        raise ValidationError({"scopes": message % {"scope": unknown[0], "known": ", ".join(Scope.values)}})
    if not scopes or len(set(scopes)) != len(scopes):
        raise ValidationError({"scopes": _("Name each scope that the key gets, once.")})
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError({"expires": _("This moment has passed. Choose a later one.")})
    if not name.strip() or len(name) > NAME_LENGTH_MAX:
        raise ValidationError({"name": _("Enter a name of at most 50 characters.")})
    key = ServiceKey(name=name.strip(), service=service, scopes=list(scopes), expiry_date=expires_at)
    raw = ServiceKey.objects.assign_key(key)
    key.save()
    return key, str(raw)
