"""Jobs for tests: corrected prices, and re-ratings that are asked for, confirmed and worked on as a worker does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from organizations.models import Account
from tests.factories import make_user
from usage.models import Rate, RateCardVersion, Rerating, UsageEvent
from usage.services.rate_cards import draft_version, publish_version
from usage.services.rerating import asking, working
from usage.services.rerating.asking import Scope, of_chosen

REASON = "Wrong price in the contract"


def corrected(account: Account, component: str, price: str, *, hours_ago: int = 1) -> RateCardVersion:
    """A version of the product's card with another price of one component, published now, in force since some hours."""
    latest = RateCardVersion.objects.filter(
        card__product=account.product, card__account=None, status=RateCardVersion.Status.PUBLISHED
    ).order_by("-starts_at")[0]
    starts_at = max(timezone.now() - timedelta(hours=hours_ago), latest.starts_at + timedelta(microseconds=1))
    draft = draft_version(card=latest.card, based_on=latest, starts_at=starts_at, note="Corrected")
    assert Rate.objects.filter(version=draft, component=component).update(price=Decimal(price))
    return publish_version(version=draft)


def period_of(account: Account, **narrowed: object) -> Scope:
    """All charges of the account, whenever they were made."""
    today = datetime.now(UTC).date()
    days = {"first_day": today - timedelta(days=60), "last_day": today + timedelta(days=1)}
    return Scope(account.product_id, **{"account_id": account.pk, **days, **narrowed})  # type: ignore[arg-type]


def ask(scope: Scope, mode: Rerating.Mode = Rerating.Mode.REPRICE) -> Rerating:
    """A job whose preview is over."""
    rerating = asking.ask(mode=mode, scope=scope, reason=REASON, user_id=make_user(is_staff=True).pk)
    assert working.work(rerating_id=rerating.pk)
    rerating.refresh_from_db()
    assert rerating.state == Rerating.State.READY, rerating.error
    return rerating


def carry_out(rerating: Rerating) -> Rerating:
    """The job confirmed and done."""
    asking.confirm(rerating_id=rerating.pk, user_id=make_user(is_staff=True).pk)
    assert working.work(rerating_id=rerating.pk)
    rerating.refresh_from_db()
    assert rerating.state == Rerating.State.DONE, rerating.error
    return rerating


def rerate(scope: Scope, mode: Rerating.Mode = Rerating.Mode.REPRICE) -> Rerating:
    """The whole of it."""
    return carry_out(ask(scope, mode))


def chosen(events: Sequence[UsageEvent]) -> Scope:
    """These events."""
    return of_chosen([event.pk for event in events])
