"""Members and invitations. Every member sees who else is one; owners invite, change roles and remove."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.services.invitations import invite_member, resend_invitation
from billing.views.payment_pages import SeeOther
from billing.views.refusals import refusals
from billing.views.roles import is_owner, require_owner
from billing.views.shell import Frame, render_page
from organizations.models import Invitation, Membership, Role
from organizations.selectors.members import members_of, pending_invitations
from organizations.services import invitations
from organizations.services import members as service
from organizations.services.members import ROLE_WORDS
from organizations.tenancy import Tenant, tenant_page

PAGE = "settings"
TYPED_MAX = 320


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def members(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The members and who is invited; POST invites somebody."""
    if request.method != "POST":
        return _show(request, tenant, {"email": "", "role": Role.VIEWER.value})
    require_owner(tenant)
    typed = {"email": request.POST.get("email", "")[:TYPED_MAX], "role": request.POST.get("role", "")}
    role = _role(typed["role"])
    if role is None:
        return _show(request, tenant, typed, {"role": _("Choose what the person may do.")})
    try:
        invitation = invite_member(account_id=tenant.account.pk, email=typed["email"], role=role, user=tenant.user)
    except ValidationError as error:
        return _show(request, tenant, typed, refusals(error, otherwise="email"))
    messages.success(request, _("%(email)s is invited. The letter is on its way.") % {"email": invitation.email})
    return SeeOther(reverse("members"))


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def member(request: HttpRequest, tenant: Tenant, membership_id: int) -> HttpResponse:
    """One member's role; POST changes it. Raises Http404 for another account's."""
    membership = tenant.one(Membership, pk=membership_id)
    require_owner(tenant)
    error = ""
    if request.method == "POST":
        role = _role(request.POST.get("role", ""))
        try:
            if role is None:
                raise ValidationError(_("Choose what the person may do."))
            with _found():
                service.change_role(
                    account_id=tenant.account.pk, membership_id=membership_id, role=role, user_id=tenant.user.pk
                )
        except ValidationError as refusal:
            error = " ".join(refusal.messages)
        else:
            words = {"person": membership.user.get_full_name(), "role": role.label}
            messages.success(request, _("Saved. %(person)s: %(role)s.") % words)
            return SeeOther(reverse("members"))
    context = {
        "membership": membership,
        "roles": list(ROLE_WORDS.items()),
        "error": error,
        "is_last_owner": service.is_last_owner(membership),
        "section": "members",
    }
    template = "billing/members/member.html"
    return render_page(request, Frame(request, tenant), template, context, current=PAGE, status=422 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def member_remove(request: HttpRequest, tenant: Tenant, membership_id: int) -> HttpResponse:
    """Ask, then take the place away. Raises Http404 for another account's member."""
    membership = tenant.one(Membership, pk=membership_id)
    require_owner(tenant)
    if request.method != "POST":
        return _ask(request, tenant, membership)
    if membership.user_id == tenant.user.pk:
        return _leave(request, tenant)
    try:
        with _found():
            service.remove(account_id=tenant.account.pk, membership_id=membership_id, user_id=tenant.user.pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return SeeOther(reverse("members"))
    words = {"person": membership.user.get_full_name()}
    messages.success(request, _("%(person)s is no member any more.") % words)
    return SeeOther(reverse("members"))


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def members_leave(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """Ask, then give up one's own place; another account is looked at from then on."""
    if request.method != "POST":
        return _ask(request, tenant, tenant.one(Membership, user=tenant.user))
    return _leave(request, tenant)


@require_POST
@tenant_page
def invitation_resend(request: HttpRequest, tenant: Tenant, invitation_id: int) -> HttpResponse:
    """Send a new link; the one before it ends. Raises Http404 for another account's invitation."""
    tenant.one(Invitation, pk=invitation_id, accepted_at=None)
    require_owner(tenant)
    try:
        with _found():
            invitation = resend_invitation(account_id=tenant.account.pk, invitation_id=invitation_id, user=tenant.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        words = _("A new link is on its way to %(email)s. The one before it no longer works.")
        messages.success(request, words % {"email": invitation.email})
    return SeeOther(reverse("members"))


@require_POST
@tenant_page
def invitation_revoke(request: HttpRequest, tenant: Tenant, invitation_id: int) -> HttpResponse:
    """Take an invitation back. Raises Http404 for another account's."""
    tenant.one(Invitation, pk=invitation_id, accepted_at=None)
    require_owner(tenant)
    with _found():
        email = invitations.revoke(account_id=tenant.account.pk, invitation_id=invitation_id, user_id=tenant.user.pk)
    messages.success(request, _("The invitation of %(email)s is taken back.") % {"email": email})
    return SeeOther(reverse("members"))


def _leave(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    try:
        with _found():
            service.leave(account_id=tenant.account.pk, user_id=tenant.user.pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return SeeOther(reverse("members"))
    messages.success(request, _("You have left %(account)s.") % {"account": tenant.account})
    return SeeOther(reverse("overview"))


@contextmanager
def _found() -> Iterator[None]:
    """Raises Http404 for what was there a moment ago: removed, taken back or accepted in between."""
    try:
        yield
    except (Membership.DoesNotExist, Invitation.DoesNotExist) as error:
        raise Http404 from error


def _role(name: str) -> Role | None:
    return Role(name) if name in Role.values else None


def _ask(request: HttpRequest, tenant: Tenant, membership: Membership) -> HttpResponse:
    context = {
        "membership": membership,
        "is_self": membership.user_id == tenant.user.pk,
        "is_last_owner": service.is_last_owner(membership),
        "section": "members",
    }
    return render_page(request, Frame(request, tenant), "billing/members/remove.html", context, current=PAGE)


def _show(
    request: HttpRequest, tenant: Tenant, typed: dict[str, str], errors: dict[str, str] | None = None
) -> HttpResponse:
    now = timezone.now()
    context: dict[str, Any] = {
        "members": members_of(tenant.account.pk),
        "invitations": [(each, each.expires_at <= now) for each in pending_invitations(tenant.account.pk)],
        "roles": list(ROLE_WORDS.items()),
        "is_owner": is_owner(tenant),
        "typed": typed,
        "errors": errors or {},
        "section": "members",
    }
    status = 422 if errors else 200
    return render_page(request, Frame(request, tenant), "billing/members.html", context, current=PAGE, status=status)
