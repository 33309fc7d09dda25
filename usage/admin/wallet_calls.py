"""The last calls on the pages of an account and of its wallet, and the call on the page of its transaction."""

from __future__ import annotations

from django.http import HttpRequest

from billing.models import Transaction, Wallet
from organizations.admin import panels
from organizations.admin.amounts import money_html
from organizations.admin.panels import Column, Panel, link, moment
from organizations.models import Account
from usage.admin.event_panels import calls_panel
from usage.charge_keys import event_of
from usage.models import UsageEvent


def of_wallet(request: HttpRequest, wallet: Wallet) -> list[Panel]:
    """The calls that this wallet pays for."""
    return [calls_panel(wallet.account)] if request.user.has_perm("usage.view_usageevent") else []


def of_account(request: HttpRequest, account: Account) -> list[Panel]:
    """The account's calls."""
    return [calls_panel(account)] if request.user.has_perm("usage.view_usageevent") else []


def of_transaction(request: HttpRequest, transaction: Transaction) -> list[Panel]:
    """The call or event that it charged or reversed."""
    event_id = event_of(transaction.key)
    if event_id is None or not request.user.has_perm("usage.view_usageevent"):
        return []
    event = UsageEvent.objects.filter(pk=event_id).defer("body", "lines").first()
    if event is None:
        return []
    row = (
        link(event, event.call_id or event.event_id),
        event.get_event_type_display(),
        moment(event.received_at),
        money_html(event.total),
    )
    columns = (Column("Call or event"), Column("Kind"), Column("Received (UTC)"), Column("Charged", True))
    return [Panel("Made for", columns, [row])]


panels.register(Transaction, of_transaction)
panels.register(Wallet, of_wallet)
panels.register(Account, of_account)
