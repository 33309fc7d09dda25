"""Staff look at a customer's pages as the customer sees them: marked, read-only, logged, and over in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from organizations.models import Account, SupportView, User
from organizations.services import support_views
from organizations.viewing import SESSION_KEY
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import act
from tests.factories import make_member

MAY = ("organizations.view_account", "organizations.view_as_customer")
MARK = "You are viewing Brightwave"


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("letustalk", name="Brightwave", paid="25")


@pytest.fixture
def staff(db: None) -> User:
    return make_clerk(*MAY)


def view(client: Client, staff: User, account: Account) -> SupportView:
    """Signed in, and the customer's overview on the screen."""
    client.force_login(staff)
    address = reverse("admin:organizations_account_view_as_customer", args=[account.pk])
    _, done, _ = act(client, address, reason="Ticket 12")
    assert (done.status_code, done["Location"]) == (302, "/billing/")
    return SupportView.objects.latest("pk")


def test_the_customers_pages_are_shown_marked_and_the_view_is_logged(
    account: Account, staff: User, client: Client, make_account: Callable[..., Account]
) -> None:
    make_member(make_account("aipbx", name="Their own"), email="both@example.com")
    looked = view(client, staff, account)
    page = client.get("/billing/").content.decode()
    assert MARK in page and staff.email in page
    assert "$25.00" in page
    assert (looked.staff, looked.account, looked.reason, looked.ended_at) == (staff, account, "Ticket 12", None)
    assert looked.until - looked.started_at == timedelta(minutes=30)
    client.force_login(make_clerk("organizations.view_supportview"))
    listed = client.get(reverse("admin:organizations_supportview_changelist")).content.decode()
    assert "Ticket 12" in listed


def test_the_own_accounts_of_staff_are_not_mixed_in(
    account: Account, staff: User, client: Client, make_account: Callable[..., Account]
) -> None:
    own = make_account("letustalk", name="Their own", paid="7")
    own.memberships.create(user=staff, role="owner")
    view(client, staff, account)
    page = client.get("/billing/")
    assert page.context["tenant"].memberships == ()
    assert "Their own" not in page.content.decode()
    assert "Viewing" in page.content.decode()
    assert client.get("/billing/", {"of_account": own.pk}).status_code == 404
    client.post(reverse("end_support_view"))
    assert "Their own" in client.get("/billing/").content.decode()


def test_nothing_is_sent_and_the_page_says_why(account: Account, staff: User, client: Client) -> None:
    view(client, staff, account)
    answer = client.post(reverse("settings"), {"name": "Other", "timezone": "UTC", "page_of_account": account.pk})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.content.decode() and MARK in answer.content.decode()
    account.refresh_from_db()
    assert account.name == "Brightwave"


def test_a_page_that_writes_when_it_is_looked_at_cannot(
    account: Account, staff: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def writes(*_: Any) -> None:
        Account.objects.filter(pk=account.pk).update(name="Written")

    view(client, staff, account)
    monkeypatch.setattr("billing.views.shell.balance_of", writes)
    answer = client.get("/billing/coupons/")
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.content.decode()
    account.refresh_from_db()
    assert account.name == "Brightwave"


def test_postgresql_itself_refuses_to_write(account: Account, staff: User, client: Client) -> None:
    from organizations.viewing import SupportViewing

    def writes(request: HttpRequest) -> HttpResponse:
        with pytest.raises(InternalError, match="read-only transaction"), transaction.atomic():
            Account.objects.filter(pk=account.pk).update(name="Written")
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            return HttpResponse(cursor.fetchone()[0])

    view(client, staff, account)
    request = HttpRequest()
    request.method, request.path_info, request.user, request.session = "GET", "/billing/", staff, client.session
    answer = SupportViewing(writes)(request)
    assert isinstance(answer, HttpResponse) and answer.content == b"on"


def test_it_ends_by_button(account: Account, staff: User, client: Client) -> None:
    looked = view(client, staff, account)
    answer = client.post(reverse("end_support_view"))
    assert answer["Location"] == reverse("admin:organizations_account_change", args=[account.pk])
    looked.refresh_from_db()
    assert looked.ending == "button"
    assert MARK not in client.get("/billing/").content.decode()


def test_it_ends_after_half_an_hour(account: Account, staff: User, client: Client) -> None:
    looked = view(client, staff, account)
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        page = client.get("/billing/")
        assert (page.status_code, page["Location"]) == (
            302,
            reverse("admin:organizations_account_change", args=[account.pk]),
        )
        assert SESSION_KEY not in client.session
    looked.refresh_from_db()
    assert (looked.ending, looked.ended_at) == ("time", looked.until)


def test_a_live_part_of_the_page_leads_away_when_it_is_over(account: Account, staff: User, client: Client) -> None:
    looked = view(client, staff, account)
    live = {"account": str(account.pk), "seen": ""}
    assert client.get(reverse("live"), live, headers={"HX-Request": "true"}).status_code == 200
    support_views.end(view_id=looked.pk, ending=SupportView.Ending.BUTTON)
    answer = client.get(reverse("live"), live, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == reverse("admin:organizations_account_change", args=[account.pk])


def test_it_ends_at_sign_out(account: Account, staff: User, client: Client) -> None:
    looked = view(client, staff, account)
    client.post("/accounts/logout/")
    looked.refresh_from_db()
    assert looked.ending == "signed_out"


@pytest.mark.parametrize("lost", ["permission", "staff", "active"])
def test_it_ends_with_the_right_to_look(lost: str, account: Account, staff: User, client: Client) -> None:
    looked = view(client, staff, account)
    if lost == "permission":
        staff.user_permissions.clear()
    else:
        User.objects.filter(pk=staff.pk).update(**{f"is_{lost}": False})
    page = client.get("/billing/")
    assert page.status_code == 302
    assert b"$25.00" not in client.get("/billing/", follow=True).content
    looked.refresh_from_db()
    assert looked.ending == "not_allowed"


def test_whoever_may_not_look_does_not(account: Account, client: Client) -> None:
    client.force_login(make_clerk("organizations.view_account"))
    address = reverse("admin:organizations_account_view_as_customer", args=[account.pk])
    assert client.get(address).status_code == 403
    assert client.post(address, {"step": "confirm", "reason": "x"}).status_code == 403
    assert SupportView.objects.count() == 0


def test_security_is_nobodys_but_ones_own(account: Account, staff: User, client: Client) -> None:
    view(client, staff, account)
    page = client.get(reverse("security")).content.decode()
    assert "each person" in page and reverse("account_change_password") not in page
    assert reverse("security") not in client.get(reverse("settings")).content.decode()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE organizations_supportview SET reason = 'other'",
        "UPDATE organizations_supportview SET until = until + interval '1 hour'",
        "DELETE FROM organizations_supportview",
    ],
)
def test_the_record_of_a_view_stays_as_it_is(account: Account, staff: User, sql: str) -> None:
    looked = support_views.start(account_id=account.pk, staff=staff, reason="Asked")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert support_views.end(view_id=looked.pk, ending=SupportView.Ending.BUTTON)
    assert not support_views.end(view_id=looked.pk, ending=SupportView.Ending.SIGNED_OUT)
    looked.refresh_from_db()
    assert (looked.reason, looked.ending) == ("Asked", "button")
