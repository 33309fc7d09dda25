"""The outbox as staff see it: what was sent to whom, every attempt and its answer, and sending once more."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from notifications.models import Delivery
from notifications.services.deliveries import send_again
from organizations.admin import actions
from organizations.admin.base import BigTableAdmin
from organizations.admin.panels import Column, Panel, badge, moment
from organizations.secret_links import without_keys

COLOURS = {"Sent": "success", "Waiting": "info", "Given up": "danger"}
TONES = {"sent": "good", "failed": "warn", "refused": "bad"}
ATTEMPTS_SHOWN = 50
AT_ONCE_MAX = 500


@admin.register(Delivery)
class DeliveryAdmin(BigTableAdmin):
    """Messages: waiting, sent and given up."""

    list_display = (
        "created_at",
        "recipient",
        "subject",
        "channel",
        "shown_status",
        "attempts",
        "shown_next",
        "sent_at",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        ("account__product", RelatedDropdownFilter),
    )
    search_fields = ("=recipient", "=key", "=uid")
    search_help_text = "The whole address, key or id"
    narrowing = ("status__exact", "notice__id__exact", "account__id__exact", "endpoint__id__exact")
    narrowing_hint = "Choose a status to see older ones."
    fields = (
        ("recipient", "channel"),
        ("subject", "shown_status"),
        ("account", "notice"),
        ("attempts", "shown_next", "sent_at"),
        ("created_at", "key", "uid"),
        "shown_html",
    )
    readonly_fields = ("shown_status", "shown_next", "shown_html")
    actions = ("send_chosen_again",)
    actions_detail = ("send_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Messages with what they are about."""
        return super().get_queryset(request).select_related("account", "notice__account")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Notices and accounts lead here with their own messages."""
        return lookup in self.narrowing or super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: messages are queued by what happens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        """Nobody: what was said stays."""
        return False

    @display(description="status", label=COLOURS)
    def shown_status(self, obj: Delivery) -> str:
        """The status, coloured."""
        return obj.get_status_display()

    @display(description="next attempt (UTC)")
    def shown_next(self, obj: Delivery) -> SafeString | str:
        """Of what waits; meanwhile a worker may be at it."""
        return moment(obj.next_attempt_at) if obj.status == Delivery.Status.PENDING else ""

    @display(description="as HTML")
    def shown_html(self, obj: Delivery) -> SafeString | str:
        """The letter in a frame of its own, in which nothing runs."""
        frame = '<iframe sandbox="" srcdoc="{}" title="The letter" width="100%" height="640"></iframe>'
        return format_html(frame, without_keys(obj.html)) if obj.html else "Text only"

    def panels(self, request: HttpRequest, obj: Delivery) -> list[Panel]:
        """What it says, and every attempt to send it."""
        rows = [
            (
                moment(one.started_at),
                moment(one.ended_at, empty="Unknown"),
                badge(one.get_outcome_display() or "Unknown", TONES.get(one.outcome, "")),
                one.said,
            )
            for one in obj.log.order_by("-id")[:ATTEMPTS_SHOWN]
        ]
        columns = (Column("Begun (UTC)"), Column("Ended (UTC)"), Column("Outcome"), Column("Answer"))
        return [
            Panel("What it says", (), (), preformatted=without_keys(obj.body), is_wide=True),
            Panel("Attempts", columns, rows, empty="It was not tried yet.", is_wide=True),
        ]

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[object]:
        """What waits is sent anyway."""
        waits = Delivery.objects.filter(pk=object_id, status=Delivery.Status.PENDING).exists()
        return [] if waits else super().get_actions_detail(request, object_id)

    @action(description="Send again", permissions=["act"], icon="outgoing_mail")
    def send_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send what was given up, or sent and lost, once more."""
        delivery = self.get_object(request, object_id)
        if delivery is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: actions.ReasonForm) -> str:
            changed = send_again(delivery)
            return "It is being sent." if changed else "It waits to be sent already; nothing happened."

        return actions.run(
            request,
            self,
            delivery,
            actions.Action(
                title="Send the message again",
                intro="The same message goes to the same address under the same id. Whoever got it gets it twice.",
                verb="Send again",
                question=f"Send this to {delivery.recipient} again?",
                explain=lambda form: [
                    ("Message", delivery.subject),
                    ("Status now", delivery.get_status_display()),
                    ("Reason", form.cleaned_data["reason"]),
                ],
                perform=perform,
            ),
        )

    @admin.action(description="Send those given up again", permissions=["act"])
    def send_chosen_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> HttpResponse:
        """Of the chosen, what was given up; such as after a mail server's bad day."""
        given_up = list(queryset.filter(status=Delivery.Status.DEAD).order_by("id")[:AT_ONCE_MAX])

        def perform(form: actions.ReasonForm) -> str:
            sent = [delivery for delivery in given_up if send_again(delivery)]
            for delivery in sent:
                self.log_change(request, delivery, f"Sent again with others. reason: {form.cleaned_data['reason']}")
            return f"{len(sent)} {'message is' if len(sent) == 1 else 'messages are'} being sent again."

        return actions.run(
            request,
            self,
            None,
            actions.Action(
                title="Send those given up again",
                intro="Each goes to the same address under the same id. Of the chosen only those that were given up "
                f"are sent, {AT_ONCE_MAX} at once at most.",
                verb="Send again",
                question=f"Send {len(given_up)} {'message' if len(given_up) == 1 else 'messages'} again?",
                explain=lambda form: [("Given up", len(given_up)), ("Reason", form.cleaned_data["reason"])],
                perform=perform,
                carried=actions.chosen_rows(request),
            ),
        )
