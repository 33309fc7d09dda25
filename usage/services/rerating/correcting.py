"""The correction itself: a batch of charges reversed and, unless the job only reverses, charged anew, at once.

Everything is decided under the wallets' locks, in which every charge and every reversal of these wallets waits for its
turn: an event that is not as the preview found it is left alone. Its rows, the ledger, the roll-ups and the job's
progress commit together or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import msgspec
from django.db import transaction

from billing.models import TransactionKind
from billing.services import ledger
from billing.services.books import Books, Note
from billing.services.chain import TransferPart
from organizations.database import Statement, array, run
from usage.charge_keys import charge_key, reversal_key
from usage.models import ReratedCall, Rerating, UsageEvent
from usage.services.charge import KINDS
from usage.services.rerating import lease, rows
from usage.services.rerating.anew import Charge
from usage.services.restated_rows import Counted, Restated, restate
from usage.services.rollup_rows import tokens_of

BATCH = 100
DONE, SKIPPED = ReratedCall.State.DONE.value, ReratedCall.State.SKIPPED.value
ZERO = Decimal(0)
DESCRIPTION_LENGTH = 255
_decode = msgspec.json.Decoder(list[dict[str, str]]).decode

WAITING = f"""
SELECT r.id, w.id FROM usage_reratedcall r JOIN billing_wallet w ON w.account_id = r.account_id
 WHERE r.rerating_id = %s::bigint AND r.state = 'pending' ORDER BY r.id LIMIT {BATCH}
"""
# `f`: the event's first charge, on whose day it counts towards the daily cap.
AS_THEY_ARE = """
SELECT r.id, r.charge::text, r.old_total, r.old_transaction_id, r.old_version_id, e.id, w.id, e.account_id,
       e.project_id, e.day, e.is_simulated, e.event_type, e.channel, e.currency, e.duration_seconds, e.status, e.total,
       e.cost, e.model, e.tier, e.outcome, e.version_id, e.lines::text, e.body -> 'data' ->> 'llm_input_tokens',
       e.body -> 'data' ->> 'llm_output_tokens', x.id, x.key, x.number, f.created_at
  FROM usage_reratedcall r
  JOIN usage_usageevent e ON e.id = r.event_id
  JOIN billing_wallet w ON w.account_id = e.account_id
  LEFT JOIN billing_transaction x ON x.id = e.transaction_id
  LEFT JOIN billing_transaction f ON f.wallet_id = w.id AND f.key = 'charge:' || e.id
 WHERE r.id = ANY(%s::bigint[]) AND r.state = 'pending' ORDER BY r.id
"""
PARTS = """
SELECT transaction_id, source_id, target_id, amount, grant_id FROM billing_transfer
 WHERE transaction_id = ANY(%s::bigint[]) ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Current:
    """A charge as it stands under the lock, beside what the preview found of it (`old_…` and `charge`)."""

    row_id: int
    charge: str
    old_total: Decimal
    old_transaction_id: int | None
    old_version_id: int | None
    event_id: int
    wallet_id: int
    account_id: int
    project_id: int
    day: date
    is_simulated: bool
    event_type: str
    channel: str
    currency: str
    seconds: Decimal
    status: str
    total: Decimal | None
    cost: Decimal
    model: str
    tier: str
    outcome: str
    version_id: int | None
    lines: str
    input_tokens: str | None
    output_tokens: str | None
    transaction_id: int | None
    key: str | None
    number: int | None
    first_at: datetime | None

    @property
    def why_not(self) -> str:
        """Why it is left alone; empty where it is as the preview found it."""
        if self.status == UsageEvent.Status.VOID:
            return "It was reversed since the preview."
        found = (self.old_total, self.old_transaction_id, self.old_version_id)
        if (self.total, self.transaction_id, self.version_id) != found:
            return "It was charged anew by another job since the preview."
        return ""


