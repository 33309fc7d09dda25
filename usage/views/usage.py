"""The usage page: what the calls of a period cost, by what, how that compares, and the same as a file.

aitelier.md, 'Reading the bill': per project, calls by outcome and tier, overage minutes, crawler hours, chat tokens, a
30-day trend. Every figure comes from the roll-ups that the charge's own transaction keeps, read in one statement, so
that the parts add up to what the ledger says was spent. What was simulated has a page of its own and is in no sum.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.templatetags.moments import day_span, in_place
from billing.templatetags.money import micro_width
from billing.views.export import csv_response
from billing.views.filters import Choice, Dates, Text, read_choice
from billing.views.shell import Frame, render_page
from organizations.tenancy import Tenant, tenant_page
from usage.selectors.pages.usage import UsageReport, daily_components, usage_report, used_between
from usage.selectors.pages.usage_card import account_rates
from usage.views.chart import chart_context
from usage.views.chart_slots import chart_slots, step_of
from usage.views.usage_breakdown import sections_of
from usage.views.usage_csv import CSV_HEADER, csv_rows
from usage.views.usage_figures import Totals, figures_of
from usage.views.usage_matrix import matrix_of
from usage.views.usage_parts import channel_lines, project_lines
from usage.views.usage_period import DAYS_MAX, ONE_DAY, Period, read_period

SIMULATED = "simulated"


class UsageQuery:
    """The page's GET parameters, read."""

    def __init__(self, params: QueryDict, frame: Frame) -> None:
        self.dates: Dates
        self.period: Period | None
        self.dates, self.period = read_period(params, frame.today)
        projects: list[tuple[str, Text]] = [("", _("All projects"))]
        projects += [(str(project.id), project.name) for project in frame.tenant.projects]
        self.project: Choice = read_choice(params, "project", _("Project"), projects)
        shown: list[tuple[str, Text]] = [("", _("Charged")), (SIMULATED, _("Simulated"))]
        self.show: Choice = read_choice(params, "show", _("Show"), shown)


@require_safe
@tenant_page
def usage(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """A period's usage beside the one before."""
    frame = Frame(request, tenant)
    query = UsageQuery(request.GET, frame)
    context: dict[str, Any] = {"query": query, "place": in_place(frame.zone)}
    if query.period is None:
        return render_page(request, frame, "usage/usage.html", context, current="usage")
    period = query.period
    report = usage_report(
        account_id=tenant.account.pk,
        span=(period.first, period.last),
        before=(period.before_first, period.before_last),
        project_id=frame.project_id,
    )
    if report.has(simulated=False) or report.has(simulated=True):
        context |= _report_context(frame, query, period, report)
    else:
        context["elsewhere"] = _elsewhere(frame)
    return render_page(request, frame, "usage/usage.html", context, current="usage")


@require_safe
@tenant_page
def usage_csv(request: HttpRequest, tenant: Tenant) -> StreamingHttpResponse | HttpResponse:
    """The roll-up of the period, row by row, the simulated rows marked."""
    frame = Frame(request, tenant)
    query = UsageQuery(request.GET, frame)
    if query.period is None:
        return HttpResponse(" ".join(query.dates.errors.values()), status=400, content_type="text/plain; charset=utf-8")
    first, last = query.period.first, query.period.last
    rows = csv_rows(
        daily_components(tenant, first=first, last=last),
        projects={project.pk: project.external_id for project in tenant.projects},
        rates=account_rates(tenant.account, frame.now),
        shows_costs=tenant.product.shows_costs,
    )
    return csv_response(f"usage-{first:%Y-%m-%d}-{last:%Y-%m-%d}.csv", CSV_HEADER.split(), rows)


def _report_context(frame: Frame, query: UsageQuery, period: Period, report: UsageReport) -> dict[str, Any]:
    """Everything below the head. Where nothing was charged, what was simulated is shown unasked."""
    simulated = query.show.value == SIMULATED or not report.has(simulated=False)
    currency = frame.balance.currency
    rates = account_rates(frame.tenant.account, frame.now)
    sums = report.of(simulated=simulated)
    lines = [line for line in report.components if line.is_simulated == simulated]
    matrix = matrix_of(sums, lines, rates, currency=currency)
    in_matrix = rates.by_ending if matrix else frozenset()
    rest = [line for line in lines if not (line.is_call and line.component in in_matrix)]
    sections = sections_of(rest, rates, currency=currency, shows_costs=frame.tenant.product.shows_costs)
    now = Totals.of(sums)
    projects = project_lines((each for each in report.projects if not each.is_simulated), frame.tenant.projects)
    pilots = project_lines((each for each in report.projects if each.is_simulated), frame.tenant.projects)
    channels = channel_lines(sums)
    step = step_of(period.first, period.last)
    slots = chart_slots(frame, report.days, first=period.first, last=period.last, link=partial(_link, frame))
    return {
        "is_simulated": simulated,
        "has_both": report.has(simulated=True) and report.has(simulated=False),
        "figures": figures_of(
            now,
            Totals.of(report.of(simulated=simulated, current=False)),
            overage_minutes=rates.overage_minutes(lines),
            currency=currency,
            simulated=simulated,
        ),
        "total": now.spent,
        "matrix": matrix,
        "matrix_micro": micro_width(matrix.amounts) if matrix else 0,
        "sections": sections,
        "sections_micro": micro_width([now.spent, *(item.amount for each in sections for item in each.items)]),
        "is_rounded": any(item.is_rounded for each in sections for item in each.items),
        "channels": channels,
        "channels_calls": now.calls,
        "channels_micro": micro_width([now.spent, *(line.spent for line in channels)]),
        "projects": projects,
        "projects_micro": micro_width(line.spent for line in projects),
        "pilots": pilots,
        "may_go_live": frame.may_pay,
        **chart_context(frame, slots, step=step),
    }


def _link(frame: Frame, first: date, last: date) -> str:
    """This page, narrowed to some of its days."""
    return frame.link("usage", when="other", **{"from": first, "to": last})


def _elsewhere(frame: Frame) -> dict[str, str]:
    """The days that have usage, for a period that has none; empty for an account that never had any."""
    bounds = used_between(account_id=frame.tenant.account.pk, project_id=frame.project_id)
    if bounds is None:
        return {}
    last = min(bounds[1], frame.today)
    first = max(bounds[0], last - (DAYS_MAX - 1) * ONE_DAY)
    return {"days": day_span(first, last, year=True), "href": _link(frame, first, last)}
