"""The back office as a whole: every page loads, quickly, for those who may see it, and the ledger is read-only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Model
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from organizations.admin import base
from organizations.models import Product, ServiceKey, User
from tests.config.admin_rows import ROWS, fill, make_clerk
from tests.factories import PASSWORD, make_user, open_test_account

QUERIES_MAX = 20
OWN_APPS = ("organizations", "notifications", "billing", "usage")
INLINE = {
    # Edited on the page of their version.
    "usage.Rate",
    "usage.FreeRule",
    # Shown on the page of their terms.
    "billing.ApprovalLimit",
    # Shown on the page of its document.
    "billing.DocumentFile",
    # Shown on the page of their delivery.
    "notifications.Attempt",
    # What senders keep for each other, and no reader's business.
    "notifications.TelegramPace",
}
READ_ONLY = (
    "billing.Transaction",
    "billing.Transfer",
    "billing.LedgerAccount",
    "billing.Grant",
    "billing.Hold",
    "billing.HourlyMovement",
    "billing.LedgerDay",
    "billing.LedgerVerification",
    "usage.UsageEvent",
    "usage.DailyUsage",
    "usage.DailyComponent",
    "usage.ChatHour",
    "usage.RejectedEvent",
    "usage.Rerating",
    "usage.ReratedCall",
    "usage.ChargeRevision",
    "usage.WhatIfRun",
    "usage.WhatIfAccount",
    "usage.IdempotentRequest",
    "notifications.Delivery",
    "notifications.Notice",
    "notifications.AlertAddress",
    "notifications.Preference",
    "notifications.TelegramLink",
    "notifications.SweepRun",
    "notifications.Incident",
    "billing.AutoTopUp",
    "billing.Card",
    "billing.Payment",
    "billing.Document",
    "billing.DocumentFailure",
    "billing.ProviderEvent",
    "billing.Refund",
    "billing.Approval",
    "billing.Dispute",
    "billing.ReconciliationRun",
    "billing.PaymentDifference",
    "billing.TopUp",
    "billing.VatCheck",
    "billing.BillingPeriod",
    "billing.PostpayTerms",
    "billing.Coupon",
    "billing.CouponRedemption",
    "billing.CouponAttempt",
    "billing.Subscription",
    "organizations.Invitation",
    "organizations.RecordedChange",
    "organizations.AccountNote",
    "organizations.SupportView",
    "organizations.SignIn",
    "usersessions.UserSession",
)


def url(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def key_of(row: Model | None) -> object:
    """What the row's page goes by: never the primary key of an API key, which holds its hash."""
    assert row is not None
    return row.prefix if isinstance(row, ServiceKey) else row.pk


@pytest.fixture
def filled(products: dict[str, Product]) -> None:
    fill(products)


@pytest.fixture
def clerk(db: None) -> Client:
    """Somebody of the staff without any permission."""
    client = Client()
    client.force_login(make_clerk())
    return client


def registered() -> Iterator[type[Model]]:
    yield from admin.site._registry


def test_every_model_of_ours_has_a_page_in_the_back_office() -> None:
    own = [model for app in OWN_APPS for model in apps.get_app_config(app).get_models()]
    missing = {model._meta.label for model in own if not admin.site.is_registered(model)}
    assert missing == INLINE


def test_every_list_with_more_than_thirty_rows_takes_at_most_twenty_queries(filled: None, staff_client: Client) -> None:
    slow, few = {}, []
    for model in registered():
        if model._default_manager.count() < ROWS:
            few.append(model._meta.label)
        with CaptureQueriesContext(connection) as queries:
            response = staff_client.get(url(model, "changelist"))
        assert response.status_code == 200, model
        assert response.context["cl"].result_count >= min(ROWS, model._default_manager.count()), model
        if len(queries) > QUERIES_MAX:
            slow[model._meta.label] = len(queries)
    assert (slow, few) == ({}, [])


def test_every_page_of_a_row_and_every_page_for_a_new_one_loads(
    filled: None, staff_client: Client, staff: User
) -> None:
    request = RequestFactory().get("/")
    request.user = staff
    ContentType.objects.get_for_models(*registered())  # which a process reads once
    for model in registered():
        row = model._default_manager.order_by("-pk").first()
        assert row is not None
        with CaptureQueriesContext(connection) as queries:
            assert staff_client.get(url(model, "change", key_of(row))).status_code == 200, model
        assert len(queries) <= QUERIES_MAX, model
        assert staff_client.get(url(model, "history", key_of(row))).status_code == 200, model
        adds = 200 if admin.site.get_model_admin(model).has_add_permission(request) else 403
        assert staff_client.get(url(model, "add")).status_code == adds, model


def test_what_the_system_writes_is_read_only_for_superusers_too(filled: None, staff_client: Client) -> None:
    for label in READ_ONLY:
        model = apps.get_model(label)
        row = model._default_manager.order_by("-pk").first()
        before = model._default_manager.count()
        page = staff_client.get(url(model, "change", row.pk))
        assert page.status_code == 200, label
        assert b'name="_save"' not in page.content, label
        assert url(model, "add").encode() not in staff_client.get(url(model, "changelist")).content, label
        assert staff_client.post(url(model, "change", row.pk), {"_save": "1"}).status_code == 403, label
        assert staff_client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403, label
        assert staff_client.get(url(model, "add")).status_code == 403, label
        assert staff_client.post(url(model, "add"), {}).status_code == 403, label
        deletes = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
        staff_client.post(url(model, "changelist"), deletes)
        assert model._default_manager.count() == before, label
        assert model._default_manager.filter(pk=row.pk).exists(), label