def correct_batch(rerating: Rerating) -> bool:
    """Correct the job's next charges; whether there may be more. Raises LostError, with nothing written."""
    (waiting,) = run((WAITING, [rerating.pk]))
    with transaction.atomic():
        if not waiting:
            lease.finish(rerating, Rerating.State.DONE)
            return False
        reads: list[Statement] = [(AS_THEY_ARE, [array(row[0] for row in waiting)])]
        books, (found,) = ledger.open_books({row[1] for row in waiting}, reads=reads)
        current = [Current(*row) for row in found]
        wanted = [each for each in current if not each.why_not]
        skipped = [(each.row_id, each.why_not) for each in current if each.why_not]
        entered = _enter(books, rerating, wanted)
        ledger.write(books)
        if entered:
            run(*_writes(rerating, entered, books.now))
        ended = [(each.row_id, DONE, "") for each, _charge, _new_id in entered]
        run(rows.end_calls(ended + [(row_id, SKIPPED, why) for row_id, why in skipped]))
        lease.extend(rerating, done=rerating.done + len(entered), skipped=rerating.skipped + len(skipped))
    return True


Entered = tuple[Current, Charge | None, int | None]
"""A charge, what comes in its place (None: nothing, it is reversed), and the new transaction where money moved."""


def _enter(books: Books, rerating: Rerating, wanted: Sequence[Current]) -> list[Entered]:
    """Reverse and charge anew in the books, one event after the other."""
    moved = [each.transaction_id for each in wanted if each.transaction_id is not None]
    parts: defaultdict[int, list[TransferPart]] = defaultdict(list)
    if moved:
        for transaction_id, *part in run((PARTS, [array(moved)]))[0]:
            parts[transaction_id].append((part[0], part[1], part[2], part[3]))
    taken = {grant_id for each in parts.values() for *_part, grant_id in each if grant_id is not None}
    grants = ledger.load_grants(books, sorted(taken))
    entered: list[Entered] = []
    for each in wanted:
        wallet = books.wallets[each.wallet_id]
        charge = None
        if rerating.mode == Rerating.Mode.REPRICE:
            charge = Charge.from_json(msgspec.json.decode(each.charge))
        spent_on = wallet.date_of(each.first_at) if each.first_at is not None else None
        if each.transaction_id is not None and each.key is not None:
            note = _note(rerating, each, TransactionKind.VOID.value, reversal_key(each.key))
            note.description = f"Reversal of no. {each.number}"
            books.reverse(wallet, parts[each.transaction_id], grants, note, spent_on=spent_on)
        new_id = None
        if charge is not None and charge.total and not each.is_simulated:
            note = _note(rerating, each, KINDS[each.event_type], charge_key(each.event_id, rerating_id=rerating.pk))
            note.description = _description(charge)
            counts_today = spent_on == wallet.local_now.date()
            new_id = books.charge(wallet, charge.total, note, counts_today=counts_today).id
        # Only now: what has expired since pays for the call that it paid for, and what is left of it goes.
        if wallet.next_expiry_at is not None and wallet.next_expiry_at <= books.now:
            books.expire_due(wallet)
        entered.append((each, charge, new_id))
    return entered


def _note(rerating: Rerating, each: Current, kind: str, key: str) -> Note:
    return Note(kind, key, "", rerating.reason, rerating.confirmed_by_id, each.project_id)


def _description(charge: Charge) -> str:
    return " · ".join(["Charged anew", *(line["label"] for line in charge.lines)])[:DESCRIPTION_LENGTH]


def _writes(rerating: Rerating, entered: Sequence[Entered], now: datetime) -> list[Statement]:
    """What was before is kept, then the events and their roll-ups become what they are now."""
    anew = [(each.event_id, charge, new_id) for each, charge, new_id in entered if charge is not None]
    reversed_ = [each.event_id for each, charge, _new_id in entered if charge is None]
    found = restate([_restated(each, charge) for each, charge, _new_id in entered])
    if anew:
        found += [rows.keep_revisions(rerating, anew, now), rows.update_charges(anew)]
    if reversed_:
        found.append(rows.mark_reversed(reversed_, rerating.reason, now))
    return found


def _restated(each: Current, charge: Charge | None) -> Restated:
    reported = {"llm_input_tokens": each.input_tokens, "llm_output_tokens": each.output_tokens}
    before = Counted(each.model, each.tier, each.outcome, each.total or ZERO, each.cost, _decode(each.lines))
    after = None
    if charge is not None:
        after = Counted(charge.model, charge.tier, charge.outcome, charge.total, charge.cost, charge.lines)
    day = (each.account_id, each.project_id, each.day, each.is_simulated, each.event_type, each.channel)
    tokens = tokens_of(each.event_type, reported)
    return Restated(*day, each.currency, each.seconds, tokens, before, after)
