"""The charge path: a list of events in, one answer each out; a single event is a list of one.

What is priced is charged exactly once: prices are found before the transaction (pure), then the wallets are locked in
id order, the events inserted (their unique key decides who is first), the grants drawn down and everything else
written set-wise, in a constant number of statements whatever the size of the batch. The answer leaves after commit.
Whoever finds a key taken rolls back and runs again, now looking first which events are known, and answers those as the
first time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.utils import OperationalError
from django.utils import timezone

from billing.models import HoldStatus, TransactionKind
from billing.services import ledger
from billing.services.books import Books, Note
from billing.services.locking import lock_wallets
from organizations.database import Statement, merged, run, text_array
from organizations.selectors.keys import KeyContext
from usage.charge_keys import charge_key
from usage.models.event import EventType
from usage.selectors.cards import load_cards
from usage.selectors.terms import load_terms
from usage.services import answers, chat, context, event_rows, known, rollup_rows
from usage.services.answers import EventResult
from usage.services.incoming import IncomingEvent, Rejection
from usage.services.pricing import PricedEvent, price, text

ATTEMPTS = 6
KINDS = {
    EventType.CALL.value: TransactionKind.CALL.value,
    EventType.CHAT_MESSAGE.value: TransactionKind.CHAT.value,
    EventType.CHAT_HOUR.value: TransactionKind.CHAT.value,
    EventType.CRAWL.value: TransactionKind.CRAWL.value,
    EventType.LLM.value: TransactionKind.LLM.value,
}
EVENT_IDS = "usage_usageevent_id_seq"
ACTIVE_HOLDS = """
SELECT call_id, id, wallet_id, project_id, amount, is_simulated FROM billing_hold
 WHERE service_id = %s AND call_id = ANY(%s::text[]) AND status = 'active'
"""


class LostRace(Exception):  # noqa: N818 - not an error: the batch runs again
    """One of the keys was used before, by an earlier request or by one that was quicker."""


@dataclass(slots=True)
class ActiveHold:
    """A call's hold that its event ends."""

    id: int
    wallet_id: int
    project_id: int
    amount: Decimal
    is_simulated: bool


def charge_events(*, key: KeyContext, items: Sequence[IncomingEvent | Rejection]) -> list[EventResult]:
    """Charge the events and answer each in its place; refused ones are answered and recorded for staff.

    Raises OperationalError when the database keeps ending the transaction (deadlock, time-out) after several tries;
    nothing was charged then.
    """
    look_first = False
    for attempt in range(ATTEMPTS):
        try:
            return _attempt(key, items, look_first=look_first)
        except LostRace:
            look_first = True
        except OperationalError:
            if attempt == ATTEMPTS - 1 or not _may_retry():
                raise
    raise OperationalError("The same events are being sent by several requests at once.")


def charge_priced(*, key: KeyContext, events: Sequence[PricedEvent]) -> dict[int, EventResult]:
    """Charge events whose price is known already; those charged before are left alone and have no answer."""
    results: dict[int, EventResult] = {}
    for index, event in enumerate(events):
        with contextlib.suppress(LostRace):
            _post(key, [(index, event)], results)
    return results


def _may_retry() -> bool:
    """Inside somebody else's transaction a failed statement cannot be tried again."""
    return not transaction.get_connection().in_atomic_block


def _attempt(key: KeyContext, items: Sequence[IncomingEvent | Rejection], *, look_first: bool) -> list[EventResult]:
    results: dict[int, EventResult] = {}
    refusals: list[tuple[int, Rejection]] = []
    fresh: dict[tuple[str, str], int] = {}
    repeats: list[tuple[int, IncomingEvent]] = []
    for index, item in enumerate(items):
        if isinstance(item, Rejection):
            refusals.append((index, item))
        elif (first := fresh.setdefault((item.source, item.event_id), index)) != index:
            repeats.append((index, item))
    sent = {index: item for index in fresh.values() if isinstance(item := items[index], IncomingEvent)}
    events = sent
    with transaction.atomic() if look_first else contextlib.nullcontext():
        if events and look_first:
            _lock(key, events)  # whoever lost a race now queues: what others charged to these wallets is seen below
            events = _answer_known(key, events, results)
        if events:
            priced, unpriced = _price(key, events)
            if unpriced and not look_first:
                raise LostRace  # it may have been charged when it had a price still
            refusals += unpriced
            if priced:
                _post(key, priced, results)
    for index, refusal in refusals:
        results[index] = answers.rejected(refusal)
    if refusals:
        run(event_rows.insert_rejections([refusal for _, refusal in refusals], service_id=key.service_id))
    for index, item in repeats:
        first = fresh[item.source, item.event_id]
        results[index] = _repeat(key, item, sent[first], results[first])
    return [results[index] for index in range(len(items))]


def _repeat(key: KeyContext, item: IncomingEvent, original: IncomingEvent, answer: EventResult) -> EventResult:
    """The same key twice in one array: the second is a duplicate, or a conflict where its body differs.

    Unless the first was refused: that left no key behind, and the second stands for itself.
    """
    if not chat.same_body(item, original):
        return charge_events(key=key, items=[item])[0] if answer["status"] == "rejected" else known.conflict(item)
    return answer if answer["status"] == "rejected" else answers.duplicate(answer)


