"""Rate cards are changed by adding: a draft is copied, edited and published, and then never changes again.

Publishing raises the product's `rates_revision`, by which every process notices. Triggers hold that a published
version stays as it is (`0002_published_versions`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Max
from django.utils import timezone

from organizations.models import Account, Product, User
from usage.models import FreeRule, Rate, RateCard, RateCardVersion
from usage.rating.faults import faults
from usage.selectors.cards import card_version

CARD_NAME_LENGTH = 100
# What a draft takes over from the version it is based on.
_TERMS = (
    "rounding_step",
    "rounding",
    "derives_outcome",
    "conversation_seconds",
    "conversation_turns",
    "default_tier",
    "aggregates_chat",
)


@transaction.atomic
def draft_version(
    *, card: RateCard, based_on: RateCardVersion | None = None, starts_at: datetime, note: str = ""
) -> RateCardVersion:
    """A new draft of the card: a copy of `based_on` with its rates and free rules, or an empty one.

    `based_on` may belong to another card of the same product (an account's own card begins as a copy of the default).
    Raises ValidationError when it belongs to another product.
    """
    if based_on is not None and based_on.card.product_id != card.product_id:
        raise ValidationError("The version to copy belongs to another product.", code="other_product")
    RateCard.objects.select_for_update(no_key=True).get(pk=card.pk)
    last = RateCardVersion.objects.filter(card=card).aggregate(last=Max("number"))["last"] or 0
    terms = {} if based_on is None else {name: getattr(based_on, name) for name in _TERMS}
    version = RateCardVersion.objects.create(card=card, number=last + 1, starts_at=starts_at, note=note, **terms)
    if based_on is not None:
        _copy_rows(based_on, version)
    return version


@transaction.atomic
def open_own_card(*, account: Account, starts_at: datetime, note: str = "") -> RateCardVersion:
    """A card of the account's own, with a draft that begins as what prices its product's calls at `starts_at`.

    The account pays the product's prices until the draft is published. Raises ValidationError where it has a card.
    """
    card = RateCard(product_id=account.product_id, account=account, name=account.name[:CARD_NAME_LENGTH])
    try:
        with transaction.atomic():
            card.save()
    except IntegrityError:  # one card per account
        words = f"{account} has a card of its own. Make a new version of it."
        raise ValidationError({"account": words}, code="own_card") from None
    published = RateCardVersion.objects.filter(
        card__product_id=account.product_id, card__account=None, status=RateCardVersion.Status.PUBLISHED
    )
    holding = published.filter(starts_at__lte=starts_at).order_by("-starts_at").first()
    return draft_version(
        card=card, based_on=holding or published.order_by("starts_at").first(), starts_at=starts_at, note=note
    )


def _copy_rows(source: RateCardVersion, target: RateCardVersion) -> None:
    rates = list(Rate.objects.filter(version=source).order_by("position", "id"))
    rules = list(FreeRule.objects.filter(version=source).order_by("position", "id"))
    for rate in rates:
        rate.pk, rate.version = None, target
    for rule in rules:
        rule.pk, rule.version = None, target
    Rate.objects.bulk_create(rates)
    FreeRule.objects.bulk_create(rules)


@dataclass(frozen=True)
class NewContent:
    """What a version is to hold: its settings by name, and rows that are not saved yet, in the card's order."""

    settings: Mapping[str, Any]
    rates: Sequence[Rate]
    rules: Sequence[FreeRule]


@transaction.atomic
def import_version(
    *,
    card: RateCard,
    draft: RateCardVersion | None,
    content: NewContent,
    starts_at: datetime | None = None,
    note: str = "",
) -> RateCardVersion:
    """Give the draft, or a new one of the card from `starts_at` on, this content in place of what it has: all of it.

    Raises ValidationError where the draft was published meanwhile.
    """
    if draft is None:
        assert starts_at is not None
        version = draft_version(card=card, starts_at=starts_at, note=note)
    else:
        RateCard.objects.select_for_update(no_key=True).get(pk=card.pk)
        version = RateCardVersion.objects.select_for_update(no_key=True).select_related("card").get(pk=draft.pk)
    if version.status == RateCardVersion.Status.PUBLISHED:
        raise ValidationError("The draft was published meanwhile. Import the file as a new version.", code="published")
    for name, value in content.settings.items():
        setattr(version, name, value)
    version.save(update_fields=list(content.settings))
    Rate.objects.filter(version=version).delete()
    FreeRule.objects.filter(version=version).delete()
    for rate in content.rates:
        rate.version = version
    for rule in content.rules:
        rule.version = version
    Rate.objects.bulk_create(content.rates)
    FreeRule.objects.bulk_create(content.rules)
    return version


@transaction.atomic
def publish_version(*, version: RateCardVersion, actor: User | None = None) -> RateCardVersion:
    """Make the draft the card's price list from its `starts_at` on; a published one is returned as it is.

    A start in the past is allowed (it prices events that are reported from now on; what is charged stays charged), but
    not at or before the start of a version already published, which would rewrite what that one was sold for. Raises
    ValidationError with one message per fault.
    """
    card = RateCard.objects.select_for_update(no_key=True).get(pk=version.card_id)
    locked = RateCardVersion.objects.select_for_update(no_key=True).select_related("card").get(pk=version.pk)
    if locked.status == RateCardVersion.Status.PUBLISHED:
        return locked
    found = faults(card_version(locked))
    if found:
        raise ValidationError([ValidationError(fault, code="unsound") for fault in found])
    published = RateCardVersion.objects.filter(card=card, status=RateCardVersion.Status.PUBLISHED)
    latest = published.aggregate(latest=Max("starts_at"))["latest"]
    if latest is not None and locked.starts_at <= latest:
        raise ValidationError(
            {"starts_at": f"Must be later than {latest:%Y-%m-%d %H:%M %Z}, when the last published version starts."}
        )
    locked.status = RateCardVersion.Status.PUBLISHED
    locked.published_at = timezone.now()
    locked.save(update_fields=["status", "published_at"])
    Product.objects.filter(pk=card.product_id).update(rates_revision=F("rates_revision") + 1)
    if actor is not None:
        LogEntry.objects.log_actions(actor.pk, [locked], CHANGE, change_message="Published.", single_object=True)
    return locked
