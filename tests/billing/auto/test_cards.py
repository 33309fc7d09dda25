"""Saved cards: added on Stripe's page, one default, removed at Stripe first; rows that follow facts in any order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ValidationError

from billing.models import Card
from billing.providers.base import CardFacts, Payer, ProviderError
from billing.selectors.cards import default_card, leaves_auto_top_up_without_card, saved_cards
from billing.services import cards
from tests.billing.auto.rules import banner, set_rule, with_card
from tests.billing.threads import at_once
from tests.billing.topups.paying import sweep

if TYPE_CHECKING:
    from organizations.models import Account
    from tests.billing.conftest import StripeWorld

BACK = "http://testserver/billing/auto-top-up/"


def shown(account: Account) -> list[tuple[str, bool]]:
    """The cards as the page lists them, with whether each is the default."""
    return [(str(card), card.is_default) for card in saved_cards(account.wallet.pk)]


def facts(account: Account, number: int = 1, **changes: object) -> CardFacts:
    card = CardFacts(f"pm_{number}", account.pk, "visa", f"424{number}", 8, 2030)
    return replace(card, **changes)  # type: ignore[arg-type]


def test_the_first_card_is_the_default_and_the_others_are_not(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account)
    with_card(stripe, account, "pm_card_mastercard")
    assert shown(account) == [("Visa ending 4242", True), ("Mastercard ending 4444", False)]


def test_a_card_is_saved_on_stripes_page_and_appears_by_its_webhook(stripe: StripeWorld, account: Account) -> None:
    import httpx

    page = cards.add_card(wallet_id=account.wallet.pk, success_url=f"{BACK}?card=added", cancel_url=BACK)
    typed = {"number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123", "name": "Ada Payer"}
    assert httpx.post(page, data=typed, follow_redirects=False).status_code == 303
    assert shown(account) == []
    stripe.deliver(times=3)
    sweep()
    assert shown(account) == [("Visa ending 4242", True)]
    assert stripe.site.journal() == []


def test_a_new_card_is_read_from_the_provider_without_a_webhook(stripe: StripeWorld, account: Account) -> None:
    card = with_card(stripe, account)
    Card.objects.all().delete()
    assert [each.reference for each in cards.refresh(wallet_id=account.wallet.pk)] == [card.reference]
    assert shown(account) == [("Visa ending 4242", True)]


def test_a_card_that_stripe_no_longer_keeps_goes_with_the_next_reading(stripe: StripeWorld, account: Account) -> None:
    from billing.providers.stripe.cards import remove_card

    first = with_card(stripe, account)
    with_card(stripe, account, "pm_card_mastercard")
    remove_card(first.reference)
    cards.refresh(wallet_id=account.wallet.pk)
    assert shown(account) == [("Mastercard ending 4444", True)]


def test_a_card_that_is_saved_while_the_list_is_read_stays(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    class Keeper:
        def cards(self, payer: Payer) -> list[CardFacts]:
            cards.sync(facts=facts(account))
            return []

        def make_default(self, payer: Payer, reference: str) -> None:
            assert payer.account_id == account.pk

    monkeypatch.setattr(cards, "_keeper", Keeper)
    cards.refresh(wallet_id=account.wallet.pk)
    assert len(shown(account)) == 1


def test_products_without_cards_save_none(stripe: StripeWorld, account: Account) -> None:
    terms = account.product.top_up_terms
    terms.providers = ["bank"]
    terms.save()
    with pytest.raises(ValidationError, match="Cards cannot be saved now"):
        cards.add_card(wallet_id=account.wallet.pk, success_url=BACK, cancel_url=BACK)


def test_another_card_becomes_the_default_here_and_at_stripe(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account)
    second = with_card(stripe, account, "pm_card_mastercard")
    cards.make_default(wallet_id=account.wallet.pk, card_id=second.pk)
    assert shown(account) == [("Mastercard ending 4444", True), ("Visa ending 4242", False)]
    (customer,) = stripe.site.objects("customer")
    assert customer["invoice_settings"]["default_payment_method"] == second.reference


def test_removing_the_default_makes_the_newest_other_card_the_default(stripe: StripeWorld, account: Account) -> None:
    first = with_card(stripe, account)
    with_card(stripe, account, "pm_card_mastercard")
    third = with_card(stripe, account, "pm_card_amex")
    cards.remove(wallet_id=account.wallet.pk, card_id=first.pk)
    assert shown(account)[0] == (str(third), True)
    assert len(shown(account)) == 2
    assert stripe.site.object(first.reference)["customer"] is None
    assert default_card(account.wallet.pk) == third


def test_nothing_is_lost_when_stripe_does_not_answer(stripe: StripeWorld, account: Account) -> None:
    card = with_card(stripe, account)
    other = with_card(stripe, account, "pm_card_mastercard")
    before = shown(account)
    calls: list[Callable[[], object]] = [
        partial(cards.remove, wallet_id=account.wallet.pk, card_id=card.pk),
        partial(cards.make_default, wallet_id=account.wallet.pk, card_id=other.pk),
        partial(cards.refresh, wallet_id=account.wallet.pk),
    ]
    for call in calls:
        stripe.site.fail_next("*", "lost", times=5)
        with pytest.raises(ProviderError):
            call()
        stripe.site.faults.clear()
        assert shown(account) == before


def test_another_accounts_card_cannot_be_touched(
    stripe: StripeWorld, account: Account, make_account: Callable[..., Account]
) -> None:
    theirs = with_card(stripe, make_account("aitelier", email="b@example.com"))
    with pytest.raises(Card.DoesNotExist):
        cards.make_default(wallet_id=account.wallet.pk, card_id=theirs.pk)
    with pytest.raises(Card.DoesNotExist):
        cards.remove(wallet_id=account.wallet.pk, card_id=theirs.pk)
    assert saved_cards(theirs.wallet_id) == [theirs]


def test_facts_come_as_often_and_in_any_order(account: Account) -> None:
    cards.sync(facts=facts(account))
    cards.sync(facts=facts(account, exp_year=2034))
    assert Card.objects.get().exp_year == 2034
    gone = facts(account, account_id=None, is_removed=True)
    for _ in range(2):
        cards.sync(facts=gone)
    assert shown(account) == []
    cards.sync(facts=facts(account))  # read before it was removed, and late
    assert shown(account) == []


def test_a_card_of_nobody_here_and_one_that_was_never_saved_leave_no_row(account: Account) -> None:
    assert cards.sync(facts=facts(account, account_id=None)) is None
    assert cards.sync(facts=facts(account, account_id=account.pk + 1_000)) is None
    assert cards.sync(facts=facts(account, account_id=None, is_removed=True)) is None
    assert not Card.objects.exists()


def test_a_card_stays_with_its_account(account: Account, make_account: Callable[..., Account]) -> None:
    other = make_account("aitelier")
    card = cards.sync(facts=facts(account))
    assert cards.sync(facts=facts(account, account_id=other.pk)) is None
    assert saved_cards(account.wallet.pk) == [card]
    assert saved_cards(other.wallet.pk) == []


def test_removing_the_last_card_while_automatic_top_up_is_on_is_warned_of_and_shown(
    stripe: StripeWorld, make_account: Callable[..., Account]
) -> None:
    account = make_account("aitelier", email="owner@acme.example", paid="100")
    card, other = with_card(stripe, account), with_card(stripe, account, "pm_card_mastercard")
    set_rule(account)
    assert not leaves_auto_top_up_without_card(card)
    cards.remove(wallet_id=account.wallet.pk, card_id=other.pk)
    assert banner(account) is None
    assert leaves_auto_top_up_without_card(card)
    cards.remove(wallet_id=account.wallet.pk, card_id=card.pk)
    incident = banner(account)
    assert incident is not None and incident.reason == "no_payment_method"


@pytest.mark.django_db(transaction=True)
def test_eight_new_cards_at_once_have_one_default(make_account: Callable[..., Account]) -> None:
    account = make_account("aitelier")
    answers = at_once([partial(cards.sync, facts=facts(account, number)) for number in range(8)])
    assert [type(each) for each in answers] == [Card] * 8
    assert [is_default for _, is_default in shown(account)] == [True] + [False] * 7
