"""Nobody promotes themselves, gives more than they have, or switches the last admin off."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from organizations.models import User
from organizations.roles import StaffRole
from organizations.services.staff import LAST, TOO_MUCH
from tests.config.admin_rows import make_clerk
from tests.factories import make_user


def make_staff(role: StaffRole) -> User:
    """Somebody of this role."""
    person = make_clerk()
    person.groups.add(Group.objects.get(name=role))
    return person


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin(db: None) -> User:
    return make_staff(StaffRole.ADMIN)


def save(client: Client, person: User, **wanted: Any) -> Any:
    """What the person's page sends, with these changes; switches that are off are not sent."""
    switches = {"is_active": person.is_active, "is_staff": person.is_staff, "is_superuser": person.is_superuser}
    sent: dict[str, Any] = {"email": person.email, "name": person.name}
    sent |= {name: "on" for name, on in {**switches, **wanted}.items() if on is True}
    sent["groups"] = wanted.get("groups", list(person.groups.values_list("pk", flat=True)))
    sent["user_permissions"] = wanted.get("user_permissions", [])
    places = {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0}
    sent |= {f"memberships-{name}": value for name, value in places.items()}
    return client.post(reverse("admin:organizations_user_change", args=[person.pk]), sent)


def test_an_admin_makes_a_member_of_staff_and_gives_a_role(admin: User) -> None:
    person, support = make_user(), Group.objects.get(name=StaffRole.SUPPORT)
    answer = save(browser(admin), person, is_staff=True, groups=[support.pk])
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    person.refresh_from_db()
    assert (person.is_staff, list(person.groups.all())) == (True, [support])


def test_nobody_changes_what_they_may_do_themselves(admin: User) -> None:
    answer = save(browser(admin), admin, name="Me", is_superuser=True, is_active=False, groups=[])
    admin.refresh_from_db()
    assert (admin.is_superuser, admin.is_active, admin.groups.get().name) == (False, True, "admin")
    assert answer.status_code == 302


def test_an_admin_neither_makes_superusers_nor_touches_them(admin: User) -> None:
    chief, other = make_user(is_staff=True), make_user()
    client = browser(admin)
    save(client, other, is_superuser=True)
    other.refresh_from_db()
    assert not other.is_superuser
    assert save(client, chief, name="Mine").status_code == 403
    assert client.get(reverse("admin:auth_user_password_change", args=[chief.pk])).status_code == 403
    off = reverse("admin:organizations_user_switch_two_factor_off", args=[chief.pk])
    assert client.post(off, {"step": "confirm"}).status_code == 403


def test_who_may_only_change_people_makes_nobody_staff_and_does_not_touch_staff(db: None) -> None:
    client = browser(make_clerk("organizations.change_user", "organizations.view_user"))
    person, colleague = make_user(), make_staff(StaffRole.BILLING)
    save(client, person, is_staff=True, groups=[Group.objects.get(name=StaffRole.ADMIN).pk])
    person.refresh_from_db()
    assert (person.is_staff, person.groups.count()) == (False, 0)
    assert save(client, colleague).status_code == 403
    assert client.get(reverse("admin:auth_user_password_change", args=[colleague.pk])).status_code == 403


def test_the_last_who_decides_about_staff_is_not_switched_off(admin: User) -> None:
    retiring = make_user(is_staff=True)
    admin.is_active = False
    admin.save()
    last = retiring
    client = browser(make_staff(StaffRole.ADMIN))
    (deciding,) = User.objects.filter(groups__name=StaffRole.ADMIN, is_active=True)
    last.is_superuser = False
    last.groups.add(Group.objects.get(name=StaffRole.ADMIN))
    last.save()
    assert save(client, last, is_active=False).status_code == 302
    # The one that is left cannot be switched off by anybody, here a superuser who is no staff any more.
    from organizations.services.staff import Standing, check_standing

    nothing = Standing(False, False, False, frozenset(), frozenset())
    chief = make_user(is_staff=True)
    User.objects.filter(pk=chief.pk).update(is_staff=False)
    with pytest.raises(Exception, match=LAST[:30]):
        check_standing(actor=chief, person_id=deciding.pk, wanted=nothing)


def test_the_installations_roles_stay_and_own_groups_hold_no_more_than_their_maker_has(admin: User) -> None:
    client = browser(admin)
    support = Group.objects.get(name=StaffRole.SUPPORT)
    page = reverse("admin:auth_group_change", args=[support.pk])
    assert client.get(page).status_code == 200
    assert client.post(page, {"name": "support", "permissions": []}).status_code == 403
    assert client.post(reverse("admin:auth_group_delete", args=[support.pk]), {"post": "yes"}).status_code == 403
    listed = reverse("admin:auth_group_changelist")
    client.post(listed, {"action": "delete_selected", "_selected_action": support.pk, "post": "yes"})
    assert Group.objects.filter(pk=support.pk).exists()

    freeze = Permission.objects.get(codename="change_wallet")
    made = client.post(reverse("admin:auth_group_add"), {"name": "Auditors", "permissions": [freeze.pk]})
    assert made.status_code == 302
    Group.objects.get(name=StaffRole.ADMIN).permissions.remove(freeze)
    refused = client.post(reverse("admin:auth_group_add"), {"name": "More", "permissions": [freeze.pk]})
    assert TOO_MUCH.format("billing.change_wallet") in refused.content.decode()


def test_only_who_decides_about_staff_makes_groups(db: None) -> None:
    client = browser(make_clerk("auth.add_group", "auth.change_group", "auth.view_group"))
    assert client.get(reverse("admin:auth_group_add")).status_code == 403
    own = Group.objects.create(name="Auditors")
    assert client.post(reverse("admin:auth_group_change", args=[own.pk]), {"name": "Mine"}).status_code == 403
