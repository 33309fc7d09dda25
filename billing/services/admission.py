"""May a call start? The one rule, used by authorisation, by the balance a service reads and by the pages.

Pure: it looks at a locked wallet (or a copy of one) and at the product's terms, and says no with a stable reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from django.utils.translation import gettext as _

from billing.models.wallet import WalletMode
from billing.services.state import ZERO, WalletState

INSUFFICIENT = "insufficient_balance"


@dataclass(frozen=True, slots=True)
class CallTerms:
    """What a product's terms say about calls. Amounts in the product's currency."""

    floor: Decimal
    on_exhaustion: str
    hold: Decimal
    hold_seconds: int
    cost_per_minute: Decimal
    max_call_seconds: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no call may start, with words fit to show a person."""

    reason: str
    message: str


def refusal(wallet: WalletState, terms: CallTerms, minimum: Decimal = ZERO) -> Refusal | None:
    """Why a call that costs at least `minimum` may not start now, or None when it may: the first of `refusals`."""
    return next(refusals(wallet, terms, minimum), None)


def refusals(wallet: WalletState, terms: CallTerms, minimum: Decimal = ZERO) -> Iterator[Refusal]:
    """All that keeps a call that costs at least `minimum` from starting now: `shut_reason`, and calls in progress.

    The floor is letustalk.md, 'What happens at zero balance'; zero itself is aipbx.md, 'What happens when the balance
    reaches 0'; the daily cap is aipbx.md, 'Limits and notifications', and counts what calls in progress hold.
    """
    for reason in _stops(wallet, wallet.held):
        yield Refusal(reason, words_of(reason))
    if wallet.concurrency_limit is not None and wallet.held_calls >= wallet.concurrency_limit:
        yield Refusal("concurrency_limit_reached", _("As many calls as allowed are in progress already."))
    if _affords(wallet, terms.floor, minimum, wallet.available):
        return
    reason = _lacks(wallet)
    if reason == INSUFFICIENT and _affords(wallet, terms.floor, minimum, wallet.available + wallet.held):
        yield Refusal("balance_reserved", _("Calls in progress hold the rest of the balance. Try again shortly."))
    else:
        yield Refusal(reason, words_of(reason))


def shut_reason(wallet: WalletState) -> str | None:
    """The first of `refusals` that would stand if no call were in progress, or None: what a call holds comes back."""
    for reason in _stops(wallet, ZERO):
        return reason
    return None if _affords(wallet, wallet.floor, ZERO, wallet.available + wallet.held) else _lacks(wallet)


def words_of(reason: str) -> str:
    """What a lasting reason for a refusal says to a person."""
    return {
        "account_suspended": _("This account is suspended. Ask support to reactivate it."),
        "wallet_frozen": _("The balance is frozen while a payment is disputed."),
        "payment_overdue": _("An invoice is overdue. Pay it and calls start again."),
        "daily_limit_reached": _("The daily cap is reached. Calls start again at midnight."),
        "credit_limit_reached": _("The credit limit is reached. Pay an invoice or ask for a higher one."),
        INSUFFICIENT: _("The balance is too low. Top up and calls start again."),
    }[reason]


def hold_amount(wallet: WalletState, terms: CallTerms, minimum: Decimal) -> Decimal:
    """What to reserve for a call that may start: the product's hold, no more than there is, no less than `minimum`."""
    most = wallet.available
    if wallet.daily_cap is not None:
        most = min(most, wallet.daily_cap - wallet.spent - wallet.held)
    return max(min(max(terms.hold, minimum), most), minimum)


def seconds_left(wallet: WalletState, terms: CallTerms, amount: Decimal, requested: int | None) -> int:
    """How many whole seconds `amount` pays for, at most what was requested and what the product allows.

    `amount` is what is available, with the call's own hold and without what the call has used. The daily cap leaves
    as much less as it leaves less than what is available, to other calls in progress as to this one.
    """
    limit = min(requested or terms.max_call_seconds, terms.max_call_seconds)
    if terms.cost_per_minute <= 0:
        return limit
    if wallet.daily_cap is not None:
        left = wallet.daily_cap - wallet.spent - wallet.held
        amount = min(amount, amount - wallet.available + left)
    affordable = (max(amount, ZERO) * 60 / terms.cost_per_minute).to_integral_value(ROUND_FLOOR)
    return int(min(affordable, Decimal(limit)))


def _stops(wallet: WalletState, held: Decimal) -> Iterator[str]:
    """What stops calls whatever the balance; `held` is what calls in progress reserve."""
    if wallet.account_status != "active":
        yield "account_suspended"
    if wallet.is_frozen:
        yield "wallet_frozen"
    if wallet.is_overdue:
        yield "payment_overdue"
    if wallet.daily_cap is not None and wallet.spent + held >= wallet.daily_cap:
        yield "daily_limit_reached"


def _affords(wallet: WalletState, floor: Decimal, minimum: Decimal, amount: Decimal) -> bool:
    least = ZERO if wallet.mode == WalletMode.POSTPAY else floor
    return amount > 0 and amount >= least and amount >= minimum


def _lacks(wallet: WalletState) -> str:
    return "credit_limit_reached" if wallet.mode == WalletMode.POSTPAY else INSUFFICIENT
