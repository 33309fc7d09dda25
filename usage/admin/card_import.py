"""Importing a card from a spreadsheet: the file, what it would change, and then a draft with exactly that.

The file is read and checked once when it is sent and again when it is confirmed; in between its cells travel with the
confirmation, signed, so that whichever process answers writes what was shown.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextInputWidget

from organizations.admin import actions
from organizations.admin.panels import Panel
from usage.admin.card_diff import panels_of, summary
from usage.admin.card_import_rows import checked, shown
from usage.models import RateCard, RateCardVersion
from usage.selectors.card_content import CardContent, content_of
from usage.selectors.card_diff import CardDiff, compare
from usage.services.card_files.layout import FaultsError, Lines, records_of
from usage.services.card_files.reading import BYTES_MAX, lines_of, refused
from usage.services.rate_cards import NewContent, import_version

SALT = "usage.card_import"
DAY_SECONDS = 24 * 3600
NAME_LENGTH = 100


class ImportForm(actions.ActionForm):
    """The file; for a new draft also from when it holds and why."""

    file = forms.FileField(
        label="Spreadsheet",
        required=False,
        allow_empty_file=True,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.xlsx"}),
        help_text=f"CSV (UTF-8) or XLSX, at most {BYTES_MAX // 1_000_000} MB, as a version is downloaded. "
        "It replaces all rates and free rules; settings that it does not name stay.",
    )
    starts_at = forms.SplitDateTimeField(
        label="Holds from",
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="In UTC. It can be changed until publishing.",
    )
    note = forms.CharField(
        max_length=255, required=False, widget=UnfoldAdminTextInputWidget, help_text="Why this version exists."
    )
    cells = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("file", "starts_at", "note", "cells", "token")

    def __init__(self, *args: Any, terms: RateCardVersion, draft: RateCardVersion | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.terms = terms
        self.new_content: NewContent | None = None
        self.content: CardContent | None = None
        if draft is not None:
            del self.fields["starts_at"], self.fields["note"]

    def clean(self) -> dict[str, Any] | None:
        """The file's lines, each in order, and all of them together."""
        cleaned = super().clean() or {}
        try:
            name, lines = self._sent()
            self.new_content, self.content = checked(records_of(lines), terms=self.terms)
        except FaultsError as error:
            raise ValidationError(shown(error.faults)) from error
        cleaned.pop("cells", None)
        return {**cleaned, "file": name}  # which is what the history keeps

    def _sent(self) -> tuple[str, Lines]:
        """Name and lines of the file that was sent now, or else of the one that was shown."""
        file = self.cleaned_data.get("file")
        if file:
            if file.size > BYTES_MAX:
                raise refused(f"It is larger than {BYTES_MAX // 1_000_000} MB. Remove sheets and pictures.")
            found = (file.name[:NAME_LENGTH], lines_of(file.read()))
            sent: Any = self.data
            self.data = {**sent.dict(), "cells": signing.dumps(found, salt=SALT, compress=True)}
            return found
        if not self.cleaned_data.get("cells"):
            raise ValidationError({"file": "Choose a file."})
        try:
            name, lines = signing.loads(self.cleaned_data["cells"], salt=SALT, max_age=DAY_SECONDS)
        except signing.BadSignature:
            raise ValidationError({"file": "Choose the file again: what was shown is too old."}) from None
        return name, lines


def import_action(
    model_admin: Any,
    request: HttpRequest,
    obj: RateCard | RateCardVersion,
    *,
    card: RateCard,
    based_on: RateCardVersion | None,
    draft: RateCardVersion | None,
) -> HttpResponse:
    """One step of the import: into `draft`, or into a new draft of the card; the last one opens the draft."""
    made: list[RateCardVersion] = []
    terms = draft or based_on or RateCardVersion(card=card, number=1, starts_at=timezone.now())
    target = str(draft) if draft is not None else f"a new draft of {card.name}"

    def perform(form: ImportForm) -> str:
        assert form.new_content is not None
        made.append(
            import_version(
                card=card,
                draft=draft,
                content=form.new_content,
                starts_at=form.cleaned_data.get("starts_at"),
                note=form.cleaned_data.get("note", ""),
            )
        )
        return f"{made[0]} holds the file's prices. It is a draft: look at it, ask what if, then publish it."

    def explain(form: ImportForm) -> list[tuple[str, Any]]:
        assert form.content is not None
        rows: list[tuple[str, Any]] = [
            ("Into", target),
            ("Rates and free rules", f"{len(form.content.rates)} and {len(form.content.rules)}"),
            ("Compared with", based_on or "nothing: the card's first version"),
            ("Changes", summary(_difference(form, based_on))),
        ]
        if draft is not None:
            rows.append(("What stands in the draft now", "is replaced"))
        return rows

    def panels(form: ImportForm) -> list[Panel]:
        return panels_of(_difference(form, based_on))

    tomorrow = (timezone.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    response = actions.run(
        request,
        model_admin,
        obj,
        actions.Action(
            title="Import prices",
            intro=f"A spreadsheet becomes {target}. You see what it changes before anything is written, "
            "and nothing changes for customers until the draft is published.",
            verb="Import",
            question="Import these prices?",
            explain=explain,
            perform=perform,
            form=ImportForm,
            form_arguments={
                "files": request.FILES or None,
                "terms": terms,
                "draft": draft,
                "initial": {"starts_at": tomorrow},
            },
            panels=panels,
        ),
    )
    if made:
        response["Location"] = reverse("admin:usage_ratecardversion_change", args=[made[0].pk])
    return response


def _difference(form: ImportForm, based_on: RateCardVersion | None) -> CardDiff:
    assert form.content is not None
    before = content_of(based_on) if based_on is not None else CardContent({}, (), ())
    return compare(before, form.content)
