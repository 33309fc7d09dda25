"""Security: password, second factor, recovery codes and where one is signed in, of the person and not of an account.

Staff without an account have it, too, in the frame of the sign-in pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.views.payment_pages import SeeOther
from billing.views.shell import Frame, render_page
from organizations.browsers import browser_words
from organizations.languages import speak_accounts_language
from organizations.models import User
from organizations.selectors.two_factor import two_factor_of
from organizations.services import sessions
from organizations.tenancy import current_tenant

SESSIONS_SHOWN = 20
OTHERS = "others"
NUMBER_LENGTH_MAX = 18


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that the person is signed in with."""

    pk: int
    browser: str
    ip: str
    last_seen_at: datetime
    is_this: bool


@require_http_methods(["GET", "HEAD"])
@login_required
def security(request: HttpRequest) -> HttpResponse:
    """The page; what it leads to are the pages of `organizations.urls_sign_in`."""
    tenant = current_tenant(request)
    if tenant is not None and tenant.is_viewed:
        template = "organizations/viewing_security.html"
        return render_page(request, Frame(request, tenant), template, {"section": "security"}, current="settings")
    context: dict[str, Any] = {
        "two_factor": two_factor_of(cast(User, request.user)),
        "section": "security",
        **_signed_in_on(request),
    }
    if tenant is not None:
        speak_accounts_language(tenant.user, tenant.account)
        template = "billing/settings/security.html"
        return render_page(request, Frame(request, tenant), template, context, current="settings")
    context["zone"] = timezone.get_default_timezone()
    response = render(request, "organizations/security.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@login_required
def sessions_end(request: HttpRequest) -> HttpResponse:
    """Sign out one of the person's own browsers, or with `others` all but this one."""
    asked, user_id = request.POST.get("session", ""), cast(int, request.user.pk)
    if asked == OTHERS:
        sessions.end_all(user_id=user_id, by_id=user_id, but=request.session.session_key)
        messages.success(request, _("You are signed out everywhere else."))
        return SeeOther(reverse("security"))
    is_number = asked.isascii() and asked.isdigit() and len(asked) <= NUMBER_LENGTH_MAX
    if is_number and sessions.end(session_id=int(asked), user_id=user_id, by_id=user_id):
        messages.success(request, _("That browser is signed out."))
    return SeeOther(reverse("security"))


def _signed_in_on(request: HttpRequest) -> dict[str, Any]:
    key = request.session.session_key
    found = [
        Session(
            pk=each.pk,
            browser=browser_words(each.user_agent) or _("Unknown browser"),
            ip=each.ip,
            last_seen_at=each.last_seen_at,
            is_this=each.session_key == key,
        )
        for each in sessions.sessions_of(cast(int, request.user.pk))[:SESSIONS_SHOWN]
    ]
    return {"sessions": found, "has_other_sessions": any(not each.is_this for each in found)}
