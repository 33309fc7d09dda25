"""The members' page: who sees what, who is invited, and what becomes of somebody who is removed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import get_language

from billing.services import invitations as letters
from notifications.models import Delivery
from organizations.models import Account, Invitation, Membership, Role, User
from organizations.services.invitations import create_invitation
from tests.factories import make_member, make_user
from tests.usage.conftest import bare_account

__all__ = ["bare_account"]

QUERIES_AT_MOST = 15
Make = Callable[..., Account]
Reader = Callable[..., Client]


@pytest.fixture
def account(bare_account: Make) -> Account:
    return bare_account("letustalk", name="Brightwave")


@pytest.fixture
def owner(account: Account) -> User:
    return make_member(account, email="jo@brightwave.example", name="Jo Smith")


@pytest.fixture
def office(owner: User) -> Client:
    """The owner's browser."""
    client = Client()
    client.force_login(owner)
    return client


def invite(client: Client, email: str, role: str = "billing") -> Any:
    return client.post(reverse("members"), {"email": email, "role": role}, follow=True)


def test_an_owner_invites_by_letter(account: Account, office: Client) -> None:
    page = invite(office, "Nina@Brightwave.example")
    assert page.redirect_chain == [(reverse("members"), 303)]
    html = page.content.decode()
    assert "nina@brightwave.example is invited. The letter is on its way." in html
    assert "by Jo Smith" in html
    letter = Delivery.objects.get()
    assert (letter.recipient, letter.subject) == (
        "nina@brightwave.example",
        "letustalk.ai: Jo Smith invites you to Brightwave",
    )
    for words in (
        "Jo Smith (jo@brightwave.example) invites you to the account Brightwave at letustalk.ai.",
        "Your role: Billing. Money: top-ups, cards, limits, coupons, organizations, and which projects are live.",
        "The link works once, until ",
    ):
        assert words in letter.body and words in letter.html
    assert "You get this letter because" not in letter.body + letter.html  # the invitation says why
    link = re.search(r"http\S+/billing/invitations/\S+/", letter.body)[0]  # type: ignore[index]
    assert f'href="{link}"' in letter.html
    guest = Client()
    path = link.partition("//")[2].partition("/")[2]
    guest.post(f"/{path}", {"name": "Nina Brandt", "password": "a brand new passphrase"})
    assert Membership.objects.get(user__email="nina@brightwave.example").role == Role.BILLING


def test_what_is_wrong_with_an_invitation_stands_beside_its_field(account: Account, office: Client) -> None:
    invite(office, "nina@brightwave.example")
    for email, role, errors in (
        ("jo@brightwave.example", "viewer", {"email": "jo@brightwave.example is a member already."}),
        ("nina", "viewer", {"email": "This is no e-mail address. Write it like name@example.com."}),
        ("max@brightwave.example", "king", {"role": "Choose what the person may do."}),
        (
            "nina@brightwave.example",
            "owner",
            {"email": "nina@brightwave.example is invited already. Send the invitation again from the list below."},
        ),
    ):
        page = office.post(reverse("members"), {"email": email, "role": role})
        assert (page.status_code, page.context["errors"]) == (422, errors)
        assert f'value="{email}"' in page.content.decode()
    assert (Invitation.objects.count(), Delivery.objects.count()) == (1, 1)


def test_an_invitation_is_sent_again_and_taken_back(account: Account, office: Client) -> None:
    invite(office, "nina@brightwave.example")
    offered = Invitation.objects.get()
    again = office.post(reverse("invitation_resend", args=[offered.pk]), follow=True)
    assert "A new link is on its way to nina@brightwave.example." in again.content.decode()
    assert Delivery.objects.count() == 2
    gone = office.post(reverse("invitation_revoke", args=[offered.pk]), follow=True)
    assert "The invitation of nina@brightwave.example is taken back." in gone.content.decode()
    assert not Invitation.objects.exists()
    assert office.post(reverse("invitation_revoke", args=[offered.pk])).status_code == 404


def test_an_account_sends_so_many_letters_a_day(
    account: Account, office: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "LETTERS_A_DAY", 2)
    invite(office, "nina@brightwave.example")
    offered = Invitation.objects.get()
    resend = reverse("invitation_resend", args=[offered.pk])
    office.post(resend)
    before = Invitation.objects.get().token_hash
    refused = office.post(resend, follow=True).content.decode()
    assert "2 invitations were sent within a day, and that is the most. Go on tomorrow." in refused
    assert "2 invitations were sent" in invite(office, "max@brightwave.example").content.decode()
    assert (Delivery.objects.count(), Invitation.objects.get().token_hash) == (2, before)


