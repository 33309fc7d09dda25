"""The prices of one account: the version that holds now, those that will, and what its calculator begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from organizations.models import Product
from usage.models import RateCard
from usage.rating.types import CardVersion, PriceOnRequest
from usage.selectors.cards import ProductCards, load_cards


@dataclass(frozen=True, slots=True)
class AccountPrices:
    """What an account is charged by. `current` is None where no card holds yet; `coming` is in order of its start."""

    current: CardVersion | None
    is_own: bool
    """Whether `current` is the account's own card and not its product's."""
    coming: tuple[CardVersion, ...]


def account_prices(*, product: Product, account_id: int, now: datetime) -> AccountPrices:
    """The account's versions, by the rule that prices its calls (`ProductCards.version_for`)."""
    cards = load_cards(product.pk, product.rates_revision)
    own = cards.by_account.get(account_id, ())
    current = _holding(cards, account_id, now)
    starts = {version.starts_at for version in (*own, *cards.default) if version.starts_at is not None}
    coming: list[CardVersion] = []
    for start in sorted(start for start in starts if start > now):
        version = cards.version_for(account_id, start)
        if version is not (coming[-1] if coming else current):
            coming.append(version)
    return AccountPrices(current, any(version is current for version in own), tuple(coming))


def _holding(cards: ProductCards, account_id: int, now: datetime) -> CardVersion | None:
    try:
        return cards.version_for(account_id, now)
    except PriceOnRequest:
        return None


def examples_of(*, product_id: int, account_id: int) -> dict[str, dict[str, Any]]:
    """An event's data by event type: the account's own card's examples before its product's."""
    mine = Q(account=None) | Q(account=account_id)
    cards = RateCard.objects.filter(mine, product=product_id).order_by(F("account").asc(nulls_first=True))
    found: dict[str, dict[str, Any]] = {}
    for examples in cards.values_list("examples", flat=True):
        found |= examples
    return found
