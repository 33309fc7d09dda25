"""How a call ended: as reported, or derived from what happened (aitelier.md, 'Per-call outcome charges').

The goal decides first, whatever the length; then the spam flag; then length and turns, both bounds inclusive.
"""

from __future__ import annotations

from collections.abc import Mapping

from usage.rating.quantity import reported
from usage.rating.types import CALL, CardVersion

SUCCESS = "success"
CONVERSATION = "conversation"
SPAM = "spam"


def resolve(version: CardVersion, event_type: str, facts: Mapping[str, object]) -> tuple[str, str]:
    """The outcome and a stable code for what decided it.

    Codes: reported, goal_reached, spam_flag, conversation, too_short, too_few_turns. Both are empty where nothing was
    reported and the card does not derive outcomes, and for events other than calls.
    """
    named = facts.get("outcome")
    if named:
        return str(named), "reported"
    if not version.derives_outcome or event_type != CALL:
        return "", ""
    if facts.get("goal_reached"):
        return SUCCESS, "goal_reached"
    if facts.get("spam"):
        return SPAM, "spam_flag"
    if reported(facts, "duration_seconds") < version.conversation_seconds:
        return SPAM, "too_short"
    if reported(facts, "user_turns") < version.conversation_turns:
        return SPAM, "too_few_turns"
    return CONVERSATION, "conversation"
