"""Ending one kind of letters by the link in them, signed in or not, and letting them come again.

The link's token is all the authority, so that mail programs can end them by one POST of their own (RFC 8058), which
brings no CSRF token. Opening the page ends nothing: scanners open links, too.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from billing.views.notification_events import LABELS
from notifications.services.preferences import (
    LinkExpiredError,
    LinkUnknownError,
    is_on,
    subscription_of,
    switch,
)
from organizations.languages import speaking
from organizations.tenancy import link_of_account


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """What ends, and a button; POST ends it, or with `again` lets it come again."""
    try:
        subscription = subscription_of(token)
    except LinkExpiredError:
        return render(request, "billing/unsubscribe_unusable.html", {"is_expired": True}, status=404)
    except LinkUnknownError:
        return render(request, "billing/unsubscribe_unusable.html", status=404)
    if request.method == "POST":
        switch(subscription, on="again" in request.POST)
    account = subscription.account
    with speaking(subscription.user, account):
        context = {
            "subscription": subscription,
            "account": account,
            "product": account.product,
            "accent": account.product.accent,
            "label": LABELS.get(subscription.event, ""),
            "is_on": is_on(subscription),
            "settings_url": link_of_account(reverse("notifications"), account.pk),
        }
        return render(request, "billing/unsubscribe.html", context)
