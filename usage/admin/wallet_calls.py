"""The last calls on the pages of an account and of its wallet."""

from __future__ import annotations

from django.http import HttpRequest

from billing.models import Wallet
from organizations.admin import panels
from organizations.admin.panels import Panel
from organizations.models import Account
from usage.admin.event_panels import calls_panel


def of_wallet(request: HttpRequest, wallet: Wallet) -> list[Panel]:
    """The calls that this wallet pays for."""
    return [calls_panel(wallet.account)] if request.user.has_perm("usage.view_usageevent") else []


def of_account(request: HttpRequest, account: Account) -> list[Panel]:
    """The account's calls."""
    return [calls_panel(account)] if request.user.has_perm("usage.view_usageevent") else []


panels.register(Wallet, of_wallet)
panels.register(Account, of_account)
