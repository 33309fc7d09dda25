"""The groups of staff hold exactly what the table says, after every migration, and nobody promotes themselves."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from config import roles
from config.role_subjects import OWN_PERMISSIONS, SUBJECTS
from organizations.roles import StaffRole


def names(permissions: object) -> set[str]:
    return {f"{app}.{codename}" for app, codename in permissions.values_list("content_type__app_label", "codename")}  # type: ignore[attr-defined]


def make_true() -> None:
    for config in apps.get_app_configs():
        roles.make_true(config)


def test_each_role_has_the_permissions_of_its_lines_and_admin_has_them_all(db: None) -> None:
    every = names(Permission.objects)
    for role in (StaffRole.SUPPORT, StaffRole.BILLING, StaffRole.PRICING):
        has = names(Group.objects.get(name=role).permissions)
        assert has == set(roles.granted(role)) & every, role
        assert has < every
    assert names(Group.objects.get(name=StaffRole.ADMIN).permissions) == every


def test_the_table_names_models_and_permissions_that_exist(db: None) -> None:
    every = names(Permission.objects)
    for label in SUBJECTS:
        assert apps.get_model(label)._meta.label_lower == label
    assert set(OWN_PERMISSIONS) <= every


def test_a_migration_gives_back_what_was_taken_and_takes_what_the_table_does_not_give(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    support = Group.objects.get(name=StaffRole.SUPPORT)
    own = Group.objects.create(name="Auditors")
    adjust = Permission.objects.get(codename="change_wallet")
    own.permissions.add(adjust)
    support.permissions.add(adjust)
    support.permissions.remove(Permission.objects.get(codename="view_wallet"))
    call_command("migrate", verbosity=0)
    assert names(support.permissions) == set(roles.granted(StaffRole.SUPPORT)) & names(Permission.objects)
    assert names(own.permissions) == {"billing.change_wallet"}

    monkeypatch.setitem(SUBJECTS, "billing.wallet", type(SUBJECTS["billing.wallet"])(view=frozenset()))
    make_true()
    assert "billing.view_wallet" not in names(support.permissions)
    assert "billing.view_topup" in names(support.permissions)


def test_making_true_twice_changes_nothing(db: None) -> None:
    through = Group.permissions.through
    before = set(through.objects.values_list("pk", flat=True))
    make_true()
    assert set(through.objects.values_list("pk", flat=True)) == before
