"""The endpoints that calls wait for: authorise, extend, release, events, void (API.md, 'Calls' and 'Usage events').

Plain views with msgspec, reached through `usage.api.lane` past everything a machine client has no use for. They hold
no rules: a request is read, a service asked, its answer written. Every write is durable before its answer leaves.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from organizations.history.attribution import acting
from organizations.models import RecordedChange, Scope
from organizations.selectors.keys import KeyContext
from usage.api import idempotency, problems, requests
from usage.api.auth import key_of
from usage.api.intake import EVENTS_MAX, TooManyEvents, read_events
from usage.api.media import EVENT_TYPES, JSON_TYPES, refuse_media
from usage.api.parsing import MalformedJSON, UnfitJSON
from usage.api.throttle import seconds_to_wait
from usage.services import authorize as calls
from usage.services.answers import EventResult
from usage.services.charge import charge_events
from usage.services.void import void_event

Answer = Callable[[KeyContext, bytes, HttpRequest], HttpResponse]
Work = Callable[[KeyContext, bytes], idempotency.Answer]
View = Callable[[HttpRequest], HttpResponse]

_encode = msgspec.json.Encoder().encode


def endpoint(*, scope: Scope, media_types: frozenset[str] = JSON_TYPES) -> Callable[[Answer], View]:
    """Make a view of a function from key and body to answer; refuses what has no key, scope or JSON body first."""
    wanted = scope.value

    def decorate(answer: Answer) -> View:
        @csrf_exempt
        @wraps(answer)
        def view(request: HttpRequest) -> HttpResponse:
            if request.method != "POST":
                return problems.method_not_allowed("POST")
            try:
                key = key_of(request)
                if key is None:
                    return problems.invalid_key()
                wait_seconds = seconds_to_wait(key.key_id)
                if wait_seconds:
                    return problems.rate_limited(wait_seconds)
                if wanted not in key.scopes:
                    return problems.insufficient_scope(wanted)
                return refuse_media(request, media_types) or answer(key, request.body, request)
            except Exception as error:
                return _refusal(error)

        return view

    return decorate


def _refusal(error: Exception) -> HttpResponse:
    if isinstance(error, UnfitJSON):
        return problems.problem(400, "malformed_json", str(error.detail), errors=error.errors)
    if isinstance(error, MalformedJSON):
        return problems.problem(400, "malformed_json", str(error))
    if isinstance(error, TooManyEvents):
        return problems.problem(413, "too_many_events", f"Send at most {EVENTS_MAX} events at once.")
    return problems.of_error(error) or problems.internal_error(error)


def keyed(work: Work) -> Answer:
    """Make an answer of a function that gives status and document: the first again where an Idempotency-Key says so."""

    @wraps(work)
    def answer(key: KeyContext, body: bytes, request: HttpRequest) -> HttpResponse:
        status, document = idempotency.once(request, key, body, lambda: work(key, body))
        if status != HTTPStatus.NO_CONTENT:
            return _json(document, status)
        response = HttpResponse(status=status)
        del response["Content-Type"]  # of nothing
        return response

    return answer


def _json(document: object, status: int = HTTPStatus.OK) -> HttpResponse:
    return HttpResponse(_encode(document), status=status, content_type="application/json")


@endpoint(scope=Scope.USAGE, media_types=EVENT_TYPES)
def events(key: KeyContext, body: bytes, _request: HttpRequest) -> HttpResponse:
    """Charge one event (201, or 200 for one known already) or an array of them (200)."""
    intake = read_events(body, now=timezone.now())
    results = charge_events(key=key, items=intake.items) if intake.items else []
    if intake.is_array:
        return _json({"results": results})
    if results[0]["status"] == "rejected":
        return _rejected(results[0])
    is_new = results[0]["status"] == "accepted"
    return _json({"results": results}, HTTPStatus.CREATED if is_new else HTTPStatus.OK)


def _rejected(result: EventResult) -> HttpResponse:
    """A single event that was refused: 422, or 409 where its key came with another body before."""
    error = result["error"]
    status = 409 if error["code"] == "idempotency_conflict" else 422
    return problems.problem(status, error["code"], error["detail"], errors=error.get("errors"))


@endpoint(scope=Scope.USAGE)
@keyed
def void(key: KeyContext, body: bytes) -> idempotency.Answer:
    """Reverse what an event was charged; again: the same answer, nothing twice."""
    found = requests.read(body, requests.VOID, "source", "id", "reason")
    with acting(source=RecordedChange.Source.API, doing=f"{key.service_slug}: void", reason=found["reason"]):
        document = void_event(key=key, source=found["source"], event_id=found["id"], reason=found["reason"])
    return HTTPStatus.OK, document


@endpoint(scope=Scope.AUTHORIZE)
def authorize(key: KeyContext, body: bytes, _request: HttpRequest) -> HttpResponse:
    """May this call start? 200 always, when the question was well put."""
    return _json(calls.authorize(key=key, request=requests.authorize_request(body)))


@endpoint(scope=Scope.AUTHORIZE)
@keyed
def extend(key: KeyContext, body: bytes) -> idempotency.Answer:
    """May this call go on?"""
    found = requests.read(body, requests.EXTEND, "call_id", "elapsed_seconds")
    elapsed_seconds = math.ceil(found["elapsed_seconds"])
    return HTTPStatus.OK, calls.extend(key=key, call_id=found["call_id"], elapsed_seconds=elapsed_seconds)


@endpoint(scope=Scope.AUTHORIZE)
@keyed
def release(key: KeyContext, body: bytes) -> idempotency.Answer:
    """The call never connected: 204, however often."""
    found = requests.read(body, requests.RELEASE, "call_id")
    calls.release(key=key, call_id=found["call_id"])
    return HTTPStatus.NO_CONTENT, {}
