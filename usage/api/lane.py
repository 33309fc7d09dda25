"""The way that a service's request takes: the first middleware of all.

The addresses that calls wait for go straight to their view: sessions, cookies, CSRF and content policies are for
browsers, and no machine client has any of them. Everything else passes on. Whatever a layer below answers to an API
address with a page of its own (unknown addresses, refused hosts, failures) leaves as a problem document.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import activate

from usage.api import hot, problems
from usage.api.media import refuse_size

PREFIX = "/api/"
HOT: dict[str, hot.View] = {
    "/api/v1/events": hot.events,
    "/api/v1/events/void": hot.void,
    "/api/v1/calls/authorize": hot.authorize,
    "/api/v1/calls/extend": hot.extend,
    "/api/v1/calls/release": hot.release,
}


class ServiceLane:
    """Sends API requests the short way and keeps every API error a problem document."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, or pass it on."""
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        activate(settings.LANGUAGE_CODE)  # a page served by this thread before may have chosen another
        refusal = _refuse_plain_http(request) or refuse_size(request)
        if refusal is not None:
            return refusal
        view = HOT.get(request.path_info)
        if view is not None:
            return view(request)
        response = self.get_response(request)
        if response.status_code >= 400 and response.get("Content-Type") != problems.CONTENT_TYPE:
            return problems.of_status(response.status_code)
        return response


def _refuse_plain_http(request: HttpRequest) -> HttpResponse | None:
    """A key sent in the clear is a key given away: no redirect would take it back."""
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        return problems.problem(403, "https_required", "Use https. A key that was sent in the clear should be revoked.")
    return None
