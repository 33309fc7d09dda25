"""What the rows of the calls list say."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import template

from billing.views.navigation import page_link
from usage.selectors.pages.calls import CallRow
from usage.views.calls import result_words
from usage.views.words import CHANNELS, OTHER_USAGE, word

register = template.Library()


@register.inclusion_tag("components/status.html")
def call_result(row: CallRow) -> dict[str, str]:
    """How a call ended; a badge where it cost nothing or was reversed."""
    label, tone = result_words(row)
    return {"label": label, "tone": tone}


@register.filter
def channel_word(code: str) -> str:
    """Phone, Web, WhatsApp or Chat; a dash for what has no channel."""
    return word(CHANNELS, code) if code else "—"


@register.filter
def usage_word(row: CallRow) -> str:
    """The channel of a call, or what else it is."""
    return word(CHANNELS, row.channel) if row.channel else str(OTHER_USAGE.get(row.event_type, "—"))


@register.simple_tag(takes_context=True)
def day_link(context: dict[str, Any], day: date) -> str:
    """The history of one day, narrowed to the page's project."""
    tenant = context["tenant"]
    return page_link("history", when=f"{day:%Y-%m-%d}", project=tenant.project.id if tenant.project else "")


@register.filter
def lookup(mapping: dict[Any, Any], key: Any) -> Any:
    """A dictionary's value, empty where it has none."""
    return mapping.get(key, "")
