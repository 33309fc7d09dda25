"""Tells the history whose request it is: every one that may write, of staff, customers and services alike."""

from __future__ import annotations

import json
from collections.abc import Callable

from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from organizations.history.attribution import acting
from organizations.models.change import RecordedChange
from organizations.secret_links import without_keys

SOURCES = (
    ("/admin/", RecordedChange.Source.STAFF),
    ("/api/", RecordedChange.Source.API),
)


class WhoIsAtWork:
    """Behind the sign-in, so that the person is known; before every view that writes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request in its person's name."""
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return self.get_response(request)
        path = path_of(request)
        with acting(source=source_of(path), user_id=request.user.pk, doing=without_keys(path)):
            return self.get_response(request)


def path_of(request: HttpRequest) -> str:
    """The request's address; of what was sent before the password was asked for and goes on behind it, its own."""
    if request.path_info not in (reverse("account_reauthenticate"), reverse("mfa_reauthenticate")):
        return request.path_info
    kept = request.session.get(STATE_SESSION_KEY, {}).get("request")
    return str(json.loads(kept)["path_info"]) if kept else request.path_info


def source_of(path: str) -> str:
    """Which side of the house the address belongs to."""
    return next((str(source) for prefix, source in SOURCES if path.startswith(prefix)), RecordedChange.Source.CUSTOMER)
