"""Sign-ins, and the attempts that failed. The system writes them; after `SIGN_INS_KEPT_DAYS` they go."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from organizations.admin.base import BigTableAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, badge, list_url, moment
from organizations.models import SignIn, User

SHOWN = 10
KINDS = {SignIn.Outcome.FAILED: "warn", SignIn.Outcome.LOCKED: "bad"}


@admin.register(SignIn)
class SignInAdmin(ReadOnlyMixin, BigTableAdmin):
    """Who signed in or tried to, from where and how."""

    list_display = ("at", "address", "shown_outcome", "method", "ip", "browser")
    list_filter = (
        ("outcome", ChoicesDropdownFilter),
        ("method", ChoicesDropdownFilter),
        "user__is_staff",
    )
    search_fields = ("=address", "=ip")
    search_help_text = "The whole e-mail address, or the whole IP address."
    narrowing = ("q", "user__id__exact")
    fields = ("at", "address", "user", "shown_outcome", "method", "ip", "browser")
    readonly_fields = ("shown_outcome",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """A person's page links here with its id."""
        return lookup == "user__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SignIn]:
        """Sign-ins with whose they are."""
        return super().get_queryset(request).select_related("user")

    @display(
        description="outcome",
        ordering="outcome",
        label={"Succeeded": "success", "Failed": "warning", "Locked out": "danger"},
    )
    def shown_outcome(self, obj: SignIn) -> str:
        """How it ended."""
        return str(obj.get_outcome_display())


def sign_in_panel(user: User) -> Panel:
    """The person's last sign-ins and failed attempts."""
    rows = [
        (
            moment(one.at),
            badge(one.get_outcome_display(), KINDS.get(SignIn.Outcome(one.outcome), "good")),
            one.get_method_display(),
            one.ip or "",
            one.browser,
        )
        for one in user.sign_ins.all()[:SHOWN]
    ]
    return Panel(
        "Last sign-ins",
        (Column("When (UTC)"), Column("Outcome"), Column("How"), Column("IP address"), Column("Browser")),
        rows,
        empty="Nobody has signed in with this address since sign-ins are kept.",
        is_wide=True,
        more_url=list_url(SignIn, user__id__exact=user.pk),
    )