def _lock(key: KeyContext, events: dict[int, IncomingEvent]) -> None:
    """Lock the wallets of the events' accounts."""
    where = context.find(key.product_id, [(event.subject, event.project) for event in events.values()])
    run(lock_wallets([account.wallet_id for account in where.accounts.values()]))


def _answer_known(
    key: KeyContext, events: dict[int, IncomingEvent], results: dict[int, EventResult]
) -> dict[int, IncomingEvent]:
    """Answer the events that were sent before as the first time; returns the others."""
    (keys,) = run(known.known_keys(key.service_id, list(events.values())))
    taken = set(keys)
    repeated = {index: event for index, event in events.items() if (event.source, event.event_id) in taken}
    if repeated:
        results.update(zip(repeated, known.first_answers(key.service_id, list(repeated.values())), strict=True))
    return {index: event for index, event in events.items() if index not in repeated}


def _price(
    key: KeyContext, events: dict[int, IncomingEvent]
) -> tuple[list[tuple[int, PricedEvent]], list[tuple[int, Rejection]]]:
    """The events with their prices, and those that have none with the reason."""
    wanted = [(event.subject, event.project) for event in events.values()]
    where = context.find(key.product_id, wanted)
    cards = load_cards(key.product_id, key.rates_revision)
    window = timedelta(days=load_terms(key.product_id, key.rates_revision).event_window_days)
    now = timezone.now()
    priced: list[tuple[int, PricedEvent]] = []
    unpriced: list[tuple[int, Rejection]] = []
    for index, event in events.items():
        answer = price(event, context=where, cards=cards, window=window, now=now)
        if isinstance(answer, Rejection):
            unpriced.append((index, answer))
        else:
            priced.append((index, answer))
    return priced, unpriced


def _post(key: KeyContext, priced: list[tuple[int, PricedEvent]], results: dict[int, EventResult]) -> None:
    """Write the batch in one transaction; raises LostRace, with nothing written, when a key was taken meanwhile."""
    wallet_ids = {event.account.wallet_id for _, event in priced}
    call_ids = {call_id for _, event in priced if (call_id := text(event.event.data, "call_id"))}
    reads: list[Statement] = [(ACTIVE_HOLDS, [key.service_id, text_array(call_ids)])] if call_ids else []
    messages = [event for _, event in priced if event.hour is not None]
    if messages:
        reads.append(chat.closed_hours(messages))
    with transaction.atomic():
        books, found = ledger.open_books(wallet_ids, transactions=len(priced), paired_with=EVENT_IDS, reads=reads)
        if messages:
            chat.move_late_messages(messages, found[-1], books.now)
        active = {row[0]: ActiveHold(*row[1:]) for row in found[0]} if call_ids else {}
        rows = [
            _enter(books, event, event_id, active)
            for (_, event), event_id in zip(priced, books.paired_ids, strict=True)
        ]
        writing = merged(
            event_rows.insert_events(rows, service_id=key.service_id, currency=key.currency, now=books.now),
            *ledger.statements(books),
            *rollup_rows.add_events(rows, currency=key.currency),
            *([chat.add_messages(messages, key.service_id)] if messages else []),
            counting=True,
        )
        (counted,) = run(writing)
        if counted[0][0] != len(rows):
            raise LostRace
    for (index, _), row in zip(priced, rows, strict=True):
        results[index] = answers.accepted(row, key.currency)


def _enter(books: Books, priced: PricedEvent, event_id: int, active: dict[str, ActiveHold]) -> event_rows.EventRow:
    """Enter one event in the books: end its hold, take its charge.

    A call keeps the mode that it was authorised in, so that nobody makes a call free by a visit to the sandbox.
    """
    wallet = books.wallets[priced.account.wallet_id]
    hold = active.get(text(priced.event.data, "call_id")) if priced.event.event_type == EventType.CALL else None
    if hold is not None and hold.project_id == priced.project.id and hold.is_simulated != priced.project.is_sandbox:
        priced = replace(priced, project=replace(priced.project, is_sandbox=hold.is_simulated))
    total = priced.rated.total if priced.rated is not None and not priced.project.is_sandbox else None
    if hold is not None and hold.wallet_id == wallet.id:
        status = HoldStatus.CAPTURED if total else HoldStatus.RELEASED
        books.end_hold(wallet, hold.id, hold.amount, status.value, is_simulated=hold.is_simulated)
        del active[text(priced.event.data, "call_id")]
    else:
        hold = None
    transaction_id = None
    if total:
        note = Note(
            KINDS[priced.event.event_type],
            charge_key(event_id),
            description(priced),
            project_id=priced.project.id,
        )
        transaction_id = books.charge(wallet, total, note).id
    return event_rows.EventRow(
        event_id,
        priced,
        [line.as_json() for line in priced.rated.lines] if priced.rated is not None else [],
        wallet.day,
        hold.id if hold else None,
        transaction_id,
        wallet.available,
        wallet.held,
    )


def description(priced: PricedEvent) -> str:
    """What the transaction says it was for: the components charged, as the rate card labels them."""
    labels = [line.label for line in priced.rated.lines] if priced.rated else []
    return " · ".join(labels)[:255]
