"""`Idempotency-Key`: the same key with the same body gets the first answer again (API.md, 'Conventions').

The key's row is inserted first, in the transaction of the work itself: of two requests at once the second waits for
the first to commit, and then finds its answer. A request that failed leaves no key behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from django.db import transaction
from django.http import HttpRequest

from organizations.database import run
from organizations.selectors.keys import KeyContext
from usage.api.requests import InvalidRequest
from usage.services.errors import ServiceError

HEADER = "Idempotency-Key"
KEY_LENGTH_MAX = 255
CLAIM = """
INSERT INTO usage_idempotentrequest (service_id, key, fingerprint, status, answer, created_at)
VALUES (%s, %s, %s, 0, 'null', now()) ON CONFLICT (service_id, key) DO NOTHING RETURNING id
"""
FIRST = "SELECT fingerprint, status, answer FROM usage_idempotentrequest WHERE service_id = %s AND key = %s"
KEEP = "UPDATE usage_idempotentrequest SET status = %s, answer = %s::jsonb WHERE id = %s"

Answer = tuple[int, dict[str, Any]]


def once(request: HttpRequest, key: KeyContext, body: bytes, work: Callable[[], Answer]) -> Answer:
    """The status and document that `work` answers, or answered to this header's value before.

    Raises InvalidRequest for an unfit value and ServiceError idempotency_conflict (409) for another body.
    """
    given = request.headers.get(HEADER)
    if given is None:
        return work()
    if not given.strip() or len(given) > KEY_LENGTH_MAX or not given.isascii() or not given.isprintable():
        words = f"Must be 1 to {KEY_LENGTH_MAX} printable ASCII characters."
        raise InvalidRequest({HEADER: [words]})
    request_line = f"{request.method} {request.path_info}\n".encode()
    fingerprint = hashlib.sha256(request_line + body).hexdigest()
    with transaction.atomic():
        (claimed,) = run((CLAIM, [key.service_id, given, fingerprint]))
        if not claimed:
            return _first_answer(key, given, fingerprint)
        status, document = work()
        run((KEEP, [status, msgspec.json.encode(document).decode(), claimed[0][0]]))
    return status, document


def _first_answer(key: KeyContext, given: str, fingerprint: str) -> Answer:
    (rows,) = run((FIRST, [key.service_id, given]))
    first, status, answer = rows[0]
    if first != fingerprint:
        detail = f"This {HEADER} was sent before with another request."
        raise ServiceError("idempotency_conflict", detail, status=409)
    return status, msgspec.json.decode(answer)
