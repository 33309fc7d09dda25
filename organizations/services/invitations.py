"""Offering somebody a place in an account. The token leaves this module once; the database keeps its SHA-256.

Owners invite, send again and take back, under the account's lock; so do staff (`by_staff`), who are no members
of it. An address has one open invitation in an account at most, and none once it is a member's. Whoever calls sends the
link by e-mail.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.models import Account, Invitation, Membership, Role
from organizations.services.accounts import lock_account
from organizations.services.members import require_owner

VALID_DAYS = 14
TOKEN_BYTES = 32
PENDING_MAX = 50  # of one account: enough for a department, too few for a mailing

log = logging.getLogger(__name__)


def create_invitation(
    *, account: Account, email: str, role: Role, user_id: int | None = None
) -> tuple[Invitation, str]:
    """A new invitation by `user_id`, or by the product, and its token, which works once within `VALID_DAYS`."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    invitation = Invitation.objects.create(
        account=account,
        email=email.strip().lower(),
        role=role,
        invited_by_id=user_id,
        token_hash=_hash(token),
        expires_at=_expiry(),
    )
    return invitation, token


def invite(*, account_id: int, email: str, role: Role, user_id: int, by_staff: bool = False) -> tuple[Invitation, str]:
    """Offer `email` a place; one that expired for the same address makes way for the new one.

    Raises PermissionDenied when `user_id` is neither an owner nor acts `by_staff`, and ValidationError, keyed by
    field, for what is no address, for a member's, for one that is invited already, and beyond `PENDING_MAX`.
    """
    address = email.strip().lower()
    with transaction.atomic():
        account = lock_account(account_id)
        if not by_staff:
            require_owner(account_id=account_id, user_id=user_id)
        _check_address(account_id, address)
        pending = Invitation.objects.filter(account_id=account_id, accepted_at=None)
        pending.filter(email=address, expires_at__lte=timezone.now()).delete()
        if pending.filter(email=address).exists():
            words = _("%(email)s is invited already. Send the invitation again from the list below.")
            raise ValidationError({"email": words % {"email": address}})
        if pending.count() >= PENDING_MAX:
            words = _("%(most)s invitations wait for an answer, and that is the most. Take some of them back.")
            raise ValidationError({"email": words % {"most": PENDING_MAX}})
        invitation, token = create_invitation(account=account, email=address, role=role, user_id=user_id)
    log.info("User %s invited %s to account %s as %s", user_id, address, account_id, role.value)
    return invitation, token


def renew(*, account_id: int, invitation_id: int, user_id: int, by_staff: bool = False) -> tuple[Invitation, str]:
    """A new token for an invitation that nobody accepted, and a new term; the link before it ends.

    Raises Invitation.DoesNotExist, PermissionDenied when `user_id` is neither an owner nor acts `by_staff`.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        lock_account(account_id)
        if not by_staff:
            require_owner(account_id=account_id, user_id=user_id)
        invitation = _open(account_id, invitation_id)
        invitation.token_hash, invitation.expires_at = _hash(token), _expiry()
        invitation.invited_by_id = user_id
        invitation.save(update_fields=["token_hash", "expires_at", "invited_by"])
    log.info("User %s renewed invitation %s to account %s", user_id, invitation_id, account_id)
    return invitation, token


def revoke(*, account_id: int, invitation_id: int, user_id: int, by_staff: bool = False) -> str:
    """Take an invitation back before it is accepted; its link ends. Returns the address it was for.

    Raises Invitation.DoesNotExist, PermissionDenied when `user_id` is neither an owner nor acts `by_staff`.
    """
    with transaction.atomic():
        lock_account(account_id)
        if not by_staff:
            require_owner(account_id=account_id, user_id=user_id)
        invitation = _open(account_id, invitation_id)
        invitation.delete()
    log.info("User %s took the invitation of %s to account %s back", user_id, invitation.email, account_id)
    return invitation.email


def _open(account_id: int, invitation_id: int) -> Invitation:
    """Locked, because whoever holds the link may be accepting it right now."""
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("account__product")
    return rows.get(account_id=account_id, pk=invitation_id, accepted_at=None)


def _check_address(account_id: int, address: str) -> None:
    try:
        Invitation._meta.get_field("email").clean(address, None)
    except ValidationError as error:
        words = _("This is no e-mail address. Write it like name@example.com.")
        raise ValidationError({"email": words}) from error
    if Membership.objects.filter(account_id=account_id, user__email=address).exists():
        raise ValidationError({"email": _("%(email)s is a member already.") % {"email": address}})


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _expiry() -> datetime:
    return timezone.now() + timedelta(days=VALID_DAYS)
