"""The second factor: switched on, asked for at every sign-in, its recovery codes, and no way around it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from organizations.models import Account, Role, User
from organizations.services.invitations import create_invitation
from tests.factories import PASSWORD, make_member, make_user

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
STEP = 30
OFF_BUTTON = "Switch off"


@pytest.fixture(autouse=True)
def _clean_slate(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()  # attempts are counted there
    # Letters and toasts leave after the commit, within the request.
    monkeypatch.setattr("django.db.transaction.on_commit", lambda call, **_: call())


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("letustalk", name="Brightwave")


@pytest.fixture
def user(account: Account) -> User:
    return make_member(account, email="jo@brightwave.example")


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as travelled:
        yield travelled


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // STEP))


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def password(client: Client, **more: str) -> Any:
    return client.post(reverse("account_login"), {"login": "jo@brightwave.example", "password": PASSWORD, **more})


def enrol(client: Client) -> tuple[str, list[str]]:
    """Switch it on as a person does; the app's secret and the recovery codes."""
    assert password(client).status_code == 302
    asked = client.get(reverse("mfa_activate_totp"))
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    form = client.post(asked["Location"], {"password": PASSWORD}, follow=True)
    secret = form.context["form"].secret
    done = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)}, follow=True)
    assert done.redirect_chain == [(reverse("mfa_view_recovery_codes"), 302)]
    return secret, re.findall(r'<span class="num">(\d{8})</span>', done.content.decode())


def signed_in(client: Client) -> bool:
    return client.get(reverse("overview")).status_code == 200


def test_it_is_switched_on_and_every_sign_in_asks_for_the_code(user: User, clock: Any) -> None:
    first = Client()
    secret, codes = enrol(first)
    assert len(set(codes)) == 10
    page = first.get(reverse("security")).content.decode()
    assert OFF_BUTTON in page
    assert "10 codes left" in page
    assert [each.subject for each in mail.outbox] == ["Two-factor is on"]

    other = Client()
    answer = password(other)
    assert answer["Location"] == reverse("mfa_authenticate")
    assert not signed_in(other)
    refused = other.post(reverse("mfa_authenticate"), {"code": wrong(code_of(secret))})
    assert "This code is not right" in refused.content.decode()
    assert not signed_in(other)
    clock.shift(STEP)
    assert other.post(reverse("mfa_authenticate"), {"code": code_of(secret)})["Location"] == "/billing/"
    assert signed_in(other)

    third = Client()  # no browser is trusted, and a code works once
    password(third)
    assert "was used before" in third.post(reverse("mfa_authenticate"), {"code": code_of(secret)}).content.decode()
    assert not signed_in(third)


def test_a_recovery_code_signs_in_once(user: User, clock: Any) -> None:
    _secret, codes = enrol(Client())
    for attempt in (1, 2):
        client = Client()
        password(client)
        client.post(reverse("mfa_authenticate"), {"code": codes[3]})
        assert signed_in(client) == (attempt == 1)
        if attempt == 1:
            assert "9 codes left" in client.get(reverse("security")).content.decode()


def test_guessing_is_limited(user: User, clock: Any) -> None:
    secret, codes = enrol(Client())
    client = Client()
    password(client)
    for _attempt in range(5):
        client.post(reverse("mfa_authenticate"), {"code": wrong(code_of(secret))})
    clock.shift(STEP)
    for code in (code_of(secret), codes[0]):
        page = client.post(reverse("mfa_authenticate"), {"code": code})
        assert "Too many failed login attempts" in page.content.decode()
    assert not signed_in(client)
    clock.shift(300)
    client = Client()
    password(client)
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert signed_in(client)


def test_new_codes_end_the_old_ones(user: User, clock: Any) -> None:
    client = Client()
    _secret, old = enrol(client)
    asked = client.get(reverse("mfa_generate_recovery_codes")).content.decode()
    assert "The 10 codes that are left end at once." in asked
    page = client.post(reverse("mfa_generate_recovery_codes"), follow=True).content.decode()
    new = re.findall(r'<span class="num">(\d{8})</span>', page)
    assert (len(set(new)), set(new) & set(old)) == (10, set())
    text = client.get(reverse("mfa_download_recovery_codes"))
    assert text["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert text.content.decode().split() == new


def test_it_is_switched_off_after_the_password(user: User, clock: Any) -> None:
    client = Client()
    enrol(client)
    clock.shift(600)
    asked = client.get(reverse("mfa_deactivate_totp"))
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    assert Authenticator.objects.count() == 2
    client.post(asked["Location"], {"password": PASSWORD})
    page = client.post(reverse("mfa_deactivate_totp"), follow=True)
    assert page.redirect_chain[-1][0] == reverse("security")
    assert "Two-factor is off." in page.content.decode()
    assert not Authenticator.objects.exists()
    assert signed_in_with_password_alone()


def signed_in_with_password_alone() -> bool:
    client = Client()
    password(client)
    return signed_in(client)


def test_seeing_the_codes_asks_who_is_there(user: User, clock: Any) -> None:
    client = Client()
    secret, _codes = enrol(client)
    clock.shift(600)
    for name in ("mfa_view_recovery_codes", "mfa_download_recovery_codes", "mfa_generate_recovery_codes"):
        assert client.get(reverse(name))["Location"].startswith(reverse("account_reauthenticate")), name
    form = client.get(reverse("mfa_view_recovery_codes"), follow=True).content.decode()
    assert reverse("mfa_reauthenticate") in form
    answer = client.post(
        f"{reverse('mfa_reauthenticate')}?next={reverse('mfa_view_recovery_codes')}", {"code": code_of(secret)}
    )
    assert answer["Location"] == reverse("mfa_view_recovery_codes")
    page = client.get(reverse("mfa_view_recovery_codes"))
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]


