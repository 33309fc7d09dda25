"""Changes: all that was changed, of every model, in one list. Nobody edits it, and the database refuses it, too."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeDateFilter,
)
from unfold.decorators import display

from organizations.admin import history
from organizations.admin.base import BigTableAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, moment
from organizations.history import words
from organizations.history.tracking import tracked
from organizations.models import RecordedChange

LINES = 3
LONGEST_KEY = 255


class ModelFilter(DropdownFilter):
    """By what was changed."""

    title = "what was changed"
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The models that are recorded and that this person may look at."""
        return sorted(((label, capfirst(words.noun(label))) for label in _visible(request)), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[RecordedChange]) -> QuerySet[RecordedChange]:
        """The changes of the chosen model."""
        return queryset.filter(model=self.value()) if self.value() else queryset


def _visible(request: HttpRequest) -> set[str]:
    """The labels of the recorded models that the person may look at."""
    labels = {one.object_label for one in tracked()}
    return {label for label in labels if _may_view(request, label)}


def _may_view(request: HttpRequest, label: str) -> bool:
    model_admin = admin.site._registry.get(apps.get_model(label))
    return model_admin is not None and model_admin.has_view_permission(request)


@admin.register(RecordedChange)
class RecordedChangeAdmin(ReadOnlyMixin, BigTableAdmin):
    """What was changed, by whom and why. Of models that a person may not see, nothing is listed."""

    list_display = ("at", "shown_object", "shown_what", "shown_who", "shown_why")
    list_filter = (
        ModelFilter,
        ("user", AutocompleteSelectFilter),
        ("source", ChoicesDropdownFilter),
        ("operation", ChoicesDropdownFilter),
        ("at", RangeDateFilter),
    )
    list_select_related = ("user",)
    search_fields = ("object_id",)
    search_help_text = "An object's key, alone or behind what it is: 17, wallet 17; or the e-mail address of who did it"
    narrowing: ClassVar[tuple[str, ...]] = ("q", "model", "user__id__exact", "at_from", "at_to")
    narrowing_hint = "Choose a person, a model or days to see older ones."
    fields = (("at", "shown_object"), ("shown_who", "shown_why"), ("source", "doing"), ("context", "database_user"))
    readonly_fields = ("shown_object", "shown_who", "shown_why")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RecordedChange]:
        """The changes of what this person may look at."""
        changes = super().get_queryset(request).filter(model__in=sorted(_visible(request)))
        return changes.exclude(part__in=history.unseen_parts(request)).select_related("user")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RecordedChange], search_term: str
    ) -> tuple[QuerySet[RecordedChange], bool]:
        """By the object, exactly; or by the person's address."""
        term = search_term.strip()[:LONGEST_KEY]
        if not term:
            return queryset, False
        if "@" in term:
            return queryset.filter(user__email=term.lower()), False
        name, _, key = term.rpartition(" ")
        labels = {label for label in _visible(request) if not name or words.noun(label).lower() == name.lower()}
        return queryset.filter(model__in=sorted(labels), object_id=key), False

    def panels(self, request: HttpRequest, obj: RecordedChange) -> list[Panel]:
        """Every column of the change, and what else the same request or task changed."""
        others = self.get_queryset(request).filter(context=obj.context).exclude(pk=obj.pk) if obj.context else None
        rows = [(one.name, one.before, one.after) for one in words.lines(obj, words.names_of([obj]))]
        shown = [
            Panel(
                str(obj.get_operation_display()),
                (Column("Column"), Column("Before"), Column("After")),
                rows,
                empty="Nothing of it is shown.",
                is_wide=True,
            )
        ]
        if others is not None:
            near = others.filter(at__range=(obj.at - history.NEAR, obj.at + history.NEAR)).order_by("id")[: LINES * 10]
            together = [
                (moment(one.at), history.object_link(one), history.what(one, words.lines(one)[:LINES])) for one in near
            ]
            if together:
                columns = (Column("When (UTC)"), Column("What"), Column("From → to"))
                shown.append(Panel("Changed together with it", columns, together, is_wide=True))
        return shown

    @display(description="what")
    def shown_object(self, obj: RecordedChange) -> Any:
        """The object, linked."""
        return history.object_link(obj)

    @display(description="from → to")
    def shown_what(self, obj: RecordedChange) -> SafeString:
        """The first columns."""
        shown = words.lines(obj)
        return history.what(obj, shown[:LINES], more=len(shown) - LINES)

    @display(description="who")
    def shown_who(self, obj: RecordedChange) -> SafeString:
        """Who did it, and how."""
        return history.who(obj)

    @display(description="why")
    def shown_why(self, obj: RecordedChange) -> SafeString | str:
        """The reason."""
        return history.why(obj)
