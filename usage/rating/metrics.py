"""The quantities that events report and rates may count (API.md, 'Usage events').

A rate or a free rule over any other field would never apply, so such a card is refused before it is published.
"""

from __future__ import annotations

from usage.rating.types import CALL, CHAT_MESSAGE

_TOKENS = frozenset({"llm_input_tokens", "llm_output_tokens"})

METRICS: dict[str, frozenset[str]] = {
    CALL: _TOKENS
    | {
        "duration_seconds",
        "duration_cap_seconds",
        "user_turns",
        "audio_input_seconds",
        "audio_output_seconds",
        "stt_seconds",
        "tts_seconds",
        "sip_seconds",
        "analytics",
    },
    CHAT_MESSAGE: _TOKENS,
    "crawl.completed": frozenset({"pages", "crawler_seconds"}),
    "llm.completed": _TOKENS,
}
"""By the event type that a rate is listed under."""

FLAGS = frozenset({"analytics"})
"""Those that are true or false; what is true counts one."""


def unknown_metrics(event_type: str, metric: str) -> list[str]:
    """The names in `metric` (several may be joined by "+") that events of this type do not report."""
    known = METRICS.get(event_type, frozenset())
    return [name for name in metric.split("+") if name and name not in known]
