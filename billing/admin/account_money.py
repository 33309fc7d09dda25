"""What an account's page has of money: balances, limits, grants, holds, movements, top-ups, cards, postpay periods."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.admin import auto_top_up, card, postpay, top_up
from billing.admin.wallet_panels import wallet_panels
from billing.models import Wallet, WalletMode
from organizations.admin import panels
from organizations.admin.panels import Panel, badge, link
from organizations.models import Account


def account_panels(request: HttpRequest, account: Account) -> list[Panel]:
    """The account's money, on the account's page, for whoever may look at wallets."""
    if not request.user.has_perm("billing.view_wallet"):
        return []
    wallet = Wallet.objects.filter(account=account).select_related("auto_top_up").first()
    if wallet is None:
        return [Panel("Balance", (), (), empty="This account has no wallet.", rank=-5)]
    wallet.account = account  # with its product, which is known already
    balances, today, grants, holds, transactions = wallet_panels(wallet)
    found = [
        replace(balances, note=_state(wallet), rank=-5),
        replace(today, rank=-3),
        replace(grants, title="Grants with something left", rank=-3),
        replace(holds, rank=-2),
        replace(transactions, rank=1),
        *top_up.wallet_panels(request, wallet),
        *card.wallet_panels(request, wallet),
    ]
    if request.user.has_perm("billing.view_autotopup"):
        found.append(auto_top_up.rule_panel(wallet))
    if wallet.mode == WalletMode.POSTPAY and request.user.has_perm("billing.view_billingperiod"):
        found += [replace(panel, rank=1) for panel in postpay.wallet_panels(request, wallet)]
    return found


def _state(wallet: Wallet) -> SafeString:
    """How it pays, what stops its calls, and the way to its own page."""
    marks = [("Frozen", wallet.is_frozen), ("Overdue", wallet.is_overdue)]
    shown = [badge(wallet.get_mode_display()), *(badge(text, "bad") for text, holds in marks if holds)]
    words = format_html("{} " * len(shown), *shown)
    return format_html("{}{}", words, link(wallet, "Open the wallet: adjust, refund, limits and more"))


panels.register(Account, account_panels)
