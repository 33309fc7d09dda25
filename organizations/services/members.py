"""Members of an account: their roles change, they are removed, or they leave.

An account that has an owner never loses the last one who can sign in. That, and whether who acts is an owner still, is
looked at under the account's lock: two owners who demote each other at once leave one.
"""

from __future__ import annotations

import logging

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organizations.models import Membership, Role
from organizations.services.accounts import lock_account

# What each role may do, in the words of invitations and of the members' page.
ROLE_WORDS: dict[Role, str | Promise] = {
    Role.OWNER: gettext_lazy("Everything, members and settings included."),
    Role.BILLING: gettext_lazy("Money: top-ups, cards, limits, coupons, organizations, and which projects are live."),
    Role.VIEWER: gettext_lazy("Looks at everything, changes nothing."),
}

log = logging.getLogger(__name__)


def change_role(*, account_id: int, membership_id: int, role: Role, user_id: int) -> bool:
    """Give a member another role; says whether that changed anything.

    Raises Membership.DoesNotExist, PermissionDenied when `user_id` is no owner, ValidationError for the last owner.
    """
    with transaction.atomic():
        lock_account(account_id)
        require_owner(account_id=account_id, user_id=user_id)
        membership = _member(account_id, membership_id)
        if membership.role == role:
            return False
        _keep_an_owner(membership)
        membership.role = role
        membership.save(update_fields=["role"])
    log.info("User %s made user %s %s of account %s", user_id, membership.user_id, role.value, account_id)
    return True


def remove(*, account_id: int, membership_id: int, user_id: int) -> None:
    """Take a member's place away: the next request of that person finds nothing of the account.

    Raises Membership.DoesNotExist, PermissionDenied when `user_id` is no owner, ValidationError for the last owner.
    """
    with transaction.atomic():
        lock_account(account_id)
        require_owner(account_id=account_id, user_id=user_id)
        membership = _member(account_id, membership_id)
        _keep_an_owner(membership)
        membership.delete()
    log.info("User %s removed user %s from account %s", user_id, membership.user_id, account_id)


def leave(*, account_id: int, user_id: int) -> None:
    """Give up one's own place. Raises Membership.DoesNotExist, and ValidationError for the last owner."""
    with transaction.atomic():
        lock_account(account_id)
        membership = Membership.objects.get(account_id=account_id, user_id=user_id)
        _keep_an_owner(membership)
        membership.delete()
    log.info("User %s left account %s", user_id, account_id)


def require_owner(*, account_id: int, user_id: int) -> None:
    """Raises PermissionDenied unless the user is an owner; decides only under the account's lock."""
    if not Membership.objects.filter(account_id=account_id, user_id=user_id, role=Role.OWNER).exists():
        raise PermissionDenied


def is_last_owner(membership: Membership) -> bool:
    """Whether the account would have no owner who can sign in without this one."""
    if membership.role != Role.OWNER:
        return False
    others = Membership.objects.filter(account_id=membership.account_id, role=Role.OWNER, user__is_active=True)
    return not others.exclude(pk=membership.pk).exists()


def _member(account_id: int, membership_id: int) -> Membership:
    return Membership.objects.get(account_id=account_id, pk=membership_id)


def _keep_an_owner(membership: Membership) -> None:
    if is_last_owner(membership):
        raise ValidationError(_("An account needs an owner. Make somebody else an owner first."))
