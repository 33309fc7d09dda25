"""Linking a member's Telegram chat: the token leaves this module once, in a deep link; the database keeps its SHA-256.

Whoever opens the link within half an hour has the alerts, once. A member has one chat in an account; the one before
stays linked until the next one is. A chat may be linked to several accounts. Every change to a member's links is made
under the lock of the membership, or of the links themselves in the order of their ids.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from notifications.models import EndReason, TelegramLink
from organizations.models import Account, Membership, User

VALID = timedelta(minutes=30)
TOKEN_BYTES = 32  # 43 characters of those that Telegram lets through
CHAT_NAME_MAX = 100

log = logging.getLogger(__name__)


class NoSuchLinkError(Exception):
    """The token is unknown, used, expired, or of somebody who has left the account."""


def start_linking(*, account: Account, user: User) -> str:
    """The deep link that links whichever chat opens it first, within `VALID`; the one before opens nothing any more.

    Raises Membership.DoesNotExist for whoever is no member.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = timezone.now()
    with transaction.atomic():
        _lock_member(account.pk, user.pk).get()
        _end(_open(account.pk, user.pk).filter(chat_id__isnull=True), EndReason.REPLACED, now)
        TelegramLink.objects.create(account=account, user=user, token_hash=_hash(token), expires_at=now + VALID)
    return f"{settings.TELEGRAM_LINK_URL}/{settings.TELEGRAM_BOT_NAME}?start={token}"


def link_chat(*, token: str, chat_id: int, chat_name: str, at: datetime) -> TelegramLink:
    """The chat opened a deep link at this moment; the same chat may say so again. Raises NoSuchLinkError."""
    found = TelegramLink.objects.filter(token_hash=_hash(token)).first()
    if found is None:
        raise NoSuchLinkError
    with transaction.atomic():
        member = _lock_member(found.account_id, found.user_id).filter(user__is_active=True).first()
        link = (
            TelegramLink.objects.select_for_update(of=("self",))
            .select_related("account__product", "user")
            .get(pk=found.pk)
        )
        if link.is_linked and link.chat_id == chat_id:
            return link
        if member is None or link.chat_id is not None or link.ended_at is not None or link.expires_at <= timezone.now():
            raise NoSuchLinkError
        _end(_open(link.account_id, link.user_id).filter(chat_id__isnull=False), EndReason.REPLACED, timezone.now())
        link.chat_id, link.chat_name, link.linked_at = chat_id, chat_name.replace("\0", "")[:CHAT_NAME_MAX], at
        link.save(update_fields=["chat_id", "chat_name", "linked_at"])
    log.info("User %s linked a Telegram chat in account %s", link.user_id, link.account_id)
    return link


def unlink(*, account: Account, user: User) -> bool:
    """The member wants no alerts in Telegram, and an open deep link ends, too; False when no chat was linked."""
    with transaction.atomic():
        _lock_member(account.pk, user.pk).first()
        ended = _end(_open(account.pk, user.pk), EndReason.UNLINKED, timezone.now())
    return any(link.chat_id is not None for link in ended)


def end_chat(*, chat_id: int, reason: EndReason, before: datetime | None = None) -> list[TelegramLink]:
    """End all links of a chat, or those made until `before`; returns them, with their accounts."""
    links = TelegramLink.objects.filter(chat_id=chat_id, ended_at__isnull=True)
    if before is not None:
        links = links.filter(linked_at__lte=before)
    with transaction.atomic():
        return _end(links, reason, timezone.now())


def _lock_member(account_id: int, user_id: int) -> QuerySet[Membership]:
    return Membership.objects.select_for_update(of=("self",)).filter(account_id=account_id, user_id=user_id)


def _open(account_id: int, user_id: int) -> QuerySet[TelegramLink]:
    return TelegramLink.objects.filter(account_id=account_id, user_id=user_id, ended_at__isnull=True)


def _end(links: QuerySet[TelegramLink], reason: EndReason, now: datetime) -> list[TelegramLink]:
    ended = list(links.select_for_update(of=("self",)).select_related("account__product", "user").order_by("id"))
    TelegramLink.objects.filter(pk__in=[link.pk for link in ended]).update(ended_at=now, ended_reason=reason)
    return ended


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
