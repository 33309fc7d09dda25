"""How the ledger names what an event was charged: each key happens once per wallet, and names its event.

The charge of event 7 is `charge:7`; charged anew by re-rating 3, `charge:7:3`. What reverses a charge is called after
it, `void:7` and `void:7:3`, so that each charge is reversed at most once and every reversal says which one it opposes.
"""

from __future__ import annotations

CHARGE, VOID = "charge", "void"


def charge_key(event_id: int, *, rerating_id: int | None = None) -> str:
    """The key of an event's charge, or of the charge that a re-rating puts in its place."""
    return f"{CHARGE}:{event_id}" if rerating_id is None else f"{CHARGE}:{event_id}:{rerating_id}"


def reversal_key(charge: str) -> str:
    """The key of what reverses the charge of this key."""
    return f"{VOID}:{charge.removeprefix(CHARGE + ':')}"


def event_of(key: str) -> int | None:
    """The event that a key names; None for a key that is no charge's or reversal's."""
    kind, _colon, rest = key.partition(":")
    event_id, _colon, rerating_id = rest.partition(":")
    is_named = kind in (CHARGE, VOID) and event_id.isdecimal() and (not rerating_id or rerating_id.isdecimal())
    return int(event_id) if is_named else None
