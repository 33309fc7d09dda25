"""Bodies as services send them: the examples of API.md, at the present moment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

ISO_UTC = "%Y-%m-%dT%H:%M:%S+00:00"


def call_event(event_id: str = "evt-1", *, subject: str = "acme", **data: Any) -> dict[str, Any]:
    """The example event of API.md; a field of `data` given as None is left out."""
    now = timezone.now()
    facts = {
        "call_id": "c-1",
        "project": "front-desk",
        "channel": "phone",
        "direction": "inbound",
        "started_at": (now - timedelta(minutes=3)).strftime(ISO_UTC),
        "duration_seconds": 180,
        "status": "completed",
        "llm_input_tokens": 2340,
        "stt_seconds": 90,
        "tts_seconds": 90,
        "analytics": True,
        **data,
    }
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "pbx-eu-1",
        "type": "call.completed",
        "time": now.strftime(ISO_UTC),
        "subject": subject,
        "data": {name: value for name, value in facts.items() if value is not None},
    }


def authorization(call_id: str = "c-1", **fields: Any) -> dict[str, Any]:
    """The example question of API.md."""
    return {
        "account": "acme",
        "project": "front-desk",
        "call_id": call_id,
        "channel": "phone",
        "direction": "inbound",
        "model": "gpt-realtime",
        "tier": "standard",
        "max_duration_seconds": 600,
        **fields,
    }


def signup(**fields: Any) -> dict[str, Any]:
    """The example account of API.md."""
    return {
        "account": "acme",
        "name": "Acme",
        "email": "owner@acme.example",
        "country": "US",
        "timezone": "America/New_York",
        "projects": ["front-desk", {"project": "pilot", "name": "Pilot", "mode": "sandbox"}],
        **fields,
    }
