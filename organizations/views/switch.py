"""The switch between the accounts of one reader."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from organizations.models import Membership, User
from organizations.tenancy import SESSION_KEY


@require_POST
@login_required
def switch_account(request: HttpRequest) -> HttpResponse:
    """Look at another of one's accounts from now on. Raises Http404 for an account one is no member of."""
    wanted = request.POST.get("account", "")
    is_number = wanted.isascii() and wanted.isdigit() and len(wanted) < 19
    if not is_number or not Membership.objects.filter(user=cast(User, request.user), account_id=int(wanted)).exists():
        raise Http404
    request.session[SESSION_KEY] = int(wanted)
    return redirect(settings.LOGIN_REDIRECT_URL)
