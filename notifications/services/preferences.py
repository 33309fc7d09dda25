"""What members choose to hear of, and the link in letters that ends one kind of them without signing in.

A choice is kept where it differs from the rule's default, so that a member who never chose follows the rules. What is
essential is told by e-mail, whatever anybody chooses. The link's token is all the authority that it takes: it names the
reader and the event, and is signed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.utils import timezone

from notifications.models import AlertAddress, Channel, Event, Preference
from notifications.rules import RULES
from notifications.selectors.preferences import Choice, default_of, is_locked
from notifications.services.letters import SALT
from organizations.models import Account, User

LINK_VALID = timedelta(days=365)

log = logging.getLogger(__name__)


class LinkExpiredError(Exception):
    """The link of a letter that is older than `LINK_VALID`."""


class LinkUnknownError(Exception):
    """The link was not made here, or its reader does not get such letters any more."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a link ends: letters of one event to a member, or all alerts to a further address."""

    account: Account
    event: Event
    user: User | None
    address: AlertAddress | None

    @property
    def email(self) -> str:
        """Where the letters go."""
        return self.user.email if self.user else self.address.email if self.address else ""


def choose(*, account_id: int, user_id: int, choices: Mapping[Choice, bool]) -> None:
    """Keep what a member wants to hear of; what is locked stays as it is. Events that are not named stay, too."""
    wanted = {choice: is_on for choice, is_on in choices.items() if not is_locked(RULES[choice[0]], choice[1])}
    with transaction.atomic():
        for (event, channel), is_on in sorted(wanted.items()):
            rows = Preference.objects.filter(account_id=account_id, user_id=user_id, event=event, channel=channel)
            if is_on == default_of(RULES[event], channel):
                rows.delete()
            else:
                Preference.objects.update_or_create(
                    account_id=account_id,
                    user_id=user_id,
                    event=event,
                    channel=channel,
                    defaults={"is_on": is_on},
                )


def subscription_of(token: str) -> Subscription:
    """What a letter's link ends. Raises LinkExpiredError and LinkUnknownError."""
    try:
        claim = signing.loads(token, salt=SALT, max_age=LINK_VALID)
    except signing.SignatureExpired as error:
        raise LinkExpiredError from error
    except signing.BadSignature as error:
        raise LinkUnknownError from error
    account = Account.objects.select_related("product").filter(pk=claim["account"]).first()
    if account is None or claim["event"] not in Event.values:
        raise LinkUnknownError
    event = Event(claim["event"])
    if "address" in claim:
        address = AlertAddress.objects.filter(account=account, pk=claim["address"]).first()
        if address is None:
            raise LinkUnknownError
        return Subscription(account, event, None, address)
    user = User.objects.filter(pk=claim["user"], memberships__account=account).first()
    if user is None or RULES[event].is_essential:
        raise LinkUnknownError
    return Subscription(account, event, user, None)


def is_on(subscription: Subscription) -> bool:
    """Whether the letters still come."""
    if subscription.address is not None:
        return AlertAddress.objects.filter(pk=subscription.address.pk, unsubscribed_at=None).exists()
    chosen = Preference.objects.filter(
        account=subscription.account, user=subscription.user, event=subscription.event, channel=Channel.EMAIL
    ).first()
    return chosen.is_on if chosen else RULES[subscription.event].by_email


def switch(subscription: Subscription, *, on: bool) -> None:
    """End the letters, or let them come again. What is so already stays so."""
    account_id, event = subscription.account.pk, subscription.event
    if subscription.address is not None:
        since = None if on else timezone.now()
        address = AlertAddress.objects.filter(pk=subscription.address.pk, unsubscribed_at__isnull=not on)
        address.update(unsubscribed_at=since)
        log.info("Letters of account %s to address %s: %s", account_id, subscription.address.pk, "on" if on else "off")
    elif subscription.user is not None:
        choose(account_id=account_id, user_id=subscription.user.pk, choices={(event, Channel.EMAIL): on})
        words = ("on" if on else "off", event.value)
        log.info("Letters of account %s to user %s: %s for %s", account_id, subscription.user.pk, *words)
