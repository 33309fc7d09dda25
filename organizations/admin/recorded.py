"""What the pages of all models do for the history: ask why, and show what was changed. No list is asked for a secret.

It stands below every page of the back office, those of other packages' models included.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import PAGE_VAR
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin

from organizations.admin import history
from organizations.history.tracking import tracked_as

# Columns whose values are keys, or hold some, also where they are not recorded.
SECRETS = frozenset(
    {
        "password",
        "secret",
        "previous_secret",
        "session_key",
        "token_hash",
        "hashed_key",
        "private_key",
        "stripe_data",  # of webhook endpoints and payment intents
        "body",  # of letters: their links
        "html",
        "button_url",
        "unsubscribe_url",
    }
)


class RecordedAdmin(ModelAdmin):
    """A page whose form asks why, and whose history comes from the triggers."""

    change_form_after_template = "admin/why.html"
    object_history_template = "admin/object_history.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The model's page. What it saves is recorded with the reason that its form gives."""
        context = dict(extra_context or {})
        context["why_form"] = history.why_form(request, self, object_id)
        if request.method == "POST":
            history.say_why(request)
        response: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return response

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Nothing by a secret: a list that shows its row or not answers a guess, letter by letter."""
        column, recorded = lookup.partition("__")[0], tracked_as(self.opts.label_lower)
        if column in SECRETS or (recorded is not None and column in recorded.secret):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What was changed of the row, by whom and why. Django's own view looks after who may see it."""
        obj = self.get_object(request, unquote(object_id))
        context = dict(extra_context or {})
        if obj is not None and self.has_view_or_change_permission(request, obj):
            changes = history.changes_of(self.model, obj).exclude(part__in=history.unseen_parts(request))
            pages: Paginator = self.paginator(changes, history.SHOWN)
            page = pages.get_page(request.GET.get(PAGE_VAR, 1))
            context |= {"history_panels": history.object_panels(self.model, obj, page), "history_page": page}
        response: HttpResponse = super().history_view(request, object_id, context)
        return response
