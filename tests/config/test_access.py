"""What staff do not get at by a way around: guesses in an address, history pages, letters, menus over lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import models
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from billing.services.invitations import invite_member
from notifications.models import Delivery
from organizations.models import Account, RecordedChange, Role, SignIn, User
from organizations.roles import StaffRole
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import act
from tests.config.test_roles_sign_in import grow_old
from tests.factories import PASSWORD, make_member, make_user

KEYS = ("secret", "token", "password", "session_key", "private_key", "hashed_key", "body", "html", "button_url")


def browser_of(role: StaffRole) -> Client:
    """Signed in as somebody of this role."""
    person = make_clerk()
    person.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(person)
    return client


def test_no_list_answers_a_guess_at_somebodys_session(db: None) -> None:
    now = timezone.now()
    session = {"session_key": "q" * 32, "ip": "127.0.0.1", "user_agent": "Firefox", "created_at": now}
    UserSession.objects.create(user=make_user(is_staff=True), last_seen_at=now, **session)
    client, listed = browser_of(StaffRole.SUPPORT), reverse("admin:usersessions_usersession_changelist")
    assert client.get(listed).status_code == 200
    for guess in ("session_key__startswith=q", f"session_key={'q' * 32}", "session_key__regex=^q"):
        assert client.get(f"{listed}?{guess}").status_code == 400, guess


def test_no_list_at_all_can_be_asked_for_a_key(db: None) -> None:
    request = RequestFactory().get("/admin/")
    asked = [
        (model._meta.label, field.name)
        for model, page in admin.site._registry.items()
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField) and any(key in field.name for key in KEYS)
        if page.lookup_allowed(f"{field.name}__startswith", "a", request)
    ]
    assert asked == []
    assert admin.site._registry[Account].lookup_allowed("name__startswith", "a", request)


def test_notes_on_an_account_are_read_by_who_may_read_notes(make_account: Callable[..., Account]) -> None:
    account = make_account("letustalk")
    support, pricing = browser_of(StaffRole.SUPPORT), browser_of(StaffRole.PRICING)
    act(support, reverse("admin:organizations_account_add_note", args=[account.pk]), text="Their lawyer called")
    act(support, reverse("admin:organizations_account_view_as_customer", args=[account.pk]), reason="Lawyer's letter")
    history = reverse("admin:organizations_account_history", args=[account.pk])
    changes = reverse("admin:organizations_recordedchange_changelist")
    for page in (history, changes):
        assert "lawyer" not in pricing.get(page).content.decode().lower(), page
        assert "Their lawyer called" in support.get(page).content.decode(), page
    assert "Add a note." in pricing.get(history).content.decode()
    note = RecordedChange.objects.get(part="organizations.accountnote")
    row = reverse("admin:organizations_recordedchange_change", args=[note.pk])
    assert support.get(row).status_code == 200
    assert pricing.get(row).status_code == 302


def test_an_invitations_letter_shows_staff_no_link_that_works(
    make_account: Callable[..., Account], client: Client
) -> None:
    account = make_account("letustalk")
    owner = make_member(account, email="owner@example.com")
    invite_member(account_id=account.pk, email="new@example.com", role=Role.OWNER, user=owner)
    letter = Delivery.objects.get(recipient="new@example.com")
    token = letter.body.partition("/billing/invitations/")[2].partition("/")[0]
    assert len(token) > 20
    page = browser_of(StaffRole.SUPPORT).get(reverse("admin:notifications_delivery_change", args=[letter.pk]))
    assert "/billing/invitations/…" in page.content.decode()
    assert token not in page.content.decode()

    client.post(reverse("accept_invitation", args=[token]), {"name": "New", "password": "long enough to be one"})
    assert User.objects.filter(email="new@example.com").exists()
    said = set(RecordedChange.objects.filter(doing__contains="invitations").values_list("doing", flat=True))
    assert said == {"/billing/invitations/…/"}


@pytest.mark.parametrize("of", ["auth_group", "organizations_membership"])
def test_rights_are_taken_away_after_a_recent_sign_in(
    of: str, staff_client: Client, make_account: Callable[..., Account]
) -> None:
    row: Any = Group.objects.create(name="Auditors")
    if of == "organizations_membership":
        row = make_member(make_account("letustalk"), role=Role.VIEWER).memberships.get()
    grow_old(staff_client)
    chosen = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    ways = [(f"admin:{of}_changelist", (), chosen), (f"admin:{of}_delete", (row.pk,), {"post": "yes"})]
    for name, arguments, sent in ways:
        answer = staff_client.post(reverse(name, args=arguments), sent)
        assert answer["Location"].startswith(reverse("account_reauthenticate")), name
        assert type(row).objects.filter(pk=row.pk).exists()
    assert staff_client.get(reverse(f"admin:{of}_changelist")).status_code == 200


def test_prices_and_what_is_given_each_month_ask_for_a_recent_sign_in(
    staff_client: Client, make_account: Callable[..., Account]
) -> None:
    wallet = make_account("letustalk").wallet
    grow_old(staff_client)
    for form in ("creditpack", "plan", "exchangerate", "issuer"):
        answer = staff_client.get(reverse(f"admin:billing_{form}_add"))
        assert answer.get("Location", "").startswith(reverse("account_reauthenticate")), form
    page = reverse("admin:billing_wallet_change", args=[wallet.pk])
    assert staff_client.get(page).status_code == 200
    answer = staff_client.post(page, {"monthly_allotment": "1000"})
    assert answer["Location"].startswith(reverse("account_reauthenticate"))


def test_an_address_that_a_browser_makes_up_is_not_written_down(db: None, client: Client) -> None:
    user = make_user()
    sent = {"login": user.email, "password": PASSWORD}
    client.post(reverse("account_login"), sent, headers={"X-Forwarded-For": "6.6.6.6", "X-Real-Ip": "6.6.6.6"})
    assert SignIn.objects.get(user=user).ip == "127.0.0.1"
    assert UserSession.objects.get(user=user).ip == "127.0.0.1"
