"""Organizations: the legal entities that documents are issued to (aipbx.md, 'Organizations').

Owners and billing members add, change and remove them; viewers see the list. A choice of country shows the form again
with that country's words before anything is saved.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.models import Document
from billing.selectors.vat_checks import last_checks
from billing.views.organizations_form import OrganizationForm, labels_of, read_details
from billing.views.payment_pages import SeeOther
from billing.views.refusals import refusals
from billing.views.roles import require_payer
from billing.views.shell import Frame, render_page
from billing.views.tax_words import check_note
from organizations.models import Organization
from organizations.services import organizations as service
from organizations.services.organizations import Check, Details
from organizations.tenancy import Tenant, tenant_page

PAGE = "organizations"
FROM_TOP_UP = "top_up"  # where a reader goes on who came from there


@require_http_methods(["GET", "HEAD"])
@tenant_page
def organizations(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The account's organizations, the default first."""
    documents = Document.objects.filter(organization=OuterRef("pk"))
    frame, own = Frame(request, tenant), list(tenant.rows(Organization).annotate(has_documents=Exists(documents)))
    checks = last_checks(own)
    rows = [(each, labels_of(each.country)["tax_id"], check_note(checks.get(each.pk), frame.zone)) for each in own]
    return render_page(request, frame, "billing/organizations.html", {"rows": rows}, current=PAGE)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def organization_add(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The form of a new organization; POST adds it."""
    require_payer(tenant)
    frame = Frame(request, tenant)
    if request.method != "POST":
        return _show(request, frame, OrganizationForm(Details(country=tenant.account.country)))
    return _save(request, frame, None)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def organization_edit(request: HttpRequest, tenant: Tenant, organization_id: int) -> HttpResponse:
    """The form of an organization; POST changes it. Raises Http404 for another account's."""
    organization = tenant.one(Organization, pk=organization_id)
    require_payer(tenant)
    frame = Frame(request, tenant)
    if request.method != "POST":
        return _show(request, frame, OrganizationForm(service.details_of(organization)), organization)
    return _save(request, frame, organization)


@require_POST
@tenant_page
def organization_default(request: HttpRequest, tenant: Tenant, organization_id: int) -> HttpResponse:
    """Choose this one first when somebody pays. Raises Http404 for another account's."""
    organization = tenant.one(Organization, pk=organization_id)
    require_payer(tenant)
    service.make_default(account_id=tenant.account.pk, organization_id=organization.pk, user_id=tenant.user.pk)
    messages.success(request, _("Saved. %(name)s is the default now.") % {"name": organization})
    return SeeOther(reverse(PAGE))


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def organization_remove(request: HttpRequest, tenant: Tenant, organization_id: int) -> HttpResponse:
    """Ask, then remove; one that payments name is kept, and the page says so. Raises Http404 for another account's."""
    organization = tenant.one(Organization, pk=organization_id)
    require_payer(tenant)
    if request.method != "POST":
        others = tenant.rows(Organization).exclude(pk=organization.pk).order_by("id")
        context = {
            "organization": organization,
            "is_in_use": service.is_in_use(organization),
            "heir": others.first() if organization.is_default else None,
        }
        return render_page(request, Frame(request, tenant), "billing/organizations/remove.html", context, current=PAGE)
    try:
        service.remove(account_id=tenant.account.pk, organization_id=organization.pk, user_id=tenant.user.pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return SeeOther(reverse(PAGE))
    messages.success(request, _("%(name)s is removed.") % {"name": organization})
    return SeeOther(reverse(PAGE))


def _save(request: HttpRequest, frame: Frame, organization: Organization | None) -> HttpResponse:
    account_id, sent = frame.tenant.account.pk, request.POST
    if "relabel" in sent:
        return _show(request, frame, OrganizationForm(read_details(sent)), organization)
    found = service.check(account_id=account_id, details=read_details(sent), organization=organization)
    form = OrganizationForm(found.details, found)
    if found.errors:
        return _show(request, frame, form, organization, status=422)
    if found.warnings and sent.get("accepted", "") != form.accepted:
        return _show(request, frame, form, organization)
    user_id = frame.tenant.user.pk
    try:
        if organization is None:
            saved = service.add(account_id=account_id, details=found.details, user_id=user_id)
        else:
            saved = service.change(
                account_id=account_id, organization_id=organization.pk, details=found.details, user_id=user_id
            )
    except ValidationError as error:
        form.found = Check(found.details, refusals(error, otherwise="name"))
        return _show(request, frame, form, organization, status=422)
    if organization is None:
        messages.success(request, _("%(name)s is added.") % {"name": saved})
    else:
        messages.success(request, _("Saved. Documents from now on name %(name)s as it is now.") % {"name": saved})
    if sent.get("back") == FROM_TOP_UP and frame.terms is not None:
        return SeeOther(frame.link(FROM_TOP_UP, organization=saved.pk))
    return SeeOther(frame.link(PAGE))


def _show(
    request: HttpRequest,
    frame: Frame,
    form: OrganizationForm,
    organization: Organization | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "fields": form.fields,
        "organization": organization,
        "back": FROM_TOP_UP if FROM_TOP_UP in (request.GET.get("back"), request.POST.get("back")) else "",
    }
    return render_page(request, frame, "billing/organizations/form.html", context, current=PAGE, status=status)
