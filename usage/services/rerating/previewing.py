"""The preview: what each charge of the scope would be, batch by batch; it writes the job's own rows and nothing else.

A batch and the place after it are one transaction, so that a preview that was killed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from django.db import transaction

from organizations.database import Statement, rows, run
from organizations.models import Product
from usage.models import ReratedCall, Rerating, UsageEvent
from usage.selectors.cards import ProductCards, load_cards
from usage.services.rerating import lease
from usage.services.rerating.anew import LeftAloneError, charge_anew
from usage.services.rerating.events import Charged, next_batch
from usage.services.rerating.summary import summary_of

PENDING, SKIPPED = ReratedCall.State.PENDING.value, ReratedCall.State.SKIPPED.value
ZERO = Decimal(0)
_encode = msgspec.json.Encoder().encode

INSERT_CALLS = """
INSERT INTO usage_reratedcall (rerating_id, event_id, account_id, is_simulated, currency, old_total, new_total,
       difference, old_transaction_id, old_version_id, old_lines, charge, state, why)
SELECT %s::bigint, event_id, account_id, is_simulated, currency, old_total, new_total, new_total - old_total,
       old_transaction_id, old_version_id, old_lines::jsonb, charge::jsonb, state, why
  FROM {rows} AS v(event_id, account_id, is_simulated, currency, old_total, new_total, old_transaction_id,
                   old_version_id, old_lines, charge, state, why)
ON CONFLICT (rerating_id, event_id) DO NOTHING
"""
KINDS = (
    *("bigint", "bigint", "boolean", "varchar", "numeric", "numeric", "bigint", "bigint", "text", "text", "varchar"),
    "text",
)
Row = tuple[object, ...]


def preview_batch(rerating: Rerating) -> bool:
    """Price the next batch of the job; whether there is another. Raises LostError where the job is another's now."""
    batch = next_batch(rerating)
    cards = _cards(rerating)
    found = [row for event in batch.events if (row := _row(rerating, event, cards)) is not None]
    skipped = sum(1 for row in found if row[10] == SKIPPED)
    counts = {
        "looked_at": rerating.looked_at + len(batch.events),
        "unchanged": rerating.unchanged + len(batch.events) - len(found),
        "skipped": rerating.skipped + skipped,
        "found": rerating.found + len(found) - skipped,
        "place": batch.place,
    }
    with transaction.atomic():
        if found:
            run(_insert(rerating.pk, found))
        if batch.is_last:
            counts |= {"summary": summary_of(rerating.pk)}
            lease.finish(rerating, Rerating.State.READY, **counts)
        else:
            lease.extend(rerating, **counts)
    return not batch.is_last


def _cards(rerating: Rerating) -> ProductCards:
    """The product's cards as they are published now: read with every batch, kept while their revision is the same."""
    revision = Product.objects.values_list("rates_revision", flat=True).get(pk=rerating.product_id)
    return load_cards(rerating.product_id, revision)


def _row(rerating: Rerating, event: Charged, cards: ProductCards) -> Row | None:
    """What becomes of the event; None where its charge stays as it is."""
    try:
        if event.status == UsageEvent.Status.VOID:
            raise LeftAloneError("It is reversed already.")
        if event.total is None or event.is_of_an_hour:
            raise LeftAloneError("It is charged with its hour of chat: choose that hour's own event.")
        if rerating.mode == Rerating.Mode.VOID:
            return _found(event, ZERO, {}) if event.total else None
        charge = charge_anew(event, cards)
    except LeftAloneError as refusal:
        return _facts(event, None, {}, SKIPPED, str(refusal)[:255])
    return None if charge.total == event.total else _found(event, charge.total, charge.as_json())


def _found(event: Charged, total: Decimal, charge: dict[str, object]) -> Row:
    return _facts(event, total, charge, PENDING, "")


def _facts(event: Charged, total: Decimal | None, charge: dict[str, object], state: str, why: str) -> Row:
    return (
        *(event.id, event.account_id, event.is_simulated, event.currency, event.total or ZERO, total),
        *(event.transaction_id, event.version_id, event.lines, _encode(charge).decode(), state, why),
    )


def _insert(rerating_id: int, found: Sequence[Row]) -> Statement:
    source, params = rows(*zip(KINDS, zip(*found, strict=True), strict=True))
    return INSERT_CALLS.format(rows=source), [rerating_id, *params]
