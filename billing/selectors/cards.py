"""The saved cards of a wallet."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from billing.models import AutoTopUp, AutoTopUpStatus, Card


def saved_cards(wallet_id: int) -> list[Card]:
    """The cards that can be charged, the default first and then the newest."""
    return list(Card.objects.filter(wallet_id=wallet_id, removed_at__isnull=True).order_by("-is_default", "-id"))


def default_card(wallet_id: int) -> Card | None:
    """The card that an automatic top-up charges, or None where none is saved."""
    return next(iter(saved_cards(wallet_id)), None)


def has_saved_card(wallet_id: OuterRef) -> Exists:
    """Whether the wallet of the outer query has a card that can be charged."""
    return Exists(Card.objects.filter(wallet_id=wallet_id, removed_at__isnull=True))


def leaves_auto_top_up_without_card(card: Card) -> bool:
    """Whether automatic top-up is on and this is the only card that it could charge."""
    others = Card.objects.filter(wallet_id=card.wallet_id, removed_at__isnull=True).exclude(pk=card.pk)
    is_on = AutoTopUp.objects.filter(
        pk=card.wallet_id, status__in=[AutoTopUpStatus.ON, AutoTopUpStatus.COOLING]
    ).exists()
    return is_on and not others.exists()
