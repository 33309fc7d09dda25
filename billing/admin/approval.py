"""What waits for a second person, and what was decided: approve, decline, withdraw. Nobody edits what was asked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.admin.approval_actions import ApprovalActions
from billing.admin.approval_panels import invoice_link, waiting_panels
from billing.admin.wallet_panels import balance
from billing.models import Approval, Refund, Transaction, Wallet
from organizations.admin import panels
from organizations.admin.amounts import amount_html, money_column, money_html
from organizations.admin.base import ReadOnlyMixin
from organizations.admin.panels import Column, Panel, link, link_to, moment
from organizations.models import Account

COLOURS = {
    "Waiting": "warning",
    "Approved and done": "success",
    "Declined": "danger",
    "Withdrawn": "info",
    "Lapsed": "info",
}


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyMixin, ApprovalActions):
    """Money that one person may not move alone: first of all what waits."""

    list_display = (
        "id",
        "asked_at",
        "what",
        "wallet",
        money_column("amount", "amount"),
        "reason",
        "asked_by",
        "shown_status",
        "decided_by",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("wallet__account__product", RelatedDropdownFilter),
        ("wallet", AutocompleteSelectFilter),
    )
    date_hierarchy = "asked_at"
    ordering = ("-id",)
    list_select_related = ("wallet__account", "asked_by", "decided_by")
    search_fields = (
        "wallet__account__name",
        "wallet__account__external_id",
        "wallet__account__email",
        "asked_by__email",
        "reason",
    )
    search_help_text = "The account, who asked, or words of the reason"
    fields = (
        ("what", "wallet", "shown_status"),
        (money_column("amount", "amount"), "credit_expires_at"),
        ("payment", "refund", "invoice"),
        "reason",
        ("asked_by", "asked_at"),
        (money_column("limit", "one person's limit"), money_column("done_alone", "done alone within a day before")),
        ("decided_by", "decided_at"),
        "words",
    )
    readonly_fields = ("shown_status", "what", "invoice", fields[1][0], *fields[5])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        """Requests with their account and people."""
        found = super().get_queryset(request)
        return found.select_related("wallet__account__product", "asked_by", "decided_by", "payment", "refund")

    @display(description="what", ordering="kind")
    def what(self, obj: Approval) -> str:
        """What is asked for."""
        return obj.get_kind_display()

    @display(description="invoice", empty_value="-")
    def invoice(self, obj: Approval) -> SafeString | str:
        """Which invoice is to be written off or credited, with a link."""
        return invoice_link(obj)

    @display(description="status", ordering="status", label=COLOURS)
    def shown_status(self, obj: Approval) -> str:
        """Where it stands."""
        return obj.get_status_display()

    def panels(self, request: HttpRequest, obj: Approval) -> list[Panel]:
        """What it would do or has done, and what else waits on the wallet."""
        return [_done(obj) if obj.transaction_key else _would_do(obj), *waiting_panels(obj.wallet, but=obj.pk)]


def _would_do(approval: Approval) -> Panel:
    wallet = approval.wallet
    now = balance(wallet)
    rows: list[tuple[str, Any]] = [
        ("Balance now", amount_html(now, wallet.currency)),
        (approval.get_kind_display(), money_html(approval.amount, signed=True)),
    ]
    total = ("Balance after", amount_html(now + approval.amount.amount, wallet.currency))
    note = link(wallet, f"{wallet.account}, {wallet.account.product}")
    return Panel("What it would do", (Column("What"), Column("Amount", True)), rows, total=total, note=note)


def _done(approval: Approval) -> Panel:
    done = Transaction.objects.filter(wallet_id=approval.wallet_id, key=approval.transaction_key).first()
    columns = (Column("Transaction"), Column("When (UTC)"), Column("Amount", True), Column("Balance after", True))
    rows = []
    if done is not None:
        transaction = link_to(Transaction, done.pk, done)
        money = (money_html(done.amount, signed=True), money_html(done.balance_after))
        rows = [(transaction, moment(done.created_at), *money)]
    return Panel("What it did", columns, rows, note=link(approval.wallet, str(approval.wallet.account)))


def of_wallet(request: HttpRequest, wallet: Wallet) -> list[Panel]:
    """What waits on the wallet, for whoever may look."""
    return waiting_panels(wallet) if request.user.has_perm("billing.view_approval") else []


def of_refund(request: HttpRequest, refund: Refund) -> list[Panel]:
    """What waits on the refund's wallet."""
    return of_wallet(request, refund.wallet)


def of_account(request: HttpRequest, account: Account) -> list[Panel]:
    """What waits on the account's wallet."""
    wallet = getattr(account, "wallet", None)  # which the page has read already
    return of_wallet(request, wallet) if wallet is not None else []


panels.register(Account, of_account)
panels.register(Wallet, of_wallet)
panels.register(Refund, of_refund)
