"""Versions of rate cards for tests of the prices page: copies of what holds, edited and published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from organizations.models import Account, Product
from usage.models import RateCard, RateCardVersion
from usage.services.rate_cards import draft_version, publish_version


def publish(
    product: Product,
    starts_at: datetime,
    edit: Callable[[RateCardVersion], object] = lambda draft: None,
    *,
    account: Account | None = None,
) -> RateCardVersion:
    """A copy of the product's last version, edited: of its own card, or of the account's, which is made."""
    default = RateCard.objects.get(product=product, account=None)
    card = default
    if account is not None:
        card, _ = RateCard.objects.get_or_create(
            product=product, account=account, defaults={"name": f"{account.name} own"}
        )
    latest = default.versions.filter(status=RateCardVersion.Status.PUBLISHED).order_by("-starts_at").first()
    draft = draft_version(card=card, based_on=latest, starts_at=starts_at)
    edit(draft)
    return publish_version(version=draft)
