"""Where people are signed in: the end of one session, or of all of a person's; and the tables on their page."""

from __future__ import annotations

from typing import Any, cast

from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from organizations.admin import actions, panels
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, link, list_url, moment
from organizations.admin.sign_in import sign_in_panel
from organizations.models import User
from organizations.selectors.staff import has_power_over
from organizations.services import sessions

SHOWN = 10

admin.site.unregister(UserSession)  # the package's own


@admin.register(UserSession)
class UserSessionAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Browsers that are signed in. The key of a session is never shown: whoever had it would be signed in."""

    list_display = ("user", "ip", "user_agent", "created_at", "last_seen_at")
    list_filter = ("user__is_staff",)
    list_select_related = ("user",)
    ordering = ("-last_seen_at", "-pk")
    search_fields = ("user__email", "=ip")
    search_help_text = "A person's e-mail address, or a whole IP address."
    fields = ("user", "ip", "user_agent", "created_at", "shown_last_seen")
    readonly_fields = ("shown_last_seen",)
    actions_detail = ("end", "end_all")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """A person's page links here with its id."""
        return lookup == "user__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[UserSession]:
        """Sessions with whose they are."""
        return cast("QuerySet[UserSession]", super().get_queryset(request).select_related("user"))

    @display(description="last seen at (UTC)")
    def shown_last_seen(self, obj: UserSession) -> Any:
        """When it was last used, to within five minutes."""
        return moment(obj.last_seen_at)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """None for the sessions of those who stand above whoever looks."""
        session = self.get_object(request, str(object_id))
        may = session is not None and has_power_over(request.user, session.user)
        return super().get_actions_detail(request, object_id) if may else []

    @action(description="End the session", permissions=["act"], icon="logout", variant=ActionVariant.DANGER)
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """That browser is signed out."""
        return self._end(request, object_id, is_all=False)

    @action(description="Sign out everywhere", permissions=["act"], icon="phonelink_off", variant=ActionVariant.DANGER)
    def end_all(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Every browser of the person is signed out."""
        return self._end(request, object_id, is_all=True)

    def _end(self, request: HttpRequest, object_id: str, *, is_all: bool) -> HttpResponse:
        session = self.get_object(request, object_id)
        if session is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        person = session.user
        if not has_power_over(request.user, person):
            raise PermissionDenied

        def perform(form: actions.ReasonForm) -> str:
            by = cast(int, request.user.pk)
            if is_all:
                ended = sessions.end_all(user_id=person.pk, by_id=by)
                return f"{person} is signed out everywhere: {ended} sessions ended."
            sessions.end(session_id=session.pk, user_id=person.pk, by_id=by)
            return f"The session of {person} has ended."

        return actions.run(
            request,
            self,
            session,
            actions.Action(
                title="Sign out everywhere" if is_all else "End the session",
                intro=(
                    "Every browser that this person is signed in with is signed out at its next request. Whoever knows "
                    "the password signs in again: where it is in the wrong hands, change it, too."
                    if is_all
                    else "The browser is signed out at its next request. Whoever knows the password signs in again."
                ),
                verb="Sign out everywhere" if is_all else "End the session",
                question=f"Sign {person} out everywhere?" if is_all else f"End this session of {person}?",
                explain=lambda form: [
                    ("Person", person),
                    *([] if is_all else [("IP address", session.ip), ("Browser", session.user_agent)]),
                    ("Reason", form.cleaned_data["reason"]),
                ],
                perform=perform,
                is_dangerous=True,
                next_url=reverse("admin:organizations_user_change", args=[person.pk]),
            ),
        )


def person_panels(request: HttpRequest, user: User) -> list[Panel]:
    """Where the person is signed in, and the last sign-ins, for whoever may look at either."""
    found = []
    if request.user.has_perm("usersessions.view_usersession"):
        found.append(_sessions(request, user))
    if request.user.has_perm("organizations.view_signin"):
        found.append(sign_in_panel(user))
    return found


def _sessions(request: HttpRequest, user: User) -> Panel:
    live = list(sessions.sessions_of(user.pk)[:SHOWN])
    may_end = request.user.has_perm("usersessions.change_usersession") and has_power_over(request.user, user)
    note = ""
    if live and may_end:
        address = reverse("admin:usersessions_usersession_end_all", args=[live[0].pk])
        note = format_html('<a class="bo-link" href="{}">Sign out everywhere</a>', address)
    return Panel(
        "Signed in now",
        (Column("Browser"), Column("IP address"), Column("Since (UTC)"), Column("Last seen (UTC)")),
        [
            (link(one, one.user_agent or "Unknown"), one.ip, moment(one.created_at), moment(one.last_seen_at))
            for one in live
        ],
        empty="Signed in nowhere.",
        note=note,
        is_wide=True,
        more_url=list_url(UserSession, user__id__exact=user.pk),
    )


panels.register(User, person_panels)
