"""The calls: live without a reload, filtered, paged by key, and as CSV.

The newest page is live: its parts come anew when the poll of `billing.views.live` finds that something moved. Without
script it is as complete, only not live.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from billing.models import Grant, GrantKind
from billing.selectors.keyset import Page, read_all, read_page
from billing.templatetags.moments import DASH, day_short, in_place, local
from billing.templatetags.money import micro_width, money_text, number
from billing.views.export import csv_response
from billing.views.filters import Choice, Dates, read_choice, read_cursor, read_dates
from billing.views.shell import Frame, render_page
from organizations.tenancy import Tenant, tenant_page
from usage.models import RateCardVersion
from usage.models.event import EventType
from usage.selectors.pages.calls import (
    CallFilter,
    CallRow,
    call_streams,
    calls_in_progress,
    ways_used,
)
from usage.selectors.pages.spending import DaySpending, spending_by_day
from usage.views.words import CHANNELS, OTHER_USAGE, OUTCOMES, STATUSES, Text, word

PAGE_SIZE = 25
OUTCOME_PREFIX = "outcome:"
CSV_HEADER = """call_id started_at charged_on caller assistant channel direction type duration_seconds status outcome
project cost currency free simulated reversed"""


class CallQuery:
    """The page's GET parameters, read."""

    def __init__(self, params: QueryDict, frame: Frame, *, has_outcomes: bool) -> None:
        self.dates: Dates = read_dates(params, frame.today)
        channels: list[tuple[str, Text]] = [("", _("All channels")), *CHANNELS.items(), *OTHER_USAGE.items()]
        used = ways_used(frame.tenant.account.id)
        self.channel: Choice = read_choice(params, "channel", _("Channel"), channels).among(used)
        results: list[tuple[str, Text]] = [("", _("All results")), *STATUSES.items()]
        if has_outcomes:
            results += [(f"{OUTCOME_PREFIX}{code}", label) for code, label in OUTCOMES.items()]
        self.result: Choice = read_choice(params, "result", _("Result"), results)
        projects = [(str(project.id), project.name) for project in frame.tenant.projects]
        self.project: Choice = read_choice(params, "project", _("Project"), [("", _("All projects")), *projects])

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out that the reader could bring back."""
        return any(choice.is_set for choice in (self.dates.choice, self.channel, self.result, self.project))

    def filter_for(self, frame: Frame) -> CallFilter:
        """What the selectors take."""
        other = self.channel.value in OTHER_USAGE
        outcome = self.result.value.removeprefix(OUTCOME_PREFIX) if OUTCOME_PREFIX in self.result.value else ""
        return CallFilter(
            account_id=frame.tenant.account.id,
            wallet_id=frame.wallet.pk,
            types=(self.channel.value,) if other else (EventType.CALL.value,),
            channel="" if other else self.channel.value,
            result="" if outcome else self.result.value,
            outcome=outcome,
            project_id=frame.project_id,
            first=self.dates.first,
            last=self.dates.last,
        )


@require_safe
@tenant_page
def calls(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """A page of calls; the newest one is live."""
    frame = Frame(request, tenant)
    query = CallQuery(request.GET, frame, has_outcomes=_has_outcomes(tenant))
    context = {"query": query, "place": in_place(frame.zone), **_list_context(request, frame, query)}
    return render_page(request, frame, "usage/calls.html", context, current="calls")


@require_safe
@tenant_page
def calls_csv(request: HttpRequest, tenant: Tenant) -> StreamingHttpResponse | HttpResponse:
    """All calls that the filters let through, row by row."""
    frame = Frame(request, tenant)
    query = CallQuery(request.GET, frame, has_outcomes=True)
    if query.dates.errors:
        return HttpResponse(" ".join(query.dates.errors.values()), status=400, content_type="text/plain; charset=utf-8")
    rows = _csv_rows(frame, query.filter_for(frame))
    return csv_response(f"calls-{frame.today:%Y-%m-%d}.csv", CSV_HEADER.split(), rows)


def _has_outcomes(tenant: Tenant) -> bool:
    """Whether the product's calls resolve to outcomes, so that one can filter by them."""
    return RateCardVersion.objects.filter(
        card__product=tenant.product, derives_outcome=True, status=RateCardVersion.Status.PUBLISHED
    ).exists()


