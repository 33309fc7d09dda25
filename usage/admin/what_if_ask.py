"""Asking what the calls of some days would have cost on a version: the form, its confirmation, and the run's page."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSingleDateWidget

from organizations.admin import actions
from organizations.models import Account, User
from usage.models import RateCardVersion, WhatIfRun
from usage.services.what_if import asking


class WhatIfForm(actions.ActionForm):
    """Which days, and whether one account only."""

    first_day = forms.DateField(label="First day", widget=UnfoldAdminSingleDateWidget)
    last_day = forms.DateField(
        label="Last day",
        widget=UnfoldAdminSingleDateWidget,
        help_text="Included. Calls count on the day they were charged, in their account's timezone.",
    )
    account: forms.ModelChoiceField[Account] = forms.ModelChoiceField(
        label="Only this account",
        queryset=Account.objects.select_related("product"),
        required=False,
        widget=AutocompleteSelect(WhatIfRun._meta.get_field("account"), admin.site),
        help_text="As if it were on this card, whatever card it has. Empty: every account that the card prices.",
    )
    field_order = ("first_day", "last_day", "account", "token")

    def __init__(self, *args: Any, version: RateCardVersion, **kwargs: Any) -> None:
        today = timezone.now().astimezone(UTC).date()
        last = today.replace(day=1) - timedelta(days=1)
        kwargs["initial"] = {"first_day": last.replace(day=1), "last_day": last, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        if version.card.account_id is not None:
            del self.fields["account"]  # the card is one account's

    def clean(self) -> dict[str, Any] | None:
        """The days in order."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and first > last:
            self.add_error("last_day", "Before the first day. Choose a later one.")
        return cleaned


def ask_action(
    model_admin: Any, request: HttpRequest, version: RateCardVersion, *, initial: dict[str, Any] | None = None
) -> HttpResponse:
    """One step of asking; the last one opens the run's page."""
    started: list[WhatIfRun] = []

    def perform(form: WhatIfForm) -> str:
        cleaned = form.cleaned_data
        started.append(
            asking.ask(
                version=version,
                account=cleaned.get("account"),
                first_day=cleaned["first_day"],
                last_day=cleaned["last_day"],
                user_id=cast(User, request.user).pk,
            )
        )
        return "A worker prices the calls. Reload this page to see how far it is."

    response = actions.run(
        request,
        model_admin,
        version if model_admin.model is RateCardVersion else None,
        actions.Action(
            title="What if",
            intro=f"What the calls of some days would have cost on {version}, next to what they did cost. "
            "Nothing is charged, and no customer sees it.",
            verb="Price the calls",
            question="Price these calls?",
            explain=lambda form: _explain(form, version),
            perform=perform,
            form=WhatIfForm,
            form_arguments={"version": version, "initial": initial},
        ),
    )
    if started:
        response["Location"] = reverse("admin:usage_whatifrun_change", args=[started[0].pk])
    return response


def _explain(form: WhatIfForm, version: RateCardVersion) -> list[tuple[str, Any]]:
    cleaned = form.cleaned_data
    account = cleaned.get("account") or version.card.account
    whose = account or f"all of {version.card.product}; accounts with a card of their own keep its prices"
    return [
        ("On", version),
        ("Calls of", whose),
        ("Charged on", f"{cleaned['first_day']} to {cleaned['last_day']}"),
        ("Left out", "reversed and simulated calls"),
    ]
