"""A product's rate cards in memory, for pricing: read in a constant number of statements, kept per process.

What is kept is compared with `Product.rates_revision`, which the caller read with the service's key: a card published
in another process holds from the next request in every process. Only published versions price anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from usage import rating
from usage.models import FreeRule, Rate, RateCardVersion
from usage.rating.types import CardVersion, PriceOnRequest


@dataclass(frozen=True, slots=True, eq=False)
class ProductCards:
    """The published versions of one product's cards at one revision, newest start first."""

    revision: int
    default: tuple[CardVersion, ...]
    by_account: dict[int, tuple[CardVersion, ...]]

    def version_for(self, account_id: int, started_at: datetime) -> CardVersion:
        """The version that prices what the account started at this (aware) moment.

        The account's own card goes before the product's, from its first version's start on. Raises `PriceOnRequest` (a
        LookupError) for a moment before every version: what has no price is refused, never guessed from a later card.
        """
        own = self.by_account.get(account_id)
        for versions in (own, self.default) if own else (self.default,):
            for version in versions:
                if version.starts_at is not None and version.starts_at <= started_at:
                    return version
        raise PriceOnRequest("rate_card", "No rate card holds at that time.")


_kept: dict[int, ProductCards] = {}


def load_cards(product_id: int, revision: int) -> ProductCards:
    """The product's cards at this revision (`Product.rates_revision` as just read), from memory where it is known.

    Threads may load the same revision twice; each puts a whole object in place, so none sees half of one.
    """
    cards = _kept.get(product_id)
    if cards is None or cards.revision != revision:
        cards = read_cards(product_id, revision)
        _kept[product_id] = cards
    return cards


def read_cards(product_id: int, revision: int) -> ProductCards:
    """The product's published cards as the database has them now: three statements, however many cards there are."""
    rows = list(
        RateCardVersion.objects.filter(card__product_id=product_id, status=RateCardVersion.Status.PUBLISHED)
        .select_related("card")
        .order_by("-starts_at")
    )
    default: list[CardVersion] = []
    by_account: defaultdict[int, list[CardVersion]] = defaultdict(list)
    for row, version in zip(rows, card_versions(rows), strict=True):
        if row.card.account_id is None:
            default.append(version)
        else:
            by_account[row.card.account_id].append(version)
    return ProductCards(revision, tuple(default), {account: tuple(own) for account, own in by_account.items()})


def card_version(row: RateCardVersion) -> CardVersion:
    """One version, draft or published, as the engine takes it."""
    return card_versions([row])[0]


def card_versions(rows: Iterable[RateCardVersion]) -> list[CardVersion]:
    """Versions as the engine takes them, in the order given: two statements, however many there are."""
    rows = list(rows)
    ids = [row.pk for row in rows]
    rates: defaultdict[int, list[rating.Rate]] = defaultdict(list)
    for rate in Rate.objects.filter(version_id__in=ids).order_by("version_id", "position", "id"):
        rates[rate.version_id].append(_rate(rate))
    rules: defaultdict[int, list[rating.FreeRule]] = defaultdict(list)
    for rule in FreeRule.objects.filter(version_id__in=ids).order_by("version_id", "position", "id"):
        rules[rule.version_id].append(_free_rule(rule))
    return [_version(row, rates[row.pk], rules[row.pk]) for row in rows]


def unsaved_card_version(row: RateCardVersion, rates: Iterable[Rate], free_rules: Iterable[FreeRule]) -> CardVersion:
    """A version as the engine takes it, of rows that are not in the database."""
    return _version(row, [_rate(rate) for rate in rates], [_free_rule(rule) for rule in free_rules])


def _version(row: RateCardVersion, rates: list[rating.Rate], free_rules: list[rating.FreeRule]) -> CardVersion:
    return CardVersion(
        rates=tuple(rates),
        free_rules=tuple(free_rules),
        rounding_step=_short(row.rounding_step),
        rounding=row.rounding,
        derives_outcome=row.derives_outcome,
        conversation_seconds=row.conversation_seconds,
        conversation_turns=row.conversation_turns,
        default_tier=row.default_tier,
        aggregates_chat=row.aggregates_chat,
        id=row.pk,
        number=row.number,
        card_name=row.card.name,
        starts_at=row.starts_at,
    )


def _rate(row: Rate) -> rating.Rate:
    return rating.Rate(
        event_type=row.event_type,
        component=row.component,
        label=row.label,
        unit=row.unit,
        price=None if row.price is None else _short(row.price),
        position=row.position,
        model=row.model,
        tier=row.tier,
        outcome=row.outcome,
        channels=tuple(row.channels),
        method=row.method,
        metric=row.metric,
        per=_short(row.per),
        included=_short(row.included),
        cap_field=row.cap_field,
        first_increment=_short(row.first_increment),
        increment=_short(row.increment),
        units_per_increment=_short(row.units_per_increment),
        minimum=_short(row.minimum),
        tiers=tuple((Decimal(step["above"]), Decimal(step["price"])) for step in row.tiers),
        is_operators_to_set=row.is_operators_to_set,
    )


def _free_rule(row: FreeRule) -> rating.FreeRule:
    return rating.FreeRule(
        event_type=row.event_type,
        code=row.code,
        reason=row.reason,
        condition=row.condition,
        position=row.position,
        field=row.field,
        values=tuple(row.values),
        limit=None if row.limit is None else _short(row.limit),
        except_statuses=tuple(row.except_statuses),
    )


def _short(number: Decimal) -> Decimal:
    """Without the zeros that a column's scale adds: fewer digits to multiply and to show."""
    return number.normalize()
