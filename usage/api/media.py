"""Which bodies the API takes: JSON in UTF-8, not compressed, of a stated length within the limit."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from usage.api import problems

JSON_TYPES = frozenset({"application/json"})
EVENT_TYPES = JSON_TYPES | {"application/cloudevents+json", "application/cloudevents-batch+json"}


def refuse_media(request: HttpRequest, allowed: frozenset[str]) -> HttpResponse | None:
    """415 for a body of another type, charset or coding."""
    given = request.META.get("CONTENT_TYPE", "")
    if given not in allowed:
        essence, *parameters = [part.strip().lower() for part in given.split(";")]
        if essence not in allowed:
            return problems.problem(415, "unsupported_media_type", f"Send one of: {', '.join(sorted(allowed))}.")
        charsets = [part.partition("=")[2].strip('" ') for part in parameters if part.startswith("charset")]
        if any(charset not in ("utf-8", "utf8") for charset in charsets):
            return problems.problem(415, "unsupported_media_type", "Send JSON in UTF-8.")
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() not in ("", "identity"):
        return problems.problem(415, "unsupported_media_type", "Send the body as it is, without a content coding.")
    return None


def refuse_size(request: HttpRequest) -> HttpResponse | None:
    """413 for a body above the limit, 411 for one that does not say its length."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdecimal():
        limit: int = settings.API_BODY_BYTES_MAX
        if int(length[:20]) > limit:
            return problems.problem(413, "body_too_large", f"A body has at most {limit} bytes.")
    elif "HTTP_TRANSFER_ENCODING" in request.META:
        return problems.problem(411, "length_required", "Send the body with its Content-Length.")
    return None
