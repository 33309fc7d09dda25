"""Projects: what an account's calls are grouped by, live or in the sandbox."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter

from organizations.admin.base import BackOfficeAdmin
from organizations.models import Mode, Project
from organizations.services.projects import set_mode


class ProjectForm(forms.ModelForm):
    """A project's name and mode."""

    class Meta:
        model = Project
        fields = ("account", "external_id", "name", "mode")
        help_texts: ClassVar[dict[str, str]] = {
            "account": "The customer whose calls it groups; it never changes.",
            "external_id": "What the telephony service calls it; it never changes.",
            "name": "What the customer reads.",
        }


@admin.register(Project)
class ProjectAdmin(BackOfficeAdmin):
    """Projects of all accounts."""

    form = ProjectForm
    list_display = ("name", "external_id", "account", "mode", "created_at")
    list_filter = (
        ("account", AutocompleteSelectFilter),
        ("account__product", RelatedDropdownFilter),
        ("mode", ChoicesDropdownFilter),
    )
    list_select_related = ("account",)
    search_fields = ("name", "external_id", "account__name")
    autocomplete_fields = ("account",)

    def save_model(self, request: HttpRequest, obj: Project, form: forms.ModelForm, change: bool) -> None:
        """A new mode goes through its service, so that whoever is told of it by customers is told of it by staff."""
        mode = Mode(obj.mode)
        if change and "mode" in form.changed_data:
            obj.mode = form.initial["mode"]
        super().save_model(request, obj, form, change)
        if change and "mode" in form.changed_data:
            set_mode(account_id=obj.account_id, project_id=obj.pk, mode=mode, user_id=None)
            obj.mode = mode

    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> tuple[str, ...]:
        """A project stays with its account and identifier."""
        return ("account", "external_id", "created_at") if obj is not None else ()
