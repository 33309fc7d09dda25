"""Endpoints of webhooks as staff see them: where services listen, how each does, and what it was sent lately.

A secret is shown once, when it is made. Whether an address is public is looked up before the form's transaction begins.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from notifications.admin.endpoint_actions import SECRET, EndpointActions
from notifications.channels.addresses import fault_of
from notifications.models import Attempt, Delivery, WebhookEndpoint, WebhookType
from notifications.services import endpoints
from organizations.admin.panels import Column, Panel, badge, link, list_url, moment

COLOURS = {"On": "success", "Failing": "warning", "Off": "danger"}
TONES = {"sent": "good", "pending": "warn", "dead": "bad"}
MESSAGES_SHOWN = 20
ANSWER_SHOWN = 200
NOT_LOOKED_UP = "The address was not looked up."


class EndpointForm(forms.ModelForm):
    """Where to listen, and to what."""

    fault: ClassVar[str] = NOT_LOOKED_UP
    url = forms.CharField(
        label="URL", max_length=500, widget=UnfoldAdminTextInputWidget, help_text="Public and with TLS: https://…"
    )
    types = forms.MultipleChoiceField(
        choices=[(name, name) for name in WebhookType.values],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="What it hears of. None: of all.",
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("service", "url", "types")
        help_texts: ClassVar[dict[str, str]] = {"service": "It hears of the accounts of this service's product."}

    def clean_url(self) -> str:
        """An address that webhooks may go to."""
        if self.fault and "url" in self.changed_data:
            raise forms.ValidationError(self.fault)
        return str(self.cleaned_data["url"])


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(EndpointActions):
    """Endpoints of all services."""

    form = EndpointForm
    list_display = ("url", "service", "shown_types", "shown_state", "failing_since", "last_taken", "created_at")
    list_filter = (("service", RelatedDropdownFilter), "is_active")
    search_fields = ("url", "service__slug", "service__name")
    asks_recent_sign_in = True  # a new one shows its secret

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        """Endpoints with their services, and when each last took a message."""
        taken = Delivery.objects.filter(endpoint=OuterRef("pk"), sent_at__isnull=False).order_by("-id")
        return (
            super()
            .get_queryset(request)
            .select_related("service__product")
            .annotate(last_sent_at=Subquery(taken.values("sent_at")[:1]))
        )

    def get_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> tuple[Any, ...]:
        """What is asked for a new one, what is shown of one that exists."""
        if obj is None:
            return ("service", "url", "types")
        moments = {
            "disabled_at": not obj.is_active,
            "disabled_reason": not obj.is_active,
            "failing_since": obj.failing_since is not None,
            "rests_until": obj.rests_until is not None and obj.rests_until > timezone.now(),
            "previous_until": obj.previous_until is not None and obj.previous_until > timezone.now(),
        }
        shown = [name for name, says_something in moments.items() if says_something]
        return ("service", "url", "types", "shown_state", *shown, "created_at")

    def get_readonly_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> tuple[str, ...]:
        """An endpoint keeps its service."""
        if obj is None:
            return ()
        return tuple(name for name in self.get_fields(request, obj) if name not in ("url", "types"))

    def get_form(
        self, request: HttpRequest, obj: WebhookEndpoint | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form, which knows what is wrong with the address that was sent."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.fault = getattr(request, "address_fault", NOT_LOOKED_UP)
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page; an address that was sent is looked up before the transaction begins."""
        if request.method == "POST" and request.POST.get("url"):
            request.address_fault = fault_of(request.POST["url"].strip())  # type: ignore[attr-defined]
        return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: forms.ModelForm, change: bool) -> None:
        """Keep the change, or the new endpoint and show its secret this once."""
        if change:
            endpoints.change(endpoint=obj)
        else:
            messages.warning(request, format_html(SECRET, obj.url, endpoints.add(endpoint=obj)))

    @display(description="types")
    def shown_types(self, obj: WebhookEndpoint) -> str:
        """What it hears of."""
        return ", ".join(obj.types) or "All"

    @display(description="state", label=COLOURS)
    def shown_state(self, obj: WebhookEndpoint) -> str:
        """On, failing or off."""
        return "Off" if not obj.is_active else "Failing" if obj.failing_since else "On"

    @display(description="last taken (UTC)")
    def last_taken(self, obj: Any) -> SafeString | str:
        """When it last took a message."""
        return moment(obj.last_sent_at, empty="Never")

    def panels(self, request: HttpRequest, obj: WebhookEndpoint) -> list[Panel]:
        """What it was sent lately, and what it answered last."""
        last = Attempt.objects.filter(delivery=OuterRef("pk"), ended_at__isnull=False).order_by("-id")
        found = (
            Delivery.objects.filter(endpoint=obj)
            .select_related("account")
            .annotate(
                said=Subquery(last.values("said")[:1]),
                begun=Subquery(last.values("started_at")[:1]),
                ended=Subquery(last.values("ended_at")[:1]),
            )
            .order_by("-id")
        )
        return [
            Panel(
                f"Last {MESSAGES_SHOWN} messages",
                (
                    Column("Message"),
                    Column("Account"),
                    Column("Written (UTC)"),
                    Column("Status"),
                    Column("Attempts", True),
                    Column("Last answer"),
                    Column("Took", True),
                ),
                [_row(one) for one in found[:MESSAGES_SHOWN]],
                empty="Nothing was sent there yet. A test message shows whether it answers.",
                is_wide=True,
                more_url=list_url(Delivery, endpoint__id__exact=obj.pk),
            )
        ]

    def response_add(
        self, request: HttpRequest, obj: WebhookEndpoint, post_url_continue: str | None = None
    ) -> HttpResponse:
        """To the endpoint's page, where the message with the secret stands."""
        return HttpResponseRedirect(reverse("admin:notifications_webhookendpoint_change", args=[obj.pk]))


def _row(message: Any) -> tuple[Any, ...]:
    took = f"{(message.ended - message.begun).total_seconds() * 1000:,.0f}\N{NO-BREAK SPACE}ms" if message.ended else ""
    return (
        link(message, message.subject),
        link(message.account),
        moment(message.created_at),
        badge(message.get_status_display(), TONES[message.status]),
        message.attempts,
        (message.said or "")[:ANSWER_SHOWN],
        took,
    )
