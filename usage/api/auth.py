"""Who asks: `Authorization: Bearer <key>`, looked up anew with every request, and the scope that each view wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from organizations.history import attribution
from organizations.selectors.keys import KeyContext, find_key

if TYPE_CHECKING:  # DRF's views import this module
    from rest_framework.views import APIView


class InsufficientScope(APIException):
    """The key is valid, but was not given the scope."""

    status_code = 403
    default_code = "insufficient_scope"


class ServiceClient:
    """Stands where DRF expects a user; a service has no name but its key's."""

    is_authenticated = True
    is_active = True

    def __init__(self, key: KeyContext) -> None:
        self.pk = key.key_id


def key_of(request: HttpRequest) -> KeyContext | None:
    """The context of the key that the request carries; None where it carries none or no valid one."""
    scheme, _, raw_key = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return find_key(raw_key.strip())


class ServiceKeyAuthentication(BaseAuthentication):
    """DRF's view of the same: `request.auth` is the `KeyContext`."""

    def authenticate(self, request: Request) -> tuple[ServiceClient, KeyContext]:
        """The client and its key. Raises AuthenticationFailed (401)."""
        key = key_of(request._request)
        if key is None:
            raise AuthenticationFailed
        attribution.say(doing=f"{key.service_slug}: {request.path}")
        return ServiceClient(key), key

    def authenticate_header(self, request: Request) -> str:
        """What 401 tells the client to send."""
        return "Bearer"


class HasScope(BasePermission):
    """The view's `required_scope` is one of the key's."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the key has the scope. Raises InsufficientScope (403) where it has not."""
        scope: str = view.required_scope  # type: ignore[attr-defined]
        key = request.auth
        if not isinstance(key, KeyContext) or scope not in key.scopes:
            raise InsufficientScope(f"The key lacks the scope `{scope}`.")
        return True
