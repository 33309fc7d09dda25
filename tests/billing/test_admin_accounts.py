"""Staff open accounts and invite people; the account's page has everything of its money."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from notifications.models import Delivery
from organizations.models import Account, Invitation, Product
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import act
from tests.factories import make_member

OPEN = "admin:organizations_account_open_account"


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aipbx", name="TechMaster", paid="25", promo="3")


def test_an_account_comes_with_wallet_bonus_project_and_invitation(
    products: dict[str, Product], staff_client: Client
) -> None:
    product = products["aipbx"]
    typed = {"product": product.pk, "name": "Acme", "external_id": "acme", "email": "Jo@Acme.example"}
    asked, done, data = act(
        staff_client, reverse(OPEN), **typed, country="de", timezone="Europe/Berlin", reason="Asked by phone"
    )
    assert "Open this account?" in asked
    account = Account.objects.get(external_id="acme")
    assert done["Location"] == reverse("admin:organizations_account_change", args=[account.pk])
    assert (account.name, account.email, account.country, account.timezone) == (
        "Acme",
        "jo@acme.example",
        "DE",
        "Europe/Berlin",
    )
    assert account.wallet.promo == product.terms.welcome_bonus
    assert account.projects.get().external_id == "default"
    invitation = account.invitations.get()
    assert (invitation.email, invitation.role) == ("jo@acme.example", "owner")
    assert Delivery.objects.get(key=f"invitation:{invitation.pk}").recipient == "Jo@Acme.example"
    assert "Asked by phone" in LogEntry.objects.get(object_id=str(account.pk)).change_message
    again = staff_client.post(reverse(OPEN), {**data, "step": "confirm"})
    assert "has an account with this identifier already" in again.content.decode()
    assert Account.objects.filter(product=product, external_id="acme").count() == 1


def test_whoever_may_not_open_accounts_does_not(account: Account, client: Client) -> None:
    client.force_login(make_clerk("organizations.view_account"))
    assert client.get(reverse(OPEN)).status_code == 403
    assert reverse(OPEN) not in client.get(reverse("admin:organizations_account_changelist")).content.decode()


def test_somebody_is_invited_in_the_products_name_and_once(account: Account, staff_client: Client) -> None:
    address = reverse("admin:organizations_account_invite", args=[account.pk])
    act(staff_client, address, email="New@Acme.example", role="viewer", reason="The owner asked")
    invitation = account.invitations.get()
    assert (invitation.email, invitation.role) == ("new@acme.example", "viewer")
    letter = Delivery.objects.get(recipient="new@acme.example")
    assert letter.subject == "AI PBX: You are invited to TechMaster"
    assert f"invited to the account TechMaster at {account.product}" in letter.body
    _, refused, _ = act(staff_client, address, email="new@acme.example", role="owner", reason="Again")
    assert "is invited already" in refused.content.decode()
    assert account.invitations.count() == 1


def test_nobody_of_the_staff_invites_themselves(account: Account, staff_client: Client, staff: object) -> None:
    address = reverse("admin:organizations_account_invite", args=[account.pk])
    _, refused, _ = act(staff_client, address, email=str(staff), role="owner", reason="To look")
    assert "Nobody of the staff invites themselves" in refused.content.decode()
    assert account.invitations.count() == 0


def test_an_invitation_is_sent_again_and_withdrawn(account: Account, staff_client: Client) -> None:
    invite = reverse("admin:organizations_account_invite", args=[account.pk])
    act(staff_client, invite, email="new@acme.example", role="viewer", reason="The owner asked")
    invitation = account.invitations.get()
    first = invitation.token_hash
    act(staff_client, reverse("admin:organizations_invitation_resend", args=[invitation.pk]), reason="Lost")
    invitation.refresh_from_db()
    assert invitation.token_hash != first
    assert Delivery.objects.filter(recipient="new@acme.example").count() == 2
    act(staff_client, reverse("admin:organizations_invitation_withdraw", args=[invitation.pk]), reason="Left")
    assert not Invitation.objects.filter(pk=invitation.pk).exists()


def test_everything_about_a_customer_is_on_one_page(account: Account, staff_client: Client) -> None:
    member = make_member(account)
    page = staff_client.get(reverse("admin:organizations_account_change", args=[account.pk]))
    titles = [panel.title for panel in page.context["panels"]]
    for title in (
        "Balance",
        "Notes",
        "Limits and today",
        "Grants with something left",
        "Active holds",
        "Last 20 calls and events",
        "Last 20 transactions",
        "Last 5 top-ups",
        "Saved cards",
        "Automatic top-up",
        "Last 5 documents",
        "Last 5 incidents",
        "Members",
        "Projects and organizations",
    ):
        assert titles.count(title) == 1, titles
    text = page.content.decode()
    assert member.email in text and "$25.00" in text and "$28.00" in text
