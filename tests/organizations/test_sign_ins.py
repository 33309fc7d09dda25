"""Sign-ins are written down as they happen, sessions are listed and ended, and old ones go."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from organizations.models import Account, SignIn, User
from organizations.services import sign_ins
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import act
from tests.factories import PASSWORD, make_member, make_user

LOGIN = "/accounts/login/"
FIREFOX = "Mozilla/5.0 Firefox/140.0"


@pytest.fixture(autouse=True)
def _no_attempts_yet() -> None:
    cache.clear()  # attempts are counted there


@pytest.fixture
def member(make_account: Callable[..., Account]) -> User:
    return make_member(make_account("aipbx"))


def sign_in(user: User, password: str = PASSWORD) -> tuple[Client, int]:
    client = Client(REMOTE_ADDR="192.0.2.7", headers={"User-Agent": FIREFOX})
    return client, client.post(LOGIN, {"login": user.email, "password": password}).status_code


def told() -> list[tuple[str, str, str]]:
    return [(one.address, one.method, one.outcome) for one in SignIn.objects.order_by("pk")]


def test_a_sign_in_and_one_that_failed_are_written_down(member: User) -> None:
    assert sign_in(member, "wrong")[1] == 200
    assert sign_in(member)[1] == 302
    assert told() == [(member.email, "password", "failed"), (member.email, "password", "succeeded")]
    row = SignIn.objects.latest("pk")
    assert (row.user, row.ip, row.browser) == (member, "192.0.2.7", FIREFOX)


def test_an_address_that_nobody_has_is_written_down_as_it_was_tried(member: User) -> None:
    Client().post(LOGIN, {"login": "Nobody@Example.com", "password": "x"})
    row = SignIn.objects.get()
    assert (row.user, row.address, row.outcome) == (None, "nobody@example.com", "failed")


def test_whoever_is_locked_out_is_written_down_once(member: User) -> None:
    for _ in range(8):
        sign_in(member, "wrong")
    outcomes = [outcome for _, _, outcome in told()]
    assert outcomes.count("locked") == 1
    assert set(outcomes[:-1]) == {"failed"}


def test_the_second_factor_is_part_of_how(member: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(member, secret)
    client, _ = sign_in(member)
    assert told() == []
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    assert told() == [(member.email, "code", "failed"), (member.email, "code", "succeeded")]


def test_staff_end_a_session_with_a_reason(member: User, client: Client) -> None:
    signed_in, _ = sign_in(member)
    assert signed_in.get("/billing/").status_code == 200
    session = UserSession.objects.get(user=member)
    permissions = ("view_usersession", "change_usersession")
    client.force_login(make_clerk("organizations.view_user", *(f"usersessions.{name}" for name in permissions)))
    page = client.get(reverse("admin:organizations_user_change", args=[member.pk])).content.decode()
    assert session.session_key not in page and "192.0.2.7" in page
    act(client, reverse("admin:usersessions_usersession_end", args=[session.pk]), reason="Lost phone")
    assert signed_in.get("/billing/").status_code == 302
    assert not UserSession.objects.filter(user=member).exists()


def test_nobody_below_ends_the_sessions_of_staff(db: None, client: Client) -> None:
    admin = make_user()
    admin.is_staff = admin.is_superuser = True
    admin.save()
    sign_in(admin)
    session = UserSession.objects.get(user=admin)
    client.force_login(make_clerk("usersessions.view_usersession", "usersessions.change_usersession"))
    address = reverse("admin:usersessions_usersession_end_all", args=[session.pk])
    assert client.get(address).status_code == 403
    assert client.post(address, {"step": "confirm", "reason": "x"}).status_code == 403
    assert UserSession.objects.filter(pk=session.pk).exists()


def test_people_end_their_other_sessions_and_no_others(member: User, make_account: Callable[..., Account]) -> None:
    here, _ = sign_in(member)
    there, _ = sign_in(member)
    stranger = make_user()
    sign_in(stranger)
    page = here.get(reverse("security")).content.decode()
    assert page.count("192.0.2.7") == 2
    foreign = UserSession.objects.get(user=stranger)
    here.post(reverse("sessions_end"), {"session": foreign.pk})
    assert UserSession.objects.filter(pk=foreign.pk).exists()
    here.post(reverse("sessions_end"), {"session": "others"})
    assert there.get("/billing/").status_code == 302
    assert here.get("/billing/").status_code == 200


def test_when_a_session_was_last_seen_is_kept_without_writing_each_time(member: User) -> None:
    client, _ = sign_in(member)
    long_ago = timezone.now() - timedelta(hours=1)
    UserSession.objects.filter(user=member).update(last_seen_at=long_ago)
    client.get("/billing/")
    assert UserSession.objects.get(user=member).last_seen_at == long_ago
    session = client.session
    session["seen_at"] -= 3600
    session.save()
    client.get("/billing/")
    assert UserSession.objects.get(user=member).last_seen_at > long_ago


def test_old_sign_ins_and_dead_sessions_go(member: User) -> None:
    sign_in(member)
    sign_in(member)
    first, second = SignIn.objects.order_by("pk")
    SignIn.objects.filter(pk=first.pk).update(at=timezone.now() - timedelta(days=401))
    UserSession.objects.create(user=member, ip="192.0.2.9", user_agent="Old", session_key="gone")
    assert sign_ins.prune() == 2
    assert list(SignIn.objects.all()) == [second]
    assert UserSession.objects.filter(user=member).count() == 2
