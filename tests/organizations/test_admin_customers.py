"""Customers in the back office: accounts, people, keys, products."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from organizations.models import Account, Product, Service, ServiceKey, User
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import act
from tests.factories import make_member, make_user


def account_page(account: Account) -> str:
    return reverse("admin:organizations_account_change", args=[account.pk])


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aipbx", name="TechMaster", paid="25")


def test_an_account_is_suspended_with_a_reason_and_reactivated(account: Account, staff_client: Client) -> None:
    page = staff_client.get(account_page(account)).content.decode()
    assert "Suspend" in page and "Reactivate" not in page
    suspend = reverse("admin:organizations_account_suspend", args=[account.pk])
    asked, done, _ = act(staff_client, suspend, reason="Fraud")
    assert f"Suspend {account}?" in asked
    assert done.status_code == 302
    account.refresh_from_db()
    assert account.status == Account.Status.SUSPENDED
    assert "Fraud" in LogEntry.objects.get().change_message
    assert "Reactivate" in staff_client.get(account_page(account)).content.decode()
    act(staff_client, reverse("admin:organizations_account_reactivate", args=[account.pk]), reason="Cleared")
    account.refresh_from_db()
    assert account.status == Account.Status.ACTIVE


def test_an_account_is_not_suspended_without_a_reason(account: Account, staff_client: Client) -> None:
    address = reverse("admin:organizations_account_suspend", args=[account.pk])
    _, answer, _ = act(staff_client, address, reason="")
    assert answer.context["form"].errors["reason"] == ["Say why: the reason is kept with what was done."]
    account.refresh_from_db()
    assert account.status == Account.Status.ACTIVE


def test_the_page_shows_members_projects_wallet_and_calls(account: Account, staff_client: Client) -> None:
    member = make_member(account)
    panels = {panel.title: panel for panel in staff_client.get(account_page(account)).context["panels"]}
    assert list(panels)[:2] == ["Balance", "Notes"]
    assert list(panels)[-2:] == ["Members", "Projects and organizations"]
    assert member.email in str(panels["Members"].rows[0][0])
    assert account.projects.get().name in str(panels["Projects and organizations"].rows[0][0])
    assert reverse("admin:billing_wallet_change", args=[account.wallet.pk]) in str(panels["Balance"].note)


@pytest.mark.parametrize(
    ("lists", "tables"),
    [
        ((), []),
        (("organizations.view_project",), ["Projects and organizations"]),
        (("organizations.view_project", "organizations.view_membership"), ["Members", "Projects and organizations"]),
    ],
)
def test_an_accounts_page_shows_the_tables_whose_lists_one_may_see_and_no_money(
    lists: tuple[str, ...], tables: list[str], account: Account, client: Client
) -> None:
    client.force_login(make_clerk("organizations.view_account", *lists))
    response = client.get(account_page(account))
    assert [panel.title for panel in response.context["panels"]] == tables
    assert "$25" not in response.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("timezone", "Mars/Olympus", "There is no such time zone."),
        ("country", "XX", "There is no such country."),
        ("email", "nobody", "Enter a valid email address."),
        ("name", "a\u202eb", "Enter the name."),
    ],
)
def test_a_wrong_field_of_an_account_is_refused_beside_it(
    field: str, value: str, words: str, account: Account, staff_client: Client
) -> None:
    data = {"name": "Acme", "email": "a@example.com", "country": "US", "timezone": "UTC", field: value}
    response = staff_client.post(account_page(account), data)
    assert response.context["adminform"].form.errors[field][0].startswith(words)


def test_accounts_are_opened_by_services_and_never_deleted(account: Account, staff_client: Client) -> None:
    assert staff_client.get(reverse("admin:organizations_account_add")).status_code == 403
    address = reverse("admin:organizations_account_delete", args=[account.pk])
    assert staff_client.post(address, {"post": "yes"}).status_code == 403


def make_new_key(client: Client, service: Service) -> str:
    data = {"service": service.pk, "name": "Front desk PBX", "scopes": ["authorize", "usage"]}
    page = client.post(reverse("admin:organizations_servicekey_add"), data, follow=True)
    assert page.status_code == 200
    return page.content.decode()


def test_a_new_key_is_shown_once_and_works(products: dict[str, Product], staff_client: Client) -> None:
    shown = make_new_key(staff_client, Service.objects.get(slug="aipbx"))
    key = shown.split("<code>")[1].split("</code>")[0]
    row = ServiceKey.objects.get()
    assert row.is_valid(key) and row.scopes == ["authorize", "usage"]
    assert key not in staff_client.get(reverse("admin:organizations_servicekey_changelist")).content.decode()


def test_the_hash_of_a_key_is_on_no_page_and_in_no_address(
    products: dict[str, Product], staff_client: Client, staff: User
) -> None:
    pages = [make_new_key(staff_client, Service.objects.get(slug="aipbx"))]
    row = ServiceKey.objects.get()
    for page in ("change", "history", "revoke"):
        address = reverse(f"admin:organizations_servicekey_{page}", args=[row.prefix])
        pages.append(staff_client.get(address).content.decode())
    pages.append(staff_client.get(reverse("admin:organizations_servicekey_changelist")).content.decode())
    pages.append(staff_client.get(reverse("admin:index")).content.decode())
    secret = row.hashed_key.rpartition("$")[2]
    assert not [page for page in pages if secret in page or row.hashed_key in page]
    entry = LogEntry.objects.get()
    assert entry.object_id == row.prefix


def test_a_revoked_key_stays_revoked(products: dict[str, Product], staff_client: Client) -> None:
    make_new_key(staff_client, Service.objects.get(slug="aipbx"))
    row = ServiceKey.objects.get()
    address = reverse("admin:organizations_servicekey_revoke", args=[row.prefix])
    _, done, _ = act(staff_client, address, reason="Leaked")
    assert done.status_code == 302
    assert ServiceKey.objects.get().revoked
    again = staff_client.get(address, follow=True)
    assert "revoked already" in again.content.decode()


def test_a_key_is_renamed_and_given_an_end(products: dict[str, Product], staff_client: Client) -> None:
    make_new_key(staff_client, Service.objects.get(slug="aipbx"))
    row = ServiceKey.objects.get()
    address = reverse("admin:organizations_servicekey_change", args=[row.prefix])
    data = {"name": "Back desk", "expiry_date_0": "2999-01-01", "expiry_date_1": "00:00:00"}
    assert staff_client.post(address, data).status_code == 302
    changed = ServiceKey.objects.get()
    assert (changed.pk, changed.hashed_key, changed.name) == (row.pk, row.hashed_key, "Back desk")
    assert changed.expiry_date is not None and changed.expiry_date.year == 2999


def test_a_key_that_would_be_expired_at_once_is_refused(products: dict[str, Product], staff_client: Client) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    data = {
        "service": Service.objects.get(slug="aipbx").pk,
        "name": "Old",
        "scopes": ["read"],
        "expiry_date_0": f"{yesterday:%Y-%m-%d}",
        "expiry_date_1": "00:00:00",
    }
    response = staff_client.post(reverse("admin:organizations_servicekey_add"), data)
    assert "This moment has passed" in response.context["adminform"].form.errors["expiry_date"][0]
    assert not ServiceKey.objects.exists()


def test_a_person_is_added_with_the_address_in_lower_case(staff_client: Client) -> None:
    data = {
        "email": "Anna@Example.COM",
        "name": "Anna",
        "usable_password": "true",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
    }
    response = staff_client.post(reverse("admin:organizations_user_add"), data)
    assert response.status_code == 302
    assert User.objects.get(email="anna@example.com").check_password("correct horse battery")


def test_an_address_that_differs_only_in_case_is_taken(staff_client: Client) -> None:
    make_user(email="anna@example.com")
    data = {"email": "ANNA@example.com", "usable_password": "false"}
    response = staff_client.post(reverse("admin:organizations_user_add"), data)
    assert response.context["adminform"].form.errors["email"][0].startswith("Someone signs in with this address")


def test_a_password_is_changed_on_its_own_page(staff_client: Client) -> None:
    user = make_user()
    address = reverse("admin:auth_user_password_change", args=[user.pk])
    data = {"password1": "another horse battery", "password2": "another horse battery"}
    assert staff_client.post(address, data).status_code == 302
    user.refresh_from_db()
    assert user.check_password("another horse battery")


def test_a_product_gets_its_currency_once(db: None, staff_client: Client) -> None:
    data = {
        "name": "Mail",
        "slug": "mail",
        "currency_code": "EUR",
        "accent": "jade",
        "mark": "mark-mail",
        "timezone": "Europe/Berlin",
        "default_project_mode": "live",
        "services-TOTAL_FORMS": "0",
        "services-INITIAL_FORMS": "0",
    }
    assert staff_client.post(reverse("admin:organizations_product_add"), data).status_code == 302
    product = Product.objects.get(slug="mail")
    assert product.currency == "EUR"
    changed = {**data, "name": "Post", "currency_code": "USD", "slug": "post"}
    address = reverse("admin:organizations_product_change", args=[product.pk])
    assert staff_client.post(address, changed).status_code == 302
    product.refresh_from_db()
    assert (product.name, product.slug, product.currency) == ("Post", "mail", "EUR")


def test_a_suspended_account_is_found_by_its_filter(make_account: Callable[..., Account], staff_client: Client) -> None:
    make_account("aipbx", name="Good")
    bad = make_account("aipbx", name="Bad")
    Account.objects.filter(pk=bad.pk).update(status=Account.Status.SUSPENDED)
    address = reverse("admin:organizations_account_changelist")
    response = staff_client.get(address, {"status__exact": "suspended"})
    assert list(response.context["cl"].result_list) == [bad]
