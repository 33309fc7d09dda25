"""What differs between two rate-card versions, field by field. Pure but for reading the two.

A rate is the same rate in both where it is of the same component and for the same event type, model, tier, outcome and
channels; a free rule where it has the same code and event type. What decides a price is never left out: everything of
`CardContent` is compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from usage.models import Rate, RateCardVersion
from usage.selectors.card_content import CardContent, Texts, content_of

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
RATE_KEY = ("event_type", "component", "model", "tier", "outcome", "channels")
RULE_KEY = ("event_type", "code")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after, as texts; empty for none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RowChange:
    """One rate or free rule that was added, removed or changed; `percent` is how much dearer one unit becomes."""

    kind: str
    before: Texts
    after: Texts
    fields: tuple[FieldChange, ...] = ()
    percent: Decimal | None = None

    @property
    def row(self) -> Texts:
        """The row as it is after, or as it was before it was removed."""
        return self.after or self.before


@dataclass(frozen=True, slots=True)
class CardDiff:
    """All differences; rates and rules in the order of the later version, what was removed last."""

    settings: tuple[FieldChange, ...]
    rates: tuple[RowChange, ...]
    rules: tuple[RowChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both versions say the same."""
        return not (self.settings or self.rates or self.rules)


def diff_of(before: RateCardVersion | None, after: RateCardVersion) -> CardDiff:
    """What `after` changes against `before`; against None everything is added."""
    return compare(content_of(before) if before is not None else CardContent({}, (), ()), content_of(after))


def compare(before: CardContent, after: CardContent) -> CardDiff:
    """The differences between two contents."""
    return CardDiff(
        settings=_fields(before.settings, after.settings) if before.settings else (),
        rates=_rows(before.rates, after.rates, RATE_KEY),
        rules=_rows(before.rules, after.rules, RULE_KEY),
    )


def version_before(version: RateCardVersion) -> RateCardVersion | None:
    """The version that this one takes the place of at its start: of its card, or the product's for an own card."""
    published = RateCardVersion.objects.filter(status=RateCardVersion.Status.PUBLISHED).exclude(pk=version.pk)
    earlier = published.filter(starts_at__lt=version.starts_at).select_related("card__product").order_by("-starts_at")
    same_card = earlier.filter(card_id=version.card_id).first()
    if same_card is not None or version.card.account_id is None:
        return same_card
    return earlier.filter(card__product_id=version.card.product_id, card__account=None).first()


def published_meanwhile(draft: RateCardVersion) -> list[RateCardVersion]:
    """Versions of the card that were published after the draft was made: what they changed is not in the draft."""
    if draft.status == RateCardVersion.Status.PUBLISHED:
        return []
    published = draft.card.versions.filter(
        status=RateCardVersion.Status.PUBLISHED, published_at__gt=draft.created_at, published_at__lte=timezone.now()
    )
    return list(published.order_by("published_at"))


def _fields(before: Texts, after: Texts) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(name, before.get(name, ""), text) for name, text in after.items() if before.get(name, "") != text
    )


def _rows(before: Sequence[Texts], after: Sequence[Texts], key: tuple[str, ...]) -> tuple[RowChange, ...]:
    old, new = _keyed(before, key), _keyed(after, key)
    changes = []
    for name, row in new.items():
        if name not in old:
            changes.append(RowChange(ADDED, {}, row))
        elif fields := _fields(old[name], row):
            changes.append(RowChange(CHANGED, old[name], row, fields, _percent(old[name], row)))
    changes += [RowChange(REMOVED, row, {}) for name, row in old.items() if name not in new]
    return tuple(changes)


def _keyed(rows: Sequence[Texts], key: tuple[str, ...]) -> dict[tuple[str, ...], Texts]:
    """Rows by what they are for; of those that a draft has twice, the second is told apart by its number."""
    seen: Counter[tuple[str, ...]] = Counter()
    keyed = {}
    for row in rows:
        name = tuple(", ".join(sorted(row[part].split(", "))) if part == "channels" else row[part] for part in key)
        keyed[(*name, str(seen[name]))] = row
        seen[name] += 1
    return keyed


def _percent(before: Texts, after: Texts) -> Decimal | None:
    """The change of a unit's price in percent; None where one has none, or they are priced in different ways."""
    old, new = _unit_price(before), _unit_price(after)
    if old is None or new is None or not old or before.get("method") != after.get("method") or old == new:
        return None
    return (new - old) / old * 100


def _unit_price(row: Texts) -> Decimal | None:
    if not row.get("price") or row.get("method") == Rate.Method.COST:
        return None
    return Decimal(row["price"]) / Decimal(row["per"]) / Decimal(row["units_per_increment"])
