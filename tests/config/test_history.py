"""History as a whole: what staff can touch is recorded, by whatever way it is changed, and the record stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.db import connection, transaction
from django.db.utils import Error
from django.test import Client, RequestFactory
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from billing.models import Wallet
from billing.verification.run import results
from config.celery import app
from notifications.models import WebhookEndpoint
from organizations.admin.actions import page_url
from organizations.database import run
from organizations.history import attribution, tracking, triggers
from organizations.models import Account, Product, RecordedChange, Service, ServiceKey, User
from tests.config.admin_rows import charge, make_clerk
from tests.factories import ApiClient, make_user


def changes(obj: Any, operation: str = "update") -> list[dict[str, Any]]:
    """What the history holds of the object, oldest first."""
    label = type(obj)._meta.label_lower
    found = RecordedChange.objects.filter(model=label, object_id=str(obj.pk), operation=operation)
    return list(found.order_by("id").values_list("changes", flat=True))


def last() -> RecordedChange:
    found = RecordedChange.objects.order_by("-id").first()
    assert found is not None
    return found


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def test_every_model_that_staff_can_touch_is_recorded_or_excused_with_a_reason(staff: User) -> None:
    request = RequestFactory().get("/")
    request.user = staff
    known = {one.model._meta.label_lower for one in tracking.tracked()} | set(tracking.excused())
    forgotten = []
    for model, model_admin in admin.site._registry.items():
        may = (
            model_admin.has_add_permission(request),
            model_admin.has_change_permission(request),
            model_admin.has_delete_permission(request),
            bool(model_admin.get_actions(request)),
            bool(getattr(model_admin, "_get_base_actions_detail", list)()),
            bool(getattr(model_admin, "_get_base_actions_list", list)()),
        )
        if any(may) and model._meta.label_lower not in known:
            forgotten.append(model._meta.label)
    assert forgotten == []
    assert [label for label in tracking.excused() if tracking.tracked_as(label)] == []
    assert all(apps.get_model(label) and reason for label, reason in tracking.excused().items())


def test_every_declared_trigger_stands(db: None) -> None:
    assert triggers.missing() == []
    sql(f"ALTER TABLE organizations_product DISABLE TRIGGER {_trigger_of('organizations_product')}")
    assert triggers.missing() == ["organizations.Product"]
    sql("DROP TRIGGER history_stays ON organizations_recordedchange")
    (found,) = results(["history_is_recorded"])
    assert {tuple(row.values()) for row in found.rows} == {
        ("organizations_product", _trigger_of("organizations_product"), "D"),
        ("organizations_recordedchange", "history_stays", "missing"),
    }


def _trigger_of(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE 'pgtrigger%%'", [table]
        )
        return str(cursor.fetchone()[0])


def test_migrating_again_mends_a_trigger_and_takes_away_a_stray_one(db: None) -> None:
    name = _trigger_of("organizations_product")
    sql(f"DROP TRIGGER {name} ON organizations_product")
    sql(
        "CREATE TRIGGER pgtrigger_history_stray AFTER UPDATE ON billing_card FOR EACH ROW"
        " EXECUTE FUNCTION organizations_record_change('a', 'id', '', '', '{}', '{}', '{}')"
    )
    triggers.install()
    assert triggers.missing() == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname = 'pgtrigger_history_stray'")
        assert cursor.fetchone() == (0,)


def test_a_bulk_update_and_plain_sql_leave_one_change_per_row(products: dict[str, Product]) -> None:
    before = RecordedChange.objects.count()
    Product.objects.filter(slug__in=["aipbx", "osmtalk"]).update(timezone="Asia/Tokyo")
    assert changes(products["aipbx"]) == [{"timezone": [products["aipbx"].timezone, "Asia/Tokyo"]}]
    sql("UPDATE organizations_product SET name = name || '!' WHERE slug = %s", "aipbx")
    change = last()
    assert change.changes == {"name": [products["aipbx"].name, products["aipbx"].name + "!"]}
    assert (change.user, change.source, change.doing, change.context) == (None, "", "", None)
    assert change.database_user == connection.settings_dict["USER"]
    sql("UPDATE organizations_product SET name = name")
    assert RecordedChange.objects.count() == before + 3


@pytest.mark.parametrize("table", ["organizations_recordedchange", "django_admin_log"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_history_is_never_changed_or_removed(staff: User, table: str, statement: str) -> None:
    LogEntry.objects.log_actions(staff.pk, [staff], 2, "Looked.", single_object=True)
    rows = (RecordedChange.objects.count(), LogEntry.objects.count())
    assert min(rows) > 0
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(Error, match="is refused: the history"), transaction.atomic():
        sql(statement.format(table))
    assert (RecordedChange.objects.count(), LogEntry.objects.count()) == rows


def test_nobody_writes_history_by_hand(staff: User) -> None:
    with pytest.raises(Error, match="INSERT on organizations_recordedchange is refused"), transaction.atomic():
        RecordedChange.objects.create(
            at="2026-01-01T00:00Z", model="x", object_id="1", operation="update", changes={}, database_user="me"
        )
    assert not RecordedChange.objects.filter(model="x").exists()


def test_no_setting_of_the_session_keeps_a_change_out(products: dict[str, Product]) -> None:
    name = _trigger_of("organizations_product")
    sql(f"SET LOCAL pgtrigger.ignore = '{{{name}}}'")
    Product.objects.filter(slug="aipbx").update(mark="other")
    assert list(changes(products["aipbx"])[-1]) == ["mark"]


def test_a_form_is_recorded_with_the_person_and_the_reason(products: dict[str, Product], staff: User) -> None:
    client = signed_in(staff)
    page = reverse("admin:django_celery_beat_intervalschedule_add")
    assert b'name="history_reason"' in client.get(page).content
    client.post(page, {"every": "7", "period": "seconds", "history_reason": "Beat was too slow."})
    change = last()
    assert (change.model, change.operation, change.user) == ("django_celery_beat.intervalschedule", "insert", staff)
    assert change.changes["every"] == [None, 7]
    assert (change.source, change.doing, change.reason) == ("staff", "Form", "Beat was too slow.")
    assert change.context is not None


def test_an_action_is_recorded_with_its_title_and_reason(make_account: Callable[..., Account], staff: User) -> None:
    account = make_account("aipbx")
    sent = {"step": "confirm", "token": "0b0c6f34-8d9c-4b7c-8f0e-0f3e5d1f5a11", "reason": "Fraud at the number."}
    signed_in(staff).post(reverse("admin:organizations_account_suspend", args=[account.pk]), sent)
    assert changes(account) == [{"status": ["active", "suspended"]}]
    change = RecordedChange.objects.get(model="organizations.account", operation="update")
    assert (change.user, change.doing, change.reason) == (staff, "Suspend the account", "Fraud at the number.")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_what_goes_past_django_says_who_it_was_too(make_account: Callable[..., Account], staff: User) -> None:
    wallet = make_account("aipbx").wallet
    with attribution.acting(source="staff", user_id=staff.pk, doing="Test", reason="100% sure"):
        run(("UPDATE billing_wallet SET is_frozen = true WHERE id = %s", [wallet.pk]))
        sql("UPDATE billing_wallet SET daily_cap = 7 WHERE id % 1 = 0")
    one, other = RecordedChange.objects.filter(model="billing.wallet").order_by("id")
    assert (one.changes, one.user, one.reason) == ({"is_frozen": [False, True]}, staff, "100% sure")
    assert (other.user, other.context) == (staff, one.context)
    assert changes(wallet)[1]["daily_cap"][1] == 7
    assert attribution.statement() is None


def test_tasks_give_their_name(products: dict[str, Product]) -> None:
    @app.task(name="tests.rename")
    def rename() -> None:
        Product.objects.filter(slug="aipbx").update(name="Renamed")

    rename()
    assert (last().source, last().doing, last().user) == ("task", "tests.rename", None)


def test_services_give_their_name(products: dict[str, Product], api: Callable[..., ApiClient]) -> None:
    made = api("aipbx").post(
        "/api/v1/accounts",
        json={"account": "acme", "name": "Acme", "email": "a@acme.example", "country": "US", "timezone": "UTC"},
    )
    assert made.status_code == 201, made.content
    change = RecordedChange.objects.get(model="organizations.account")
    assert (change.source, change.doing) == ("api", "aipbx: /api/v1/accounts")


def test_calls_cost_the_history_nothing_and_a_void_is_in_it(make_account: Callable[..., Account]) -> None:
    account = make_account("aipbx", paid="10")
    before = RecordedChange.objects.count()
    event = charge(account, "e1")
    assert Wallet.objects.get(account=account).paid.amount < 10
    assert RecordedChange.objects.count() == before
    type(event).objects.filter(pk=event.pk).update(status="void", voided_at=event.received_at, void_reason="Test")
    assert changes(event)[0]["status"] == ["accepted", "void"]


def test_secrets_are_never_kept(products: dict[str, Product]) -> None:
    user = make_user()
    user.set_password("another secret 42")
    user.save()
    service = Service.objects.get(slug="aipbx")
    key, shown = ServiceKey.objects.create_key(service=service, name="Key", scopes=["read"])
    endpoint = WebhookEndpoint.objects.create(service=service, url="https://hooks.example/", secret="whsec_kept")
    endpoint.secret, endpoint.previous_secret = "whsec_new", "whsec_kept"
    endpoint.save()
    ServiceKey.objects.filter(prefix=key.prefix).update(revoked=True)
    kept = json.dumps(list(RecordedChange.objects.values("object_id", "part_id", "changes")), default=str)
    for secret in (user.password, key.hashed_key, key.pk, shown, "whsec_"):
        assert secret not in kept
    assert changes(user) == [{"password": ["***", "***"]}]
    assert [one.object_id for one in RecordedChange.objects.filter(model="organizations.servicekey")] == [
        key.prefix,
        key.prefix,
    ]


def test_roles_given_and_taken_stand_at_the_person_and_the_role(staff: User) -> None:
    person, group = make_user(), Group.objects.create(name="Night shift")
    permission = Permission.objects.get(codename="view_wallet")
    group.permissions.add(permission)
    person.groups.add(group)
    person.groups.remove(group)
    at_person = RecordedChange.objects.filter(model="organizations.user", object_id=str(person.pk)).exclude(part="")
    assert list(at_person.order_by("id").values_list("operation", "part")) == [
        ("insert", "organizations.user_groups"),
        ("delete", "organizations.user_groups"),
    ]
    page = signed_in(staff).get(reverse("admin:organizations_user_history", args=[person.pk])).content.decode()
    assert "Added group" in page
    assert "Night shift" in page
    of_group = signed_in(staff).get(reverse("admin:auth_group_history", args=[group.pk])).content.decode()
    assert str(permission) in of_group


def test_the_clock_is_recorded_without_its_ticks(db: None) -> None:
    interval = IntervalSchedule.objects.create(every=5, period="seconds")
    task = PeriodicTask.objects.create(name="Nightly", task="sweeps.x", interval=interval)
    task.total_run_count = 7
    task.save()
    assert changes(task) == []
    task.enabled = False
    task.save()
    assert changes(task) == [{"enabled": [True, False]}]


def test_the_page_of_an_object_reads_as_people_do(make_account: Callable[..., Account], staff: User) -> None:
    wallet = make_account("aipbx").wallet
    with attribution.acting(source="staff", user_id=staff.pk, doing="Limits", reason="Agreed by phone"):
        Wallet.objects.filter(pk=wallet.pk).update(mode="postpay", daily_cap="1250.5", is_frozen=True)
    page = signed_in(staff).get(page_url(admin.site.get_model_admin(Wallet), wallet).replace("change", "history"))
    text = page.content.decode()
    for words in ("Prepaid", "Postpay", "1,250.50 USD", "<del>no</del>", "Agreed by phone", staff.email, "Limits"):
        assert words in text, words


def test_the_list_of_changes_shows_only_what_one_may_see(products: dict[str, Product], staff: User) -> None:
    clerk = make_clerk("organizations.view_recordedchange", "organizations.view_account")
    address = reverse("admin:organizations_recordedchange_changelist")
    product = products["aipbx"]
    Product.objects.filter(pk=product.pk).update(name="Renamed")
    assert signed_in(clerk).get(address).context["cl"].result_count == 0
    everything = signed_in(staff).get(address).context["cl"].result_count
    assert everything == RecordedChange.objects.count()
    found = list(signed_in(staff).get(address, {"q": f"Product {product.pk}"}).context["cl"].queryset)
    assert {(one.model, one.object_id) for one in found} == {("organizations.product", str(product.pk))}
    secret = RecordedChange.objects.filter(model="organizations.product").first()
    assert secret is not None
    page = reverse("admin:organizations_recordedchange_change", args=[secret.pk])
    assert signed_in(staff).get(page).status_code == 200
    assert signed_in(clerk).get(page).status_code == 302
