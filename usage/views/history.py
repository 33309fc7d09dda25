"""Every movement of the wallet: by day or one by one, filtered, paged by key, and as CSV.

Where there is a sandbox its charges stand among them, marked (aitelier.md, 'Sandbox mode': "All charges are clearly
marked is_simulated in the billing history"), and can be hidden.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.models import TransactionKind
from billing.selectors.keyset import Page, read_all, read_page
from billing.templatetags.moments import DASH, day_short, day_year, in_place, local
from billing.templatetags.money import micro_width
from billing.views.export import csv_response
from billing.views.filters import Choice, Dates, read_choice, read_cursor, read_dates
from billing.views.shell import Frame, render_page
from organizations.services.projects import offers_sandbox
from organizations.tenancy import Tenant, tenant_page
from usage.selectors.pages.history import HistoryFilter, HistoryRow, history_streams, kinds_used
from usage.views.history_lines import history_lines, papers_of

PAGE_SIZE = 25
CSV_HEADER = """number first_number date time timezone type description reason project count amount currency status
balance_after simulated"""


class HistoryQuery:
    """The page's GET parameters, read."""

    def __init__(self, params: QueryDict, frame: Frame) -> None:
        projects = frame.tenant.projects
        self.view: Choice = read_choice(params, "view", _("Show"), [("", _("Usage by day")), ("each", _("One by one"))])
        kinds = [(kind.value, str(kind.label)) for kind in TransactionKind]
        used = kinds_used(wallet_id=frame.wallet.pk, account_id=frame.tenant.account.id)
        self.kind: Choice = read_choice(params, "type", _("Type"), [("", _("All types")), *kinds]).among(used)
        self.project: Choice = read_choice(
            params,
            "project",
            _("Project"),
            [("", _("All projects")), *[(str(project.id), project.name) for project in projects]],
        )
        self.dates: Dates = read_dates(params, frame.today)
        self.has_sandbox = offers_sandbox(frame.tenant.product) or any(project.is_sandbox for project in projects)
        self.simulated: Choice = read_choice(
            params, "simulated", _("Simulated"), [("", _("Shown")), ("hidden", _("Hidden"))]
        )

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out that the reader could bring back."""
        return any(choice.is_set for choice in (self.kind, self.project, self.dates.choice, self.simulated))

    def filter_for(self, frame: Frame) -> HistoryFilter:
        """What the selectors take."""
        return HistoryFilter(
            wallet_id=frame.wallet.pk,
            account_id=frame.tenant.account.id,
            zone=frame.zone,
            by_day=not self.view.is_set,
            kind=self.kind.value,
            project_id=frame.project_id,
            first=self.dates.first,
            last=self.dates.last,
            with_simulated=self.has_sandbox and not self.simulated.is_set,
        )


@require_safe
@tenant_page
def history(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """A page of movements."""
    frame = Frame(request, tenant)
    query = HistoryQuery(request.GET, frame)
    page: Page[HistoryRow] = Page([], None, None, PAGE_SIZE)
    if not query.dates.errors:
        page = read_page(
            history_streams(query.filter_for(frame)),
            size=PAGE_SIZE,
            before=read_cursor(request.GET, "before"),
            after=read_cursor(request.GET, "after"),
        )
    lines = history_lines(frame, page.rows, by_day=not query.view.is_set, papers=papers_of(frame, page.rows))
    context = {
        "place": in_place(frame.zone),
        "query": query,
        "lines": lines,
        "page": Page(page.rows, page.older, page.newer, page.size, _span(page.rows)),
        "amount_micro": micro_width(row.amount for row in page.rows),
        "balance_micro": micro_width(row.balance_after for row in page.rows if row.balance_after is not None),
        "is_paged": "before" in request.GET or "after" in request.GET,
    }
    return render_page(request, frame, "usage/history.html", context, current="history")


@require_safe
@tenant_page
def history_csv(request: HttpRequest, tenant: Tenant) -> StreamingHttpResponse | HttpResponse:
    """All movements that the filters let through, row by row."""
    frame = Frame(request, tenant)
    query = HistoryQuery(request.GET, frame)
    if query.dates.errors:
        return HttpResponse(" ".join(query.dates.errors.values()), status=400, content_type="text/plain; charset=utf-8")
    wanted = query.filter_for(frame)
    return csv_response(f"history-{frame.today:%Y-%m-%d}.csv", CSV_HEADER.split(), _csv_rows(frame, wanted))


def _csv_rows(frame: Frame, wanted: HistoryFilter) -> Iterator[list[object]]:
    projects = {project.id: project.external_id for project in frame.tenant.projects}
    for row in read_all(history_streams(wanted)):
        (line,) = history_lines(frame, [row], by_day=wanted.by_day)
        here = local(row.at, frame.zone)
        yield [
            row.number or "",
            row.first_number or "",
            f"{row.day:%Y-%m-%d}",
            "" if row.is_simulated and wanted.by_day else f"{here:%H:%M:%S}",
            frame.zone.key,
            row.kind,
            line.title,
            row.reason,
            projects.get(row.project_id or 0, ""),
            row.count,
            f"{row.amount:f}",
            frame.balance.currency,
            row.status,
            "" if row.balance_after is None else f"{row.balance_after:f}",
            "yes" if row.is_simulated else "no",
        ]


def _span(rows: list[HistoryRow]) -> str:
    """The days a page covers, oldest first."""
    if not rows:
        return ""
    first, last = rows[-1].day, rows[0].day
    if first == last:
        return day_year(first)
    return f"{day_short(first) if first.year == last.year else day_year(first)} {DASH} {day_year(last)}"
