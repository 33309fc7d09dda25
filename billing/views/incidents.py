"""Putting an incident's banner away: for every member of the account, until a new failure opens a new one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from billing.views.roles import require_payer
from notifications.models import Incident
from notifications.services.incidents import dismiss
from organizations.tenancy import Tenant, tenant_page


@require_POST
@tenant_page
def incident_dismiss(request: HttpRequest, tenant: Tenant, incident_id: int) -> HttpResponse:
    """Dismiss one incident and go back to the page it was read on. Raises Http404 for another account's."""
    incident = tenant.one(Incident, pk=incident_id)
    require_payer(tenant)
    dismiss(incident=incident, user=tenant.user)
    return redirect(page_before(request))


def page_before(request: HttpRequest) -> str:
    """The page of this site that a form was sent from, the overview where that is not known."""
    before = request.POST.get("next") or request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(before, {request.get_host()}, require_https=request.is_secure())
    return before if is_ours else "overview"
