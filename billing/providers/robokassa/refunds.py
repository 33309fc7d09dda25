"""Refunds at Robokassa: asked for by a token that password 3 signs, then looked at until they are finished.

Robokassa knows no idempotency keys and keeps no list. A request that may have arrived and got no answer is therefore
never repeated: it is UNKNOWN under the name `UNANSWERED`, until staff have looked into Robokassa's own cabinet. One
that could not even leave has no name, and may be asked for again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx

from billing.providers.base import (
    UNANSWERED,
    Outcome,
    ProviderError,
    ProviderUnavailableError,
    RefundFacts,
    RefundRequest,
)
from billing.providers.robokassa.orders import TIMEOUT
from billing.providers.robokassa.page import out_sum
from billing.providers.robokassa.shop import Shop

OUTCOMES = {"finished": Outcome.SUCCEEDED, "processing": Outcome.PENDING, "canceled": Outcome.FAILED}
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def token(shop: Shop, *, operation: str, amount: Decimal) -> str:
    """The JSON Web Token (HS256) that asks for a refund of `amount` roubles of an operation."""
    head = _base64(b'{"alg":"HS256","typ":"JWT"}')
    claims = _base64(f'{{"OpKey":{json.dumps(operation)},"RefundSum":{out_sum(amount)}}}'.encode())
    mac = hmac.new(shop.password3.encode(), f"{head}.{claims}".encode(), hashlib.sha256)
    return f"{head}.{claims}.{_base64(mac.digest())}"


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def create(shop: Shop, request: RefundRequest, *, operation: str) -> RefundFacts:
    """Ask for a refund, once. Raises ProviderError when Robokassa refuses it."""
    signed = token(shop, operation=operation, amount=request.amount)
    url = f"{shop.services_url}/RefundService/Refund/Create"
    try:
        answer = httpx.post(url, content=signed, headers={"Content-Type": "text/plain"}, timeout=TIMEOUT)
    except NEVER_SENT:
        return _facts(request, Outcome.UNKNOWN)
    except httpx.HTTPError:
        return _facts(request, Outcome.UNKNOWN, reference=UNANSWERED)
    said = _json(answer)
    if answer.status_code >= 500 or (answer.is_success and "success" not in said):
        return _facts(request, Outcome.UNKNOWN, reference=UNANSWERED)
    if not answer.is_success or said["success"] is not True:
        raise ProviderError(str(said.get("message") or f"Robokassa refused the refund ({answer.status_code})."))
    reference = str(said.get("requestId") or UNANSWERED)
    return _facts(request, Outcome.UNKNOWN if reference == UNANSWERED else Outcome.PENDING, reference=reference)


def look_up(shop: Shop, request: RefundRequest) -> RefundFacts:
    """How a refund stands that was asked for before. Raises ProviderUnavailableError."""
    if request.provider_reference in ("", UNANSWERED):
        return _facts(request, Outcome.UNKNOWN, reference=request.provider_reference)
    try:
        answer = httpx.get(
            f"{shop.services_url}/RefundService/Refund/GetState",
            params={"id": request.provider_reference},
            timeout=TIMEOUT,
        )
    except httpx.HTTPError as error:
        raise ProviderUnavailableError(f"Robokassa did not say how a refund stands: {error}") from error
    said = _json(answer)
    if answer.status_code >= 500 or answer.status_code == 429:
        raise ProviderUnavailableError(f"Robokassa did not say how a refund stands: {answer.status_code}")
    if "label" not in said:
        return _facts(request, Outcome.MISSING, reference=request.provider_reference)
    outcome = OUTCOMES.get(str(said["label"]).lower(), Outcome.UNKNOWN)
    message = str(said.get("message") or "Robokassa cancelled the refund.") if outcome is Outcome.FAILED else ""
    return _facts(
        request,
        outcome,
        reference=request.provider_reference,
        amount=_amount(said.get("amount")) or request.amount,
        message=message,
    )


def _facts(
    request: RefundRequest, outcome: Outcome, *, reference: str = "", amount: Decimal | None = None, message: str = ""
) -> RefundFacts:
    return RefundFacts(
        outcome=outcome,
        provider_reference=reference,
        refund_reference=request.reference,
        payment_reference=request.payment_reference,
        amount=request.amount if amount is None else amount,
        currency="RUB",
        failure_message=message,
    )


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = json.loads(answer.content, parse_float=Decimal)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _amount(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None
