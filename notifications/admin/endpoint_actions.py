"""What staff do to an endpoint: try it, send again what it missed, change its secret, switch it off and on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSplitDateTimeWidget, UnfoldBooleanSwitchWidget

from notifications.models import WebhookEndpoint
from notifications.services import endpoints, webhooks
from organizations.admin import actions
from organizations.admin.base import BackOfficeAdmin
from organizations.admin.panels import moment

DAY = timedelta(days=1)
SECRET = "The secret of {} is <code>{}</code>. Copy it now: it is not shown again."


class SwitchOnForm(actions.ReasonForm):
    """Whether it gets what it missed, too."""

    sends_missed = forms.BooleanField(
        label="Send what it missed",
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget,
        help_text="What happened since it was switched off, and what was given up shortly before.",
    )
    field_order = ("sends_missed", "reason", "token")


class ReplayForm(actions.ReasonForm):
    """From when on, and whether what was taken goes out again."""

    since = forms.SplitDateTimeField(widget=UnfoldAdminSplitDateTimeWidget, help_text="In UTC.")
    with_taken = forms.BooleanField(
        label="Also what it took",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="For a service that lost what it had. Each message keeps its id.",
    )
    field_order = ("since", "with_taken", "reason", "token")


class EndpointActions(BackOfficeAdmin):
    """The actions of an endpoint's page."""

    actions_detail = (
        "send_test",
        "replay",
        {"title": "More", "icon": "more_horiz", "items": ("rotate_secret", "switch_off", "switch_on")},
    )

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Those that fit its state."""
        is_on = WebhookEndpoint.objects.filter(pk=object_id, is_active=True).exists()
        unfit = ("_switch_on",) if is_on else ("_switch_off", "_send_test", "_replay")
        return [one for one in super().get_actions_detail(request, object_id) if not one.action_name.endswith(unfit)]

    @action(description="Send a test", permissions=["act"], icon="send", variant=ActionVariant.PRIMARY)
    def send_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One message that tells of nothing."""

        def perform(form: actions.ActionForm, endpoint: WebhookEndpoint) -> str:
            webhooks.send_test(endpoint=endpoint)
            return "The test is on its way. Load this page again to see the answer."

        return self._run(
            request,
            object_id,
            perform,
            title="Send a test message",
            intro="One message of the type webhook.test, signed like any other. It is tried again until it is taken.",
            verb="Send the test",
            question="Send {} a test?",
            form=actions.ActionForm,
        )

    @action(description="Replay", permissions=["act"], icon="replay")
    def replay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What it missed since a moment."""

        def perform(form: ReplayForm, endpoint: WebhookEndpoint) -> str:
            since, with_taken = form.cleaned_data["since"], form.cleaned_data["with_taken"]
            return _sent(webhooks.replay(endpoint=endpoint, since=since, with_taken=with_taken))

        return self._run(
            request,
            object_id,
            perform,
            title="Replay messages",
            intro="Sends what was given up since, and what happened while it did not listen. Messages keep their ids, "
            "so that a service which knows one already can leave it.",
            verb="Replay",
            question="Send {} again what it missed?",
            form=ReplayForm,
            form_arguments={"initial": {"since": timezone.now() - DAY}},
            rows=lambda form: [
                ("Since (UTC)", moment(form.cleaned_data["since"])),
                ("Also what it took", "Yes" if form.cleaned_data["with_taken"] else "No"),
            ],
        )

    @action(description="Rotate the secret", permissions=["act"], icon="key")
    def rotate_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new secret; the old one signs for a day beside it."""

        def perform(form: actions.ReasonForm, endpoint: WebhookEndpoint) -> str:
            return format_html(SECRET, endpoint.url, endpoints.rotate_secret(endpoint=endpoint))

        return self._run(
            request,
            object_id,
            perform,
            title="Rotate the secret",
            intro="For 24 hours messages carry two signatures, by the new secret and by the one now; then the new one "
            "alone. An older secret that still signs ends at once.",
            verb="Rotate",
            moves_money=True,
            question="Make a new secret for {}?",
        )

    @action(description="Switch off", permissions=["act"], icon="link_off", variant=ActionVariant.DANGER)
    def switch_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Nothing is sent there any more."""

        def perform(form: actions.ReasonForm, endpoint: WebhookEndpoint) -> str:
            changed = endpoints.switch_off(endpoint=endpoint, reason=form.cleaned_data["reason"])
            return "It is switched off." if changed else "It was off already; nothing happened."

        return self._run(
            request,
            object_id,
            perform,
            title="Switch the endpoint off",
            intro="Nothing is sent there any more. What it misses can be sent once it is on again.",
            verb="Switch off",
            question="Send {} nothing any more?",
            is_dangerous=True,
        )

    @action(description="Switch on", permissions=["act"], icon="link", variant=ActionVariant.PRIMARY)
    def switch_on(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Messages go there again."""

        def perform(form: SwitchOnForm, endpoint: WebhookEndpoint) -> str:
            since = endpoint.failing_since or endpoint.disabled_at
            if not endpoints.switch_on(endpoint=endpoint):
                return "It was on already; nothing happened."
            count = (
                webhooks.replay(endpoint=endpoint, since=since) if form.cleaned_data["sends_missed"] and since else 0
            )
            return f"It is switched on. {_sent(count)}"

        return self._run(
            request,
            object_id,
            perform,
            title="Switch the endpoint on",
            intro="What happens from now on is sent there again.",
            verb="Switch on",
            question="Send to {} again?",
            form=SwitchOnForm,
            rows=lambda form: [("Send what it missed", "Yes" if form.cleaned_data["sends_missed"] else "No")],
        )

    def _run(
        self,
        request: HttpRequest,
        object_id: str,
        perform: Any,
        *,
        question: str,
        rows: Any = lambda form: [],
        **options: Any,
    ) -> HttpResponse:
        endpoint = self.get_object(request, object_id)
        if endpoint is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def explain(form: Any) -> list[tuple[Any, Any]]:
            reason = form.cleaned_data.get("reason") if form.is_bound else None
            shown = [("Endpoint", endpoint.url), ("Service", endpoint.service), *(rows(form) if form.is_bound else [])]
            return [*shown, ("Reason", reason)] if reason else shown

        return actions.run(
            request,
            self,
            endpoint,
            actions.Action(
                question=question.format(endpoint.url),
                explain=explain,
                perform=lambda form: perform(form, endpoint),
                **options,
            ),
        )


def _sent(count: int) -> str:
    return f"{count:,} {'message is' if count == 1 else 'messages are'} being sent."
