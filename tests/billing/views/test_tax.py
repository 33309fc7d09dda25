"""Where the rule is told in words: before paying, on the settings page, beside a VAT number, and to staff."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Issuer, VatCheck
from organizations.models import Account, Organization, Role
from tests.factories import make_user
from tests.usage.conftest import bare_account

__all__ = ["bare_account"]

NUMBER = "FR76823400106"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUERIES_AT_MOST = 15
Make = Callable[..., Account]
Reader = Callable[..., Client]


@pytest.fixture
def account(bare_account: Make) -> Account:
    return bare_account("letustalk", name="Brightwave", paid="20", timezone="UTC")


def organization(account: Account, country: str = "FR", tax_id: str = NUMBER, **fields: Any) -> Organization:
    return Organization.objects.create(
        account=account, name=f"Buyer in {country}", country=country, tax_id=tax_id, **{"is_default": True, **fields}
    )


def answered(buyer: Organization, state: str) -> VatCheck:
    return VatCheck.objects.create(organization=buyer, number=buyer.tax_id, state=state, checked_at=NOON)


def words(client: Client, page: str, **query: str) -> str:
    return str(client.get(reverse(page), query).content.decode())


@pytest.mark.parametrize(
    ("country", "tax_id", "note"),
    [
        ("FR", NUMBER, "Reverse charge: no VAT is added, you account for it yourself."),
        ("CH", "1", "An export: no tax is added."),
        ("", "1", "No country is known, so no tax is added."),
        ("DE", "DE136695976", ""),
    ],
)
def test_the_rule_stands_beside_the_total_before_paying(
    account: Account, reader: Reader, django_assert_max_num_queries: Any, country: str, tax_id: str, note: str
) -> None:
    Account.objects.update(country=country)
    organization(account, country, tax_id)
    client = reader(account)
    with django_assert_max_num_queries(QUERIES_AT_MOST):
        page = client.get(reverse("top_up"), {"amount": "25", "provider": "stripe"})
    assert (page.context["tax_note"], note in page.content.decode()) == (note, True)
    assert [line["name"] for line in page.context["tax_lines"]] == (["VAT"] if country == "DE" else [])


def test_the_settings_page_says_what_the_register_answered(
    account: Account, reader: Reader, django_assert_max_num_queries: Any
) -> None:
    buyer = organization(account)
    client = reader(account, Role.BILLING)
    reverse_charge = f"France, reverse charge: no VAT is added, you account for it under {NUMBER}."
    assert reverse_charge in words(client, "settings")
    assert "VIES" not in words(client, "settings")
    answered(buyer, "unavailable")
    page = words(client, "settings")
    assert reverse_charge in page
    assert f"The EU register of VAT numbers (VIES) has not answered yet. Until it does, {NUMBER} counts." in page
    answered(buyer, "valid")
    confirmed = f"The EU register of VAT numbers (VIES) confirmed {NUMBER} on Nov 21, 2026."
    assert confirmed in words(client, "settings")
    answered(buyer, "invalid")
    with django_assert_max_num_queries(QUERIES_AT_MOST):
        page = words(client, "settings")
    assert f"The EU register of VAT numbers (VIES) did not know {NUMBER} on Nov 21, 2026, so VAT is added." in page
    assert "France: every top-up is charged with VAT 20%. With a valid VAT number it would be none." in page


def test_an_export_and_a_tax_that_is_due_later_are_said(account: Account, reader: Reader) -> None:
    organization(account, "CH", "1")
    client = reader(account)
    assert "Switzerland: an export, so no tax is added to top-ups." in words(client, "settings")
    Issuer.objects.update(taxes_top_ups=False, issues_certificates=False)
    assert "Tax, where it is due, stands on the invoice of the period." in words(client, "settings")


def test_each_organization_has_its_answer_beside_its_number(
    account: Account, reader: Reader, django_assert_max_num_queries: Any
) -> None:
    answered(organization(account), "valid")
    answered(organization(account, "DE", "DE136695976", is_default=False), "invalid")
    answered(organization(account, "AT", "ATU64123451", is_default=False), "unavailable")
    organization(account, "US", "12-3456789", is_default=False)
    changed = organization(account, "IT", "IT00743110157", is_default=False)
    answered(changed, "invalid")
    Organization.objects.filter(pk=changed.pk).update(tax_id="IT00159560366")
    client = reader(account, Role.VIEWER)
    with django_assert_max_num_queries(QUERIES_AT_MOST):
        page = client.get(reverse("organizations"))
    assert {each.country: note for each, _label, note in page.context["rows"]} == {
        "FR": "confirmed by VIES on Nov 21, 2026",
        "DE": "not known to VIES on Nov 21, 2026",
        "AT": "VIES has not answered yet",
        "US": "",
        "IT": "",
    }


def test_staff_see_the_checks_and_ask_again(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    row = answered(organization(account), "valid")
    VatCheck.objects.update(next_check_at=NOON.replace(year=2027))
    rung: list[tuple[str, int]] = []
    monkeypatch.setattr("billing.services.vat_checks.ring", lambda task, pk: rung.append((task, pk)))
    client = Client()
    client.force_login(make_user(is_staff=True))
    assert NUMBER in client.get(reverse("admin:billing_vatcheck_changelist")).content.decode()
    page = client.get(reverse("admin:billing_vatcheck_change", args=[row.pk])).content.decode()
    assert "Ask again" in page
    url = reverse("admin:billing_vatcheck_ask_again", args=[row.pk])
    assert f"Ask about {NUMBER} again" in client.get(url).content.decode()
    assert rung == []
    token = "7a3a3b0e-7f44-4b5e-9a53-0a1c6f4d2a10"
    assert client.post(url, {"step": "confirm", "token": token}).status_code == 302
    row.refresh_from_db()
    assert rung == [("billing.check_vat_number", row.organization_id)]
    assert row.next_check_at is not None
    assert row.next_check_at.year < 2027
