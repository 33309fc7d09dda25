"""Every error of the API is a problem document (RFC 9457) with a stable `code`; none shows the server's inside."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelValidationError
from django.db.utils import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from rest_framework import exceptions

from usage.api.requests import InvalidRequest
from usage.services.errors import ServiceError

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
Errors = Mapping[str, Sequence[str]]

# Codes of what Django and its handlers refuse before a view is asked.
CODES = {
    400: "bad_request",
    401: "invalid_key",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    411: "length_required",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "rate_limited",
    500: "internal_error",
    503: "unavailable",
}
UNAVAILABLE = "The service cannot answer right now. Nothing was changed; send the request again."
OUT_OF_RANGE = "An amount that this request leads to is larger than the books can hold. Nothing was changed."


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Errors | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """An answer that says what went wrong; `errors` has messages by field (`data.duration_seconds`)."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": str(detail),
        "code": code,
    }
    if errors:
        document["errors"] = errors
    return HttpResponse(msgspec.json.encode(document), status=status, content_type=CONTENT_TYPE, headers=headers)


def of_status(status: int) -> HttpResponse:
    """The problem of a status that some layer below the API answered with a page of its own."""
    known = status in CODES
    return problem(status, CODES[status] if known else "error", f"{HTTPStatus(status).phrase}.")


def invalid_key() -> HttpResponse:
    """401: no key, or one that is unknown, revoked, expired or switched off."""
    detail = "Send a valid key: Authorization: Bearer <key>."
    return problem(401, "invalid_key", detail, headers={"WWW-Authenticate": "Bearer"})


def insufficient_scope(scope: str) -> HttpResponse:
    """403: the key is valid, but was not given this scope."""
    return problem(403, "insufficient_scope", f"The key lacks the scope `{scope}`.")


def method_not_allowed(*allowed: str) -> HttpResponse:
    """405: says which methods there are."""
    headers = {"Allow": ", ".join(allowed)}
    return problem(405, "method_not_allowed", f"Use {' or '.join(allowed)} here.", headers=headers)


def rate_limited(wait_seconds: float) -> HttpResponse:
    """429: too many requests of one key; says after how many whole seconds to come again."""
    headers = {"Retry-After": str(max(1, math.ceil(wait_seconds)))}
    return problem(429, "rate_limited", "Too many requests with this key.", headers=headers)


def of_error(error: Exception) -> HttpResponse | None:
    """The problem of an error that services, checks or the database raise; None for one that nobody foresaw."""
    if isinstance(error, ServiceError):
        return problem(error.status, error.code, error.detail, errors=error.errors)
    if isinstance(error, InvalidRequest):
        return invalid_request(error.errors)
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning("The database could not serve a request: %s", error)
        return problem(503, "unavailable", UNAVAILABLE, headers={"Retry-After": "1"})
    if isinstance(error, DataError):
        logger.warning("The database refused a value: %s", error)
        return problem(422, "out_of_range", OUT_OF_RANGE)
    if isinstance(error, ModelValidationError):
        errors = error.message_dict if hasattr(error, "error_dict") else {"request": error.messages}
        return invalid_request(errors)
    return None


def internal_error(error: Exception) -> HttpResponse:
    """500: the error is written to the log, with its trace, and not shown."""
    logger.error("A request failed", exc_info=error)
    return problem(500, "internal_error", "Something went wrong on this side. Nothing half-written is left behind.")


def invalid_request(errors: Errors) -> HttpResponse:
    """422: well-formed JSON, but fields are missing or hold what they may not."""
    return problem(422, "invalid_request", describe(errors), errors=errors)


def describe(errors: Errors) -> str:
    """The messages of all fields in one line."""
    return " ".join(f"{field}: {' '.join(words)}" for field, words in errors.items())


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """What DRF calls for every exception of its views."""
    known = of_error(error)
    if known is not None:
        return known
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return invalid_key()
    if isinstance(error, exceptions.Throttled):
        return rate_limited(getattr(error, "wait", None) or 1)
    if isinstance(error, exceptions.ValidationError):
        return invalid_request(_flatten(error.detail))
    if isinstance(error, Http404):
        return problem(404, "not_found", "There is nothing here.")
    if isinstance(error, PermissionDenied):
        return problem(403, "forbidden", "This key may not do that.")
    if isinstance(error, exceptions.APIException):
        return _of_api_exception(error)
    return internal_error(error)


def _of_api_exception(error: exceptions.APIException) -> HttpResponse:
    code = str(getattr(error.detail, "code", "")) or error.default_code
    code = {"parse_error": "malformed_json", "permission_denied": "forbidden"}.get(code, code)
    response = problem(error.status_code, code, str(error.detail), errors=getattr(error, "errors", None))
    return response


def _flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """DRF's nested messages as one list per field: `projects[1].mode`."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            own = name == "non_field_errors"
            below = f"{path}[{name}]" if isinstance(name, int) else f"{path}.{name}" if path else str(name)
            found.update(_flatten(inner, path if own else below))
        return found
    if isinstance(detail, list):
        if all(isinstance(item, str) for item in detail):
            return {path or "request": [str(item) for item in detail]} if detail else {}
        found = {}
        for index, inner in enumerate(detail):
            found.update(_flatten(inner, f"{path}[{index}]"))
        return found
    return {path or "request": [str(detail)]}
