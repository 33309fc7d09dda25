"""Asking for a re-rating: calls that were chosen, or an account's or a whole product's calls of some days."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from organizations.admin import actions
from organizations.models import Account, Product, Project, User
from usage.models import EventType, RateCardVersion, Rerating
from usage.services.rerating import asking
from usage.services.rerating.asking import Scope

MODES = (
    (Rerating.Mode.REPRICE, "Charge anew, at the prices that hold at each call's own time as published now"),
    (Rerating.Mode.VOID, "Reverse, and charge nothing"),
)


class ChosenForm(actions.ReasonForm):
    """What is to happen to calls that were chosen, and why."""

    mode = forms.ChoiceField(
        label="What to do", choices=MODES, initial=Rerating.Mode.REPRICE, widget=UnfoldAdminRadioSelectWidget
    )
    field_order: tuple[str, ...] = ("mode", "reason", "token")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "Customers read it beside the call and in their history, where it stays."


def _autocomplete(field: str) -> AutocompleteSelect:
    return AutocompleteSelect(Rerating._meta.get_field(field), admin.site)


class PeriodForm(ChosenForm):
    """Whose calls, and of which days."""

    product: forms.ModelChoiceField[Product] = forms.ModelChoiceField(
        queryset=Product.objects.order_by("name"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="All its accounts. Leave it empty where you choose an account.",
    )
    account: forms.ModelChoiceField[Account] = forms.ModelChoiceField(
        queryset=Account.objects.select_related("product"), required=False, widget=_autocomplete("account")
    )
    project: forms.ModelChoiceField[Project] = forms.ModelChoiceField(
        queryset=Project.objects.select_related("account"), required=False, widget=_autocomplete("project")
    )
    first_day = forms.DateField(label="First day", widget=UnfoldAdminSingleDateWidget)
    last_day = forms.DateField(
        label="Last day",
        widget=UnfoldAdminSingleDateWidget,
        help_text="Included. Calls count on the day they were charged, in their account's timezone.",
    )
    event_type = forms.ChoiceField(
        label="Only this type",
        choices=[("", "All"), *EventType.choices],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    model = forms.CharField(label="Only this model", max_length=80, required=False, widget=UnfoldAdminTextInputWidget)
    version: forms.ModelChoiceField[RateCardVersion] = forms.ModelChoiceField(
        label="Only what this version priced",
        queryset=RateCardVersion.objects.select_related("card").filter(status=RateCardVersion.Status.PUBLISHED),
        required=False,
        widget=_autocomplete("version"),
    )
    caller = forms.CharField(
        label="Only calls from this number",
        max_length=64,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="However services write it: +1 555-0100 and 001 5550100 are one number.",
    )
    field_order = (
        *("mode", "account", "product", "project", "first_day", "last_day", "event_type", "model", "version", "caller"),
        *("reason", "token"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = timezone.now().astimezone(UTC).date().replace(day=1) - timedelta(days=1)
        self.fields["first_day"].initial, self.fields["last_day"].initial = last.replace(day=1), last

    def clean(self) -> dict[str, Any]:
        """One of account and product at least; an account says its product itself."""
        cleaned: dict[str, Any] = super().clean() or {}
        account, product = cleaned.get("account"), cleaned.get("product")
        if account is None and product is None and "account" not in self.errors:
            self.add_error("account", "Choose an account, or a product for all its accounts.")
        if account is not None and product is not None and account.product_id != product.pk:
            self.add_error("account", "The account is another product's.")
        return cleaned

    @property
    def scope(self) -> Scope:
        """What was chosen."""
        chosen = self.cleaned_data
        account, project, version = chosen["account"], chosen["project"], chosen["version"]
        return Scope(
            product_id=account.product_id if account else chosen["product"].pk,
            account_id=account and account.pk,
            project_id=project and project.pk,
            first_day=chosen["first_day"],
            last_day=chosen["last_day"],
            event_type=chosen["event_type"],
            model=chosen["model"].strip(),
            version_id=version and version.pk,
            caller=chosen["caller"].strip(),
        )


def ask(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """One step of asking; the last one leads to the job's page. `event` in the address are calls that were chosen."""
    events = [int(each) for each in request.GET.getlist("event") if each.isdecimal()]
    asked: list[Rerating] = []

    def perform(form: Any) -> str:
        scope = asking.of_chosen(events) if events else form.scope
        mode = Rerating.Mode(form.cleaned_data["mode"])
        reason, user_id = form.cleaned_data["reason"], cast(User, request.user).pk
        asked.append(asking.ask(mode=mode, scope=scope, reason=reason, user_id=user_id))
        model_admin.log_change(request, asked[0], f"Asked for. {reason}")
        return "A worker works out the difference. Nothing is charged until you confirm it on this page."

    response = actions.run(
        request,
        model_admin,
        None,
        actions.Action(
            title=f"Re-rate {len(events):,} chosen {'call' if len(events) == 1 else 'calls'}"
            if events
            else "Re-rate calls",
            intro="First you see what would change, call by call and in sum. Money moves only once you confirm that.",
            verb="Work out the difference",
            question="Work out the difference?",
            explain=lambda form: _explain(form, len(events)),
            perform=perform,
            form=ChosenForm if events else PeriodForm,
            refusals=(ValidationError,),
        ),
    )
    return HttpResponseRedirect(actions.page_url(model_admin, asked[0])) if asked else response


def _explain(form: Any, chosen: int) -> list[tuple[str, Any]]:
    cleaned = form.cleaned_data
    rows: list[tuple[str, Any]] = [("What to do", Rerating.Mode(cleaned["mode"]).label)]
    if chosen:
        rows.append(("Calls", f"{chosen:,}"))
    else:
        rows += [
            ("Whose", cleaned["account"] or f"All accounts of {cleaned['product']}"),
            ("Days", f"{cleaned['first_day']} to {cleaned['last_day']}"),
        ]
        named = (("Project", "project"), ("Model", "model"), ("Priced by", "version"), ("From", "caller"))
        rows += [(label, cleaned[name]) for label, name in named if cleaned[name]]
        if cleaned["event_type"]:
            rows.append(("Type", EventType(cleaned["event_type"]).label))
    return [*rows, ("Reason", cleaned["reason"])]
