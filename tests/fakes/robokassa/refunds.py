"""`RefundService/Refund/…`: a token asks for money back, never for more than is left; `GetState` says how it stands."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.fakes.http import Response
from tests.fakes.robokassa.shop import Shop
from tests.fakes.robokassa.store import PAID, Order, Refund, Store


@dataclass
class Refunds:
    """The refunds of one shop. `held`: they stay in process until they are told otherwise."""

    store: Store
    shop: Shop
    clock: Callable[[], float]
    held: bool = False

    def create(self, body: bytes) -> Response:
        """`Refund/Create`: the body is the token."""
        try:
            claims = self._claims(body.decode().strip().strip('"'))
        except ValueError as error:
            return Response.json({"success": False, "message": str(error)}, 401)
        with self.store.lock:
            return self._refunded(claims)

    def _refunded(self, claims: dict[str, Any]) -> Response:
        order = next((each for each in self.store.orders() if each.operation == (claims["OpKey"] or None)), None)
        if order is None or order.is_test or order.state != PAID:
            return _no("There is no such operation that could be refunded.")
        left = order.amount - Decimal(order.refunded)
        amount = claims.get("RefundSum", left)
        if not isinstance(amount, Decimal) or amount <= 0:
            return _no("RefundSum is no sum.")
        if amount > left:
            return _no(f"RefundSum {amount} is more than what is left, {left}.")
        refund = Refund(str(uuid.uuid4()), order.number, str(amount))
        self._move(order, refund, "refund", -amount)
        return Response.json({"success": True, "message": None, "requestId": refund.id})

    def _claims(self, token: str) -> dict[str, Any]:
        parts = token.split(".")
        if len(parts) != 3:
            raise ValueError("The body is no token.")
        mac = hmac.new(self.shop.passwords[2].encode(), f"{parts[0]}.{parts[1]}".encode(), hashlib.sha256).digest()
        try:
            head, claims = (json.loads(_decoded(part), parse_float=Decimal, parse_int=Decimal) for part in parts[:2])
            signature = _decoded(parts[2])
        except (ValueError, binascii.Error):
            raise ValueError("The body is no token.") from None
        if head.get("alg") != "HS256" or not hmac.compare_digest(mac, signature):
            raise ValueError("The token's signature is wrong.")
        if not {"OpKey"} <= set(claims) <= {"OpKey", "RefundSum", "InvoiceItems"}:
            raise ValueError("The token asks for something else.")
        return dict(claims)

    def _move(self, order: Order, refund: Refund, kind: str, amount: Decimal) -> None:
        order.refunded = str(Decimal(order.refunded) - amount)
        with self.store.transaction():
            self.store.keep_order(order)
            self.store.keep_refund(refund)
            self.store.book(kind, order, amount, self.clock())

    def state(self, id: str) -> Response:
        """`Refund/GetState`."""
        refund = self.store.refund(id)
        if refund is None:
            return Response.json({"message": "There is no such refund."}, 404)
        if refund.label == "processing" and not self.held:
            refund = self.settled(id)
        told = json.dumps({"requestId": refund.id, "label": refund.label, "message": refund.message})
        whole = f'{told[:-1]}, "amount": {refund.amount}}}'  # a number as it is written, not one that a float rounds
        return Response(200, {"Content-Type": "application/json"}, whole.encode())

    def settled(self, id: str) -> Refund:
        """The money has reached the payer. Raises KeyError."""
        refund = self._in_process(id)
        refund.label = "finished"
        with self.store.transaction():
            self.store.keep_refund(refund)
        return refund

    def failed(self, id: str, message: str) -> Refund:
        """The payer's bank did not take it: the money is ours again. Raises KeyError."""
        refund = self._in_process(id)
        refund.label, refund.message = "canceled", message
        order = self.store.order(refund.number)
        assert order is not None
        self._move(order, refund, "refund_failure", Decimal(refund.amount))
        return refund

    def _in_process(self, id: str) -> Refund:
        refund = self.store.refund(id)
        if refund is None:
            raise KeyError(id)
        if refund.label != "processing":
            raise ValueError(f"This refund is {refund.label}.")
        return refund


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _no(words: str) -> Response:
    return Response.json({"success": False, "message": words})
