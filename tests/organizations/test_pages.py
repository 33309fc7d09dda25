"""Coming in: sign-in, invitations, the switch between accounts, and what is shown to those who have none."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from djmoney.money import Money

from billing.models import Wallet
from organizations.models import Account, Membership, Role, User
from organizations.services.invitations import create_invitation
from organizations.tenancy import link_of_account
from tests.factories import PASSWORD, make_member, make_user

NEW_PASSWORD = "a brand new passphrase"


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("letustalk", name="Brightwave")


@pytest.fixture
def invited(account: Account) -> str:
    """The address of an open invitation of nina@brightwave.example as billing member."""
    _invitation, token = create_invitation(account=account, email="Nina@brightwave.example", role=Role.BILLING)
    return reverse("accept_invitation", args=[token])


def test_a_member_signs_in_and_sees_the_balance(account: Account, client: Client) -> None:
    user = make_member(account, email="jo@brightwave.example")
    answer = client.post(
        reverse("account_login"), {"login": "Jo@Brightwave.example", "password": PASSWORD}, follow=True
    )
    assert answer.redirect_chain == [("/billing/", 302)]
    assert answer.context["user"] == user
    page = answer.content.decode()
    assert '<html lang="en" data-accent="jade">' in page
    assert "Brightwave" in page


def test_a_wrong_password_and_an_unknown_address_are_told_apart_by_nobody(account: Account, client: Client) -> None:
    make_member(account, email="jo@brightwave.example")
    pages = []
    for address in ("jo@brightwave.example", "nobody@brightwave.example"):
        answer = client.post(reverse("account_login"), {"login": address, "password": "wrong"})
        assert answer.status_code == 200
        pages.append(re.search(r'class="banner-title">([^<]+)<', answer.content.decode())[1])  # type: ignore[index]
    assert pages[0] == pages[1]


def test_nobody_signs_up_alone(client: Client, db: None) -> None:
    data = {"email": "x@example.com", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    page = client.post(reverse("account_signup"), data)
    assert "Accounts are opened by invitation" in page.content.decode()
    assert not User.objects.exists()


def test_a_forgotten_password_is_set_anew_by_mail(account: Account, client: Client) -> None:
    make_member(account, email="jo@brightwave.example")
    client.post(reverse("account_reset_password"), {"email": "jo@brightwave.example"})
    (message,) = mail.outbox
    link = re.search(r"http://testserver(\S+)", str(message.body))[1]  # type: ignore[index]
    form = client.get(link, follow=True)
    set_address = form.redirect_chain[-1][0]
    done = client.post(set_address, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}, follow=True)
    assert "The password is changed" in done.content.decode()
    assert client.login(email="jo@brightwave.example", password=NEW_PASSWORD)
    assert "This link no longer works" in Client().get(link, follow=True).content.decode()


def test_an_invitation_makes_a_person_and_a_member_once(account: Account, invited: str, client: Client) -> None:
    page = client.get(invited).content.decode()
    assert "Join Brightwave" in page
    assert "Role: Billing. Money: top-ups, cards, limits, coupons, organizations, and which projects are live." in page
    answer = client.post(invited, {"name": "Nina Brandt", "password": NEW_PASSWORD}, follow=True)
    assert answer.redirect_chain == [("/billing/", 302)]
    user = User.objects.get()
    assert (user.email, user.name) == ("nina@brightwave.example", "Nina Brandt")
    assert user.check_password(NEW_PASSWORD)
    membership = Membership.objects.get()
    assert (membership.account, membership.user, membership.role) == (account, user, Role.BILLING)

    again = Client().post(invited, {"name": "Mallory", "password": NEW_PASSWORD})
    assert again.status_code == 404
    assert "accepted before" in again.content.decode()
    assert User.objects.count() == Membership.objects.count() == 1
    assert User.objects.get().name == "Nina Brandt"


def test_a_weak_password_is_refused_beside_its_field(invited: str, client: Client) -> None:
    page = client.post(invited, {"name": "Nina", "password": "12345678"})
    assert page.status_code == 200
    assert "password" in page.context["form"].errors
    assert 'aria-invalid="true"' in page.content.decode()
    assert not User.objects.exists()
    assert not Membership.objects.exists()


def test_an_invitation_expires(invited: str, client: Client) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=14, seconds=1), tick=False):
        answer = client.post(invited, {"name": "Nina", "password": NEW_PASSWORD})
    assert answer.status_code == 404
    assert "has expired" in answer.content.decode()
    assert not User.objects.exists()


def test_a_link_that_is_no_invitation_says_so(client: Client, db: None) -> None:
    answer = client.get(reverse("accept_invitation", args=["guess"]))
    assert answer.status_code == 404
    assert "not an invitation" in answer.content.decode()


def test_a_link_never_replaces_a_password(invited: str, client: Client) -> None:
    user = make_user(email="nina@brightwave.example")
    page = client.post(invited, {"name": "Mallory", "password": NEW_PASSWORD})
    assert "This address has a password here already" in page.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert not Membership.objects.exists()


def test_who_is_signed_in_accepts_with_one_button(account: Account, invited: str, client: Client) -> None:
    user = make_user(email="nina@brightwave.example")
    client.force_login(user)
    assert not Membership.objects.exists()
    assert "Accept the invitation" in client.get(invited).content.decode()
    assert client.post(invited).status_code == 302
    assert Membership.objects.get().account == account


def test_somebody_else_cannot_accept(invited: str, client: Client) -> None:
    client.force_login(make_user(email="mallory@example.com"))
    page = client.post(invited)
    assert "You are signed in as mallory@example.com" in page.content.decode()
    assert not Membership.objects.exists()


def test_somebody_without_an_account_is_told_what_to_do(client: Client, db: None) -> None:
    client.force_login(make_user(email="alone@example.com"))
    for address in (reverse("overview"), reverse("history"), reverse("calls")):
        page = client.get(address)
        assert page.status_code == 200
        assert "alone@example.com is a member of no account" in page.content.decode()


def test_staff_without_an_account_are_sent_to_the_administration(staff_client: Client) -> None:
    page = staff_client.get(reverse("overview")).content.decode()
    assert f'href="{reverse("admin:index")}">Open the administration' in page


def test_the_switch_changes_account_and_product(make_account: Callable[..., Account], client: Client) -> None:
    first, second = make_account("letustalk", name="Alpha"), make_account("osmtalk", name="Beta")
    user = make_member(first)
    Membership.objects.create(account=second, user=user, role=Role.VIEWER)
    client.force_login(user)
    assert client.get(reverse("overview")).context["account"] == first
    client.post(reverse("switch_account"), {"account": second.pk})
    page = client.get(reverse("overview"))
    assert (page.context["account"], page.context["accent"], page.context["currency"]) == (second, "ember", "INR")
    body = page.content.decode()
    assert 'Beta<span class="note">osmTalk · Viewer</span>' in body
    assert 'Alpha<span class="note">letustalk.ai · Owner</span>' in body
    outside = re.sub(r'<details class="switch".*?</details>', "", body, flags=re.DOTALL)
    assert "Beta" in outside
    for trace in ("Alpha", "letustalk.ai", "$", "Owner"):
        assert trace not in outside, trace
    Membership.objects.filter(account=second).delete()
    assert client.get(reverse("overview")).context["account"] == first


@pytest.mark.parametrize("wanted", ["foreign", "0", "", "abc", "9" * 30, "\N{ARABIC-INDIC DIGIT ONE}"])
def test_the_switch_leads_to_no_foreign_account(
    make_account: Callable[..., Account], client: Client, wanted: str
) -> None:
    own, foreign = make_account("letustalk", name="Own"), make_account("letustalk", name="Foreign")
    client.force_login(make_member(own))
    answer = client.post(reverse("switch_account"), {"account": foreign.pk if wanted == "foreign" else wanted})
    assert answer.status_code == 404
    assert client.get(reverse("overview")).context["account"] == own


def test_the_switch_takes_no_link(account: Account, client: Client) -> None:
    client.force_login(make_member(account))
    assert client.get(reverse("switch_account"), {"account": account.pk}).status_code == 405


def test_a_form_acts_on_the_account_of_its_page_whatever_was_chosen_in_another_window(
    make_account: Callable[..., Account], client: Client
) -> None:
    first, second = make_account("letustalk", name="Alpha"), make_account("osmtalk", name="Beta")
    user = make_member(first)
    Membership.objects.create(account=second, user=user, role=Role.OWNER)
    client.force_login(user)
    page = client.get(reverse("limits")).content.decode()
    # Every form of the page says so, without a word of its template.
    said = re.findall(r'name="page_of_account" value="(\d+)"', page)
    assert said == [str(first.pk)] * page.count("csrfmiddlewaretoken")
    client.post(reverse("switch_account"), {"account": second.pk})
    answer = client.post(reverse("limits"), {"page_of_account": said[0], "daily_cap": "7", "concurrency_limit": ""})
    assert answer.status_code == 303
    assert [Wallet.objects.get(account=each).daily_cap for each in (first, second)] == [Money(7, "USD"), None]
    assert client.get(reverse("limits")).context["account"] == first


def test_a_letters_link_shows_its_account_to_a_member_of_several(
    make_account: Callable[..., Account], client: Client
) -> None:
    first, second = make_account("letustalk", name="Alpha"), make_account("osmtalk", name="Beta")
    user = make_member(first)
    Membership.objects.create(account=second, user=user, role=Role.OWNER)
    client.force_login(user)
    link = link_of_account(f"{reverse('top_up')}?amount=500#amount", second.pk)
    assert link == f"/billing/top-up/?amount=500&of_account={second.pk}#amount"
    answer = client.get(link.partition("#")[0])
    assert (answer.status_code, answer["Location"]) == (302, "/billing/top-up/?amount=500")
    assert client.get(answer["Location"]).context["account"] == second
    link = link_of_account(reverse("limits"), first.pk)
    assert client.get(link)["Location"] == "/billing/limits/"
    assert client.get(reverse("overview")).context["account"] == first


def test_a_letters_link_leads_there_after_signing_in(account: Account, client: Client) -> None:
    link = link_of_account(reverse("limits"), account.pk)
    answer = client.get(link)
    assert (answer.status_code, answer["Location"]) == (
        302, f"{reverse('account_login')}?next=/billing/limits/%3Fof_account%3D{account.pk}"
    )  # fmt: skip


@pytest.mark.parametrize("stated", ["foreign", "", "0", "abc", "9" * 30])
def test_a_letters_link_shows_a_stranger_nothing(
    make_account: Callable[..., Account], client: Client, stated: str
) -> None:
    own, foreign = make_account("letustalk", name="Own"), make_account("letustalk", name="Foreign")
    client.force_login(make_member(own))
    answer = client.get(reverse("limits"), {"of_account": foreign.pk if stated == "foreign" else stated})
    assert (answer.status_code, b"Foreign" in answer.content) == (404, False)
    assert client.get(reverse("overview")).context["account"] == own


@pytest.mark.parametrize("stated", ["foreign", "", "0", "abc"])
def test_a_form_of_no_account_of_the_reader_does_nothing(
    make_account: Callable[..., Account], client: Client, stated: str
) -> None:
    own, foreign = make_account("letustalk", name="Own"), make_account("letustalk", name="Foreign")
    client.force_login(make_member(own))
    of_account = foreign.pk if stated == "foreign" else stated
    fields = {"page_of_account": of_account, "daily_cap": "7", "concurrency_limit": ""}
    assert client.post(reverse("limits"), fields).status_code == 404
    assert not Wallet.objects.filter(daily_cap__isnull=False).exists()
    assert client.get(reverse("limits")).context["account"] == own


def test_error_pages_are_in_the_design(client: Client, db: None) -> None:
    missing = client.get("/nowhere/")
    assert missing.status_code == 404
    assert "Nothing is here" in missing.content.decode()
    forged = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "x", "password": "y"})
    assert forged.status_code == 403
    assert "design/theme.css" in forged.content.decode()


def test_a_broken_page_says_that_nothing_was_charged(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(make_member(account))
    monkeypatch.setattr("usage.views.overview.spending_by_day", lambda **_: 1 / 0)
    page = client.get(reverse("overview"))
    assert page.status_code == 500
    assert "Something broke on our side" in page.content.decode()


def test_no_page_has_a_style_or_a_script_of_its_own(account: Account, client: Client, invited: str) -> None:
    """A strict Content-Security-Policy is sent, and nothing on the pages would need a wider one."""
    pages = [client.get(address) for address in (reverse("account_login"), invited, "/nowhere/")]
    client.force_login(make_member(account))
    pages += [client.get(reverse(name)) for name in ("overview", "history", "calls", "account_logout")]
    for page in pages:
        body = page.content.decode()
        assert "default-src 'self'" in page["Content-Security-Policy"]
        assert "unsafe" not in page["Content-Security-Policy"]
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://(?!www\.w3\.org)", body)
        assert not re.search(r"<script(?![^>]*\ssrc=)", body)
