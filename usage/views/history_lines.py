"""The history's rows in words: what a line says, where it leads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from billing.models import TransactionKind
from billing.models.ledger import USAGE_KINDS
from billing.selectors.documents import Paper, Papers, papers_beside
from billing.templatetags.moments import DASH
from billing.templatetags.money import number
from billing.templatetags.stored import said
from billing.views.shell import Frame
from usage.selectors.pages.history_row import ERROR, PROCESSING, SUCCESSFUL, HistoryRow

USAGE = {kind.value for kind in USAGE_KINDS}
REFUND_KINDS = {TransactionKind.REFUND.value, TransactionKind.REFUND_BACK.value}
STATUSES = {
    SUCCESSFUL: (lazy("Successful"), "good"),
    PROCESSING: (lazy("Processing"), "warn"),
    ERROR: (lazy("Error"), "bad"),
}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A row as it is shown; `href` leads to its details where there are any, `paper` is the document of it."""

    row: HistoryRow
    title: str
    note: str
    href: str
    go: str
    numbers: str
    paper: Paper | None = None

    @property
    def status(self) -> str:
        """Successful, Processing or Error (aipbx.md, 'Payment history')."""
        return str(_("Simulated") if self.row.is_simulated else STATUSES[self.row.status][0])

    @property
    def tone(self) -> str:
        """How the status is shown."""
        return "sim" if self.row.is_simulated else STATUSES[self.row.status][1]

    @property
    def css(self) -> str:
        """How the amount is shown: struck out when it did not move, green when it came."""
        if self.row.is_simulated:
            return "simulated"
        if self.row.status == ERROR:
            return "void"
        return "in" if self.row.amount > 0 and self.row.status == SUCCESSFUL else ""


def history_lines(
    frame: Frame, rows: Iterable[HistoryRow], *, by_day: bool = True, papers: Papers | None = None
) -> list[HistoryLine]:
    """The rows of a page in words, with the documents of them."""
    projects = {project.id: project.name for project in frame.tenant.projects}
    return [_line(frame, row, projects, papers or Papers(), by_day=by_day) for row in rows]


def papers_of(frame: Frame, rows: Sequence[HistoryRow]) -> Papers:
    """The documents of a page's rows: receipts of payments, invoices of top-ups in flight, credit notes of refunds."""
    return papers_beside(
        wallet_id=frame.wallet.pk,
        numbers=[row.number for row in rows if row.number and row.reference.startswith("payment:")],
        top_ups=[row.top_up for row in rows if row.top_up and row.number is None],
        refunds=[refund for row in rows if (refund := _refund_of(row)) is not None],
    )


def _refund_of(row: HistoryRow) -> int | None:
    kind, _colon, rest = row.reference.partition(":")
    return int(rest) if kind == "refund" and rest.isdigit() else None


def _paper(row: HistoryRow, papers: Papers) -> Paper | None:
    """The document that stands for a row, if there is one."""
    if row.number is None and row.top_up is not None:
        return papers.invoices.get(row.top_up)
    refund = _refund_of(row)
    return papers.receipts.get(row.number or 0) if refund is None else papers.credit_notes.get(refund)


def _line(frame: Frame, row: HistoryRow, projects: dict[int, str], papers: Papers, *, by_day: bool) -> HistoryLine:
    is_group = by_day and row.kind in USAGE
    href, go = "", ""
    if is_group and row.kind == TransactionKind.CALL:
        href, go = frame.link("calls", when=f"{row.day:%Y-%m-%d}"), _("Calls")
    elif is_group:
        href, go = frame.link("history", view="each", type=row.kind, when=f"{row.day:%Y-%m-%d}"), _("One by one")
    elif row.event_id is not None:
        href, go = reverse("call", args=[row.event_id]), _("Details")
    elif row.top_up is not None:
        href, go = reverse("top_up_result", args=[row.top_up]), _("Details")
    elif row.kind in REFUND_KINDS:
        href, go = frame.link("refund"), _("Refunds")
    project = projects.get(row.project_id or 0, "") if len(projects) > 1 else ""
    reason = said(row.reason)
    if row.kind == TransactionKind.DISPUTE and reason:
        reason = _("The reason given to the bank: %(reason)s") % {"reason": reason.replace("_", " ")}
    note = " · ".join(part for part in (reason, project) if part)
    title, paper = (group_title(row), None) if is_group else (single_title(row), _paper(row, papers))
    return HistoryLine(row, title, note, href, go, numbers_of(row), paper)


def group_title(row: HistoryRow) -> str:
    """What a day's usage of one kind is called: "31 calls"."""
    words: dict[str, Any] = {
        TransactionKind.CALL: lambda n: ngettext("%(n)s call", "%(n)s calls", n),
        TransactionKind.CHAT: lambda n: ngettext("Chat, %(n)s charge", "Chat, %(n)s charges", n),
        TransactionKind.CRAWL: lambda n: ngettext("%(n)s crawl", "%(n)s crawls", n),
        TransactionKind.LLM: lambda n: ngettext("%(n)s LLM request", "%(n)s LLM requests", n),
    }
    return str(words[row.kind](row.count) % {"n": number(row.count)})


def single_title(row: HistoryRow) -> str:
    """What one transaction is called."""
    if row.description:
        return said(row.description)
    singles = {
        TransactionKind.CALL: _("Call"),
        TransactionKind.CHAT: _("Chat"),
        TransactionKind.CRAWL: _("Crawl"),
        TransactionKind.LLM: _("LLM request"),
    }
    return str(singles.get(TransactionKind(row.kind), row.kind_label))


def numbers_of(row: HistoryRow) -> str:
    """The transaction's number; for a day's row where its numbers begin and end."""
    if row.number is None:
        return "—"
    if row.first_number is None or row.first_number == row.number:
        return number(row.number)
    return f"{number(row.first_number)}{DASH}{number(row.number)}"
