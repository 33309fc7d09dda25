"""The tables of a wallet's page. Parts stand above their total, digits under digits, and add up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from billing.admin.grant import expiry
from billing.models import Grant, Hold, HoldStatus, Transaction, Wallet, WalletMode
from organizations.admin.amounts import amount_html, money_html
from organizations.admin.panels import Column, Panel, link, link_to, list_url, moment

GRANTS_SHOWN = 20
HOLDS_SHOWN = 20
TRANSACTIONS_SHOWN = 20


def balance(wallet: Wallet) -> Decimal:
    """The customer's money: paid + promo + allotment - debt."""
    return Decimal(wallet.paid.amount + wallet.promo.amount + wallet.allotment.amount - wallet.debt.amount)


def credit_limit(wallet: Wallet) -> Decimal:
    """How far below zero calls may go: only postpay wallets have credit."""
    return Decimal(wallet.credit_limit.amount) if wallet.mode == WalletMode.POSTPAY else Decimal(0)


def available(wallet: Wallet) -> Decimal:
    """What calls may still spend: balance + credit limit - held."""
    return balance(wallet) + credit_limit(wallet) - Decimal(wallet.held.amount)


def wallet_panels(wallet: Wallet) -> list[Panel]:
    """Balances, today, grants, holds and the last transactions."""
    return [_balances(wallet), _today(wallet), _grants(wallet), _holds(wallet), _transactions(wallet)]


def _balances(wallet: Wallet) -> Panel:
    def row(label: str, amount: Decimal) -> tuple[str, Any]:
        return label, amount_html(amount, wallet.currency)

    rows = [
        row("Monthly allotment", wallet.allotment.amount),
        row("Promo", wallet.promo.amount),
        row("Paid", wallet.paid.amount),
        row("Owed by the customer", -wallet.debt.amount),
    ]
    if credit_limit(wallet):
        rows.append(row("Credit limit", credit_limit(wallet)))
    rows.append(row(f"Held by {wallet.held_calls} calls in progress", -wallet.held.amount))
    account = link(wallet.account)
    return Panel(
        "Balance",
        (Column("Part"), Column("Amount", True)),
        rows,
        total=row("Available", available(wallet)),
        note=account,
    )


def _today(wallet: Wallet) -> Panel:
    today = timezone.now().astimezone(ZoneInfo(wallet.account.timezone)).date()
    spent = wallet.spent_today.amount if wallet.spent_on == today else Decimal(0)
    rows: list[tuple[str, Any]] = [
        ("Spent today", amount_html(spent, wallet.currency)),
        ("Daily cap", amount_html(wallet.daily_cap.amount, wallet.currency) if wallet.daily_cap else "none"),
        ("Calls in progress", wallet.held_calls),
        ("Calls at one time", wallet.concurrency_limit or "no limit"),
        ("Next grant expires (UTC)", moment(wallet.next_expiry_at, empty="none does")),
        ("Transactions", wallet.last_number),
    ]
    return Panel(
        "Limits and today", (Column("What"), Column("", True)), rows, note=f"Days of {wallet.account.timezone}"
    )


def _grants(wallet: Wallet) -> Panel:
    grants = Grant.objects.filter(wallet=wallet, remaining__gt=0).order_by("priority", "expires_at", "id")
    rows = [
        (link(one, one.get_kind_display()), one.source, expiry(one), money_html(one.amount), money_html(one.remaining))
        for one in grants[:GRANTS_SHOWN]
    ]
    return Panel(
        "Grants with something left, in the order of spending",
        (Column("Kind"), Column("From"), Column("Expires"), Column("Given", True), Column("Remains", True)),
        rows,
        empty="Nothing is left to spend. A top-up, credit or promo grant appears here.",
        more_url=list_url(Grant, wallet__id__exact=wallet.pk),
    )


def _holds(wallet: Wallet) -> Panel:
    active = Hold.objects.filter(wallet=wallet, status=HoldStatus.ACTIVE).select_related("service").order_by("-id")
    rows = [
        (link(one), one.service, f"{one.created_at:%H:%M:%S}", f"{one.expires_at:%H:%M:%S}", money_html(one.amount))
        for one in (active[:HOLDS_SHOWN] if wallet.held_calls else ())
    ]
    return Panel(
        "Active holds",
        (Column("Call"), Column("Service"), Column("Since"), Column("Expires"), Column("Held", True)),
        rows,
        empty="No call is in progress.",
        more_url=list_url(Hold, wallet__id__exact=wallet.pk),
    )


def _transactions(wallet: Wallet) -> Panel:
    latest = Transaction.objects.filter(wallet=wallet).select_related("project").order_by("-number")
    rows = [
        (
            link_to(Transaction, one.pk, one),
            moment(one.created_at),
            one.get_kind_display(),
            one.description or one.reason,
            one.project or "",
            money_html(one.amount, signed=True),
            money_html(one.balance_after),
        )
        for one in latest[:TRANSACTIONS_SHOWN]
    ]
    return Panel(
        f"Last {TRANSACTIONS_SHOWN} transactions",
        (
            Column("Number"),
            Column("When (UTC)"),
            Column("Kind"),
            Column("Description"),
            Column("Project"),
            Column("Amount", True),
            Column("Balance after", True),
        ),
        rows,
        empty="Nothing has moved yet. The first credit or call appears here.",
        is_wide=True,
        more_url=list_url(Transaction, wallet__id__exact=wallet.pk),
    )
