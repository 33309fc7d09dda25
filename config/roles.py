"""Keeps the roles' groups true to `config.role_subjects`, after every migration and flush.

A permission that the table takes away is taken from its group; groups that the operator made are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed_apps
from django.db import DEFAULT_DB_ALIAS

from config.role_subjects import OWN_PERMISSIONS, SUBJECTS
from organizations.roles import StaffRole

VERBS = ("view", "change", "add", "delete")


def granted(role: StaffRole) -> Iterator[str]:
    """What the table gives to the role, such as `billing.view_wallet`; admin, who has everything, stands in no line."""
    for label, subject in SUBJECTS.items():
        app, model = label.split(".")
        for verb in VERBS:
            if role in getattr(subject, verb):
                yield f"{app}.{verb}_{model}"
    for permission, roles in OWN_PERMISSIONS.items():
        if role in roles:
            yield permission


def make_true(app_config: AppConfig, using: str = DEFAULT_DB_ALIAS, apps: Any = installed_apps, **signal: Any) -> None:
    """Give every role its permissions of this app and no others; listens to `post_migrate`, after Django's own."""
    try:
        group_model, permission_model = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:
        return
    groups = group_model._default_manager.using(using)
    permissions = permission_model._default_manager.using(using).filter(content_type__app_label=app_config.label)
    known = {f"{app_config.label}.{codename}": pk for pk, codename in permissions.values_list("pk", "codename")}
    if not known:
        return
    links = group_model.permissions.through._default_manager.using(using)
    for role in StaffRole:
        group, _made = groups.get_or_create(name=role.value)
        wanted = set(known.values()) if role is StaffRole.ADMIN else _ids(known, granted(role))
        rows = links.filter(group_id=group.pk, permission_id__in=known.values())
        had = set(rows.values_list("permission_id", flat=True))
        if lost := had - wanted:
            rows.filter(permission_id__in=lost).delete()
        links.bulk_create([links.model(group_id=group.pk, permission_id=pk) for pk in wanted - had])


def _ids(known: dict[str, int], names: Iterable[str]) -> set[int]:
    """Of those that exist: an app that is not migrated yet has none."""
    return {known[name] for name in names if name in known}
