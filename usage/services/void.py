"""Reversing what an event was charged: by an opposite entry, once; the event stays, marked void."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import Transaction, TransactionKind, Transfer
from billing.services import ledger
from billing.services.books import Books, Note
from billing.services.chain import TransferPart
from organizations.database import run
from organizations.selectors.keys import KeyContext
from usage.charge_keys import charge_key, reversal_key
from usage.models import UsageEvent
from usage.services.answers import balance_dict, charge_dict
from usage.services.errors import ServiceError
from usage.services.rollup_rows import take_event, tokens_of

REASON_LENGTH = 255
REPORTED_TOKENS = """
SELECT body -> 'data' ->> 'llm_input_tokens', body -> 'data' ->> 'llm_output_tokens' FROM usage_usageevent WHERE id = %s
"""


def void_event(*, key: KeyContext, source: str, event_id: str, reason: str) -> dict[str, Any]:
    """Reverse the event with this key; again is no error and reverses nothing twice.

    Raises ServiceError unknown_event (404), and what `void` raises.
    """
    event = UsageEvent.objects.filter(service_id=key.service_id, source=source, event_id=event_id).first()
    if event is None:
        raise ServiceError("unknown_event", _("No event with this source and id was accepted."), status=404)
    return void(event=event, reason=reason, actor_id=None)


def void(*, event: UsageEvent, reason: str, actor_id: int | None) -> dict[str, Any]:
    """Reverse one event: the grants get back what was taken from them, the roll-ups lose the event.

    Raises ServiceError invalid_reason (422) and charged_by_the_hour (409: a chat message is charged with its hour,
    and it is the hour's own event that can be reversed).
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        words = _("Say why, in at most %(most)d characters.") % {"most": REASON_LENGTH}
        raise ServiceError("invalid_reason", words, errors={"reason": [words]})
    if event.hour is not None:
        words = _("A chat message is charged with its hour. Reverse the hour's own event once it is charged.")
        raise ServiceError("charged_by_the_hour", words, status=409)
    wallet_id = event.account.wallet.pk
    with transaction.atomic():
        books, _reads = ledger.open_books([wallet_id])
        current = UsageEvent.objects.select_related("transaction").get(pk=event.pk)  # voided under this lock only
        if current.status != UsageEvent.Status.VOID:
            _reverse(books, wallet_id, current, reason, actor_id)
        else:
            ledger.write(books)
        wallet = books.wallets[wallet_id]
        return _answer(current, wallet.available, wallet.held)


def _reverse(books: Books, wallet_id: int, event: UsageEvent, reason: str, actor_id: int | None) -> None:
    wallet = books.wallets[wallet_id]
    if event.transaction is not None:
        parts: list[TransferPart] = list(
            Transfer.objects.filter(transaction=event.transaction)
            .order_by("id")
            .values_list("source_id", "target_id", "amount", "grant_id")
        )
        grants = ledger.load_grants(books, [grant_id for *_part, grant_id in parts if grant_id is not None])
        note = Note(
            TransactionKind.VOID.value,
            reversal_key(event.transaction.key),
            f"Reversal of no. {event.transaction.number}",
            reason,
            actor_id,
            event.project_id,
        )
        first_at = first_charged_at(event.pk, wallet_id)
        books.reverse(wallet, parts, grants, note, spent_on=first_at and wallet.date_of(first_at))
        books.expire_due(wallet)
    ledger.write(books)
    run(*take_event(event, tokens=tokens_of(event.event_type, _reported_tokens(event))))
    event.status = UsageEvent.Status.VOID
    event.voided_at = books.now
    event.void_reason = reason
    event.save(update_fields=["status", "voided_at", "void_reason"])


def first_charged_at(event_id: int, wallet_id: int) -> datetime | None:
    """When an event was first charged, whatever it was charged since; None where it cost nothing at first.

    On that day its charge counts towards the daily cap, and so does what corrects it.
    """
    first = Transaction.objects.filter(wallet_id=wallet_id, key=charge_key(event_id))
    return first.values_list("created_at", flat=True).first()


def _reported_tokens(event: UsageEvent) -> dict[str, Any]:
    """The event's token counts digit by digit, as `event.body` has floats for them."""
    (rows,) = run((REPORTED_TOKENS, [event.pk]))
    return {"llm_input_tokens": rows[0][0], "llm_output_tokens": rows[0][1]}


def _answer(event: UsageEvent, available: Decimal, held: Decimal) -> dict[str, Any]:
    total = event.total.amount if event.total is not None else Decimal(0)
    return {
        "id": event.event_id,
        "source": event.source,
        "status": "void",
        "simulated": event.is_simulated,
        "charge": charge_dict(total, event.currency, event.lines, event.free_reason),
        "reason": event.void_reason,
        "balance": balance_dict(available, held, event.currency),
    }
