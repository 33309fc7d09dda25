"""From a notice to its deliveries: who hears of it, where, in which language; worked out once, after the commit.

Several workers may be at it: each notice is taken by one. The deliveries and the mark that they are written commit
together, so that a worker killed at any step leaves a notice that is taken up again, and nobody is told twice.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

from django.db import transaction
from django.utils import timezone

from notifications.models import (
    AlertAddress,
    Channel,
    Delivery,
    Event,
    Notice,
    Preference,
    TelegramLink,
    WebhookEndpoint,
)
from notifications.rules import RULES, Rule
from notifications.services.deliveries import queue
from notifications.services.letters import letter_of
from notifications.words import message_of
from organizations.languages import speaking
from organizations.models import Account, User

BATCH = 50
logger = logging.getLogger(__name__)


def expand_due() -> int:
    """Write the deliveries of every notice that has none yet; returns how many notices were expanded."""
    expanded, last = 0, 0
    while (found := _expand_batch(after=last)) is not None:
        count, last = found
        expanded += count
    return expanded


def _expand_batch(*, after: int) -> tuple[int, int] | None:
    with transaction.atomic():
        notices = list(
            Notice.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("account__product")
            .filter(expanded_at__isnull=True, id__gt=after)
            .order_by("id")[:BATCH]
        )
        if not notices:
            return None
        count = 0
        for notice in notices:
            try:
                with transaction.atomic():
                    _expand(notice)
                    count += 1
            except Exception:  # one notice that cannot be told must not silence the others
                logger.exception("Notice %s could not be told.", notice.pk)
    return count, notices[-1].pk


def _expand(notice: Notice) -> None:
    rule = RULES[Event(notice.event)]
    notice.is_quiet = _is_too_soon(notice, rule)
    deliveries = list(_webhooks(notice, rule))
    if not notice.is_quiet:
        deliveries += [*_to_members(notice, rule), *_to_addresses(notice, rule)]
    now = timezone.now()
    for delivery in deliveries:
        delivery.notice, delivery.account, delivery.next_attempt_at = notice, notice.account, now
    if deliveries:
        queue(deliveries)
    notice.expanded_at = now
    notice.save(update_fields=["expanded_at", "is_quiet"])


def _is_too_soon(notice: Notice, rule: Rule) -> bool:
    """Whether people were told the same within the rule's cooldown."""
    if not rule.cooldown:
        return False
    earlier = Notice.objects.filter(
        account_id=notice.account_id,
        event=notice.event,
        created_at__gt=notice.created_at - rule.cooldown,
        id__lt=notice.pk,
        is_quiet=False,
    )
    return earlier.exists()


def _to_members(notice: Notice, rule: Rule) -> Iterator[Delivery]:
    """Members of the rule's roles, each by the channels they want; the account's own address where there is nobody."""
    account = notice.account
    members = list(
        User.objects.filter(memberships__account=account, memberships__role__in=rule.roles, is_active=True)
        .distinct()
        .order_by("pk")
    )
    wanted = {
        (choice.user_id, choice.channel): choice.is_on
        for choice in Preference.objects.filter(account=account, event=notice.event)
    }
    links = {link.user_id: link for link in _linked(account)}
    for user in members:
        if rule.is_essential or wanted.get((user.pk, Channel.EMAIL.value), rule.by_email):
            yield _email(notice, rule, user, f"notice:{notice.pk}:email:{user.pk}")
        if user.pk in links and wanted.get((user.pk, Channel.TELEGRAM.value), rule.by_telegram):
            yield _telegram(notice, user, links[user.pk])
    if not members and account.email and rule.by_email:
        yield _email(notice, rule, None, f"notice:{notice.pk}:email:account", to=account.email)


def _to_addresses(notice: Notice, rule: Rule) -> Iterator[Delivery]:
    """The account's further addresses (aipbx.md, 'Notify via email')."""
    if not rule.to_addresses:
        return
    for address in AlertAddress.objects.filter(
        account=notice.account, confirmed_at__isnull=False, unsubscribed_at__isnull=True
    ):
        key = f"notice:{notice.pk}:email:address:{address.pk}"
        yield _email(notice, rule, None, key, to=address.email, address=address)


def _linked(account: Account) -> list[TelegramLink]:
    return list(TelegramLink.objects.filter(account=account, chat_id__isnull=False, ended_at__isnull=True))


def _email(
    notice: Notice, rule: Rule, user: User | None, key: str, *, to: str = "", address: AlertAddress | None = None
) -> Delivery:
    with speaking(user, notice.account):
        letter = letter_of(notice, message_of(notice), user=user, address=address, is_essential=rule.is_essential)
    return Delivery(
        key=key,
        channel=Channel.EMAIL,
        user=user,
        recipient=user.email if user else to,
        subject=letter.subject[:255],
        body=letter.text,
        html=letter.html,
        unsubscribe_url=letter.unsubscribe_url,
    )


def _telegram(notice: Notice, user: User, link: TelegramLink) -> Delivery:
    with speaking(user, notice.account):
        message = message_of(notice)
    lines = [message.subject, "", *message.paragraphs, *(f"{name}: {value}" for name, value in message.pairs)]
    return Delivery(
        key=f"notice:{notice.pk}:telegram:{link.pk}",
        channel=Channel.TELEGRAM,
        user=user,
        telegram=link,
        recipient=str(link.chat_id),
        subject=message.subject[:255],
        body="\n".join([*lines, "", f"{message.action}: {message.url}"] if message.url else lines),
    )


def _webhooks(notice: Notice, rule: Rule) -> Iterator[Delivery]:
    """The services of the account's product that listen (API.md, 'Webhooks out')."""
    if rule.webhook is None:
        return
    account = notice.account
    body = json.dumps(
        {
            "type": rule.webhook.value,
            "timestamp": notice.created_at.isoformat(),
            "data": {"account": account.external_id, **notice.facts},
        }
    )
    for endpoint in WebhookEndpoint.objects.filter(service__product=account.product, is_active=True):
        if not endpoint.types or rule.webhook.value in endpoint.types:
            yield Delivery(
                key=f"notice:{notice.pk}:webhook:{endpoint.pk}",
                channel=Channel.WEBHOOK,
                endpoint=endpoint,
                recipient=endpoint.url,
                subject=rule.webhook.value,
                body=body,
            )
