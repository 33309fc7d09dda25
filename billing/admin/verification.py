"""Results of `verify_ledger`, readable, and the button that asks for a new run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celery import current_app
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.timesince import timesince
from kombu.exceptions import OperationalError
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from billing.models import Grant, Hold, LedgerVerification, Transaction, Wallet
from organizations.admin import actions
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, link_to

TASK = "sweeps.verify_ledger"
LINKED: dict[str, type[Model]] = {
    "wallet_id": Wallet,
    "hold_id": Hold,
    "grant_id": Grant,
    "transaction_id": Transaction,
}


def queue_verification(form: Any = None) -> str:
    """Ring the doorbell of the verification sweep; raises ValidationError when nobody can hear it."""
    try:
        current_app.send_task(TASK)
    except (OperationalError, OSError) as error:
        raise ValidationError(
            "The run could not be queued, because the broker does not answer. Look at System → Sweeps, or run "
            "manage.py verify_ledger."
        ) from error
    return "The verification is queued. Its result appears in this list when the worker has finished it."


@admin.register(LedgerVerification)
class LedgerVerificationAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Runs over all invariants of the ledger."""

    list_display = ("started_at", "result", "broken", "transactions", "took")
    list_display_links = ("started_at",)
    list_filter = ("is_sound",)
    actions_list = ("verify_now",)
    fields = (("result", "transactions"), ("started_at", "finished_at", "took"))
    readonly_fields = ("result", "took")

    @display(description="result", label={"sound": "success", "broken": "danger"})
    def result(self, obj: LedgerVerification) -> str:
        """Sound or broken."""
        return str(obj)

    @display(description="broken rules")
    def broken(self, obj: LedgerVerification) -> str:
        """The names of the rules with findings."""
        return ", ".join(obj.findings) if isinstance(obj.findings, dict) else ""

    @display(description="took")
    def took(self, obj: LedgerVerification) -> str:
        """Seconds from start to end."""
        return f"{(obj.finished_at - obj.started_at).total_seconds():.1f} s"

    def panels(self, request: HttpRequest, obj: LedgerVerification) -> list[Panel]:
        """Each rule that was found broken, with its first offending rows."""
        if obj.is_sound or not isinstance(obj.findings, dict) or not obj.findings:
            text = "Every rule held: there is nothing to look at." if obj.is_sound else "No rows were recorded."
            return [Panel("Findings", (), (), empty=text, is_wide=True)]
        return [finding_panel(name, found) for name, found in obj.findings.items()]

    @action(description="Verify now", permissions=["act"], icon="fact_check", variant=ActionVariant.PRIMARY)
    def verify_now(self, request: HttpRequest) -> HttpResponse:
        """Ask for a run."""
        return actions.run(
            request,
            self,
            None,
            actions.Action(
                title="Verify the ledger now",
                intro="A worker checks every rule of the ledger against every row. Calls go on meanwhile.",
                verb="Verify now",
                question="Verify the ledger now?",
                explain=lambda form: [("Runs as", TASK), ("Changes", "nothing but the list of results")],
                perform=queue_verification,
                form=actions.ActionForm,
            ),
        )


def finding_panel(name: str, found: Any) -> Panel:
    """One broken rule as a table, whatever shape its rows have."""
    rows = found.get("rows", [found]) if isinstance(found, dict) else found
    note = str(found.get("description", "")) if isinstance(found, dict) else ""
    if isinstance(found, dict) and found.get("has_more"):
        note = f"{note} Only the first rows are kept."
    rows = rows if isinstance(rows, Sequence) and not isinstance(rows, str) else [rows]
    title = name.replace("_", " ").capitalize()
    if rows and all(isinstance(row, dict) for row in rows):
        names = list(dict.fromkeys(key for row in rows for key in row))
        table = [[_cell(key, row.get(key, "")) for key in names] for row in rows]
    else:
        lists = [list(row) if isinstance(row, (list, tuple)) else [row] for row in rows]
        names = [f"{position + 1}" for position in range(max((len(row) for row in lists), default=1))]
        table = [[*row, *[""] * (len(names) - len(row))] for row in lists]
    return Panel(title, [Column(one.replace("_", " ")) for one in names], table, note=note, is_wide=True)


def _cell(key: str, value: Any) -> Any:
    """The value, linked to its page where the column names a row that has one."""
    model = LINKED.get(key)
    return link_to(model, value, value) if model is not None and str(value).isdecimal() else value


def age(verification: LedgerVerification) -> str:
    """How long ago the run ended, such as "3 hours"."""
    return timesince(verification.finished_at, depth=1)
