"""Events and keys for tests that call the services without HTTP."""

from __future__ import annotations

import itertools
import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from organizations.models import Account, Service
from organizations.selectors.keys import KeyContext
from usage.services.charge import charge_events
from usage.services.incoming import AuthorizeRequest, IncomingEvent, Rejection

_numbers = itertools.count(1)


def key_of(service: str) -> KeyContext:
    """The context of a key of this service, as authentication finds it."""
    row = Service.objects.select_related("product").get(slug=service)
    return KeyContext(
        key_id="test",
        service_id=row.pk,
        service_slug=row.slug,
        product_id=row.product_id,
        product_slug=row.product.slug,
        currency=row.product.currency,
        scopes=frozenset(),
        rates_revision=row.product.rates_revision,
    )


def event(
    account: Account,
    *,
    event_id: str | None = None,
    event_type: str = "call.completed",
    project: str | None = None,
    occurred_at: datetime | None = None,
    **data: Any,
) -> IncomingEvent:
    """An event as the API hands it on: numbers of `data` become exact decimals."""
    moment = occurred_at or timezone.now()
    if event_type == "call.completed":
        data = {"status": "completed", "channel": "phone", "direction": "inbound", "duration_seconds": 60, **data}
    facts: dict[str, Any] = {
        name: Decimal(str(value)) if isinstance(value, (int, str)) and _is_number(value) else value
        for name, value in data.items()
    }
    if "provider_costs" in facts:
        facts["provider_costs"] = {name: Decimal(cost) for name, cost in facts["provider_costs"].items()}
    identifier = event_id or f"evt-{next(_numbers)}"
    body = json.dumps({"id": identifier, "subject": account.external_id, "data": data}, default=str)
    return IncomingEvent("pbx", identifier, event_type, moment, account.external_id, project, facts, body.encode())


def charge(service: str, *events: IncomingEvent | Rejection) -> list[dict[str, Any]]:
    """Charge events through the service function."""
    return charge_events(key=key_of(service), items=list(events))


def question(account: Account, call_id: str, **fields: Any) -> AuthorizeRequest:
    """An authorisation as the API hands it on."""
    body = {"account": account.external_id, "call_id": call_id, **fields}
    return AuthorizeRequest(
        account=account.external_id,
        project=fields.get("project"),
        call_id=call_id,
        channel=fields.get("channel", "phone"),
        direction="inbound",
        model=fields.get("model", ""),
        tier=fields.get("tier", ""),
        max_duration_seconds=fields.get("max_duration_seconds"),
        body=body,
    )


def _is_number(value: int | str) -> bool:
    return not isinstance(value, bool) and str(value).replace(".", "", 1).isdigit()
