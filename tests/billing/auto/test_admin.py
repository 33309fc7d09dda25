"""Automatic top-up in the back office: what staff see of a rule, retry, turn off, and an incident resolved by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.contrib.admin.models import LogEntry
from django.urls import reverse

from billing.models import TopUp
from notifications.models import Incident
from notifications.services.incidents import dismiss
from tests.billing.auto.rules import DECLINING, attempt, balance, banner, behave, set_rule, standing, with_card
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import act
from tests.factories import make_member

if TYPE_CHECKING:
    from django.test import Client

    from organizations.models import Account
    from tests.billing.conftest import StripeWorld


def address(name: str, pk: int) -> str:
    return reverse(f"admin:{name}", args=[pk])


def test_staff_retry_a_charge_and_the_reason_is_kept(
    stripe: StripeWorld, account: Account, staff_client: Client
) -> None:
    card = with_card(stripe, account, DECLINING)
    set_rule(account)
    attempt(account)
    behave(stripe, card, decline="")
    retry = address("billing_autotopup_retry", account.wallet.pk)
    asked, answer, sent = act(staff_client, retry, reason="The bank called back")
    assert "Visa ending 0341" in asked
    assert answer.status_code == 302
    assert (balance(account), standing(account)) == (Decimal(53), ("on", 0))
    assert "The bank called back" in LogEntry.objects.get().change_message
    staff_client.post(retry, {**sent, "step": "confirm"})
    assert TopUp.objects.filter(status="succeeded").count() == 1


def test_a_retry_that_cannot_be_made_is_refused_in_words(
    stripe: StripeWorld, account: Account, staff_client: Client
) -> None:
    set_rule(account)
    _, answer, _ = act(staff_client, address("billing_autotopup_retry", account.wallet.pk), reason="Asked for it")
    assert b"No card is saved. Add one, then retry the charge." in answer.content
    assert not TopUp.objects.exists()


def test_staff_turn_a_rule_off(stripe: StripeWorld, account: Account, staff_client: Client) -> None:
    with_card(stripe, account)
    set_rule(account)
    _, answer, _ = act(staff_client, address("billing_autotopup_turn_off", account.wallet.pk), reason="Card stolen")
    assert answer.status_code == 302
    assert (standing(account), attempt(account)) == (("off", 0), None)
    page = staff_client.get(address("billing_autotopup_change", account.wallet.pk)).content.decode()
    assert "Retry the charge" not in page


def test_the_wallets_page_shows_cards_rule_and_attempts(
    stripe: StripeWorld, account: Account, staff_client: Client
) -> None:
    with_card(stripe, account, DECLINING)
    set_rule(account, ceiling="500")
    attempt(account)
    page = staff_client.get(address("billing_wallet_change", account.wallet.pk)).content.decode()
    for words in ("Visa ending 0341", "Waiting after a failure", "1 of 3", "Your card was declined."):
        assert words in page


def test_staff_who_may_not_change_rules_cannot_retry(stripe: StripeWorld, account: Account, client: Client) -> None:
    with_card(stripe, account)
    set_rule(account)
    client.force_login(make_clerk("billing.view_autotopup"))
    assert client.get(address("billing_autotopup_change", account.wallet.pk)).status_code == 200
    assert client.get(address("billing_autotopup_retry", account.wallet.pk)).status_code == 403
    assert not TopUp.objects.exists()


def test_staff_see_who_dismissed_an_incident_and_resolve_one_by_hand(
    stripe: StripeWorld, account: Account, staff_client: Client
) -> None:
    with_card(stripe, account, DECLINING)
    set_rule(account)
    attempt(account)
    incident = banner(account)
    assert incident is not None
    reader = make_member(account)
    dismiss(incident=incident, user=reader)
    listed = staff_client.get(reverse("admin:notifications_incident_changelist"), {"state": "dismissed"})
    assert reader.email in listed.content.decode()
    resolve = address("notifications_incident_resolve_by_hand", incident.pk)
    _, answer, _ = act(staff_client, resolve, reason="The customer paid by cheque")
    assert answer.status_code == 302
    assert Incident.objects.get().resolved_at is not None
    page = staff_client.get(address("organizations_account_change", account.pk)).content.decode()
    assert "auto top up: card declined" in page
