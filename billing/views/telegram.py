"""Linking the reader's Telegram: a link that opens the bot, and what becomes of it. Each member links a chat alone."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.views.payment_pages import SeeOther
from billing.views.shell import Frame, render_page
from notifications.selectors.telegram import last_link, waiting_link
from notifications.services.telegram import start_linking, unlink
from organizations.models import Membership
from organizations.tenancy import Tenant, tenant_page

ANCHOR = "#telegram"


@require_POST
@tenant_page
def telegram_link(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The page with a new link, which is shown once. Raises Http404 where there is no bot."""
    if not settings.TELEGRAM_BOT_NAME:
        raise Http404
    frame = Frame(request, tenant)
    try:
        url = start_linking(account=tenant.account, user=tenant.user)
    except Membership.DoesNotExist as error:
        raise Http404 from error
    context = {
        "url": url,
        "bot": settings.TELEGRAM_BOT_NAME,
        "command": f"/start {url.rpartition('=')[2]}",
        **_state(tenant),
    }
    return render_page(request, frame, "billing/telegram.html", context, current="limits")


@require_http_methods(["GET", "HEAD"])
@tenant_page
def telegram_status(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The part of the page that says whether the chat is linked; it asks for itself while it waits."""
    response = render(request, "billing/telegram/state.html", _state(tenant))
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@tenant_page
def telegram_unlink(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """No more alerts in the reader's chat."""
    if unlink(account=tenant.account, user=tenant.user):
        messages.success(request, _("Unlinked. Nothing more goes to that chat."))
    return SeeOther(reverse("limits") + ANCHOR)


def _state(tenant: Tenant) -> dict[str, Any]:
    waiting = waiting_link(account=tenant.account, user=tenant.user)
    link = last_link(account=tenant.account, user=tenant.user)
    return {
        "is_waiting": waiting is not None and waiting.expires_at > timezone.now(),
        "is_expired": waiting is not None and waiting.expires_at <= timezone.now(),
        "link": link,
    }
