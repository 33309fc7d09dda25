"""Middleware: staff who look at a customer's pages read them, marked, in a transaction that cannot write.

While a view lasts (`organizations.services.support_views`), every request for a page of customers is part of it: the
reader's own accounts are not mixed in, nothing is sent, and PostgreSQL itself refuses to write, so that a page that
writes when it is merely looked at cannot either. The view is looked up, and the permission with it, at every request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.signals import user_logged_out
from django.db import connection, transaction
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from psycopg.errors import ReadOnlySqlTransaction

from organizations.models import SupportView, User
from organizations.services import support_views

SESSION_KEY = "support_view"
CUSTOMERS_PAGES = "/billing/"
NO_PAGES = "/billing/webhooks/"  # providers call them
SAFE = ("GET", "HEAD", "OPTIONS")


def view_of(request: HttpRequest) -> SupportView | None:
    """The view that the request is part of; None for a reader of their own accounts."""
    view = getattr(request, "support_view", None)
    return view if isinstance(view, SupportView) else None


def begin(request: HttpRequest, view: SupportView) -> None:
    """Let this session look at the view's account from now on; one that it was looking at ends."""
    stop(request, SupportView.Ending.ANOTHER)
    request.session[SESSION_KEY] = view.pk


def stop(request: HttpRequest, ending: SupportView.Ending) -> SupportView | None:
    """End this session's view, where it has one; the view as it was."""
    view_id = request.session.pop(SESSION_KEY, None)
    if view_id is None:
        return None
    support_views.end(view_id=view_id, ending=ending)
    return SupportView.objects.select_related("account").filter(pk=view_id).first()


def signed_out(sender: object, request: HttpRequest | None, **_: object) -> None:
    """Whoever signs out looks at nobody's pages any more."""
    if request is not None and hasattr(request, "session"):
        stop(request, SupportView.Ending.SIGNED_OUT)


def watch_sign_outs() -> None:
    """Have views end with the session."""
    user_logged_out.connect(signed_out, dispatch_uid="support_view")


class SupportViewing:
    """Makes a request part of the view that its session has. Stands behind the middleware that knows who signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, read-only where the request is part of a view."""
        if not _is_customers_page(request) or SESSION_KEY not in request.session:
            return self.get_response(request)
        if request.path_info == reverse("end_support_view"):
            return self.get_response(request)
        view = _open_view(request)
        if view is None:
            return over(request, stop(request, SupportView.Ending.NOT_ALLOWED))
        request.support_view = view  # type: ignore[attr-defined]
        if request.method not in SAFE:
            return refused(request, view)
        return self._read_only(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A page that would write is refused like a form, not shown as broken."""
        view = view_of(request)
        if view is None or not isinstance(exception.__cause__, ReadOnlySqlTransaction):
            return None
        return refused(request, view)

    def _read_only(self, request: HttpRequest) -> HttpResponseBase:
        with transaction.atomic():
            _write_nothing()
            response = self.get_response(request)
            transaction.set_rollback(True)  # nothing was written; nor does anything follow that a page left for later
        if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
            response.streaming_content = _streamed(response.streaming_content)
        response.headers["Cache-Control"] = "private, no-store"
        return response


def refused(request: HttpRequest, view: SupportView) -> HttpResponse:
    """What answers to forms, and to pages that would write: nothing was done, and why. It asks the database nothing."""
    response = render(request, "organizations/viewing_refused.html", {"view": view}, status=403)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def over(request: HttpRequest, view: SupportView | None) -> HttpResponse:
    """On to the account's page of the back office, or home for whoever may no longer go there; nothing is done."""
    user = request.user
    target = reverse("overview")
    if view is not None and isinstance(user, User) and user.is_active and user.is_staff:
        target = reverse("admin:organizations_account_change", args=[view.account_id])
        words = f"You no longer see the pages of {view.account} as its customer: {_why(view)}."
        messages.info(request, words)
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": target})
    return redirect(target)


def _why(view: SupportView) -> str:
    words: dict[str, str] = {
        SupportView.Ending.TIME: f"the {support_views.LASTS.seconds // 60} minutes are over",
        SupportView.Ending.NOT_ALLOWED: "you may not any more",
        SupportView.Ending.BUTTON: "you ended it",
    }
    return words.get(view.ending, "it has ended")


def _is_customers_page(request: HttpRequest) -> bool:
    path = request.path_info
    return path.startswith(CUSTOMERS_PAGES) and not path.startswith(NO_PAGES)


def _open_view(request: HttpRequest) -> SupportView | None:
    """The session's view, as long as it lasts and whoever looks may do so still."""
    user = request.user
    if not isinstance(user, User) or not support_views.may_view(user):
        return None
    views = SupportView.objects.select_related("account__product")
    view = views.filter(pk=request.session[SESSION_KEY], staff=user).first()
    return view if view is not None and view.is_open(timezone.now()) else None


def _write_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")


def _streamed(content: Any) -> Iterator[bytes]:
    """The rest of a file that is made while it is sent, under the same rule."""
    with transaction.atomic():
        _write_nothing()
        yield from content
        transaction.set_rollback(True)
