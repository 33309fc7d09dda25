"""Security: the password, the second factor and its recovery codes, of the person and not of an account.

Staff without an account have it, too, in the frame of the sign-in pages.
"""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing.views.shell import Frame, render_page
from organizations.languages import speak_accounts_language
from organizations.models import User
from organizations.selectors.two_factor import two_factor_of
from organizations.tenancy import current_tenant


@require_http_methods(["GET", "HEAD"])
@login_required
def security(request: HttpRequest) -> HttpResponse:
    """The page; what it leads to are the pages of `organizations.urls_sign_in`."""
    context = {"two_factor": two_factor_of(cast(User, request.user)), "section": "security"}
    tenant = current_tenant(request)
    if tenant is not None:
        speak_accounts_language(tenant.user, tenant.account)
        template = "billing/settings/security.html"
        return render_page(request, Frame(request, tenant), template, context, current="settings")
    context["zone"] = timezone.get_default_timezone()
    response = render(request, "organizations/security.html", context)
    response["Cache-Control"] = "private, no-store"
    return response
