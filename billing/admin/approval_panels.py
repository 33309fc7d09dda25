"""What waits for a second person, as a panel of wallets and accounts, a row before asking, and words after it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from billing.models import Approval, ApprovalStatus, BillingPeriod, Document, Wallet
from billing.models.approval import CREDIT_NOTE
from billing.services.alone import needs_second
from organizations.admin.amounts import amount_text, money_html
from organizations.admin.panels import Column, Panel, link, list_url, moment

SHOWN = 10
COUNTED = 100


def waiting_panels(wallet: Wallet, *, but: int = 0) -> list[Panel]:
    """The requests of the wallet that wait, but for one; no panel when none does."""
    waiting = Approval.objects.filter(wallet=wallet, status=ApprovalStatus.REQUESTED).exclude(pk=but)
    found = waiting.select_related("asked_by").order_by("-id")[:SHOWN]
    rows = [
        (link(one, one.get_kind_display()), moment(one.asked_at), one.asked_by, one.reason,
         money_html(one.amount, signed=True))
        for one in found
    ]  # fmt: skip
    if not rows:
        return []
    columns = (Column("What"), Column("Asked (UTC)"), Column("By"), Column("Reason"), Column("Amount", True))
    more = list_url(Approval, wallet__id__exact=wallet.pk)
    note = "Nothing of it has moved yet."
    return [Panel("Waits for a second person", columns, rows, note=note, more_url=more, is_wide=True, rank=-1)]


def second_person_rows(
    wallet: Wallet, *, actor_id: int, amount: Decimal, is_refund: bool = False
) -> list[tuple[str, Any]]:
    """A row for the confirmation that says that this will wait; none where one person may do it alone."""
    now = timezone.now()
    limit = needs_second(wallet_id=wallet.pk, actor_id=actor_id, amount=amount, is_refund=is_refund, now=now)
    if limit is None:
        return []
    most = amount_text(limit, wallet.currency)
    words = f"Asked for now, done when somebody else approves: one person may move {most} within 24 hours."
    return [("A second person", words)]


def invoice_link(approval: Approval) -> SafeString | str:
    """The invoice that is to be written off or credited: its period's page, or the document's."""
    if not approval.is_about_invoice:
        return ""
    if approval.key.startswith(f"{CREDIT_NOTE}:"):
        document = Document.objects.get(pk=approval.invoice_id)
        return link(document, document.label)
    period = BillingPeriod.objects.get(pk=approval.invoice_id)
    return link(period, f"{period.starts_on:%Y-%m-%d} to {period.ends_on:%Y-%m-%d}")


def staff_id(request: HttpRequest) -> int:
    """Who of the staff asks: every page of the back office wants a sign-in."""
    assert request.user.pk is not None
    return request.user.pk


def waits(approval: Approval) -> str:
    """What the asker reads once it was asked."""
    if approval.status == ApprovalStatus.REQUESTED:
        amount = amount_text(approval.amount.amount, approval.currency, signed=True)
        return f"Waits for a second person: {approval.get_kind_display().lower()}, {amount}. Nothing has moved yet."
    return f"This was asked for before and is: {approval.get_status_display().lower()}."


def waiting_badge(request: HttpRequest) -> str:
    """How many requests wait, for the sidebar; nothing when none does or they may not be seen."""
    if not request.user.has_perm("billing.view_approval"):
        return ""
    waiting = Approval.objects.filter(status=ApprovalStatus.REQUESTED).order_by().values("pk")
    count = waiting[:COUNTED].count()
    return f"{count}" if 0 < count < COUNTED else "99+" if count else ""