def test_a_letter_is_in_the_language_of_who_is_invited_or_the_accounts(
    account: Account, office: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken: list[str | None] = []
    monkeypatch.setattr(letters, "queue_email", lambda **_: spoken.append(get_language()))
    Account.objects.update(language="ru")
    make_user(email="max@brightwave.example", language="hi")
    for name in ("nina", "max"):
        invite(office, f"{name}@brightwave.example")
    assert spoken == ["ru", "hi"]


def test_names_with_line_breaks_break_no_letter(account: Account, office: Client) -> None:
    Account.objects.update(name="Bright\nwave " + "x" * 200)
    User.objects.update(name="Jo\r\nSmith")
    assert invite(office, "nina@brightwave.example").status_code == 200
    subject = Delivery.objects.get().subject
    assert subject == f"letustalk.ai: Jo Smith invites you to Bright wave {'x' * 200}"


def test_an_owner_changes_a_role_and_removes(account: Account, office: Client) -> None:
    other = make_member(account, Role.VIEWER, name="Max")
    place = Membership.objects.get(user=other)
    page = office.post(reverse("member", args=[place.pk]), {"role": "billing"}, follow=True)
    assert "Saved. Max: Billing." in page.content.decode()
    assert Membership.objects.get(pk=place.pk).role == Role.BILLING
    assert office.post(reverse("member", args=[place.pk]), {"role": "king"}).status_code == 422
    asked = office.get(reverse("member_remove", args=[place.pk])).content.decode()
    assert "Remove Max?" in asked
    assert Membership.objects.filter(pk=place.pk).exists()
    page = office.post(reverse("member_remove", args=[place.pk]), follow=True)
    assert "Max is no member any more." in page.content.decode()
    assert not Membership.objects.filter(pk=place.pk).exists()
    assert office.post(reverse("member_remove", args=[place.pk])).status_code == 404


def test_the_next_request_of_who_was_removed_sees_nothing(account: Account, office: Client, reader: Reader) -> None:
    guest = reader(account, Role.BILLING)
    assert "Brightwave" in guest.get(reverse("overview")).content.decode()
    place = Membership.objects.get(role=Role.BILLING)
    office.post(reverse("member_remove", args=[place.pk]))
    for name in ("overview", "history", "members", "settings"):
        page = guest.get(reverse(name)).content.decode()
        assert "is a member of no account" in page
        assert "Brightwave" not in page


def test_the_last_owner_is_told_what_to_do_first(account: Account, office: Client, owner: User) -> None:
    own = Membership.objects.get(user=owner)
    assert "Make somebody else an owner first." in office.get(reverse("members_leave")).content.decode()
    for name, args in (("members_leave", []), ("member_remove", [own.pk])):
        page = office.post(reverse(name, args=args), follow=True)
        assert "An account needs an owner. Make somebody else an owner first." in page.content.decode()
    refused = office.post(reverse("member", args=[own.pk]), {"role": "viewer"})
    assert refused.status_code == 422
    assert "An account needs an owner." in refused.content.decode()
    assert Membership.objects.get(user=owner).role == Role.OWNER


def test_a_member_leaves_and_looks_at_the_next_account(account: Account, bare_account: Make, owner: User) -> None:
    guest = make_member(account, Role.VIEWER)
    other = bare_account("osmtalk", name="Zeta")
    Membership.objects.create(account=other, user=guest, role=Role.OWNER)
    client = Client()
    client.force_login(guest)
    page = client.post(reverse("members_leave"), follow=True)
    assert "You have left Brightwave." in page.content.decode()
    assert page.context["account"] == other


@pytest.mark.parametrize("role", [Role.BILLING, Role.VIEWER])
def test_other_members_see_the_list_and_change_nothing(
    account: Account, owner: User, reader: Reader, role: Role
) -> None:
    create_invitation(account=account, email="nina@brightwave.example", role=Role.VIEWER)
    client = reader(account, role)
    html = client.get(reverse("members")).content.decode()
    assert "jo@brightwave.example" in html
    assert "nina@brightwave.example" in html
    for absent in ("Send the invitation", "Send again", "Two-factor"):
        assert absent not in re.sub(r"<nav.*?</nav>", "", html, flags=re.S)
    place, offered = Membership.objects.get(user=owner), Invitation.objects.get()
    assert client.get(reverse("member", args=[place.pk])).status_code == 403
    for address, body in (
        (reverse("members"), {"email": "max@example.com", "role": "owner"}),
        (reverse("member", args=[place.pk]), {"role": "viewer"}),
        (reverse("member_remove", args=[place.pk]), {}),
        (reverse("invitation_resend", args=[offered.pk]), {}),
        (reverse("invitation_revoke", args=[offered.pk]), {}),
    ):
        assert client.post(address, body).status_code == 403, address
    assert Membership.objects.get(user=owner).role == Role.OWNER
    assert (Invitation.objects.get(), Delivery.objects.count()) == (offered, 0)


def test_another_accounts_members_do_not_exist(
    account: Account, owner: User, bare_account: Make, reader: Reader
) -> None:
    create_invitation(account=account, email="nina@brightwave.example", role=Role.VIEWER)
    client = reader(bare_account("letustalk", name="Stranger"))
    place, offered = Membership.objects.get(user=owner), Invitation.objects.get()
    for name, pk in (
        ("member", place.pk),
        ("member_remove", place.pk),
        ("invitation_resend", offered.pk),
        ("invitation_revoke", offered.pk),
    ):
        assert client.post(reverse(name, args=[pk]), {"role": "viewer"}).status_code == 404, name
    assert "brightwave" not in client.get(reverse("members")).content.decode().lower()
    assert Membership.objects.get(user=owner).role == Role.OWNER


def test_the_page_takes_few_queries_however_many_there_are(
    account: Account, office: Client, statements: Callable[[], Any]
) -> None:
    for number in range(20):
        make_member(account, Role.VIEWER)
        create_invitation(account=account, email=f"n{number}@example.com", role=Role.VIEWER)
    with statements() as sent:
        assert office.get(reverse("members")).status_code == 200
    assert len(sent) <= QUERIES_AT_MOST