def test_staff_without_permissions_see_no_list_and_no_page(filled: None, clerk: Client) -> None:
    for model in registered():
        row = model._default_manager.order_by("-pk").first()
        assert clerk.get(url(model, "changelist")).status_code == 403, model
        assert clerk.get(url(model, "change", key_of(row))).status_code == 403, model
    dashboard = clerk.get(reverse("admin:index"))
    assert dashboard.status_code == 200
    assert b"Money in and out" not in dashboard.content


def test_nobody_gets_in_without_being_staff(filled: None, client: Client) -> None:
    client.force_login(make_user())
    for model in registered():
        response = client.get(url(model, "changelist"))
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("admin:login"))


# Looking, too; the made-up signed day has no file, which its page says.
READ_ONLY_ACTIONS = {
    "billing_document_pdf": 200,
    "organizations_account_view_as_customer": 200,
    "usage_whatifrun_csv": 200,
    "usage_ratecardversion_compare": 200,
    "usage_ratecardversion_csv": 200,
    "usage_ratecardversion_xlsx": 200,
    "billing_signedday_download": 302,
    "billing_signedday_download_signature": 302,
}


def test_every_action_is_refused_to_staff_who_may_only_look(filled: None) -> None:
    user = make_clerk()
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(user)
    refused = 0
    for model, model_admin in admin.site._registry.items():
        row = model._default_manager.order_by("-pk").first()
        for action in getattr(model_admin, "_get_base_actions_detail", list)():
            address = reverse(f"admin:{action.action_name}", args=[key_of(row)])
            if answer := READ_ONLY_ACTIONS.get(action.action_name):
                assert client.get(address).status_code == answer, address
                continue
            assert client.get(address).status_code == 403, address
            assert client.post(address, {"step": "confirm"}).status_code == 403, address
            refused += 1
    assert refused == 78


def test_a_count_stops_at_ten_thousand(filled: None, staff_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base.CappedPaginator, "cap", 10)
    response = staff_client.get(reverse("admin:organizations_account_changelist"))
    assert response.context["cl"].result_count == 11
    assert "10+" in response.content.decode()


def test_a_big_table_shows_its_newest_rows_until_an_index_narrows_it(
    filled: None, staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from billing.models import Transaction

    monkeypatch.setattr(base, "RECENT_ROWS", 5)
    oldest = Transaction.objects.order_by("pk").first()
    assert oldest is not None
    windowed = staff_client.get(reverse("admin:billing_transaction_changelist"))
    newest = Transaction.objects.order_by("-pk")[:5]
    numbers = range(newest[0].pk - 4, newest[0].pk + 1)  # of which a rollback may have taken one
    assert [row.pk for row in windowed.context["cl"].result_list] == [row.pk for row in newest if row.pk in numbers]
    assert oldest not in windowed.context["cl"].result_list
    narrowed = staff_client.get(
        reverse("admin:billing_transaction_changelist"), {"wallet__id__exact": oldest.wallet_id}
    )
    assert oldest in narrowed.context["cl"].result_list


def test_search_finds_accounts_calls_and_people_a_bounded_number_of_each(
    filled: None, staff_client: Client, products: dict[str, Product]
) -> None:
    account = open_test_account(products["osmtalk"], name="Saffron Logistics", external_id="saffron")
    address = reverse("admin:search")
    with CaptureQueriesContext(connection) as queries:
        found = staff_client.get(address, {"s": "saffron", "extended": "1"}).content.decode()
    assert url(type(account), "change", account.pk) in found
    assert url(type(account.wallet), "change", account.wallet.pk) in found
    assert len(queries) <= 2 * QUERIES_MAX  # it asks for two dozen kinds of things
    many = staff_client.get(address, {"s": "customer", "extended": "1"}).content.decode()
    assert many.count("/admin/organizations/account/") == 8


def test_search_shows_nothing_of_models_that_one_may_not_see(filled: None, clerk: Client) -> None:
    found = clerk.get(reverse("admin:search"), {"s": "customer", "extended": "1"}).content.decode()
    assert "/admin/organizations/account/" not in found


def test_staff_sign_in_with_their_address(db: None, client: Client) -> None:
    user = make_user(is_staff=True)
    page = client.get(reverse("admin:index"), follow=True)
    sign_in, _status = page.redirect_chain[-1]
    assert sign_in.startswith(reverse("account_login"))
    response = client.post(sign_in, {"login": user.email, "password": PASSWORD, "next": "/admin/"})
    assert (response.status_code, response["Location"]) == (302, "/admin/")
    assert client.get(reverse("admin:index")).status_code == 200


def test_the_header_says_which_installation_this_is(staff_client: Client, settings: object) -> None:
    assert "Development" in staff_client.get(reverse("admin:index")).content.decode()
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    assert "Production" in staff_client.get(reverse("admin:index")).content.decode()
