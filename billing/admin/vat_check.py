"""What the Union's register said about customers' VAT numbers, and the button that asks once more."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from billing.models import VatCheck
from billing.services import vat_checks
from organizations.admin import actions
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin

COLOURS = {"Valid": "success", "Invalid": "danger", "No answer yet": "warning"}


@admin.register(VatCheck)
class VatCheckAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Checks of all numbers, the newest first: answers are kept."""

    list_display = ("number", "organization", "shown_state", "name", "consultation_number", "checked_at", "failures")
    list_filter = (("state", ChoicesDropdownFilter), ("checked_at", RangeDateTimeFilter))
    list_select_related = ("organization__account",)
    ordering = ("-id",)
    search_fields = ("number", "organization__name", "organization__account__name", "consultation_number__exact")
    search_help_text = "VAT number, organization, account, or the register's proof"
    actions_detail = ("ask_again",)
    fields = (
        ("number", "shown_state"),
        "organization",
        ("name", "address"),
        "consultation_number",
        ("checked_at", "next_check_at", "failures"),
        "note",
        "raw",
    )
    readonly_fields = ("shown_state",)

    @display(description="state", label=COLOURS)
    def shown_state(self, obj: VatCheck) -> str:
        """What is known."""
        return str(obj.get_state_display())

    @action(description="Ask again", permissions=["act"], icon="sync", variant=ActionVariant.PRIMARY)
    def ask_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Have a worker ask the register now."""
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: Any) -> str:
            vat_checks.ask_again(organization_id=row.organization_id)
            return "A worker asks the register now. The answer appears in this list."

        return actions.run(
            request,
            self,
            row,
            actions.Action(
                title=f"Ask about {row.organization.tax_id} again",
                intro="A worker asks the register about the number that the organization has now.",
                verb="Ask again",
                question="Ask the register now?",
                explain=lambda form: [
                    ("Organization", row.organization),
                    ("If it is not known", "Reverse charge ends from then on; issued documents stay as they are."),
                ],
                perform=perform,
                form=actions.ActionForm,
            ),
        )
