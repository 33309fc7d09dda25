"""Actions with a form, a reason and a confirmation: what costs money or stops calls is never one click.

The page asks (form), then repeats what will happen (confirmation), then does it once and writes it to the history.
`ActionForm.token` is new for every form, so that a button pressed twice acts once.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from organizations import recent_sign_in
from organizations.admin.panels import Panel
from organizations.history import attribution

REASON_LENGTH = 255


class ActionForm(forms.Form):
    """The base of every action's form."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class ReasonForm(ActionForm):
    """An action that asks for a reason and nothing else."""

    reason = forms.CharField(
        max_length=REASON_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text="Why this is done; it stands in the history for ever.",
        error_messages={"required": "Say why: the reason is kept with what was done."},
    )


@dataclass(frozen=True)
class Action:
    """What an action page shows and does.

    `explain` gives the confirmation's rows (what, value); `perform` acts and returns the words of the result, or
    raises one of `refusals`, whose words are shown beside the field they are about. What `moves_money`, or changes
    who may do what, asks for a sign-in that is recent. `panels` are tables below the confirmation. An action on the
    chosen rows of a list carries the choice (`chosen_rows`) through its steps, and writes the history of each row.
    What was typed stands in the log of the row's page, unless the action `keeps_own_record` of it, in a row that fewer
    people may see.
    """

    title: str
    intro: str
    verb: str
    question: str
    explain: Callable[[Any], Sequence[tuple[Any, Any]]]
    perform: Callable[[Any], str]
    form: type[ActionForm] = ReasonForm
    form_arguments: dict[str, Any] | None = None
    is_dangerous: bool = False
    moves_money: bool = False
    keeps_own_record: bool = False
    refusals: tuple[type[Exception], ...] = (ValidationError,)
    next_url: str = ""
    panels: Callable[[Any], Sequence[Panel]] | None = None
    carried: Sequence[tuple[str, str]] = ()


def chosen_rows(request: HttpRequest) -> list[tuple[str, str]]:
    """What a list's page sends with an action on chosen rows, to be sent again with each step of the action."""
    names = ("action", "index", "select_across", ACTION_CHECKBOX_NAME)
    return [(name, value) for name in names for value in request.POST.getlist(name)]


def run(request: HttpRequest, model_admin: ModelAdmin, obj: Model | None, action: Action) -> HttpResponse:
    """One step of the action: its form, its confirmation, or the deed and a redirect to the row's page.

    Where the action asks for a recent sign-in, that is asked before the form is shown and again at every step.
    """
    if action.moves_money:
        recent_sign_in.ask(request)
    step = request.POST.get("step", "") if request.method == "POST" else ""
    form = action.form(request.POST if step else None, **(action.form_arguments or {}))
    if step and form.is_valid():
        if step == "confirm":
            attribution.say(doing=action.title, reason=str(form.cleaned_data.get("reason", "")))
            try:
                result = action.perform(form)
            except action.refusals as refusal:
                _refuse(form, refusal)
            else:
                _log(request, model_admin, obj, action, form)
                messages.success(request, result)
                return HttpResponseRedirect(action.next_url or page_url(model_admin, obj))
        elif step == "check":
            return _render(request, model_admin, obj, action, form, rows=action.explain(form))
    asks_nothing = not form.visible_fields() and not form.errors
    return _render(request, model_admin, obj, action, form, rows=action.explain(form) if asks_nothing else None)


def page_url(model_admin: ModelAdmin, obj: Model | None) -> str:
    """The row's page, or the model's list."""
    meta = model_admin.model._meta
    name = f"{model_admin.admin_site.name}:{meta.app_label}_{meta.model_name}"
    return reverse(f"{name}_change", args=[obj.pk]) if obj is not None else reverse(f"{name}_changelist")


def _refuse(form: forms.Form, refusal: Exception) -> None:
    """Put the refusal's words beside the field they are about, or above the form."""
    if not isinstance(refusal, ValidationError):
        form.add_error(None, str(refusal))
    elif hasattr(refusal, "error_dict"):
        for name, errors in refusal.error_dict.items():
            form.add_error(name if name in form.fields else None, errors)
    else:
        form.add_error(None, refusal)


def _log(request: HttpRequest, model_admin: ModelAdmin, obj: Model | None, action: Action, form: forms.Form) -> None:
    if obj is None:
        return
    typed = {} if action.keeps_own_record else form.cleaned_data
    shown = [f"{name}: {value}" for name, value in typed.items() if name != "token" and value != ""]
    model_admin.log_change(request, obj, f"{action.title}. {'; '.join(shown)}".strip())


def _render(
    request: HttpRequest,
    model_admin: ModelAdmin,
    obj: Model | None,
    action: Action,
    form: forms.Form,
    *,
    rows: Sequence[tuple[Any, Any]] | None,
) -> HttpResponse:
    request.current_app = model_admin.admin_site.name
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.model._meta,
        "title": action.title,
        "subtitle": str(obj) if obj is not None else "",
        "action": action,
        "form": form,
        "rows": rows,
        "panels": action.panels(form) if rows is not None and action.panels is not None else [],
        "can_go_back": bool(form.visible_fields()),
        "original": obj,
        "back_url": action.next_url or page_url(model_admin, obj),
        "has_view_permission": True,
    }
    return TemplateResponse(request, "admin/action.html", context)
