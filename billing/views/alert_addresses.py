"""Further addresses of an account's alerts: added, asked again and removed on the limits page, confirmed by a letter.

Owners and billing members keep them. Whoever holds the letter's link confirms, signed in or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from billing.views.limits import show_limits
from billing.views.limits_form import form_of
from billing.views.payment_pages import SeeOther
from billing.views.roles import require_payer
from billing.views.shell import Frame
from notifications.models import AlertAddress
from notifications.services import addresses
from notifications.services.addresses import LinkUnusableError
from organizations.tenancy import Tenant, tenant_page

TYPED_MAX = 320
ANCHOR = "#addresses"


@require_POST
@tenant_page
def alert_address_add(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """Ask one more address; the limits page again where it cannot be one."""
    require_payer(tenant)
    typed = request.POST.get("email", "")[:TYPED_MAX]
    try:
        address = addresses.add(account_id=tenant.account.pk, email=typed, user=tenant.user)
    except ValidationError as error:
        frame = Frame(request, tenant)
        refused = {"typed": typed, "error": " ".join(error.messages)}
        return show_limits(request, frame, form_of(frame.wallet), status=422, **refused)
    words = _("A letter is on its way to %(email)s. Alerts go there once its link is opened.")
    messages.success(request, words % {"email": address.email})
    return SeeOther(reverse("limits") + ANCHOR)


@require_POST
@tenant_page
def alert_address_resend(request: HttpRequest, tenant: Tenant, address_id: int) -> HttpResponse:
    """Ask again; the link before ends. Raises Http404 for another account's, and for one that gets the alerts."""
    tenant.one(AlertAddress, pk=address_id)
    require_payer(tenant)
    try:
        with _found():
            address = addresses.ask_again(account_id=tenant.account.pk, address_id=address_id, user=tenant.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        words = _("A new link is on its way to %(email)s. The one before it no longer works.")
        messages.success(request, words % {"email": address.email})
    return SeeOther(reverse("limits") + ANCHOR)


@require_POST
@tenant_page
def alert_address_remove(request: HttpRequest, tenant: Tenant, address_id: int) -> HttpResponse:
    """Take an address out. Raises Http404 for another account's."""
    tenant.one(AlertAddress, pk=address_id)
    require_payer(tenant)
    with _found():
        email = addresses.remove(account_id=tenant.account.pk, address_id=address_id, user=tenant.user)
    messages.success(request, _("%(email)s gets no alerts any more.") % {"email": email})
    return SeeOther(reverse("limits") + ANCHOR)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def alert_address_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """What the letter's link opens: asks, and confirms by POST, because mail programs open links by themselves."""
    try:
        address = addresses.confirm(token=token) if request.method == "POST" else addresses.address_of(token)
    except LinkUnusableError:
        return render(request, "billing/alert_address_unusable.html", status=404)
    product = address.account.product
    context = {"address": address, "account": address.account, "product": product, "accent": product.accent}
    return render(request, "billing/alert_address.html", context)


@contextmanager
def _found() -> Iterator[None]:
    """Raises Http404 for what was there a moment ago."""
    try:
        yield
    except AlertAddress.DoesNotExist as error:
        raise Http404 from error
