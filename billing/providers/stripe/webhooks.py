"""The address that Stripe's webhooks come to: dj-stripe's view behind a few locks of our own.

It stores a body before it looks at the signature, so the body is bounded here and must be one that the database can
keep. The header by which, with DEBUG on, a caller could bring a signing secret of its own is not let through.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from djstripe.views import ProcessWebhookView

BODY_BYTES_MAX = 64 * 1024


class WebhookView(ProcessWebhookView):
    """413 for a long body, 400 for one that is no JSON object; the rest is dj-stripe's."""

    def post(self, request: HttpRequest, uuid: Any) -> HttpResponse:
        """Take one webhook."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_BYTES_MAX:
            return HttpResponse("A webhook has at most 64 KiB.", status=413, content_type="text/plain")
        if not request.body.lstrip().startswith(b"{") or b"\0" in request.body:
            return HttpResponseBadRequest()
        request.META.pop("HTTP_X_DJSTRIPE_WEBHOOK_SECRET", None)
        if not _is_address(request.META.get("HTTP_X_FORWARDED_FOR", "").partition(",")[0]):
            request.META.pop("HTTP_X_FORWARDED_FOR", None)
        request.__dict__.pop("headers", None)  # kept by the first who asks for it: made anew of what is left
        answer: HttpResponse = super().post(request, uuid)
        return answer


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip())
    except ValueError:
        return False
    return True
