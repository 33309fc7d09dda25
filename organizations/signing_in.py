"""What Django and allauth tell of people who sign in: written down, and each session's browser kept in view.

The address is the one that attempts are counted by, so that what stands here and who is locked out agree. A request
without an address is nobody's browser (a command, a test's own sign-in) and is not written down.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.stagekit import unstash_login
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from organizations.models import SignIn, User
from organizations.services import sign_ins

SEEN_KEY = "seen_at"
SEEN_EVERY_SECONDS = 300
RECORDS = "account_authentication_methods"  # allauth's own, of what was asked for


def watch() -> None:
    """Be told of sign-ins."""
    user_logged_in.connect(_signed_in, dispatch_uid="sign_ins")
    user_login_failed.connect(_failed, dispatch_uid="sign_ins")
    authentication_failed.connect(_code_failed, dispatch_uid="sign_ins")


def locked_out(request: HttpRequest | None) -> None:
    """Whoever signs in was refused unheard, after too many attempts."""
    if request is None:
        return
    user = _whose(request)
    address = str(request.POST.get("login", "")) or (user.email if user else "")
    if address:
        method = SignIn.Method.AGAIN if request.user.is_authenticated else SignIn.Method.PASSWORD
        _record(request, user, address, method, SignIn.Outcome.LOCKED)


def _signed_in(sender: object, request: HttpRequest | None, user: User, **_: object) -> None:
    if request is None or _address_of(request) is None:
        return
    _record(request, user, user.email, _method(request), SignIn.Outcome.SUCCEEDED)
    request.session[SEEN_KEY] = int(time.time())
    request.user = user
    UserSession.objects.create_from_request(request)


def _failed(sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **_: object) -> None:
    if request is None:
        return
    address = str(credentials.get("email") or credentials.get("username") or "")
    is_again = getattr(request, "user", None) is not None and request.user.is_authenticated
    user = request.user if is_again and isinstance(request.user, User) else None
    method = SignIn.Method.AGAIN if is_again else SignIn.Method.PASSWORD
    _record(request, user, user.email if user else address, method, SignIn.Outcome.FAILED)


def _code_failed(
    sender: object, request: HttpRequest, user: User, authenticator: Authenticator, reauthentication: bool, **_: object
) -> None:
    method = SignIn.Method.AGAIN if reauthentication else SignIn.Method.CODE
    _record(request, user, user.email, method, SignIn.Outcome.FAILED)


def _record(
    request: HttpRequest, user: User | None, address: str, method: SignIn.Method, outcome: SignIn.Outcome
) -> None:
    ip = _address_of(request)
    if ip is None or not address:
        return
    browser = request.headers.get("User-Agent", "")
    sign_ins.record(user=user, address=address, ip=ip, browser=browser, method=method, outcome=outcome)


def _method(request: HttpRequest) -> SignIn.Method:
    """By what the person proved who they are, as allauth has kept it in the session."""
    records = request.session.get(RECORDS) or []
    if any(each.get("method") == "mfa" for each in records):
        kinds = {each.get("type") for each in records}
        is_recovery = Authenticator.Type.RECOVERY_CODES in kinds
        return SignIn.Method.RECOVERY_CODE if is_recovery else SignIn.Method.CODE
    if any(each.get("method") == "password" for each in records):
        return SignIn.Method.PASSWORD
    is_invitation = request.resolver_match is not None and request.resolver_match.url_name == "accept_invitation"
    return SignIn.Method.INVITATION if is_invitation else SignIn.Method.OTHER


def _whose(request: HttpRequest) -> User | None:
    """Who is asked: whoever is signed in, or has given the right password and owes a code."""
    if isinstance(request.user, User):
        return request.user
    login = unstash_login(request, peek=True)
    return login.user if login is not None and isinstance(login.user, User) else None


def _address_of(request: HttpRequest) -> str | None:
    try:
        return str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:
        return None


class LastSeen:
    """Middleware: when each session was last used, to within `SEEN_EVERY_SECONDS`; most requests write nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and note now and then that somebody was here."""
        now = int(time.time())
        seen = request.session.get(SEEN_KEY)
        if seen is not None and now - seen >= SEEN_EVERY_SECONDS and request.user.is_authenticated:
            request.session[SEEN_KEY] = now
            ip = _address_of(request)
            found = UserSession.objects.filter(session_key=request.session.session_key)
            found.update(last_seen_at=timezone.now(), **({"ip": ip} if ip else {}))
        return self.get_response(request)
