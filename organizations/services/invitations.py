"""Offering somebody a place in an account. The token leaves this module once; the database keeps its SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.utils import timezone

from organizations.models import Account, Invitation, Role

VALID_DAYS = 14
TOKEN_BYTES = 32


def create_invitation(*, account: Account, email: str, role: Role) -> tuple[Invitation, str]:
    """A new invitation and its token, which works once within `VALID_DAYS`; whoever calls sends it by e-mail."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    invitation = Invitation.objects.create(
        account=account,
        email=email.strip().lower(),
        role=role,
        token_hash=hashlib.sha256(token.encode()).hexdigest(),
        expires_at=timezone.now() + timedelta(days=VALID_DAYS),
    )
    return invitation, token
