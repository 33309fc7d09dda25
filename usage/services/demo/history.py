"""A demo account lives through its last month: every event is charged by the charge service, dated when it happened.

The books are kept in order of time, as they would have been, so every invariant of the ledger holds for them too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from billing.models import ProductTerms
from organizations.models import Account, Product, Service
from organizations.selectors.keys import KeyContext
from usage.rating.types import CardVersion
from usage.services.charge import charge_events
from usage.services.chat_hours import charge_due_hours
from usage.services.demo.clock import clock_at
from usage.services.demo.invoiced import settle_months
from usage.services.demo.paying import pay_in
from usage.services.demo.traffic import Prices, events_of
from usage.services.incoming import IncomingEvent
from usage.services.products.demo_table import DemoAccount

REPORTED_AFTER = timedelta(seconds=4)
TOP_UPS_DAYS_AGO = (19, 8)
HOURS_PER_BATCH = 3


def live_through(*, account: Account, demo: DemoAccount, card: CardVersion, now: datetime, days: int) -> int:
    """Charge `days` of made-up usage up to `now`; returns how many events were accepted.

    For an account that was just opened at `now - days`: whoever runs it twice would write the past after the present.
    """
    services = {service.slug: _key(service) for service in Service.objects.filter(product=account.product)}
    keys = {project.external_id: services[project.service] for project in demo.projects}
    top_ups = [now - timedelta(days=ago) for ago in TOP_UPS_DAYS_AGO if ago < days] if demo.top_up else []
    accepted = 0
    for moment, events in _batches(_month(demo, _prices(account.product, card), now, days), now):
        while top_ups and top_ups[0] <= moment:
            _top_up(account, demo, top_ups.pop(0))
        with clock_at(moment):
            for key, items in _by_service(events, keys):
                answers = charge_events(key=key, items=items)
                accepted += sum(answer["status"] == "accepted" for answer in answers)
            if any(project.chats_per_day for project in demo.projects):
                charge_due_hours()
            if demo.credit_limit:
                settle_months(account)
    return accepted


def _prices(product: Product, card: CardVersion) -> Prices:
    return Prices.of(card, ProductTerms.objects.get(product=product).cost_per_minute.amount)


def _month(demo: DemoAccount, prices: Prices, now: datetime, days: int) -> list[IncomingEvent]:
    """All events that are over by now, in order of their ends."""
    rng = Random(demo.external_id)
    today = now.astimezone(ZoneInfo(demo.timezone)).date()
    events = [
        event
        for ago in range(days - 1, -1, -1)
        for project in demo.projects
        for event in events_of(today - timedelta(days=ago), account=demo, project=project, prices=prices, rng=rng)
    ]
    first = now - timedelta(days=days)
    return sorted(
        (event for event in events if first < event.occurred_at < now - REPORTED_AFTER),
        key=lambda event: event.occurred_at,
    )


def _batches(events: list[IncomingEvent], now: datetime) -> Iterator[tuple[datetime, list[IncomingEvent]]]:
    """Events with the moment they are charged at: one by one for the last day, some hours at once before, for speed."""
    yesterday = now - timedelta(days=1)
    waiting: list[IncomingEvent] = []
    for event in events:
        if waiting and (event.occurred_at > yesterday or _block(event) != _block(waiting[-1])):
            yield waiting[-1].occurred_at + REPORTED_AFTER, waiting
            waiting = []
        waiting.append(event)
    if waiting:
        yield waiting[-1].occurred_at + REPORTED_AFTER, waiting


def _by_service(
    events: list[IncomingEvent], keys: dict[str, KeyContext]
) -> Iterator[tuple[KeyContext, list[IncomingEvent]]]:
    """The events as each project's service sends them."""
    groups: defaultdict[int, list[IncomingEvent]] = defaultdict(list)
    for event in events:
        groups[keys[str(event.project)].service_id].append(event)
    by_id = {key.service_id: key for key in keys.values()}
    for service_id, items in groups.items():
        yield by_id[service_id], items


def _block(event: IncomingEvent) -> tuple[date, int]:
    return event.occurred_at.date(), event.occurred_at.hour // HOURS_PER_BATCH


def _top_up(account: Account, demo: DemoAccount, moment: datetime) -> None:
    with clock_at(moment):
        pay_in(account=account, amount=demo.top_up)


def _key(service: Service) -> KeyContext:
    product = service.product
    return KeyContext(
        key_id="",
        service_id=service.pk,
        service_slug=service.slug,
        product_id=product.pk,
        product_slug=product.slug,
        currency=product.currency,
        scopes=frozenset(),
        rates_revision=product.rates_revision,
    )
