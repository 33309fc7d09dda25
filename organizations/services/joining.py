"""Taking an invitation up: who holds its link becomes a member, once, until it expires.

The link proves that the reader gets the mail of the invited address, as a password reset does. An address that has a
password already signs in with it instead; a link never replaces a password, nor the code of a second factor.
"""

from __future__ import annotations

import hashlib

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.models import Account, Invitation, Membership, User
from organizations.selectors.two_factor import two_factor_of


class InvitationUnusable(Exception):  # noqa: N818 - what a person is told, not a fault
    """The invitation is unknown, expired or used up; the message says which, in words for the reader."""


def find_invitation(token: str, *, for_update: bool = False) -> Invitation:
    """The open invitation with this token. Raises InvitationUnusable."""
    invitations = Invitation.objects.select_related("account__product")
    if for_update:
        invitations = invitations.select_for_update(of=("self",))
    invitation = invitations.filter(token_hash=hashlib.sha256(token.encode()).hexdigest()).first()
    if invitation is None:
        raise InvitationUnusable(_("This link is not an invitation. Check that the whole address was copied."))
    if invitation.accepted_at is not None:
        raise InvitationUnusable(_("This invitation was accepted before. Sign in with its e-mail address."))
    if invitation.expires_at <= timezone.now():
        raise InvitationUnusable(_("This invitation has expired. Ask whoever invited you for a new one."))
    return invitation


def invited_user(invitation: Invitation) -> User | None:
    """The person with the invited address, where there is one already."""
    return User.objects.filter(email__iexact=invitation.email).first()


def must_sign_in(user: User) -> bool:
    """Whether the person proves who it is by signing in: with a password or a second factor, or not at all any more."""
    return user.has_usable_password() or not user.is_active or two_factor_of(user).is_on


def join_as_new_user(*, token: str, name: str, password: str) -> tuple[User, Account]:
    """Make the person and the membership. Returns both the person and the account joined.

    Raises InvitationUnusable, and ValidationError for a password that is too weak or an address that has a person
    with a password already.
    """
    with transaction.atomic():
        invitation = find_invitation(token, for_update=True)
        user = invited_user(invitation)
        if user is not None and must_sign_in(user):
            raise ValidationError(_("This address has a password already. Sign in with it to accept."))
        user = user or User(email=invitation.email.strip().lower())
        user.name = name
        validate_password(password, user)
        user.set_password(password)
        user.save()
        return user, _accept(invitation, user)


def join_as_existing_user(*, token: str, user: User) -> Account:
    """Make the membership of somebody who is signed in. Raises InvitationUnusable, also for another address."""
    with transaction.atomic():
        invitation = find_invitation(token, for_update=True)
        if user.email.lower() != invitation.email.strip().lower():
            raise InvitationUnusable(_("This invitation is for another e-mail address."))
        return _accept(invitation, user)


def _accept(invitation: Invitation, user: User) -> Account:
    Membership.objects.get_or_create(account=invitation.account, user=user, defaults={"role": invitation.role})
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    return invitation.account
