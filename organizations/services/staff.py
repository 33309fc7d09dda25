"""Rules about who is staff and what they may do: nobody promotes themselves, nobody gives more than they have."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError

from organizations.models import User
from organizations.roles import StaffRole
from organizations.selectors.staff import deciders, decides_about_staff

OWN = "What you may do is decided by somebody else. Ask another admin."
NOT_A_DECIDER = "Only an admin decides who is staff and what they may do. Ask one."
SUPERUSER = "Only a superuser makes superusers and changes what they may do. Ask one."
TOO_MUCH = "You cannot give what you do not have yourself: {}."
LAST = "This is the last person who decides about staff. Make somebody else an admin first."


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person may do in the back office."""

    is_active: bool
    is_staff: bool
    is_superuser: bool
    groups: frozenset[int]
    permissions: frozenset[int]


def standing_of(person: User | None) -> Standing:
    """What a person may do; somebody new may do nothing."""
    if person is None:
        return Standing(True, False, False, frozenset(), frozenset())
    return Standing(
        is_active=person.is_active,
        is_staff=person.is_staff,
        is_superuser=person.is_superuser,
        groups=frozenset(person.groups.values_list("pk", flat=True)),
        permissions=frozenset(person.user_permissions.values_list("pk", flat=True)),
    )


def check_standing(*, actor: User, person_id: int | None, wanted: Standing) -> None:
    """Raises ValidationError where `actor` may not make the person's standing so.

    Within a transaction it holds those who decide about staff, so that two of them cannot switch each other off.
    """
    held = list(deciders().values_list("pk", flat=True))
    list(User.objects.select_for_update().filter(pk__in=held).order_by("pk").values_list("pk", flat=True))
    current = standing_of(User.objects.get(pk=person_id) if person_id else None)
    if wanted == current:
        return
    if person_id == actor.pk:
        raise ValidationError(OWN)
    if not decides_about_staff(actor):
        raise ValidationError(NOT_A_DECIDER)
    if not actor.is_superuser:
        if wanted.is_superuser or current.is_superuser:
            raise ValidationError(SUPERUSER)
        _check_given(actor, wanted.groups - current.groups, wanted.permissions - current.permissions)
    if person_id and not _decides(wanted) and not deciders().exclude(pk=person_id).exists():
        raise ValidationError(LAST)


def check_permissions_of_group(*, actor: User, given: Collection[int]) -> None:
    """Raises ValidationError where `actor` would give a group what they do not have."""
    if not actor.is_superuser:
        _check_given(actor, (), given)


def _decides(standing: Standing) -> bool:
    if not (standing.is_active and standing.is_staff):
        return False
    return standing.is_superuser or Group.objects.filter(pk__in=standing.groups, name=StaffRole.ADMIN).exists()


def _check_given(actor: User, groups: Collection[int], permissions: Collection[int]) -> None:
    given = Permission.objects.filter(pk__in=permissions) | Permission.objects.filter(group__in=groups)
    has = actor.get_all_permissions()
    names = {f"{one.content_type.app_label}.{one.codename}" for one in given.select_related("content_type").distinct()}
    if missing := sorted(names - has):
        raise ValidationError(TOO_MUCH.format(", ".join(missing[:5])))
