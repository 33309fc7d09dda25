"""Whether a person proved lately who they are, by password or code: asked before money moves or rights change.

A browser left open is not enough then. Signing in counts, and so does confirming on the page that
`ReauthenticationRequired` leads to; what a form sent meanwhile is kept in the session and goes on from there.
"""

from __future__ import annotations

import time
from http import HTTPMethod
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse


def is_recent(request: HttpRequest) -> bool:
    """Whether the last proof is younger than ACCOUNT_REAUTHENTICATION_TIMEOUT, in seconds."""
    proofs = get_authentication_records(request, request.user)
    return bool(proofs) and time.time() - proofs[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT


def ask(request: HttpRequest, *, keeps_what_was_sent: bool = True) -> None:
    """Lead to the page that asks for password or code, unless the last proof is recent.

    A form with a password in it must not be kept in the session: the person fills it in again.
    Raises ReauthenticationRequired or ImmediateHttpResponse, which allauth's middleware answers.
    """
    if is_recent(request):
        return
    if keeps_what_was_sent or request.method != HTTPMethod.POST:
        raise ReauthenticationRequired
    page = reverse("account_reauthenticate")
    query = urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})
    raise ImmediateHttpResponse(HttpResponseRedirect(f"{page}?{query}"))
