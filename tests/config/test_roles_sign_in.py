"""Staff need a second factor to reach the admin, and a recent sign-in for what moves money or changes rights."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY as PROOFS
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from billing.models import Transaction
from organizations.models import Account, User
from tests.config.admin_steps import token_of
from tests.factories import PASSWORD, make_user

OLD = 601  # seconds; RECENT_SIGN_IN_SECONDS is 600


@pytest.fixture(autouse=True)
def _attempts_are_counted_anew() -> None:
    cache.clear()


def grow_old(client: Client, seconds: int = OLD) -> None:
    """The last proof was given that long ago."""
    session = client.session
    session[PROOFS] = [{"method": "password", "at": time.time() - seconds}]
    session.save()


# The second factor


def test_staff_without_a_second_factor_reach_no_page_before_they_set_one_up(
    staff: User, client: Client, settings: Any
) -> None:
    settings.STAFF_NEEDS_TWO_FACTOR = True
    signed_in = client.post(reverse("account_login"), {"login": staff.email, "password": PASSWORD})
    assert signed_in.status_code == 302
    activate = reverse("mfa_activate_totp")
    pages = ("admin:index", "admin:organizations_account_changelist", "admin:search", "admin:password_change")
    for page in pages:
        led = client.get(reverse(page))
        assert (led.status_code, led["Location"].split("?")[0]) == (302, activate), page
    run = reverse("admin:billing_reconciliationrun_run_now")
    assert client.post(run, {"step": "confirm"})["Location"].startswith(activate)

    asked = client.get(f"{activate}?next=/admin/", follow=True)
    confirm, _status = asked.redirect_chain[-1]
    set_up = client.post(confirm, {"password": PASSWORD, "next": f"{activate}?next=/admin/"}, follow=True)
    html = set_up.content.decode()
    assert "Staff sign in with two-factor." in html
    secret = re.search(r"<textarea[^>]*>([A-Z2-7]+)<", html)
    assert secret is not None
    code = format_hotp_value(hotp_value(secret[1], int(time.time()) // 30))
    done = client.post(f"{activate}?next=/admin/", {"code": code}, follow=True)
    assert reverse("admin:index") in done.content.decode()
    assert client.get(reverse("admin:index")).status_code == 200

    refused = client.get(reverse("mfa_deactivate_totp"), follow=True).content.decode()
    assert "Staff cannot be without two-factor" in refused
    client.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.filter(user=staff, type="totp").exists()


def test_customers_and_staff_where_it_is_not_asked_go_on_without(staff: User, client: Client, settings: Any) -> None:
    client.force_login(staff)
    assert client.get(reverse("admin:index")).status_code == 200
    settings.STAFF_NEEDS_TWO_FACTOR = True
    client.force_login(make_user())
    assert client.get(reverse("security")).status_code == 200


# The recent sign-in


@pytest.fixture
def adjust(make_account: Callable[..., Account]) -> str:
    account = make_account("letustalk", paid="10")
    return reverse("admin:billing_wallet_adjust", args=[account.wallet.pk])


def test_money_asks_for_a_recent_sign_in_before_its_form(staff: User, staff_client: Client, adjust: str) -> None:
    assert staff_client.get(adjust).status_code == 200
    grow_old(staff_client, OLD - 2)
    assert staff_client.get(adjust).status_code == 200
    grow_old(staff_client)
    answer = staff_client.get(adjust)
    assert answer["Location"] == f"{reverse('account_reauthenticate')}?{urlencode({'next': adjust})}"
    page = staff_client.get(answer["Location"]).content.decode()
    assert "moves money or decides who may do what" in page
    again = staff_client.post(answer["Location"], {"password": PASSWORD, "next": adjust})
    assert (again.status_code, again["Location"]) == (302, adjust)
    assert staff_client.get(adjust).status_code == 200


def test_what_was_typed_goes_on_after_the_password_and_is_done_once(staff_client: Client, adjust: str) -> None:
    token = token_of(staff_client.get(adjust).content.decode())
    typed = {"token": token, "direction": "credit", "amount": "3.00", "reason": "Goodwill"}
    before = Transaction.objects.count()
    grow_old(staff_client)
    asked = staff_client.post(adjust, {**typed, "step": "confirm"})
    assert asked.status_code == 302
    assert Transaction.objects.count() == before
    assert staff_client.post(asked["Location"], {"password": "wrong", "next": adjust}).status_code == 200
    assert Transaction.objects.count() == before
    done = staff_client.post(asked["Location"], {"password": PASSWORD, "next": adjust})
    assert done.status_code == 302
    assert Transaction.objects.count() == before + 1
    staff_client.post(adjust, {**typed, "step": "confirm"})
    assert Transaction.objects.count() == before + 1


def test_the_confirmation_after_the_password_is_sent_to_the_action(staff_client: Client, adjust: str) -> None:
    token = token_of(staff_client.get(adjust).content.decode())
    grow_old(staff_client)
    typed = {"token": token, "direction": "credit", "amount": "3.00", "reason": "Goodwill", "step": "check"}
    asked = staff_client.post(adjust, typed)
    shown = staff_client.post(asked["Location"], {"password": PASSWORD, "next": adjust}).content.decode()
    assert f'action="{adjust}"' in shown
    assert 'value="Goodwill"' in shown


def test_what_moves_no_money_does_not_ask(staff_client: Client, adjust: str) -> None:
    grow_old(staff_client)
    assert staff_client.get(adjust.replace("/adjust", "/freeze")).status_code == 200


def test_rights_and_keys_ask_before_they_are_saved_and_looking_does_not(staff: User, staff_client: Client) -> None:
    person = make_user()
    grow_old(staff_client)
    confirm = reverse("account_reauthenticate")
    page = reverse("admin:organizations_user_change", args=[person.pk])
    assert staff_client.get(page).status_code == 200
    assert staff_client.post(page, {"name": "Jo"})["Location"].startswith(confirm)
    forms = ("organizations_user", "organizations_servicekey", "organizations_membership", "auth_group")
    for form in (*forms, "notifications_webhookendpoint"):
        assert staff_client.get(reverse(f"admin:{form}_add"))["Location"].startswith(confirm), form
    assert staff_client.get(reverse("admin:auth_user_password_change", args=[person.pk]))["Location"].startswith(
        confirm
    )
    new = reverse("admin:organizations_user_add")
    staff_client.post(new, {"email": "new@example.com", "password1": "not to be kept", "password2": "not to be kept"})
    assert "not to be kept" not in str(dict(staff_client.session))
