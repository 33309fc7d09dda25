"""Organizations: what is wrong is refused, what is doubtful is asked about, one is the default, used ones are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import TopUp
from organizations.models import Account, Organization, Role
from organizations.services import organizations as service
from organizations.services.organizations import Details

SAMPLE = {
    "name": "TechMaster LLC",
    "country": "RU",
    "tax_id": "7701234567",
    "tax_registration_code": "770101001",
    "legal_address": "123 Main Street, New York, NY",
    "bank_account": "40702810500000012345",
    "bank_code": "044525225",
    "email": "accounting@techmaster.com",
}
LABS = {"name": "TechMaster Labs Inc", "country": "US", "region": "NY", "tax_id": "12-3456789"}
ADD = "/billing/organizations/add/"


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aipbx", name="TechMaster", paid="10")


@pytest.fixture
def client(account: Account, reader: Callable[..., Client]) -> Client:
    return reader(account)


def own(account: Account, **fields: Any) -> Organization:
    is_default = not account.organizations.exists()
    return Organization.objects.create(account=account, **{**LABS, "is_default": is_default, **fields})


def toast(client: Client, address: str = "/billing/organizations/") -> str:
    return " ".join(str(each) for each in client.get(address).context["messages"])


def test_the_pages_own_sample_is_saved_after_its_warnings(account: Account, client: Client) -> None:
    asked = client.post(ADD, SAMPLE)
    form, body = asked.context["form"], asked.content.decode()
    assert {each.name for each in form.doubtful} == {"tax_id", "bank_account"}
    assert "Save as it is" in body and 'id="tax_id-help"' in body
    assert not account.organizations.exists()
    done = client.post(ADD, {**SAMPLE, "accepted": form.accepted})
    assert (done.status_code, done["Location"]) == (303, "/billing/organizations/")
    kept = account.organizations.get()
    assert {name: getattr(kept, name) for name in SAMPLE} == SAMPLE
    assert kept.is_default
    assert toast(client) == "TechMaster LLC is added."


def test_a_warning_that_was_not_seen_is_asked_about_again(account: Account, client: Client) -> None:
    accepted = client.post(ADD, SAMPLE).context["form"].accepted
    again = client.post(ADD, {**SAMPLE, "tax_id": "7701234568", "accepted": accepted})
    assert again.status_code == 200
    assert not account.organizations.exists()


def test_wrong_forms_are_refused_beside_their_fields(account: Account, client: Client) -> None:
    sent = {**SAMPLE, "bank_code": "04452522", "email": "accounting@", "name": " "}
    refused = client.post(ADD, {**sent, "accepted": "anything"})
    form, body = refused.context["form"], refused.content.decode()
    assert refused.status_code == 422
    assert [each.name for each in form.wrong] == ["name", "bank_code", "email"]
    assert "A BIK has 9 digits, such as 044525225." in body
    assert "Not saved: 3 fields need a change" in body
    assert 'value="accounting@"' in body
    assert not account.organizations.exists()


@pytest.mark.parametrize(("country", "label"), [("RU", "ИНН"), ("US", "EIN"), ("DE", "VAT number"), ("IN", "GSTIN")])
def test_the_fields_are_called_as_in_the_country(client: Client, country: str, label: str) -> None:
    shown = client.post(ADD, {"name": "X", "country": country, "relabel": "1"})
    assert shown.status_code == 200
    assert label in shown.context["fields"]["tax_id"].label
    assert shown.context["form"].wrong == []
    assert Organization.objects.count() == 0


def test_a_form_opens_in_the_accounts_country(client: Client) -> None:
    assert client.get(ADD).context["form"].details.country == "US"


def test_what_was_saved_already_is_not_asked_about_again(account: Account, client: Client) -> None:
    saved = own(account, **{**SAMPLE, "tax_id": "1"})
    address = reverse("organization_edit", args=[saved.pk])
    done = client.post(address, {**SAMPLE, "tax_id": "1", "email": "books@techmaster.com"})
    assert done.status_code == 303
    saved.refresh_from_db()
    assert (saved.email, saved.tax_id) == ("books@techmaster.com", "1")
    assert client.post(address, {**SAMPLE, "tax_id": "2"}).status_code == 422
    assert [
        each.name for each in client.post(address, {**SAMPLE, "tax_id": "7701234568"}).context["form"].doubtful
    ] == ["tax_id"]


def test_a_second_one_with_the_same_tax_id_is_asked_about(account: Account, client: Client) -> None:
    own(account)
    asked = client.post(ADD, LABS)
    assert "TechMaster Labs Inc has it already." in asked.content.decode()
    assert account.organizations.count() == 1
    assert client.post(ADD, {**LABS, "accepted": asked.context["form"].accepted}).status_code == 303
    assert account.organizations.count() == 2


def test_there_is_one_default_and_another_can_be_chosen(account: Account, client: Client) -> None:
    first, second = own(account), own(account, name="Second", tax_id="98-7654321")
    assert client.post(reverse("organization_default", args=[second.pk])).status_code == 303
    assert list(account.organizations.values_list("name", "is_default")) == [("Second", True), (first.name, False)]
    assert toast(client) == "Saved. Second is the default now."


def test_removing_the_default_makes_the_oldest_of_the_others_the_default(account: Account, client: Client) -> None:
    first = own(account)
    own(account, name="Second")
    own(account, name="A third")
    address = reverse("organization_remove", args=[first.pk])
    assert "Second becomes the default instead." in client.get(address).content.decode()
    assert account.organizations.count() == 3
    assert client.post(address).status_code == 303
    assert list(account.organizations.values_list("name", "is_default")) == [("Second", True), ("A third", False)]


def test_one_that_a_payment_names_is_kept(account: Account, client: Client) -> None:
    used = own(account)
    sums = dict.fromkeys(("amount", "net", "total", "charge_amount"), 10)
    TopUp.objects.create(
        wallet=account.wallet, currency="USD", provider="bank", price_currency="USD", tax=0, charge_currency="USD",
        organization=used, created_at=timezone.now(), **sums,
    )  # fmt: skip
    address = reverse("organization_remove", args=[used.pk])
    body = client.get(address).content.decode()
    assert "is kept" in body and "Remove the organization" not in body
    assert client.post(address).status_code == 303
    assert Organization.objects.filter(pk=used.pk).exists()
    assert toast(client) == "TechMaster Labs Inc stands on payments or documents and is kept."


def test_viewers_see_the_list_and_no_button(account: Account, reader: Callable[..., Client]) -> None:
    saved = own(account)
    viewer = reader(account, Role.VIEWER)
    body = viewer.get(reverse("organizations")).content.decode()
    assert "12-3456789" in body
    assert "/billing/organizations/add/" not in body and f"/billing/organizations/{saved.pk}/" not in body
    for name in ("organization_edit", "organization_default", "organization_remove"):
        assert viewer.post(reverse(name, args=[saved.pk]), LABS).status_code == 403, name
    assert viewer.post(ADD, LABS).status_code == 403
    assert account.organizations.get().name == saved.name
    assert reader(account, Role.BILLING).get(ADD).status_code == 200


def test_another_accounts_organization_does_not_exist(
    account: Account, make_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    saved = own(account)
    stranger = reader(make_account("aipbx", name="Stranger"))
    for name in ("organization_edit", "organization_default", "organization_remove"):
        assert stranger.post(reverse(name, args=[saved.pk]), {**LABS, "name": "Taken"}).status_code == 404, name
    assert account.organizations.get().name == saved.name


def test_an_account_has_at_most_a_hundred(account: Account) -> None:
    Organization.objects.bulk_create(Organization(account=account, **LABS) for _ in range(100))
    with pytest.raises(ValidationError, match="at most 100"):
        service.add(account_id=account.pk, details=Details(**LABS), user_id=1)


def test_the_top_up_page_leads_here_and_back(account: Account, client: Client) -> None:
    page = client.get(reverse("top_up")).content.decode()
    assert f"{ADD}?back=top_up" in page
    assert 'name="back" value="top_up"' in client.get(ADD, {"back": "top_up"}).content.decode()
    done = client.post(ADD, {**LABS, "back": "top_up"})
    saved = account.organizations.get()
    assert done["Location"] == f"/billing/top-up/?organization={saved.pk}"
    shown = client.get(done["Location"])
    assert shown.context["form"].organization == saved
    assert f"/billing/organizations/{saved.pk}/?back=top_up" in shown.content.decode()


@pytest.mark.parametrize("product", ["aipbx", "letustalk", "osmtalk", "atllasx", "aitelier"])
def test_every_products_customers_have_the_page(
    make_account: Callable[..., Account], reader: Callable[..., Client], product: str
) -> None:
    body = reader(make_account(product)).get(reverse("organizations")).content.decode()
    assert "No organizations yet" in body
    assert 'aria-current="page"' in body


def test_a_long_list_costs_no_more_queries(account: Account, client: Client, statements: Callable[[], Any]) -> None:
    own(account)
    with statements() as few:
        client.get(reverse("organizations"))
    Organization.objects.bulk_create(Organization(account=account, **LABS) for _ in range(20))
    with statements() as many:
        client.get(reverse("organizations"))
    assert len(many) == len(few) <= 15


def test_staff_are_held_to_the_same_checks(account: Account, staff_client: Client) -> None:
    address = reverse("admin:organizations_organization_add")
    wrong = staff_client.post(address, {**SAMPLE, "account": account.pk, "bank_code": "04452522"})
    assert "A BIK has 9 digits, such as 044525225." in wrong.content.decode()
    saved = staff_client.post(address, {**SAMPLE, "account": account.pk}, follow=True)
    assert "The last digit does not match the others." in saved.content.decode()
    assert account.organizations.get().is_default
