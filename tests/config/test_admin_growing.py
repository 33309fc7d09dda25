"""Lists that grow are searched through indexes, and a page asks as much of a long row as of a short one."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from billing.models import Document, Payment, TopUp
from organizations.models import Account, User
from organizations.roles import StaffRole
from tests.statements import sent_statements

pytestmark = pytest.mark.django_db
QUERIES_MOST = 20
TERMS = ("cs_4711", "INV-2026-0214", "tenant-17", "SEPA 4711", "DE100000017", "25.00", "TU-000017", "Acme %")


@pytest.mark.parametrize("model", [Document, Payment, TopUp])
def test_a_search_of_a_list_that_grows_reads_no_table_through(model: type[Model], rf: RequestFactory) -> None:
    """With sequential scans priced out, one is left only where no index serves."""
    model_admin: Any = admin.site._registry[model]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    for term in TERMS:
        found, _may_repeat = model_admin.get_search_results(rf.get("/"), model._default_manager.all(), term)
        assert "Seq Scan" not in found.explain(), term


def test_accounts_are_found_by_the_beginning_of_words_identifier_and_address(make_account: Any) -> None:
    from organizations.selectors import finding

    acme = make_account("aipbx", name="Acme Voice Ltd", external_id="Tenant-17", email="Owner@acme.example")
    other = make_account("aipbx", name="Other", external_id="other")
    for term in ("acme", "voi", "ACME ltd", "tenant-1", "owner@"):
        assert [one.pk for one in Account.objects.filter(pk__in=finding.accounts(term))] == [acme.pk], term
    for term in ("oice", "%", "'", "ten_nt"):
        assert not Account.objects.filter(pk__in=finding.accounts(term)).exists(), term
    assert other.pk in finding.accounts("other")


def test_a_broad_term_finds_all(make_account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from organizations.selectors import finding

    monkeypatch.setattr(finding, "FEW", 1)
    made = {make_account("aipbx", name=f"Acme {number}", external_id=f"a{number}").pk for number in range(3)}
    assert set(Account.objects.filter(pk__in=finding.accounts("acme")).values_list("pk", flat=True)) == made


def test_the_page_of_a_role_or_person_names_its_permissions_at_once(staff_client: Client) -> None:
    role = Group.objects.get(name=StaffRole.ADMIN)
    assert role.permissions.count() > 100
    person = User.objects.create_user("clerk@example.com", is_staff=True)
    person.user_permissions.set(Permission.objects.all()[:100])
    viewer = User.objects.create_user("viewer@example.com", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__in=("view_user", "view_group")))
    client = Client()
    client.force_login(viewer)
    for page in (
        reverse("admin:auth_group_change", args=[role.pk]),
        reverse("admin:organizations_user_change", args=[person.pk]),
    ):
        for each in (staff_client, client):
            each.get(page)
            with sent_statements() as sent:
                assert each.get(page).status_code == 200
            assert len(sent) <= QUERIES_MOST, (page, len(sent))
