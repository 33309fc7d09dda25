"""How fast one key may ask: a token bucket per key and process, used by both lanes of the API.

A bucket holds one second's worth of requests (`API_REQUESTS_PER_SECOND`), so short bursts pass. It lives in the
process's memory: with several processes a key may do that much in each. Nothing is locked: what two threads could
lose to each other is a fraction of one token.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from organizations.selectors.keys import KeyContext

if TYPE_CHECKING:  # DRF's views import this module
    from rest_framework.views import APIView

_buckets: dict[str, tuple[float, float]] = {}


def seconds_to_wait(key_id: str) -> float:
    """Take a token of the key's bucket: 0 where there was one, else the seconds until there will be."""
    rate: int = settings.API_REQUESTS_PER_SECOND
    now = monotonic()
    tokens, since = _buckets.get(key_id, (float(rate), now))
    tokens = min(float(rate), tokens + (now - since) * rate)
    if tokens < 1:
        _buckets[key_id] = (tokens, now)
        return (1 - tokens) / rate
    _buckets[key_id] = (tokens - 1, now)
    return 0.0


class ServiceThrottle(BaseThrottle):
    """The same bucket for DRF's views; pages without a key (schema, docs) are not counted."""

    waiting = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether the request may pass now."""
        if isinstance(request.auth, KeyContext):
            self.waiting = seconds_to_wait(request.auth.key_id)
        return self.waiting == 0.0

    def wait(self) -> float:
        """Seconds after which it would have passed."""
        return self.waiting