def _list_context(request: HttpRequest, frame: Frame, query: CallQuery) -> dict[str, Any]:
    """The figures of today, the calls in progress and the page of calls."""
    wanted = query.filter_for(frame)
    page: Page[CallRow] = Page([], None, None, PAGE_SIZE)
    before, after = read_cursor(request.GET, "before"), read_cursor(request.GET, "after")
    if not query.dates.errors:
        page = read_page(call_streams(wanted), size=PAGE_SIZE, before=before, after=after)
    is_first = page.newer is None and not query.dates.errors
    in_progress = calls_in_progress(wanted) if is_first and wanted.allows_in_progress(frame.today) else []
    today = spending_by_day(
        account_id=wanted.account_id, first=frame.today, last=frame.today, project_id=frame.project_id
    )
    return {
        "page": Page(page.rows, page.older, page.newer, page.size, _span(page.rows, frame)),
        "in_progress": in_progress,
        "is_live": is_first,
        "projects": {project.id: project.name for project in frame.tenant.projects},
        "micro": micro_width(
            [row.total for row in page.rows if row.total is not None] + [row.amount for row in in_progress]
        ),
        "today_spending": today.get(frame.today, DaySpending(frame.today)),
        "paid_from": _paid_from(frame),
        "live_words": _live_words(frame, page.rows, len(in_progress)) if is_first else "",
    }


def _paid_from(frame: Frame) -> str:
    """What the next call draws on first, in a word."""
    grant = (
        frame.tenant.rows(Grant)
        .filter(remaining__gt=0)
        .order_by("priority", "expires_at", "id")
        .values_list("kind", flat=True)
        .first()
    )
    words = {GrantKind.ALLOTMENT: _("Allotment"), GrantKind.PROMO: _("Promo"), GrantKind.PAID: _("Paid")}
    return str(words[GrantKind(grant)]) if grant else ""


def _in_progress_words(count: int) -> str:
    if not count:
        return _("No call in progress")
    return ngettext("%(n)s call in progress", "%(n)s calls in progress", count) % {"n": number(count)}


def _live_words(frame: Frame, rows: list[CallRow], in_progress: int) -> str:
    """What a listener is told whenever the list changes: the newest call that was charged, and how many go on."""
    words = [_in_progress_words(in_progress)]
    newest = next((row for row in rows if row.total is not None), None)
    if newest is not None and newest.total is not None:
        amount = money_text(newest.total, frame.balance.currency)
        if newest.is_simulated:
            amount = _("%(simulated_words)s simulated") % {"simulated_words": amount}
        words.insert(0, _("Last call: %(caller)s, %(amount)s") % {"caller": newest.title, "amount": amount})
    return ". ".join(words)


def _csv_rows(frame: Frame, wanted: CallFilter) -> Iterator[list[object]]:
    projects = {project.id: project.external_id for project in frame.tenant.projects}
    for row in read_all(call_streams(wanted)):
        yield [
            row.call_id,
            local(row.started_at, frame.zone).isoformat(timespec="seconds"),
            f"{row.day:%Y-%m-%d}",
            row.caller,
            row.assistant,
            row.channel,
            row.direction,
            row.event_type,
            f"{row.seconds.normalize():f}",
            row.call_status,
            row.outcome,
            projects.get(row.project_id, ""),
            "" if row.total is None else f"{row.total:f}",
            frame.balance.currency,
            "yes" if row.free_code else "no",
            "yes" if row.is_simulated else "no",
            "yes" if row.is_void else "no",
        ]


def _span(rows: list[CallRow], frame: Frame) -> str:
    """The times a page covers."""
    if not rows:
        return ""
    first, last = local(rows[-1].started_at, frame.zone), local(rows[0].started_at, frame.zone)
    if first.date() == last.date():
        return f"{day_short(last.date())}, {last:%H:%M} {DASH} {first:%H:%M}"
    return f"{day_short(last.date())}, {last:%H:%M} {DASH} {day_short(first.date())}, {first:%H:%M}"


def result_words(row: CallRow) -> tuple[str, str]:
    """How a call ended, in a word, and the tone it is said in."""
    label = word(OUTCOMES, row.outcome) if row.outcome else word(STATUSES, row.call_status) if row.call_status else ""
    if row.is_void:
        return _("Reversed"), "quiet"
    if row.free_code:
        return (_("%(result)s, free") % {"result": label} if label else _("Free")), "quiet"
    return label or _("Charged"), "plain"
