"""Saved cards: our rows follow what the provider keeps, and what a customer does to them happens there first.

Facts of a card are settled under the wallet's lock, as often and in any order as they come; one that was removed stays
removed. A wallet with cards has exactly one default: the first that is saved, a new one in place of one that was
declined (atllasx.md, 'Failed Payments': "swap in a working card"), and the newest other one when it goes.
Nothing is lost when the provider does not answer: the call raises ProviderError and no row has changed.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from typing import Protocol, cast

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import Card, TopUpTerms, Wallet
from billing.providers import provider as provider_called
from billing.providers.base import CardFacts, ChargeRequest, Payer, Provider, ProviderError, ProviderUnavailableError
from billing.selectors.auto_top_up import PROVIDER
from billing.selectors.cards import default_card, saved_cards
from billing.selectors.payers import payer_of
from billing.services.auto_top_up_rule import card_removed, card_saved
from billing.services.books import Books
from billing.services.expiry import put_banner_away
from billing.services.ledger import open_books, write
from billing.services.payments import BRANDS

logger = logging.getLogger(__name__)


class CardKeeper(Provider, Protocol):
    """A provider that keeps cards. Each of these raises ProviderError, and then nothing has happened."""

    def cards(self, payer: Payer) -> list[CardFacts]:
        """The payer's cards."""

    def make_default(self, payer: Payer, reference: str) -> None:
        """Have the provider's own bills, such as a subscription's, take this card."""

    def remove_card(self, reference: str) -> None:
        """Forget the card; one that is forgotten already stays so."""


def add_card(*, wallet_id: int, success_url: str, cancel_url: str) -> str:
    """The address of the provider's page on which the customer saves a card; it appears here by webhook or `refresh`.

    Raises ValidationError where the product takes no cards or the provider is not set up, ProviderError when there is
    no page.
    """
    wallet = _wallet(wallet_id)
    terms = TopUpTerms.objects.filter(pk=wallet.account.product_id).first()
    if terms is None or PROVIDER not in terms.providers or not _keeper().is_ready():
        raise ValidationError(_("Cards cannot be saved now. Choose another way to pay."))
    request = ChargeRequest(
        reference=str(uuid.uuid4()),
        order=0,
        amount=terms.minimum.amount,
        currency=terms.price_currency,
        description=f"{wallet.account.product.name}: save a card",
        payer=payer_of(wallet.account),
        asked_at=timezone.now(),
        success_url=success_url,
        cancel_url=cancel_url,
    )
    return _keeper().save_card(request)


def sync(*, facts: CardFacts) -> Card | None:
    """Bring our row to what the provider says of a card; None for a card that is no wallet's here."""
    if facts.is_removed:  # a detached card does not say any more whose it was
        wallet_id = Card.objects.filter(reference=facts.reference).values_list("wallet_id", flat=True).first()
    else:
        owner = facts.account_id or 0
        wallet_id = Wallet.objects.filter(account_id=owner).values_list("pk", flat=True).first()
    if wallet_id is None:
        return None
    _tell_of_default(wallet_id, [facts])
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        card = _settle(books, wallet_id, facts)
        _close(books, wallet_id)
    return card


def refresh(*, wallet_id: int) -> list[Card]:
    """Read the provider's list and settle it: new cards appear, those it no longer keeps go. Raises ProviderError."""
    asked_at = timezone.now()
    found = _keeper().cards(payer_of(_wallet(wallet_id).account))
    _tell_of_default(wallet_id, found)
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        for facts in found:
            _settle(books, wallet_id, facts)
        kept = {facts.reference for facts in found}
        for card in saved_cards(wallet_id):
            if card.reference not in kept and card.created_at < asked_at:
                _forget(books, card)
        _close(books, wallet_id)
    return saved_cards(wallet_id)


def make_default(*, wallet_id: int, card_id: int) -> Card:
    """Charge this card from now on, here and at the provider. Raises Card.DoesNotExist and ProviderError."""
    card = _card(wallet_id, card_id)
    _keeper().make_default(payer_of(card.wallet.account), card.reference)
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        card = _card(wallet_id, card_id)
        _set_default(card)
        _close(books, wallet_id)
    return card


