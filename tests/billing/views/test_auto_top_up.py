"""The page of automatic top-up and cards, and the banners of what failed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import AutoTopUp, AutoTopUpStatus, TopUp, TopUpStatus
from billing.providers.base import FailureReason
from notifications.models import Incident
from notifications.services.incidents import open_incident
from organizations.models import Account, Role
from tests.billing.auto.rules import DECLINING, set_rule
from tests.billing.topups.paying import saved_card

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld

DETAILS = {
    "amount": "200.000000",
    "price": "100.000000",
    "price_currency": "USD",
    "card": "Visa ending 4242",
    "message": "Your card has insufficient funds.",
    "ceiling": "800.000000",
}
BUTTONS = {
    FailureReason.NO_PAYMENT_METHOD: ["Set up auto top-up", "Retry the charge"],
    FailureReason.CARD_DECLINED: ["Update payment method", "Retry the charge"],
    FailureReason.NEEDS_CONFIRMATION: ["Confirm the payment"],
    FailureReason.INTERNAL_ERROR: ["Retry the charge"],
    FailureReason.CEILING_REACHED: ["Raise the ceiling", "Buy credits"],
}


@pytest.fixture
def account(make_account: Callable[..., Account], stripe: StripeWorld) -> Account:
    account = make_account("atllasx", name="Cedar Legal", paid="38")
    return account


def rule(**changes: Any) -> dict[str, Any]:
    return {"is_on": "on", "threshold": "200", "amount": "200", "monthly_ceiling": "800", **changes}


def fail(account: Account, reason: FailureReason) -> Incident:
    return open_incident(account_id=account.pk, kind="auto_top_up", reason=reason.value, details=DETAILS)


def test_turning_it_on_below_the_threshold_says_what_it_charges_and_asks(
    account: Account, reader: Callable[..., Client], stripe: StripeWorld
) -> None:
    saved_card(stripe, account)
    client = reader(account)
    asked = client.post(reverse("auto_top_up"), rule())
    assert "Charge Visa ending 4242 now?" in asked.content.decode()
    assert "Save and pay $100.00" in asked.content.decode()
    assert not AutoTopUp.objects.exists()
    agreed = client.post(reverse("auto_top_up"), rule(agreed=asked.context["agreement"]))
    assert (agreed.status_code, agreed["Location"]) == (303, reverse("auto_top_up"))
    saved = AutoTopUp.objects.get()
    assert (saved.status, saved.threshold.amount) == (AutoTopUpStatus.ON, Decimal(200))


def test_a_rule_without_a_card_is_saved_and_asks_for_one(account: Account, reader: Callable[..., Client]) -> None:
    body = reader(account).post(reverse("auto_top_up"), rule(), follow=True).content.decode()
    assert "Saved. Add a card: without one nothing can be charged." in body
    assert AutoTopUp.objects.get().status == AutoTopUpStatus.ON


def test_an_agreement_holds_for_the_amount_that_was_shown(
    account: Account, reader: Callable[..., Client], stripe: StripeWorld
) -> None:
    saved_card(stripe, account)
    client = reader(account)
    agreement = client.post(reverse("auto_top_up"), rule()).context["agreement"]
    other = client.post(reverse("auto_top_up"), rule(amount="500", agreed=agreement))
    assert "Save and pay $240.00" in other.content.decode()
    assert not AutoTopUp.objects.exists()


def test_what_is_wrong_stands_beside_its_field(account: Account, reader: Callable[..., Client]) -> None:
    response = reader(account).post(reverse("auto_top_up"), rule(threshold="many", monthly_ceiling="-1"))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"threshold", "monthly_ceiling"}
    low = reader(account).post(reverse("auto_top_up"), rule(threshold="10", monthly_ceiling="100"))
    assert (low.status_code, set(low.context["form"].errors)) == (422, {"monthly_ceiling"})
    assert not AutoTopUp.objects.exists()


def test_a_viewer_changes_nothing(account: Account, reader: Callable[..., Client], stripe: StripeWorld) -> None:
    card = saved_card(stripe, account)
    incident = fail(account, FailureReason.CARD_DECLINED)
    client = reader(account, Role.VIEWER)
    body = client.get(reverse("auto_top_up")).content.decode()
    assert "Your card was declined" in body
    for words in ("Retry the charge", "Add a card", "Dismiss", ">Save<"):
        assert words not in body
    for name, args in (
        ("auto_top_up", []),
        ("auto_top_up_retry", []),
        ("cards_add", []),
        ("cards_default", [card.pk]),
        ("cards_remove", [card.pk]),
        ("incident_dismiss", [incident.pk]),
        ("refund", []),
    ):
        assert client.post(reverse(name, args=args), rule()).status_code == 403, name
    card.refresh_from_db()
    incident.refresh_from_db()
    assert (card.removed_at, incident.dismissed_at, TopUp.objects.count()) == (None, None, 0)


def test_only_those_who_may_add_a_card_are_told_to(account: Account, reader: Callable[..., Client]) -> None:
    words = {
        role: "Add one here" in reader(account, role).get(reverse("auto_top_up")).content.decode()
        for role in (Role.OWNER, Role.BILLING, Role.VIEWER)
    }
    assert words == {Role.OWNER: True, Role.BILLING: True, Role.VIEWER: False}


def test_another_accounts_cards_and_incidents_do_not_exist(
    account: Account, make_account: Callable[..., Account], reader: Callable[..., Client], stripe: StripeWorld
) -> None:
    card, incident = saved_card(stripe, account), fail(account, FailureReason.CARD_DECLINED)
    stranger = reader(make_account("atllasx"))
    for name, key in (("cards_default", card.pk), ("cards_remove", card.pk), ("incident_dismiss", incident.pk)):
        assert stranger.post(reverse(name, args=[key])).status_code == 404, name
    assert stranger.get(reverse("cards_remove", args=[card.pk])).status_code == 404
    assert "declined" not in stranger.get(reverse("auto_top_up")).content.decode()
    card.refresh_from_db()
    incident.refresh_from_db()
    assert (card.removed_at, incident.dismissed_at) == (None, None)


@pytest.mark.parametrize("reason", list(FailureReason))
def test_every_banner_says_what_failed_what_follows_and_what_to_press(
    account: Account, reader: Callable[..., Client], reason: FailureReason
) -> None:
    fail(account, reason)
    (banner,) = reader(account).get(reverse("history")).context["banners"]
    assert [action.label for action in banner.actions] == BUTTONS[reason]
    assert "138 credits left; at 0, calls in progress are cut off and new ones are not answered." in banner.text


def test_the_banks_reason_and_the_price_are_in_the_banner(account: Account, reader: Callable[..., Client]) -> None:
    fail(account, FailureReason.CARD_DECLINED)
    (banner,) = reader(account).get(reverse("overview")).context["banners"]
    assert "refused Visa ending 4242 for 200 credits ($100.00) today at" in banner.text
    assert "The reason it gave: Your card has insufficient funds." in banner.text


def test_a_dismissed_banner_stays_away_until_a_new_failure(account: Account, reader: Callable[..., Client]) -> None:
    incident = fail(account, FailureReason.CARD_DECLINED)
    client = reader(account)
    response = client.post(reverse("incident_dismiss", args=[incident.pk]), {"next": reverse("history")})
    assert (response.status_code, response["Location"]) == (302, reverse("history"))
    assert client.get(reverse("overview")).context["banners"] == []
    fail(account, FailureReason.CARD_DECLINED)
    assert len(client.get(reverse("overview")).context["banners"]) == 1


def test_a_failed_charge_can_be_retried_after_its_banner_is_gone(
    account: Account, reader: Callable[..., Client], stripe: StripeWorld
) -> None:
    def offers(role: Role = Role.OWNER) -> bool:
        page = reader(account, role).get(reverse("auto_top_up")).content.decode()
        return f'action="{reverse("auto_top_up_retry")}"' in page.partition('id="auto-top-up-attempts"')[2]

    saved_card(stripe, account, DECLINING)
    set_rule(account, threshold="200", amount="200")
    assert not offers()
    reader(account).post(reverse("auto_top_up_retry"))
    incident = Incident.objects.get()
    reader(account).post(reverse("incident_dismiss", args=[incident.pk]))
    assert (offers(), offers(Role.VIEWER)) == (True, False)
    saved_card(stripe, account)
    reader(account).post(reverse("auto_top_up_retry"))
    assert TopUp.objects.latest("id").status == TopUpStatus.SUCCEEDED
    assert not offers()


def test_dismissing_leads_nowhere_else(account: Account, reader: Callable[..., Client]) -> None:
    incident = fail(account, FailureReason.CARD_DECLINED)
    response = reader(account).post(
        reverse("incident_dismiss", args=[incident.pk]), {"next": "https://elsewhere.example/"}
    )
    assert response["Location"] == reverse("overview")


def test_a_retry_leads_to_its_outcome(account: Account, reader: Callable[..., Client], stripe: StripeWorld) -> None:
    saved_card(stripe, account, DECLINING)
    set_rule(account, threshold="200", amount="200")
    client = reader(account)
    response = client.post(reverse("auto_top_up_retry"))
    top_up = TopUp.objects.get()
    assert (response.status_code, response["Location"]) == (303, reverse("top_up_result", args=[top_up.reference]))
    assert "Your card was declined" in client.get(response["Location"]).content.decode()


def test_a_product_without_it_shows_cards_only(
    make_account: Callable[..., Account], reader: Callable[..., Client], stripe: StripeWorld
) -> None:
    client = reader(make_account("aipbx"))
    body = client.get(reverse("auto_top_up")).content.decode()
    assert "Currently, manual top-up is available" in body
    assert 'role="switch"' not in body
    assert client.post(reverse("auto_top_up"), rule()).status_code == 404
