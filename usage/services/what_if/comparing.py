"""Pricing charged calls on another version, and adding up what that changes. Writes nothing and asks no clock.

A call whose account has a card of its own keeps its price where the run is about a product's default card: publishing
that one would not touch it. A call that the version has no price for would be refused; it is counted apart, so that
both sums are of the same calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from usage.rating.engine import rate
from usage.rating.types import ZERO, CardVersion, Line, PriceOnRequest
from usage.services.reported import UnreadableError, facts_of
from usage.services.what_if.reading import ChargedCall

EXAMPLES = 20
UNREADABLE = "What was reported for it can no longer be read."
_decode_lines = msgspec.json.Decoder(list[dict[str, str]]).decode

OwnCards = Mapping[int, Sequence[CardVersion]]


@dataclass(slots=True)
class AccountSums:
    """What a batch adds to one account."""

    calls: int = 0
    changed: int = 0
    own_card: int = 0
    unpriced: int = 0
    actual: Decimal = ZERO
    would_be: Decimal = ZERO
    unpriced_actual: Decimal = ZERO


@dataclass(slots=True)
class Tally:
    """What a batch of calls adds to a run."""

    accounts: defaultdict[int, AccountSums] = field(default_factory=lambda: defaultdict(AccountSums))
    components: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By component: label, actual, would_be."""
    changes: list[dict[str, Any]] = field(default_factory=list)
    unpriced: list[dict[str, Any]] = field(default_factory=list)

    def total(self, name: str) -> Any:
        """The sum of one figure over all accounts of the batch."""
        return sum((getattr(sums, name) for sums in self.accounts.values()), ZERO)


def compare(calls: Sequence[ChargedCall], *, version: CardVersion, own_cards: OwnCards) -> Tally:
    """The batch priced on `version`; accounts in `own_cards` are priced by those from their first version on."""
    tally = Tally()
    for call in calls:
        sums = tally.accounts[call.account_id]
        sums.calls += 1
        charged = _decode_lines(call.lines)
        if _has_own(call, own_cards):
            sums.own_card += 1
            _keep(tally, sums, call, charged)
            continue
        try:
            rated = rate(version, call.event_type, facts_of(call.event_type, call.body))
        except PriceOnRequest as refusal:
            _unpriced(tally, sums, call, str(refusal))
        except UnreadableError:
            _unpriced(tally, sums, call, UNREADABLE)
        else:
            _add(tally, sums, call, charged, rated.lines, rated.total)
    tally.changes = most_changed(tally.changes)
    return tally


def most_changed(changes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The calls whose price changes most, the greatest change first."""
    by_size = sorted(changes, key=lambda one: (-abs(Decimal(one["would_be"]) - Decimal(one["actual"])), one["event"]))
    return by_size[:EXAMPLES]


def merge_components(known: dict[str, dict[str, Any]], new: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Both, added up, as JSON keeps them: amounts as text."""
    merged = dict(known)
    for component, sums in new.items():
        before = known.get(component, {"actual": "0", "would_be": "0"})
        merged[component] = {
            "label": sums["label"],
            "actual": f"{Decimal(before['actual']) + sums['actual']:f}",
            "would_be": f"{Decimal(before['would_be']) + sums['would_be']:f}",
        }
    return merged


def _has_own(call: ChargedCall, own_cards: OwnCards) -> bool:
    versions = own_cards.get(call.account_id, ())
    return any(own.starts_at is not None and own.starts_at <= call.started_at for own in versions)


def _keep(tally: Tally, sums: AccountSums, call: ChargedCall, charged: list[dict[str, str]]) -> None:
    sums.actual += call.total
    sums.would_be += call.total
    for line in charged:
        known = _component(tally, line["component"], line["label"])
        known["actual"] += Decimal(line["amount"])
        known["would_be"] += Decimal(line["amount"])


def _add(
    tally: Tally,
    sums: AccountSums,
    call: ChargedCall,
    charged: list[dict[str, str]],
    lines: Sequence[Line],
    would_be: Decimal,
) -> None:
    sums.actual += call.total
    sums.would_be += would_be
    if would_be != call.total:
        sums.changed += 1
        tally.changes.append(
            {
                "event": call.id,
                "account": call.account_id,
                "actual": f"{call.total:f}",
                "would_be": f"{would_be:f}",
            }
        )
    for line in charged:
        _component(tally, line["component"], line["label"])["actual"] += Decimal(line["amount"])
    for priced in lines:
        _component(tally, priced.component, priced.label)["would_be"] += priced.amount


def _unpriced(tally: Tally, sums: AccountSums, call: ChargedCall, why: str) -> None:
    sums.unpriced += 1
    sums.unpriced_actual += call.total
    if len(tally.unpriced) < EXAMPLES:
        tally.unpriced.append(
            {"event": call.id, "account": call.account_id, "actual": f"{call.total:f}", "why": why[:255]}
        )


def _component(tally: Tally, component: str, label: str) -> dict[str, Any]:
    known = tally.components.setdefault(component, {"label": label, "actual": ZERO, "would_be": ZERO})
    known["label"] = label
    return known