def remove(*, wallet_id: int, card_id: int) -> Card:
    """Have the provider forget the card; the newest other one becomes the default. Raises like `make_default`."""
    card = _card(wallet_id, card_id)
    heir = _heir(card) if card.is_default else None
    if heir is not None:
        make_default(wallet_id=wallet_id, card_id=heir.pk)
    _keeper().remove_card(card.reference)
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        card = Card.objects.get(pk=card_id)
        if card.removed_at is None:
            _forget(books, card)
        _close(books, wallet_id)
    return card


def _tell_of_default(wallet_id: int, found: Sequence[CardFacts]) -> None:
    """Have the provider's own bills take the new card that is about to become the default.

    Before our row says so: without an answer (ProviderUnavailableError) all is done again, and no subscription is left
    with a card that is gone. What the provider refuses keeps no card from being saved here.
    """
    before = default_card(wallet_id)
    if before is not None and before.declined_at is None:
        return
    kept = [facts.reference for facts in found if not facts.is_removed]
    known = set(Card.objects.filter(reference__in=kept).values_list("reference", flat=True))
    new = next((reference for reference in kept if reference not in known), None)
    if new is None:
        return
    try:
        _keeper().make_default(payer_of(_wallet(wallet_id).account), new)
    except ProviderUnavailableError:
        raise
    except ProviderError as error:
        logger.warning("The provider does not bill the new card of wallet %s: %s", wallet_id, error)


def _settle(books: Books, wallet_id: int, facts: CardFacts) -> Card | None:
    """One card's facts, under its wallet's lock."""
    card = Card.objects.filter(reference=facts.reference).first()
    if card is not None and card.wallet_id != wallet_id:
        return None
    if facts.is_removed:
        if card is not None and card.removed_at is None:
            _forget(books, card)
        return card
    if card is None:
        return _save_new(books, wallet_id, facts)
    if card.removed_at is None:
        card.brand, card.last4 = BRANDS.get(facts.brand, facts.brand), facts.last4
        card.exp_month, card.exp_year = facts.exp_month, facts.exp_year
        card.save(update_fields=["brand", "last4", "exp_month", "exp_year"])
    return card


def _save_new(books: Books, wallet_id: int, facts: CardFacts) -> Card:
    before = default_card(wallet_id)
    card = Card.objects.create(
        wallet_id=wallet_id,
        reference=facts.reference,
        brand=BRANDS.get(facts.brand, facts.brand),
        last4=facts.last4,
        exp_month=facts.exp_month,
        exp_year=facts.exp_year,
    )
    if before is None or before.declined_at is not None:
        _set_default(card)
    if before is None:
        card_saved(books, books.wallets[wallet_id])
    return card


def _forget(books: Books, card: Card) -> None:
    """Mark the card as removed, and give its place as the default to the newest other one."""
    heir = _heir(card) if card.is_default else None
    card.is_default, card.removed_at = False, books.now
    card.save(update_fields=["is_default", "removed_at"])
    if heir is not None:
        _set_default(heir)
    card_removed(books.wallets[card.wallet_id])


def _set_default(card: Card) -> None:
    Card.objects.filter(wallet_id=card.wallet_id, is_default=True).exclude(pk=card.pk).update(is_default=False)
    card.is_default = True
    card.save(update_fields=["is_default"])


def _close(books: Books, wallet_id: int) -> None:
    put_banner_away(account_id=books.wallets[wallet_id].account_id, wallet_id=wallet_id)
    write(books)


def _heir(card: Card) -> Card | None:
    return next((other for other in saved_cards(card.wallet_id) if other.pk != card.pk), None)


def _card(wallet_id: int, card_id: int) -> Card:
    cards = Card.objects.select_related("wallet__account__product")
    return cards.get(pk=card_id, wallet_id=wallet_id, removed_at__isnull=True)


def _wallet(wallet_id: int) -> Wallet:
    return Wallet.objects.select_related("account__product").get(pk=wallet_id)


def _keeper() -> CardKeeper:
    return cast(CardKeeper, provider_called(PROVIDER))
