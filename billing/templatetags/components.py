"""Small parts of the visual language that are too small for a template of their own."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import QueryDict
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.views import navigation

register = template.Library()


@register.simple_tag
def icon(name: str, css: str = "icon") -> SafeString:
    """A symbol of icons.svg; hidden from readers, because words beside it say the same."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', css, static("design/icons.svg"), name
    )


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: object) -> str:
    """The page's own query with some parameters changed; an empty value takes one out."""
    query: QueryDict = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = str(value)
    text = query.urlencode()
    return f"?{text}" if text else "?"


@register.simple_tag(takes_context=True)
def page_link(context: dict[str, Any], name: str, **query: object) -> str:
    """The address of a customer page, narrowed to the page's project."""
    project = context["tenant"].project
    return navigation.page_link(name, project=project.id if project else None, **query)
