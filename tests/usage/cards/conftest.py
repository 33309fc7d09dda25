"""A product's default card, what holds, and a draft of what comes next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from organizations.models import Product
    from usage.models import RateCard, RateCardVersion


@pytest.fixture
def card(products: dict[str, Product]) -> RateCard:
    from usage.models import RateCard

    return RateCard.objects.get(product=products["aipbx"], account=None)


@pytest.fixture
def published(card: RateCard) -> RateCardVersion:
    return card.versions.get(number=1)


@pytest.fixture
def draft(card: RateCard, published: RateCardVersion) -> RateCardVersion:
    from django.utils import timezone

    from usage.services.rate_cards import draft_version

    return draft_version(card=card, based_on=published, starts_at=timezone.now() + timedelta(days=1))
