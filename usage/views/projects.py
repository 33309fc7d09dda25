"""Projects: which are live and which in the sandbox, what each used, and the way from one mode to the other.

aitelier.md, 'Sandbox mode': the would-be cost is shown so that going live can be planned, and never counted with money.
Changing the mode asks first and says what changes; the question is a GET, only its answer is a POST.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.models import Hold, HoldStatus
from billing.templatetags.moments import month_name
from billing.templatetags.money import micro_width
from billing.views.notices import money_notices
from billing.views.payment_pages import SeeOther
from billing.views.roles import require_payer
from billing.views.shared_balance import sharing_services
from billing.views.shell import Frame, render_page
from organizations.models import Mode, Project
from organizations.services.projects import offers_sandbox, set_mode
from organizations.tenancy import Tenant, tenant_page
from usage.selectors.pages.projects import ProjectUsage, Used, sum_of, usage_by_project


@dataclass(frozen=True, slots=True)
class Line:
    """One project of the list; `may_change` is whether its reader may put it into the other mode."""

    project: Project
    month: Used
    may_change: bool


@require_safe
@tenant_page
def projects(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """Every project, or the one that the pages are narrowed to, with this month's usage."""
    frame = Frame(request, tenant)
    used = usage_by_project(account_id=tenant.account.id, today=frame.today)
    has_sandbox = offers_sandbox(tenant.product)
    chosen = (tenant.project,) if tenant.project else tenant.projects
    lines = [
        Line(each, used.get(each.pk, ProjectUsage()).month, frame.may_pay and (each.is_sandbox or has_sandbox))
        for each in chosen
    ]
    total = sum_of([line.month for line in lines])
    context = {
        "lines": lines,
        "total": total,
        "month": capfirst(month_name(frame.today)),
        "has_sandbox": has_sandbox,
        "services": sharing_services(tenant.product),
        "shows_simulated": has_sandbox or bool(total.simulated) or any(each.is_sandbox for each in chosen),
        "shows_actions": any(line.may_change for line in lines),
        "spent_micro": micro_width([total.spent, *(line.month.spent for line in lines)]),
        "simulated_micro": micro_width(line.month.simulated for line in lines),
    }
    return render_page(request, frame, "usage/projects.html", context, current="projects")


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def project_mode(request: HttpRequest, tenant: Tenant, project_id: int, mode: Mode) -> HttpResponse:
    """Ask, then put a project into the mode.

    Raises Http404 for another account's project, and for the sandbox where the product has none.
    """
    project = tenant.one(Project, pk=project_id)
    if mode == Mode.SANDBOX and not offers_sandbox(tenant.product):
        raise Http404
    require_payer(tenant)
    if request.method == "POST":
        changed = set_mode(account_id=tenant.account.id, project_id=project.pk, mode=mode, user_id=tenant.user.pk)
        messages.success(request, _outcome(project, mode, changed=changed))
        return SeeOther(reverse("projects"))
    if project.mode == mode:
        messages.success(request, _outcome(project, mode, changed=False))
        return SeeOther(reverse("projects"))
    return _ask(request, tenant, project, mode)


def _ask(request: HttpRequest, tenant: Tenant, project: Project, mode: Mode) -> HttpResponse:
    """Say what will change, with the last thirty days as the measure."""
    frame = Frame(request, tenant)
    used = usage_by_project(account_id=tenant.account.id, today=frame.today)
    holds = tenant.rows(Hold).filter(project=project, status=HoldStatus.ACTIVE, expires_at__gt=frame.now)
    context = {
        "project": project,
        "recent": used.get(project.pk, ProjectUsage()).recent,
        "in_progress": holds.filter(is_simulated=mode == Mode.LIVE).count(),  # those that end otherwise than they began
        "can_go_back": offers_sandbox(tenant.product),
        # In the sandbox the balance denies no call; from the first live one on it does.
        "notices": [each for each in money_notices(frame) if mode == Mode.LIVE and each not in frame.banners],
    }
    return render_page(request, frame, f"usage/projects/to_{mode.value}.html", context, current="projects")


def _outcome(project: Project, mode: Mode, *, changed: bool) -> str:
    name = {"name": project.name}
    if mode == Mode.LIVE:
        return (_("%(name)s is live. Its usage is charged from now on.") if changed else _("%(name)s is live.")) % name
    if changed:
        return _("%(name)s is in the sandbox. Its usage moves no money from now on.") % name
    return _("%(name)s is in the sandbox.") % name
