"""`/v1/…`: who asks, what is asked, whether it was asked before, and the answer in Stripe's form."""

from __future__ import annotations

import base64
import json
import re

from tests.fakes.http import Request, Response
from tests.fakes.stripe import errors
from tests.fakes.stripe.expansion import expanded
from tests.fakes.stripe.faults import Fault, Faults
from tests.fakes.stripe.idempotency import KEY_LENGTH_MAX, Kept, Keys
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import new_id
from tests.fakes.stripe.world import API_VERSION, Call, World

SECRET_KEY = re.compile(r"(sk|rk)_(test|live)_[A-Za-z0-9]{10,}")


class Api:
    """The calls. With `api_keys` empty, every key of the right form is let in."""

    def __init__(self, world: World, routes: list[Route], faults: Faults, api_keys: frozenset[str]) -> None:
        self._world = world
        self._routes = routes
        self._faults = faults
        self._api_keys = api_keys
        self._keys = Keys(world)

    def handle(self, request: Request) -> Response | None:
        """Answer one request, with whatever failure was ordered for it."""
        fault = self._faults.take(request)
        mode = fault.mode if fault else ""
        if mode == "lost":
            return None
        request_id = new_id("req", 14)
        try:
            if mode == "429":
                raise errors.too_many()
            answer = self._answer(request, request_id, fault)
        except errors.StripeError as error:
            answer = Response.json(error.body, error.status)
        self._world.after_commit()
        return self._sent(answer, request, request_id, fault)

    def _sent(self, answer: Response, request: Request, request_id: str, fault: Fault | None) -> Response | None:
        if fault and fault.mode == "cut":
            return None
        if fault and fault.mode == "hang":
            fault.wait()
        key = request.headers.get("idempotency-key")
        headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
        if key:
            headers["Idempotency-Key"] = key
        return Response(answer.status, {**headers, **answer.headers}, answer.body)

    def _answer(self, request: Request, request_id: str, fault: Fault | None) -> Response:
        livemode = self._livemode(request)
        version = request.headers.get("stripe-version", API_VERSION)
        if version != API_VERSION:
            raise errors.invalid(f"Invalid Stripe API version: {version}")
        route, ids = self._route(request)
        params = route.accepted.check(request.form())
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        call = Call(self._world, params, livemode, request_id, key)
        if not key:
            return self._work(call, route, ids, request, fault)
        if len(key) > KEY_LENGTH_MAX:
            raise errors.invalid(f"Idempotency key is too long: at most {KEY_LENGTH_MAX} characters.")
        kept = self._keys.claim(livemode, key, request)
        if kept:
            replayed = {"Idempotent-Replayed": "true", "Original-Request": kept.request}
            return Response(kept.status, {**_headers(kept.status), **replayed}, kept.body.encode())
        try:
            return self._work(call, route, ids, request, fault)
        finally:
            self._keys.release(livemode, key)

    def _work(self, call: Call, route: Route, ids: tuple[str, ...], request: Request, fault: Fault | None) -> Response:
        mode = fault.mode if fault else ""
        if fault and mode == "stall":
            fault.wait()
        with self._world.store.transaction():
            status = 200
            try:
                if mode == "500":
                    raise errors.broken()
                body = expanded(call, route.work(call, *ids), call.params.get("expand", []))
                if mode == "500-after":
                    raise errors.broken()
            except errors.StripeError as error:
                status, body = error.status, error.body
            kept = Kept(status, json.dumps(body, indent=2), call.request_id or "")
            if call.idempotency_key:
                self._keys.keep(call.livemode, call.idempotency_key, request, kept)
        return Response(status, _headers(status), kept.body.encode())

    def _route(self, request: Request) -> tuple[Route, tuple[str, ...]]:
        for route in self._routes:
            ids = route.match(request.method, request.path)
            if ids is not None:
                return route, ids
        raise errors.unrecognised_url(request.method, request.path)

    def _livemode(self, request: Request) -> bool:
        key = _key(request.headers.get("authorization", ""))
        if not key:
            raise errors.unauthorised(
                "You did not provide an API key. You need to provide your API key in the Authorization header, "
                "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
            )
        if not SECRET_KEY.fullmatch(key) or (self._api_keys and key not in self._api_keys):
            raise errors.unauthorised(f"Invalid API Key provided: {key[:8]}{'*' * 8}{key[-4:]}")
        return "_live_" in key


def _headers(status: int) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    if status >= 500:
        headers["Stripe-Should-Retry"] = "false"  # the same key would only bring the same answer
    return headers


def _key(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[0]
        except ValueError:
            return ""
    return ""