def test_an_invitation_is_no_way_around_it(user: User, clock: Any, make_account: Callable[..., Account]) -> None:
    enrol(Client())
    user.set_unusable_password()  # as staff may do
    user.save()
    _invitation, token = create_invitation(account=make_account("aipbx"), email=user.email, role=Role.OWNER)
    address = reverse("accept_invitation", args=[token])
    stranger = Client()
    assert stranger.get(address).context["state"] == "sign_in"
    stranger.post(address, {"name": "Jo", "password": "a brand new passphrase"})
    assert not signed_in(stranger)
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_the_admin_has_no_door_of_its_own(clock: Any, db: None) -> None:
    make_user(is_staff=True, email="jo@brightwave.example")
    enrol(Client())
    client = Client()
    login = reverse("admin:login")
    for answer in (
        client.get(login),
        client.post(login, {"username": "jo@brightwave.example", "password": PASSWORD, "next": "/admin/"}),
    ):
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, reverse("account_login"))
    asked = client.get(reverse("admin:index"), follow=True)
    assert asked.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert password(client, next="/admin/")["Location"].startswith(reverse("mfa_authenticate"))
    assert client.get(reverse("admin:index")).status_code == 302


def test_staff_without_an_account_have_it_too(staff_client: Client) -> None:
    page = staff_client.get(reverse("security"))
    assert page.status_code == 200
    assert "Switch on" in page.content.decode()
    assert page["Cache-Control"] == "private, no-store"


def test_the_picture_passes_a_strict_policy(user: User, clock: Any) -> None:
    client = Client()
    password(client)
    client.get(reverse("mfa_activate_totp"), follow=True)
    form = client.post(
        f"{reverse('account_reauthenticate')}?next={reverse('mfa_activate_totp')}", {"password": PASSWORD}, follow=True
    )
    html = form.content.decode()
    assert '<svg viewBox="0 0 ' in html
    assert 'aria-label="QR code for the authenticator app"' in html
    assert form.context["form"].secret in html
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|data:|<\?xml", html)


def test_a_changed_password_is_told_and_signs_others_out(user: User) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        password(client)
    new = "a brand new passphrase"
    wrong_one = here.post(reverse("account_change_password"), {"oldpassword": "no", "password1": new, "password2": new})
    assert wrong_one.status_code == 200
    answer = here.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )
    assert answer["Location"] == reverse("security")
    assert (signed_in(here), signed_in(there)) == (True, False)
    assert [(each.subject, each.to) for each in mail.outbox] == [("The password is changed", ["jo@brightwave.example"])]
    assert "/accounts/password/reset/" in str(mail.outbox[0].body)


def test_a_mail_server_that_is_down_stops_no_change(user: User, settings: Any) -> None:
    client = Client()
    password(client)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    new = "a brand new passphrase"
    answer = client.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )
    assert answer["Location"] == reverse("security")
    assert client.login(email="jo@brightwave.example", password=new)


@pytest.mark.parametrize("path", ["email/", "confirm-email/", "login/code/confirm/", "2fa/webauthn/", "2fa/trust/"])
def test_pages_that_nobody_needs_do_not_exist(user: User, path: str) -> None:
    client = Client()
    password(client)
    assert client.get(f"/accounts/{path}").status_code == 404


def test_support_switches_it_off_for_a_reason_and_the_person_is_told(user: User, clock: Any, staff: User) -> None:
    address = reverse("admin:organizations_user_switch_two_factor_off", args=[user.pk])
    desk = Client()
    desk.force_login(staff)
    person_page = reverse("admin:organizations_user_change", args=[user.pk])
    assert address not in desk.get(person_page).content.decode()
    enrol(Client())
    mail.outbox.clear()
    assert address in desk.get(person_page).content.decode()
    token = desk.get(address).context["form"]["token"].value()
    reason = {"token": str(token), "reason": "Lost the phone, called back"}
    desk.post(address, {**reason, "step": "check"})
    assert Authenticator.objects.count() == 2
    desk.post(address, {**reason, "step": "confirm"})
    assert not Authenticator.objects.exists()
    assert signed_in_with_password_alone()
    (letter,) = mail.outbox
    assert (letter.subject, letter.to) == ("Two-factor is off", ["jo@brightwave.example"])
    assert "Lost the phone" in desk.get(reverse("admin:organizations_user_history", args=[user.pk])).content.decode()
