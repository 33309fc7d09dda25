"""The call that the benchmark charges over and over: four components, 4.6 cents (aipbx.md, 'Example call cost')."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

TOTAL = Decimal("0.046")
SOURCE = "bench"
PRODUCT = "aipbx"
PROJECT = "front-desk"
_NOW = datetime.now(UTC).replace(microsecond=0)
_STARTED = _NOW - timedelta(minutes=5)

# Written out, not encoded, so that a load generator makes a body by one formatting operation.
_EVENT = (
    '{"specversion": "1.0", "id": "%s", "source": "bench", "type": "call.completed", "time": "TIME", "subject": "%s", '
    '"data": {"call_id": "%s@198.51.100.7", "project": "front-desk", "channel": "phone", "direction": "inbound", '
    '"started_at": "STARTED", "duration_seconds": 180, "status": "completed", "llm_input_tokens": 2340, '
    '"stt_seconds": 90, "tts_seconds": 90, "analytics": true}}'
)
EVENT = _EVENT.replace("TIME", _NOW.isoformat()).replace("STARTED", _STARTED.isoformat())
AUTHORIZE = (
    '{"account": "%s", "project": "front-desk", "call_id": "%s@198.51.100.7", "channel": "phone", '
    '"direction": "inbound", "model": "", "tier": "", "max_duration_seconds": 600}'
)


def account_name(index: int) -> str:
    """The identifier of the wallet with this place in the world."""
    return f"bench-{index}"


def event_body(event_id: str, account: str) -> str:
    """One event as a service sends it."""
    return EVENT % (event_id, account, event_id)


def batch_body(prefix: str, first: int, size: int) -> bytes:
    """An array of events, one for each of `size` accounts from the one at `first` on."""
    bodies = [event_body(f"{prefix}-{index}", account_name(first + index)) for index in range(size)]
    return f"[{','.join(bodies)}]".encode()


def authorize_body(call_id: str, account: str) -> str:
    """One question whether a call may start."""
    return AUTHORIZE % (account, call_id)


def sample() -> dict[str, object]:
    """An event as parsed JSON."""
    found: dict[str, object] = json.loads(event_body("sample", account_name(0)))
    return found
