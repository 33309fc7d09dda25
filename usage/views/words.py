"""Words for the codes that events carry: channels, statuses, outcomes and what decided them."""

from __future__ import annotations

from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.templatetags.money import money_text
from usage.models.event import EventType

Text = str | Promise

CHANNELS: dict[str, Text] = {"phone": _("Phone"), "web": _("Web"), "whatsapp": _("WhatsApp"), "chat": _("Chat")}
DIRECTIONS: dict[str, Text] = {"inbound": _("inbound"), "outbound": _("outbound")}
STATUSES: dict[str, Text] = {
    "completed": _("Completed"),
    "voicemail": _("Voicemail"),
    "failed": _("Failed"),
    "rejected": _("Rejected"),
    "no_answer": _("No answer"),
    "dropped": _("Dropped"),
}
OUTCOMES: dict[str, Text] = {
    "success": _("Success"),
    "conversation": _("Real conversation"),
    "spam": _("Spam or silent"),
}
TIERS: dict[str, Text] = {"economy": _("Economy"), "standard": _("Standard"), "premium": _("Premium")}
OTHER_USAGE: dict[str, Text] = {
    EventType.CHAT_HOUR.value: _("Chat, hourly"),
    EventType.CHAT_MESSAGE.value: _("Chat messages"),
    EventType.CRAWL.value: _("Crawls"),
    EventType.LLM.value: _("LLM requests"),
}
# What decided an outcome (usage.rating.outcome.resolve).
OUTCOME_REASONS: dict[str, Text] = {
    "reported": _("Reported by the service with the call."),
    "goal_reached": _("Decided by the goal: the assistant reached what it was set up for."),
    "spam_flag": _("Decided by the spam check: the call was flagged."),
    "conversation": _("Decided by length and turns: long enough, and the caller spoke often enough."),
    "too_short": _("Decided by length: too short for a real conversation."),
    "too_few_turns": _("Decided by turns: the caller said too little for a real conversation."),
}
ROUNDINGS: dict[str, Text] = {
    "half_up": _("Each line is rounded half up to %(step)s, then added."),
    "up": _("Each line is rounded up to %(step)s, then added."),
    "down": _("Each line is rounded down to %(step)s, then added."),
    "half_even": _("Each line is rounded to the nearest %(step)s, then added."),
}
EXACT_STEP = Decimal("0.000001")  # what the ledger keeps: nothing that a person sees is lost
STATUS_REASONS: dict[str, Text] = {
    "completed": _("The call was answered and ended normally."),
    "voicemail": _("A voicemail answered."),
    "failed": _("The service reported an error."),
    "rejected": _("The call was rejected before it was answered."),
    "no_answer": _("Nobody answered."),
    "dropped": _("The call was cut off."),
}


def word(words: dict[str, Text], code: str) -> str:
    """The word for a code; a code without one is shown as it came, readable."""
    known = words.get(code)
    return str(known) if known is not None else code.replace("_", " ").capitalize()


def rounding_words(step: Decimal, rounding: str, currency: str) -> str:
    """How the lines of a charge are rounded; empty where they are as exact as the ledger."""
    return "" if step <= EXACT_STEP else str(ROUNDINGS[rounding]) % {"step": money_text(step, currency)}
