"""From a notice to its deliveries: who hears of it, where, in which language; worked out once, after the commit.

Several workers may be at it: each notice is taken by one, and an account's notices one after the other, so that two of
one kind at the same moment are one letter. The deliveries and the mark that they are written commit together: a worker
killed at any step leaves a notice that is taken up again, and nobody is told twice. A notice that cannot be put into
words rests for a while, longer each time, and stops no other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from notifications.models import (
    AlertAddress,
    Audience,
    Channel,
    Delivery,
    Event,
    Notice,
    Preference,
    TelegramLink,
)
from notifications.rules import RULES, Rule
from notifications.services import webhooks
from notifications.services.deliveries import write
from notifications.services.doorbell import ring_for_messages, ring_for_notices
from notifications.services.letters import letter_of
from notifications.words import message_of
from organizations.database import array, run
from organizations.languages import speaking
from organizations.models import Account, User

BATCH = 50
PAUSE, PAUSE_MAX = timedelta(minutes=1), timedelta(hours=1)
LOCK_ACCOUNTS = """
SELECT pg_advisory_xact_lock(hashtextextended('notices of account ' || id, 0)) FROM unnest(%s::bigint[]) AS id
"""
logger = logging.getLogger(__name__)


def expand_due() -> int:
    """Write the deliveries of every notice that has none yet; returns how many notices were expanded."""
    expanded, last = 0, 0
    while (found := _expand_batch(after=last)) is not None:
        count, last = found
        expanded += count
    return expanded


def try_now(notice: Notice) -> bool:
    """Staff: a notice that rests after a failure is told at once; False when it does not rest."""
    rests = Notice.objects.filter(pk=notice.pk, expanded_at__isnull=True, paused_until__isnull=False)
    changed = rests.update(paused_until=None)
    ring_for_notices()
    return changed == 1


def _expand_batch(*, after: int) -> tuple[int, int] | None:
    """The next notices past this id: how many were expanded, and the last one's id."""
    count, channels = 0, set[str]()
    with transaction.atomic():
        notices = list(
            Notice.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("account__product")
            .filter(Q(paused_until__isnull=True) | Q(paused_until__lte=timezone.now()))
            .filter(expanded_at__isnull=True, id__gt=after)
            .order_by("id")[:BATCH]
        )
        if not notices:
            return None
        _lock_accounts({notice.account_id for notice in notices})
        for notice in notices:
            try:
                with transaction.atomic():
                    channels |= _expand(notice)
                count += 1
            except Exception as error:  # one notice that cannot be told must not silence the others
                logger.exception("Notice %s could not be told.", notice.pk)
                _pause(notice, error)
        ring_for_messages(channels)
    return count, notices[-1].pk


def _lock_accounts(ids: set[int]) -> None:
    """Until the commit no other worker expands these accounts' notices. In the order of ids, against deadlocks."""
    run((LOCK_ACCOUNTS, [array(sorted(ids))]))


def _expand(notice: Notice) -> set[str]:
    """Write the notice's deliveries and that they are written; returns their channels."""
    rule = RULES[Event(notice.event)]
    now = timezone.now()
    notice.is_quiet = _is_too_soon(notice, rule)
    notice.expanded_at = now
    messages: list[Delivery] = []
    if rule.webhook is not None and notice.audience in (Audience.EVERYONE, Audience.SERVICES):
        messages += webhooks.messages_of(notice, rule.webhook, webhooks.listening(notice, rule.webhook))
    if notice.audience != Audience.SERVICES and not notice.is_quiet:
        messages += _to_people(notice, rule)
    for message in messages:
        message.notice, message.account, message.next_attempt_at = notice, notice.account, now
    write(messages)
    notice.save(update_fields=["expanded_at", "is_quiet"])
    return {message.channel for message in messages}


def _pause(notice: Notice, error: Exception) -> None:
    """Not again at once. It is never given up: with the words mended, it is told."""
    failures = notice.failures + 1
    pause = min(PAUSE * 2 ** min(failures - 1, 10), PAUSE_MAX)
    Notice.objects.filter(pk=notice.pk).update(
        failures=failures, paused_until=timezone.now() + pause, last_error=f"{type(error).__name__}: {error}"[:2000]
    )


def _is_too_soon(notice: Notice, rule: Rule) -> bool:
    """Whether people were told of another like it within the rule's cooldown, whichever came in first.

    What has another reason is not like it: an account that is suspended has more to mend than its balance.
    """
    if not rule.cooldown:
        return False
    others = Notice.objects.exclude(audience=Audience.SERVICES).filter(
        account_id=notice.account_id,
        event=notice.event,
        created_at__gt=notice.created_at - rule.cooldown,
        created_at__lt=notice.created_at + rule.cooldown,
        expanded_at__isnull=False,
        is_quiet=False,
    )
    return notice.facts.get("reason") in others.values_list("facts__reason", flat=True)


def _to_people(notice: Notice, rule: Rule) -> list[Delivery]:
    """Members, further addresses and the notice's own; an address that belongs to several hears once."""
    found = [] if notice.audience == Audience.ADDRESS else [*_to_members(notice, rule), *_to_addresses(notice, rule)]
    messages, reached = [], set[str]()
    for message in [*found, *_to_its_address(notice, rule)]:
        address = message.recipient.lower() if message.channel == Channel.EMAIL else ""
        if address not in reached:
            messages.append(message)
        reached |= {address} - {""}
    return messages


def _to_members(notice: Notice, rule: Rule) -> Iterator[Delivery]:
    """Members of the rule's roles, each by the channels they want; the account's own address where there is nobody."""
    account = notice.account
    members = User.objects.filter(memberships__account=account, memberships__role__in=rule.roles, is_active=True)
    if rule.is_personal:
        members = members.filter(pk=notice.facts["user"])
    readers = list(members.order_by("pk"))
    choices = Preference.objects.filter(account=account, event=notice.event)
    wanted = {(choice.user_id, choice.channel): choice.is_on for choice in choices}
    links = {link.user_id: link for link in _linked(account)}
    for user in readers:
        if rule.is_essential or wanted.get((user.pk, Channel.EMAIL.value), rule.by_email):
            yield _email(notice, rule, user, f"notice:{notice.pk}:email:{user.pk}")
        if user.pk in links and wanted.get((user.pk, Channel.TELEGRAM.value), rule.by_telegram):
            yield _telegram(notice, user, links[user.pk])
    if account.email and rule.by_email and not (readers or rule.is_personal):
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


def _to_its_address(notice: Notice, rule: Rule) -> Iterator[Delivery]:
    """The address that the notice names, where its rule has one (aipbx.md, 'Organizations': e-mail for documents)."""
    if rule.to_its_address and notice.facts.get("address"):
        yield _email(notice, rule, None, f"notice:{notice.pk}:email:named", to=notice.facts["address"])


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
    figures = "\n".join(f"{name}: {value}" for name, value in message.pairs)
    whose = f"{notice.account.name} · {notice.account.product.name}"  # a chat may be linked to several accounts
    blocks = [message.subject, *message.paragraphs, figures, whose]
    return Delivery(
        key=f"notice:{notice.pk}:telegram:{link.pk}",
        channel=Channel.TELEGRAM,
        user=user,
        telegram=link,
        recipient=str(link.chat_id),
        subject=message.subject[:255],
        body="\n\n".join(block for block in blocks if block),
        button=message.action[:100],
        button_url=message.url,
    )
