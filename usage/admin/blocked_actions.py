"""What staff do about a spam caller: block it from its call's page, lift the block, waive its charges by a job."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget

from organizations.admin import actions
from organizations.admin.base import BackOfficeAdmin
from usage.models import BlockedCaller, Rerating, UsageEvent
from usage.models.blocked import NUMBER_LENGTH
from usage.services.blocking import block, lift
from usage.services.rerating import asking

SCOPES = (("account", "This account"), ("product", "Every account of the product"))


def staff_id(request: HttpRequest) -> int:
    """Who of the staff asks: every page of the back office wants a sign-in."""
    assert request.user.pk is not None
    return request.user.pk


def caller_of(event: UsageEvent) -> str:
    """Who called, as the service reported it; empty where it did not say."""
    data = event.body.get("data", {}) if isinstance(event.body, dict) else {}
    return str(data.get("caller") or data.get("from") or "")[:NUMBER_LENGTH]


class BlockCallerForm(actions.ReasonForm):
    """Where the number is blocked, and why."""

    scope = forms.ChoiceField(
        label="For",
        choices=SCOPES,
        initial="account",
        widget=UnfoldAdminRadioSelectWidget,
        help_text="Whose calls of this number are denied from now on.",
    )
    field_order = ("scope", "reason", "token")


class WaiveForm(actions.ReasonForm):
    """Which charges are taken back, and why."""

    caller = forms.CharField(
        label="Number",
        max_length=NUMBER_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text="However calls report it: +1 555-0100 and 001 5550100 are one number.",
    )
    first_day = forms.DateField(widget=UnfoldAdminDateWidget, help_text="By the account's calendar.")
    last_day = forms.DateField(widget=UnfoldAdminDateWidget, help_text="This day included.")
    field_order = ("caller", "first_day", "last_day", "reason", "token")

    def __init__(self, *args: Any, blocked: BlockedCaller, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.now().date()
        self.fields["caller"].initial = blocked.written
        self.fields["first_day"].initial, self.fields["last_day"].initial = today.replace(day=1), today
        self.fields["reason"].initial = blocked.reason


def block_caller(request: HttpRequest, model_admin: BackOfficeAdmin, event: UsageEvent) -> HttpResponse:
    """The action of a call's page."""
    caller = caller_of(event)
    if not caller:
        messages.warning(request, "The service did not report who called.")
        return HttpResponseRedirect(actions.page_url(model_admin, event))

    def perform(form: BlockCallerForm) -> str:
        wants_all = form.cleaned_data["scope"] == "product"
        block(
            product_id=event.account.product_id,
            account_id=None if wants_all else event.account_id,
            caller=caller,
            reason=form.cleaned_data["reason"],
            user_id=staff_id(request),
        )
        return f"{caller} is blocked: its calls are denied from now on. To take its charges back, waive them here."

    return actions.run(
        request,
        model_admin,
        event,
        actions.Action(
            title="Block the caller",
            intro="Calls of this number are denied when the service asks whether they may start and names the caller. "
            "What was charged stays until you waive it.",
            verb="Block",
            question=f"Block {caller}?",
            explain=lambda form: [
                ("Number", caller),
                ("For", event.account if form.cleaned_data["scope"] == "account" else event.account.product),
                ("Reason", form.cleaned_data["reason"]),
            ],
            perform=perform,
            form=BlockCallerForm,
            is_dangerous=True,
            next_url=f"{reverse('admin:usage_blockedcaller_changelist')}?q={quote(caller)}",
        ),
    )


class BlockedActions(BackOfficeAdmin):
    """The actions of a blocked caller's page."""

    actions_detail = ("waive", "lift")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """What was lifted is not lifted again."""
        found: list[Any] = super().get_actions_detail(request, object_id)
        lifted = BlockedCaller.objects.filter(pk=object_id, lifted_at__isnull=False).exists()
        return [one for one in found if not (lifted and one.action_name.endswith("_lift"))]

    @action(description="Waive its charges", permissions=["act"], icon="money_off", variant=ActionVariant.PRIMARY)
    def waive(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Have a worker list the caller's charges of some days; they are taken back once that is confirmed."""
        blocked = self.get_object(request, object_id)
        if blocked is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        asked: list[Rerating] = []

        def perform(form: WaiveForm) -> str:
            scope = asking.Scope(
                product_id=blocked.product_id,
                account_id=blocked.account_id,
                first_day=form.cleaned_data["first_day"],
                last_day=form.cleaned_data["last_day"],
                caller=form.cleaned_data["caller"],
            )
            reason = form.cleaned_data["reason"]
            asked.append(asking.ask(mode=Rerating.Mode.VOID, scope=scope, reason=reason, user_id=staff_id(request)))
            return "Its calls and their sum are being collected. Nothing is taken back until you confirm it here."

        answer = actions.run(
            request,
            self,
            blocked,
            actions.Action(
                title="Waive the caller's charges",
                intro="First a worker collects the calls of this number and what they were charged. You see them and "
                "their sum, and only what you confirm then is taken back.",
                verb="Collect the calls",
                question=f"Collect the charges of {blocked.written}?",
                explain=lambda form: [
                    ("Number", form.cleaned_data["caller"]),
                    ("Of", blocked.account or blocked.product),
                    ("Days", f"{form.cleaned_data['first_day']} to {form.cleaned_data['last_day']}"),
                    ("Reason", form.cleaned_data["reason"]),
                ],
                perform=perform,
                form=WaiveForm,
                form_arguments={"blocked": blocked},
                refusals=(ValidationError,),
            ),
        )
        if asked:
            return HttpResponseRedirect(reverse("admin:usage_rerating_change", args=[asked[0].pk]))
        return answer

    @action(description="Lift the block", permissions=["act"], icon="phone_enabled")
    def lift(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the number's calls again."""
        blocked = self.get_object(request, object_id)
        if blocked is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: actions.ReasonForm) -> str:
            lift(blocked_id=blocked.pk, reason=form.cleaned_data["reason"], user_id=staff_id(request))
            return f"Calls from {blocked.written} are taken again."

        return actions.run(
            request,
            self,
            blocked,
            actions.Action(
                title="Lift the block",
                intro="From now on calls of this number may start again. Blocking it anew is a row of its own.",
                verb="Lift the block",
                question=f"Take calls from {blocked.written} again?",
                explain=lambda form: [
                    ("Number", blocked.written),
                    ("For", blocked.account or blocked.product),
                    ("Blocked because", blocked.reason),
                    ("Lifted because", form.cleaned_data["reason"]),
                ],
                perform=perform,
            ),
        )
