"""Staff reach the admin only with a second factor: without one they are led to set it up, and see nothing before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

OPEN_PAGES = {"login", "logout", "jsi18n"}


def is_needed(user: Any) -> bool:
    """Whether this person must have a second factor."""
    return bool(settings.STAFF_NEEDS_TWO_FACTOR and user.is_active and user.is_staff)


def has_one(user: Any) -> bool:
    """Whether signing in asks this person for a code."""
    return Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists()


class StaffNeedTwoFactor:
    """Middleware: stands before every page of the admin, those of other packages too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing: what page was asked for is known only later."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, arguments: Any, named_arguments: Any
    ) -> HttpResponse | None:
        """To the page that sets the second factor up, where it is needed and missing."""
        if not _is_closed(request):
            return None
        if request.user.is_authenticated and is_needed(request.user) and not has_one(request.user):
            query = urlencode({"next": request.get_full_path()})
            return HttpResponseRedirect(f"{reverse('mfa_activate_totp')}?{query}")
        return None


def _is_closed(request: HttpRequest) -> bool:
    """Whether it is a page of the back office: by its address, since not all of them are in the admin's namespace."""
    match = request.resolver_match
    if match is not None and match.app_name == "admin":
        return match.url_name not in OPEN_PAGES
    return request.path_info.startswith(reverse("admin:index"))
