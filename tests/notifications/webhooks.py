"""Endpoints, messages and receivers for the tests of webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from django.utils import timezone

from notifications.models import Channel, Delivery, WebhookEndpoint
from notifications.services.deliveries import queue
from notifications.services.endpoints import add
from organizations.models import Service
from tests.fakes.http import Request


def endpoint(url: str, service: str = "aipbx", **fields: Any) -> WebhookEndpoint:
    """One that is listened at, with a secret of its own."""
    made = WebhookEndpoint(service=Service.objects.get(slug=service), url=url, **fields)
    add(endpoint=made)
    return made


def message(to: WebhookEndpoint, key: str = "one", body: str = '{"type":"wallet.low"}') -> Delivery:
    """One that waits to be sent."""
    queue(
        [
            Delivery(
                key=key,
                channel=Channel.WEBHOOK,
                endpoint=to,
                recipient=to.url,
                subject="wallet.low",
                body=body,
                next_attempt_at=timezone.now(),
            )
        ]
    )
    return Delivery.objects.get(key=key)


def due_again() -> None:
    """Whatever waits is due now."""
    Delivery.objects.filter(status="pending").update(next_attempt_at=timezone.now())


def signatures(request: Request, *secrets: str) -> list[str]:
    """What stands in `webhook-signature`, as somebody who knows the secrets works it out by the published scheme."""
    text = b".".join(
        (request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode(), request.body)
    )
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    return ["v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode() for key in keys]


def said(request: Request) -> Any:
    """The message's body."""
    return json.loads(request.body)
