"""When a wallet's alerts fire: at the crossing of a level, once, and again only after it was clear of it by a margin.

Pure: it compares a wallet as its books were opened with the same wallet as they are closed, under one lock, so that of
however many charges at one moment exactly one sees the crossing. What was told and is not armed again yet stands in
`Wallet.alerts_fired`, one bit an alert. A level that a setting moves past the balance is no crossing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from billing.models.wallet import WalletMode
from billing.services.state import ZERO, Standing, WalletState
from notifications.models.notice import Event

NEAR = Decimal("0.8")  # of a cap or a credit limit
CLEAR = Decimal("0.7")  # armed again below it
MARGIN = Decimal("1.1")  # of a balance's threshold


Test = Callable[[WalletState, Standing], bool]


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: `is_past` says whether the level is crossed, `is_clear` whether it may fire again."""

    bit: int
    event: Event
    is_past: Test
    is_clear: Test
    ends_with: Event | None = None
    """What is told when it is clear again."""


def crossed(wallet: WalletState) -> list[Event]:
    """What is to be told of the wallet, whose `alerts_fired` is brought up to date; the worst comes last."""
    opened, now = wallet.opened, wallet.standing
    if opened is None or (opened == now and not wallet.alerts_fired):
        return []
    events: list[Event] = []
    for alert in ALERTS:
        has_fired = bool(wallet.alerts_fired & alert.bit)
        if has_fired and alert.is_clear(wallet, opened):  # a new day, or a level that was moved
            has_fired = False
        if alert.is_past(wallet, now):
            if not has_fired and not alert.is_past(wallet, opened):
                events.append(alert.event)
                has_fired = True
        elif has_fired and alert.is_clear(wallet, now):
            has_fired = False
            if alert.ends_with is not None:
                events.append(alert.ends_with)
        wallet.alerts_fired = wallet.alerts_fired | alert.bit if has_fired else wallet.alerts_fired & ~alert.bit
    return events


def facts_of(wallet: WalletState) -> dict[str, str]:
    """What a notice says of the wallet, numbers as text."""
    facts = {"currency": wallet.currency, "balance": f"{wallet.balance:f}", "spent": f"{wallet.spent:f}"}
    if wallet.alert_below is not None:
        facts["threshold"] = f"{wallet.alert_below:f}"
    if wallet.daily_cap is not None:
        facts["cap"] = f"{wallet.daily_cap:f}"
    if wallet.mode == WalletMode.POSTPAY:
        facts["credit_limit"] = f"{wallet.credit_limit:f}"
    else:
        facts["floor"] = f"{wallet.floor:f}"
    return facts


def _is_prepaid(wallet: WalletState) -> bool:
    return wallet.mode != WalletMode.POSTPAY


def _is_low(wallet: WalletState, at: Standing) -> bool:
    return _is_prepaid(wallet) and wallet.alert_below is not None and at.balance < wallet.alert_below


def _is_not_low(wallet: WalletState, at: Standing) -> bool:
    return wallet.alert_below is None or at.balance >= wallet.alert_below * MARGIN


def _is_refused(wallet: WalletState, at: Standing) -> bool:
    """As `admission.refusal` does, but for what calls in progress hold: that comes back."""
    return _is_prepaid(wallet) and (at.balance <= ZERO or at.balance < wallet.floor)


def _is_credit_used(share: Decimal) -> Test:
    def is_used(wallet: WalletState, at: Standing) -> bool:
        return not _is_prepaid(wallet) and -at.balance >= wallet.credit_limit * share

    return is_used


def _is_cap_used(share: Decimal) -> Test:
    def is_used(wallet: WalletState, at: Standing) -> bool:
        return wallet.daily_cap is not None and at.spent >= wallet.daily_cap * share

    return is_used


def _not(test: Test) -> Test:
    return lambda wallet, at: not test(wallet, at)


ALERTS = (
    Alert(1, Event.LOW_BALANCE, _is_low, _is_not_low),
    Alert(4, Event.CAP_NEAR, _is_cap_used(NEAR), _not(_is_cap_used(CLEAR))),
    Alert(8, Event.CAP_REACHED, _is_cap_used(Decimal(1)), _not(_is_cap_used(Decimal(1)))),
    Alert(16, Event.CREDIT_NEAR, _is_credit_used(NEAR), _not(_is_credit_used(CLEAR))),
    Alert(2, Event.CALLS_REFUSED, _is_refused, _not(_is_refused), Event.CALLS_ACCEPTED),
    Alert(
        32, Event.CREDIT_REACHED, _is_credit_used(Decimal(1)), _not(_is_credit_used(Decimal(1))), Event.CALLS_ACCEPTED
    ),
)
