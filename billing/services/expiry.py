"""What is about to expire: the card that is charged automatically, and promo credit. Told ahead, each step once.

A step that was missed is not told late: whoever is five days before the end hears of the week, not of the month. A
card's banner opens with each step and stands until the card is changed, or nothing is charged to it any more.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from billing.models import AutoTopUpStatus, Card, Grant, GrantKind, SubscriptionStatus
from billing.selectors.cards import default_card
from notifications.models import Event, Incident, Notice
from notifications.services.incidents import open_incident, resolve
from notifications.services.notices import Told, tell

CARD_STEPS = (7, 30)  # days before the last one
EXPIRED = 0
GRANT_STEPS = (1, 7)
TOLD_AFTER = timedelta(days=31)  # a card that expired longer ago is no news
BATCH = 500
INCIDENT, EXPIRES = "card", "card_expires"


def tell_due() -> int:
    """Tell of every card and promo credit that is about to expire; returns how many notices that made."""
    now = timezone.now()
    cards = list(_cards(now))
    count = _tell(cards) + _tell(_credit(now))
    _put_banners_away({(told.subject, told.facts["expires_on"]) for told in cards})
    return count


def put_banner_away(*, account_id: int, wallet_id: int) -> None:
    """A wallet's cards were changed, in the caller's transaction: no banner warns of what is not so any more."""
    card = default_card(wallet_id)
    said = (f"card:{card.pk}", last_day(card).isoformat()) if card else None
    for incident in _banners().filter(account_id=account_id):
        if (incident.subject, incident.details["expires_on"]) != said:
            resolve(account_id=account_id, kind=INCIDENT)


def last_day(card: Card) -> date:
    """The last day on which the card can be charged."""
    return date(card.exp_year, card.exp_month, calendar.monthrange(card.exp_year, card.exp_month)[1])


def card_step(days_left: int) -> int | None:
    """The narrowest step that a card with so many days left is within; None where its end is farther off than all."""
    if days_left < 0:
        return EXPIRED
    return next((step for step in CARD_STEPS if days_left <= step), None)


def _cards(now: datetime) -> Iterator[Told]:
    """Default cards that a rule or a subscription charges."""
    until, since = (now + timedelta(days=max(CARD_STEPS) + 1)).date(), (now - TOLD_AFTER).date()
    ends_soon = Q(exp_year__lt=until.year) | Q(exp_year=until.year, exp_month__lte=until.month)
    is_recent = Q(exp_year__gt=since.year) | Q(exp_year=since.year, exp_month__gte=since.month)
    is_charged = Q(wallet__auto_top_up__status__in=[AutoTopUpStatus.ON, AutoTopUpStatus.COOLING]) | Q(
        wallet__subscriptions__status=SubscriptionStatus.ACTIVE
    )
    cards = Card.objects.filter(ends_soon & is_recent & is_charged, is_default=True, removed_at__isnull=True)
    for card in cards.select_related("wallet__account").distinct().order_by("id").iterator(BATCH):
        account = card.wallet.account
        ends = last_day(card)
        left = (ends - now.astimezone(ZoneInfo(account.timezone)).date()).days
        step = card_step(left)
        if step is not None and left >= -TOLD_AFTER.days:
            key = f"card:{card.pk}:{ends:%Y-%m}:{step}"
            facts = {"card": str(card), "expires_on": ends.isoformat()}
            yield Told(account.pk, Event.CARD_EXPIRING, key, subject=f"card:{card.pk}", facts=facts, at=now)


def _credit(now: datetime) -> Iterator[Told]:
    """Promo credit. An allotment is renewed every month, and that it is not carried over is no news."""
    until = now + timedelta(days=max(GRANT_STEPS))
    grants = Grant.objects.filter(
        wallet__next_expiry_at__lte=until,
        kind=GrantKind.PROMO,
        is_spent=False,
        expires_at__gt=now,
        expires_at__lte=until,
    )
    for grant in grants.select_related("wallet").order_by("id").iterator(BATCH):
        assert grant.expires_at is not None
        hours_left = (grant.expires_at - now) / timedelta(hours=1)
        step = next(step for step in GRANT_STEPS if hours_left <= step * 24)
        facts = {
            "kind": grant.kind,
            "amount": f"{grant.remaining.amount:f}",
            "currency": str(grant.currency),
            "expires_at": grant.expires_at.astimezone(UTC).isoformat(),
        }
        key = f"grant:{grant.pk}:expires:{step}"
        account_id = grant.wallet.account_id
        yield Told(account_id, Event.GRANT_EXPIRING, key, subject=f"grant:{grant.pk}", facts=facts, at=now)


def _banners() -> QuerySet[Incident]:
    return Incident.objects.filter(kind=INCIDENT, resolved_at__isnull=True)


def _put_banners_away(expiring: set[tuple[str, str]]) -> None:
    """Those of cards that are not among the expiring ones: a rule was turned off, a subscription has ended."""
    for incident in _banners().iterator(BATCH):
        if (incident.subject, incident.details["expires_on"]) not in expiring:
            resolve(account_id=incident.account_id, kind=INCIDENT)


def _tell(found: Iterable[Told]) -> int:
    """Put into the outbox what was not told before; a card's step opens its banner anew."""
    count = 0
    for told in found:
        if not Notice.objects.filter(key=told.key).exists():  # only to be quick: the key decides
            with transaction.atomic():
                tell(told)
                if told.event == Event.CARD_EXPIRING:
                    open_incident(
                        account_id=told.account_id,
                        kind=INCIDENT,
                        reason=EXPIRES,
                        subject=told.subject,
                        details=told.facts,
                    )
            count += 1
    return count
