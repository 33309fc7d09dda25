"""Invitations by e-mail: the place that is offered and the letter with its link, in one transaction.

The link is in the letter and nowhere else. An account sends so many of these letters a day, so that nobody mails
strangers through it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.templatetags.moments import day_year
from notifications.models import Delivery
from notifications.services.deliveries import queue_email
from notifications.services.letters import first_letter
from notifications.words import Message
from organizations.languages import speaking
from organizations.models import Invitation, Role, User
from organizations.services import invitations
from organizations.services.members import ROLE_WORDS

LETTERS_A_DAY = 100  # of one account


def invite_member(*, account_id: int, email: str, role: Role, user: User, by_staff: bool = False) -> Invitation:
    """Offer `email` a place and send the link; an invitation `by_staff` is the product's.

    Raises PermissionDenied when the user is neither an owner nor acts `by_staff`, and ValidationError, keyed by field.
    """
    if by_staff and email.strip().lower() == user.email:
        raise ValidationError({"email": _("Nobody of the staff invites themselves. Ask a colleague to do it.")})
    with transaction.atomic():
        invitation, token = invitations.invite(
            account_id=account_id, email=email, role=role, user_id=user.pk, by_staff=by_staff
        )
        _send(invitation, token, None if by_staff else user)
    return invitation


def resend_invitation(*, account_id: int, invitation_id: int, user: User, by_staff: bool = False) -> Invitation:
    """Send a new link for an invitation that nobody accepted; the one before it no longer works.

    Raises Invitation.DoesNotExist, PermissionDenied when the user is neither an owner nor acts `by_staff`, and
    ValidationError beyond the day's letters.
    """
    with transaction.atomic():
        invitation, token = invitations.renew(
            account_id=account_id, invitation_id=invitation_id, user_id=user.pk, by_staff=by_staff
        )
        _send(invitation, token, None if by_staff else user)
    return invitation


def invitation_link(token: str) -> str:
    """The address that an invitation's letter names."""
    return f"{settings.SITE_URL}{reverse('accept_invitation', args=[token])}"


def last_day(invitation: Invitation) -> str:
    """The day on which the link ends, on the account's calendar, as the reader writes it."""
    return day_year(invitation.expires_at.astimezone(ZoneInfo(invitation.account.timezone)).date())


def _send(invitation: Invitation, token: str, user: User | None) -> None:
    """Queue the letter: from `user`, or from the product where staff invite."""
    account = invitation.account
    key = f"invitation:{account.pk}:"
    sent = Delivery.objects.filter(key__startswith=key, created_at__gt=timezone.now() - timedelta(days=1))
    if sent.count() >= LETTERS_A_DAY:
        limit = _("%(most)s invitations were sent within a day, and that is the most. Go on tomorrow.")
        raise ValidationError({"email": limit % {"most": LETTERS_A_DAY}})
    recipient = User.objects.filter(email=invitation.email).first()
    with speaking(recipient, account):
        role = Role(invitation.role)
        words = {
            "account": account,
            "product": account.product,
            "role": role.label,
            "may": ROLE_WORDS[role],
            "until": last_day(invitation),
        }
        subject, invites = _offer(user, words)
        terms = _("The link works once, until %(until)s. If you do not know who this is, nothing needs to be done.")
        message = Message(
            subject,
            (invites, _("Your role: %(role)s. %(may)s") % words, terms % words),
            action=_("Accept the invitation"),
            url=invitation_link(token),
        )
        letter = first_letter(message, account)
        queue_email(
            key=f"{key}{invitation.token_hash}",
            recipient=invitation.email,
            subject=letter.subject,
            body=letter.text,
            html=letter.html,
        )


def _offer(user: User | None, words: dict[str, Any]) -> tuple[str, str]:
    """Who offers what, in the letter's subject and in its first sentence."""
    if user is None:
        subject = _("You are invited to %(account)s") % words
        return subject, _("You are invited to the account %(account)s at %(product)s.") % words
    person = f"{user.name} ({user.email})" if user.name else user.email
    subject = _("%(person)s invites you to %(account)s") % {**words, "person": user.get_full_name()}
    invites = _("%(person)s invites you to the account %(account)s at %(product)s.")
    return subject, invites % {**words, "person": person}
