"""The sweep that charges chat hours: each hour of each project once, however often or late it runs.

First an hour is closed under the wallet's lock, so that its sums are final; then it is charged as a usage event of
its own, whose key names project and hour. A crash between the two is made good by the next run.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.db import transaction
from django.utils import timezone

from billing.services.locking import lock_wallets
from organizations.database import run
from organizations.models import Product
from organizations.selectors.keys import KeyContext
from usage.models import ChatHour
from usage.models.event import EventType
from usage.rating.engine import rate
from usage.rating.types import CardVersion, PriceOnRequest, Rated
from usage.selectors.cards import load_cards
from usage.services.charge import charge_priced
from usage.services.context import AccountRef, ProjectRef
from usage.services.incoming import IncomingEvent
from usage.services.pricing import PricedEvent

SOURCE = "chat-hours"  # no service may use it for its own events
HOUR = timedelta(hours=1)
GRACE = timedelta(minutes=1)
BATCH = 500


def charge_due_hours() -> int:
    """Close and charge every hour that is over; returns how many were charged."""
    _close_due()
    charged = 0
    last_id = 0
    waiting = ChatHour.objects.filter(closed_at__isnull=False, charged_at__isnull=True)
    related = waiting.select_related("service__product", "account__wallet", "project").order_by("id")
    while batch := list(related.filter(pk__gt=last_id)[:BATCH]):  # past hours without a price, however many wait
        charged += sum([_charge(hour) for hour in batch])
        last_id = batch[-1].pk
    return charged


def _close_due() -> None:
    due = ChatHour.objects.filter(closed_at__isnull=True, hour__lte=timezone.now() - HOUR - GRACE)
    for hour_id, wallet_id in due.order_by("id").values_list("id", "account__wallet__id")[:BATCH]:
        with transaction.atomic():
            run(lock_wallets([wallet_id]))
            ChatHour.objects.filter(pk=hour_id, closed_at__isnull=True).update(closed_at=timezone.now())


def _charge(hour: ChatHour) -> bool:
    product = hour.service.product
    try:
        priced = _priced(hour, product)
    except PriceOnRequest:
        return False  # stays waiting, and shows in the admin, until the card prices chat again
    charge_priced(key=_context(hour, product), events=[priced])
    ChatHour.objects.filter(pk=hour.pk).update(charged_at=timezone.now())
    return True


def _priced(hour: ChatHour, product: Product) -> PricedEvent:
    started_at = hour.hour.astimezone(UTC)
    data = {
        "llm_input_tokens": hour.llm_input_tokens,
        "llm_output_tokens": hour.llm_output_tokens,
        "messages": hour.messages,
        "channel": "chat",
    }
    event = IncomingEvent(
        source=SOURCE,
        event_id=f"{hour.project_id}:{started_at:%Y-%m-%dT%H:%MZ}{':simulated' if hour.is_simulated else ''}",
        event_type=EventType.CHAT_HOUR.value,
        occurred_at=started_at,
        subject=hour.account.external_id,
        project=hour.project.external_id,
        data=data,
        body=msgspec.json.encode({**data, "hour": started_at}),
    )
    version, rated = _rated(hour, product, data)
    return PricedEvent(
        event,
        AccountRef(hour.account_id, hour.account.wallet.pk, ZoneInfo(hour.account.timezone)),
        ProjectRef(hour.project_id, hour.is_simulated),
        version,
        rated,
        max(started_at, version.starts_at or started_at),
    )


def _rated(hour: ChatHour, product: Product, data: dict[str, Any]) -> tuple[CardVersion, Rated]:
    """The hour's price at its beginning, or, where chat has had one only since within the hour, at its end.

    Raises PriceOnRequest.
    """
    cards = load_cards(product.pk, product.rates_revision)
    try:
        version = cards.version_for(hour.account_id, hour.hour)
        return version, rate(version, EventType.CHAT_HOUR.value, data)
    except PriceOnRequest:
        version = cards.version_for(hour.account_id, hour.hour + HOUR - timedelta(microseconds=1))
        return version, rate(version, EventType.CHAT_HOUR.value, data)


def _context(hour: ChatHour, product: Product) -> KeyContext:
    return KeyContext(
        key_id="",
        service_id=hour.service_id,
        service_slug=hour.service.slug,
        product_id=product.pk,
        product_slug=product.slug,
        currency=product.currency,
        scopes=frozenset(),
        rates_revision=product.rates_revision,
    )
