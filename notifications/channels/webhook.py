"""Webhooks: one POST, signed by the Standard Webhooks scheme, to an endpoint of a service.

An answer of 2xx means that it was taken, 410 that the endpoint is gone; anything else, a redirect included, is tried
again. A message whose answer was lost may have arrived and then comes twice, with one `webhook-id`. Messages may arrive
in another order than they were written in.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

import httpcore
import httpx
from django.utils import timezone

from notifications.channels.addresses import CheckedBackend, RefusedAddressError, parse
from notifications.channels.base import Later, Never, NotYet
from notifications.channels.signing import sign
from notifications.models import Delivery, WebhookEndpoint
from notifications.services import endpoint_health

SECONDS_MAX = 15.0  # of one attempt, from connecting to the end of the answer
BODY_BYTES_MAX = 64 * 1024
ANSWER_BYTES_MAX = 8 * 1024  # enough for what is kept of it
RETRY_AFTER_DIGITS = 7
GONE = 410


@dataclass(frozen=True, slots=True)
class Answer:
    """What the endpoint said."""

    status: int
    text: str
    retry_after: timedelta | None

    def __str__(self) -> str:
        return f"{self.status} {self.text}".strip()


def send(delivery: Delivery) -> str:
    """Post the message to its endpoint. Raises Later, NotYet and Never."""
    endpoint = delivery.endpoint
    assert endpoint is not None
    if not (endpoint.is_active and endpoint.service.is_active):
        raise Never("The endpoint is switched off.")
    if wait := endpoint_health.wait_of(endpoint):
        raise NotYet("The endpoint gave no answer lately.", after=wait)
    body = delivery.body.encode()
    if len(body) > BODY_BYTES_MAX:
        raise Never("The message is larger than 64 KiB.")
    try:
        answer = _post(endpoint.url, _headers(endpoint, delivery, body), body)
    except RefusedAddressError as refusal:
        endpoint_health.failed(endpoint, str(refusal))
        raise Later(str(refusal)) from refusal
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        why = _without_answer(error)
        endpoint_health.failed(endpoint, why, is_silent=True)
        raise Later(why) from error
    return _outcome(endpoint, answer)


def _outcome(endpoint: WebhookEndpoint, answer: Answer) -> str:
    if 200 <= answer.status < 300:
        endpoint_health.took(endpoint)
        return str(answer)
    if answer.status == GONE:
        endpoint_health.switch_off_failed(endpoint, f"It answered that it is gone: {answer}")
        raise Never(str(answer))
    endpoint_health.failed(endpoint, str(answer))
    raise Later(str(answer), after=answer.retry_after)


def _headers(endpoint: WebhookEndpoint, delivery: Delivery, body: bytes) -> list[tuple[str, str]]:
    """The id is the message's at every attempt, the timestamp the attempt's."""
    now = timezone.now()
    secrets = [endpoint.secret]
    if endpoint.previous_until and now < endpoint.previous_until:
        secrets.append(endpoint.previous_secret)
    message_id, timestamp = f"msg_{delivery.uid.hex}", int(now.timestamp())
    return [
        ("Content-Type", "application/json"),
        ("User-Agent", "billing-webhooks/1"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        ("webhook-id", message_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", sign(secrets, message_id, timestamp, body)),
    ]


def _post(url: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
    """One request to a checked address, over within `SECONDS_MAX`. No redirect is followed, no proxy is asked."""
    parts = parse(url)
    target = httpcore.URL(scheme=parts.raw_scheme, host=parts.raw_host, port=parts.port, target=parts.raw_path)
    backend = CheckedBackend(SECONDS_MAX)
    with (
        httpcore.ConnectionPool(ssl_context=trusted(), network_backend=backend) as pool,
        pool.stream("POST", target, headers=headers, content=body) as response,
    ):
        return Answer(response.status, _beginning(response), _retry_after(response.headers))


def _beginning(response: httpcore.Response) -> str:
    """The first of what the answer says; its status counts, even where the rest is cut off or never ends."""
    said = bytearray()
    try:
        for chunk in response.iter_stream():
            said += chunk
            if len(said) >= ANSWER_BYTES_MAX:
                break
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        pass
    return said[:ANSWER_BYTES_MAX].decode(errors="replace")


def _retry_after(headers: list[tuple[bytes, bytes]]) -> timedelta | None:
    """When it asks to be tried again, in seconds or as a date (RFC 9110, 10.2.3)."""
    text = next((value for name, value in headers if name.lower() == b"retry-after"), b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:RETRY_AFTER_DIGITS]))
    try:
        return parsedate_to_datetime(text) - timezone.now()
    except (TypeError, ValueError):  # no date, or one without a timezone
        return None


def _without_answer(error: Exception) -> str:
    if isinstance(error, httpcore.TimeoutException):
        return f"No answer within {SECONDS_MAX:g} seconds."
    return f"No answer: {error or type(error).__name__}"


@lru_cache(maxsize=1)
def trusted() -> ssl.SSLContext:
    """Whose certificates are believed."""
    return httpx.create_ssl_context()
