"""Who may open an account, and who is invited to."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef

from organizations.models import Invitation, Membership


def members_of(account_id: int) -> list[Membership]:
    """The members with their user, by address; `has_two_factor` says whether the person signs in with a code, too."""
    codes = Authenticator.objects.filter(user_id=OuterRef("user_id"), type=Authenticator.Type.TOTP)
    members = Membership.objects.filter(account_id=account_id).select_related("user")
    return list(members.annotate(has_two_factor=Exists(codes)).order_by("user__email"))


def pending_invitations(account_id: int) -> list[Invitation]:
    """The invitations that nobody accepted, expired ones with them, the newest first."""
    return list(Invitation.objects.filter(account_id=account_id, accepted_at=None).select_related("invited_by"))
