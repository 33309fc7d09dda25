"""What is recorded of people, customers, products and keys."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group

from organizations.history.tracking import excuse, track
from organizations.models import (
    Account,
    AccountNote,
    Invitation,
    Membership,
    Organization,
    Product,
    Project,
    Service,
    ServiceKey,
    User,
)


def declare() -> None:
    """Say it once, when the app is ready."""
    track(User, secret=("password",), ignored=("last_login",))
    track(User.groups.through, part_of=(User, "user_id"))
    track(User.user_permissions.through, part_of=(User, "user_id"))
    track(Authenticator, part_of=(User, "user_id"), secret=("data",), ignored=("last_used_at",))
    track(Group)
    track(Group.permissions.through, part_of=(Group, "group_id"))
    track(Product, ignored=("rates_revision",))
    track(Service, ignored=("silent_since",))
    track(ServiceKey, key="prefix", secret=("id", "hashed_key"))
    track(Account)
    track(AccountNote, part_of=(Account, "account_id"))
    track(Membership)
    track(Invitation, secret=("token_hash",))
    track(Organization)
    track(Project)
    excuse(UserSession, "Ending one takes its row away; the log of staff says who did it, of whom and why.")
