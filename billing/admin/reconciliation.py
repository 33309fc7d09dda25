"""Reconciliation as staff see it: its runs, the button that asks for one, and the differences that wait for words."""

from __future__ import annotations

from typing import Any

from celery import current_app
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from kombu.exceptions import OperationalError
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from billing.models import PaymentDifference, ReconciliationRun
from billing.services import reconciliation
from billing.services.reconciliation.differences import EXPLANATION_LENGTH
from organizations.admin import actions
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, link, list_url, moment

TASK = "sweeps.reconcile_payments"
DIFFERENCES_SHOWN = 50


def queue_run(form: Any = None) -> str:
    """Ring the doorbell of the reconciliation; raises ValidationError when nobody can hear it."""
    try:
        current_app.send_task(TASK)
    except (OperationalError, OSError) as error:
        raise ValidationError(
            "The run could not be queued, because the broker does not answer. Look at System → Sweeps, or run "
            "manage.py reconcile_payments."
        ) from error
    return "The reconciliation is queued. The run appears in this list as soon as a worker begins it."


@admin.register(ReconciliationRun)
class ReconciliationRunAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Comparisons of the providers' books with ours; a run that goes on shows how far it has come."""

    list_display = ("started_at", "shown_state", "compared", "settled", "differences", "since", "finished_at")
    list_display_links = ("started_at",)
    actions_list = ("run_now",)
    ordering = ("-id",)
    fields = (
        ("shown_state", "since"),
        ("started_at", "finished_at"),
        ("compared", "settled", "differences"),
        "error",
    )
    readonly_fields = ("shown_state",)

    @display(
        description="state",
        label={"agrees": "success", "differences": "danger", "cut short": "danger", "running": "info"},
    )
    def shown_state(self, obj: ReconciliationRun) -> str:
        """What came of it."""
        if obj.finished_at is None:
            return "running"
        return "cut short" if obj.error else "differences" if obj.differences else "agrees"

    def panels(self, request: HttpRequest, obj: ReconciliationRun) -> list[Panel]:
        """The differences that are open now."""
        found = PaymentDifference.objects.filter(closed_at__isnull=True).order_by("-id")[:DIFFERENCES_SHOWN]
        rows = [
            (link(one), one.get_provider_display(), one.expected, one.found, moment(one.first_seen_at)) for one in found
        ]
        columns = (
            Column("Difference"),
            Column("Provider"),
            Column("Expected"),
            Column("Found"),
            Column("First seen (UTC)"),
        )
        return [
            Panel(
                "Differences that are open now",
                columns,
                rows,
                empty="Every payment, refund and dispute agrees with its provider, or is explained.",
                is_wide=True,
                more_url=list_url(PaymentDifference),
            )
        ]

    @action(description="Reconcile now", permissions=["act"], icon="compare_arrows", variant=ActionVariant.PRIMARY)
    def run_now(self, request: HttpRequest) -> HttpResponse:
        """Ask for a run."""
        return actions.run(
            request,
            self,
            None,
            actions.Action(
                title="Reconcile payments now",
                intro="A worker compares what the providers list with the ledger, settles what a lost notice left "
                "open, and lists what differs.",
                verb="Reconcile now",
                question="Compare the providers' books with the ledger now?",
                explain=lambda form: [
                    ("Runs as", TASK),
                    ("Goes back to", "three days before the last complete run; ninety days if there was none"),
                ],
                perform=queue_run,
                form=actions.ActionForm,
            ),
        )


class ExplainForm(actions.ActionForm):
    """What happened, and how it was settled."""

    explanation = forms.CharField(
        max_length=EXPLANATION_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="What happened and how it was settled; it stands with the difference for ever.",
    )


@admin.register(PaymentDifference)
class PaymentDifferenceAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Where a provider's books and ours disagree. One stays open until it vanishes or is explained."""

    list_display = (
        "kind",
        "provider",
        "reference",
        "wallet",
        "expected",
        "found",
        "first_seen_at",
        "last_seen_at",
        "shown_state",
    )
    list_filter = (
        ("closed_at", admin.EmptyFieldListFilter),
        ("kind", ChoicesDropdownFilter),
        ("provider", ChoicesDropdownFilter),
        ("wallet", AutocompleteSelectFilter),
    )
    date_hierarchy = "first_seen_at"
    ordering = ("-id",)
    list_select_related = ("wallet__account",)
    search_fields = ("reference", "wallet__account__name", "wallet__account__external_id", "expected", "found")
    search_help_text = "The provider's reference, the account, or what was expected and found"
    actions_detail = ("explain",)
    fields = (
        ("kind", "provider", "reference"),
        ("wallet", "shown_state"),
        ("expected", "found"),
        ("first_seen_at", "last_seen_at", "closed_at"),
        ("explanation", "explained_by"),
    )
    readonly_fields = ("shown_state",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PaymentDifference]:
        """Differences with their account."""
        return super().get_queryset(request).select_related("wallet__account")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """What is explained needs no more words."""
        if PaymentDifference.objects.filter(pk=object_id, explanation="").exists():
            found: list[Any] = super().get_actions_detail(request, object_id)
            return found
        return []

    @display(description="state", label={"open": "danger", "explained": "success", "gone": "success"})
    def shown_state(self, obj: PaymentDifference) -> str:
        """Open, explained, or gone by itself."""
        if obj.closed_at is None:
            return "open"
        return "explained" if obj.explanation else "gone"

    @action(description="Explain", permissions=["act"], icon="edit_note", variant=ActionVariant.PRIMARY)
    def explain(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close it with words."""
        difference = self.get_object(request, object_id)
        if difference is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: ExplainForm) -> str:
            reconciliation.explain(
                difference_id=difference.pk, explanation=form.cleaned_data["explanation"], user_id=request.user.pk
            )
            return "The difference is explained and closed."

        return actions.run(
            request,
            self,
            difference,
            actions.Action(
                title="Explain the difference",
                intro="It is closed, and stays closed when a reconciliation finds it again. No money moves by this.",
                verb="Explain",
                question=f"Close “{difference}” with these words?",
                explain=lambda form: [
                    ("Expected", difference.expected),
                    ("Found", difference.found),
                    ("Explanation", form.cleaned_data["explanation"]),
                ],
                perform=perform,
                form=ExplainForm,
            ),
        )
