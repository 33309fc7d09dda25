"""When a wallet's alerts fire: at the crossing of a level, once, and again only after it was clear of it by a margin.

Pure: it compares a wallet as its books were opened with the same wallet as they are closed, under one lock, so that of
however many charges at one moment exactly one sees the crossing. What was told and is not armed again yet stands in
`Wallet.alerts_fired`, one bit an alert. A level that is past already, because a setting moved it, is no crossing: its
bit is set and nobody told.

Whether calls start at all is told besides, to services: each time that changes, whatever changed it, and never the same
twice in a row. The bit `SHUT` says what they were told last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from billing.models.wallet import WalletMode
from billing.services.admission import INSUFFICIENT, shut_reason
from billing.services.state import ZERO, Standing, WalletState
from notifications.models.notice import Audience, Event

NEAR = Decimal("0.8")  # of a cap or a credit limit
CLEAR_OF_NEAR = Decimal("0.7")  # armed again below it
CLEAR = Decimal("0.9")  # the same of the whole cap or limit
MARGIN = Decimal("1.1")  # of a balance's threshold, and of the floor
LOW, EMPTY, CAP_NEAR, CAP_REACHED, CREDIT_NEAR, CREDIT_REACHED, SHUT, STOPPED = (1 << bit for bit in range(8))
OF_SETTINGS = CAP_NEAR | CAP_REACHED | CREDIT_NEAR | CREDIT_REACHED

Test = Callable[[WalletState, Standing], bool]


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: `is_past` says whether the level is crossed, `is_clear` whether it may fire again."""

    bit: int
    event: Event
    is_past: Test
    is_clear: Test
    worse: int = 0
    """The next level of the same kind: where both are crossed at once, that one alone is told."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """What is to be told of a wallet. `reason` says why no call starts, in a word of the API."""

    event: Event
    audience: Audience = Audience.EVERYONE
    reason: str | None = None


def crossed(wallet: WalletState) -> list[Crossing]:
    """What is to be told of the wallet, whose `alerts_fired` is brought up to date."""
    fired = _fire(wallet)
    levels = [Crossing(alert.event) for alert in LEVELS if fired & alert.bit and not fired & alert.worse]
    return levels + _of_calls(wallet, is_emptied=bool(fired & EMPTY))


def turns(wallet: WalletState) -> bool:
    """Whether calls start where services were told that none does, or none starts where they know of nothing."""
    return (shut_reason(wallet) is not None) != bool(wallet.alerts_fired & SHUT)


def take_stock(wallet: WalletState, bits: int) -> None:
    """Set these alerts to what is past already: their levels were moved, and whoever did that knows."""
    for alert in ALERTS:
        if alert.bit & bits:
            _note(wallet, alert.bit, alert.is_past(wallet, wallet.standing))


def facts_of(wallet: WalletState, crossing: Crossing) -> dict[str, str]:
    """What a notice says of the wallet, numbers as text."""
    is_prepaid = _is_prepaid(wallet)
    amounts = {
        "balance": wallet.balance,
        "spent": wallet.spent,
        "threshold": wallet.alert_below,
        "cap": wallet.daily_cap,
        "floor": wallet.floor if is_prepaid else None,
        "credit_limit": None if is_prepaid else wallet.credit_limit,
    }
    facts = {"currency": wallet.currency} | {
        name: f"{amount:.6f}" for name, amount in amounts.items() if amount is not None
    }
    return facts if crossing.reason is None else facts | {"reason": crossing.reason}


def _fire(wallet: WalletState) -> int:
    """The alerts whose level was crossed since the books were opened and that were armed, as bits."""
    opened, now, newly = wallet.opened or wallet.standing, wallet.standing, 0
    for alert in ALERTS:
        is_past = alert.is_past(wallet, now)
        has_fired = bool(wallet.alerts_fired & alert.bit)
        if has_fired and alert.is_clear(wallet, opened):  # a new day: what was spent yesterday counts no more
            has_fired = False
        if is_past and not has_fired and not alert.is_past(wallet, opened):
            newly |= alert.bit
        _note(wallet, alert.bit, is_past or (has_fired and not alert.is_clear(wallet, now)))
    return newly


def _of_calls(wallet: WalletState, *, is_emptied: bool) -> list[Crossing]:
    """Services hear when calls stop and start again; people hear why, where no other letter says it."""
    reason = shut_reason(wallet)
    was_shut, was_stopped = wallet.alerts_fired & SHUT, wallet.alerts_fired & STOPPED
    is_stopped = wallet.account_status != "active" or wallet.is_frozen or wallet.is_overdue
    _note(wallet, SHUT, reason is not None)
    _note(wallet, STOPPED, is_stopped)
    if reason is None:
        return [Crossing(Event.CALLS_ACCEPTED)] if was_shut else []
    news = reason if is_stopped and not was_stopped else INSUFFICIENT if is_emptied else None
    if wallet.stop_is_told:
        news = None
    if news == reason and not was_shut:
        return [Crossing(Event.CALLS_REFUSED, reason=reason)]
    found = [] if was_shut else [Crossing(Event.CALLS_REFUSED, Audience.SERVICES, reason)]
    return found if news is None else [*found, Crossing(Event.CALLS_REFUSED, Audience.PEOPLE, news)]


def _note(wallet: WalletState, bit: int, is_on: bool) -> None:
    wallet.alerts_fired = wallet.alerts_fired | bit if is_on else wallet.alerts_fired & ~bit


def _is_prepaid(wallet: WalletState) -> bool:
    return wallet.mode != WalletMode.POSTPAY


def _is_low(wallet: WalletState, at: Standing) -> bool:
    return _is_prepaid(wallet) and wallet.alert_below is not None and at.balance < wallet.alert_below


def _is_not_low(wallet: WalletState, at: Standing) -> bool:
    return not _is_prepaid(wallet) or wallet.alert_below is None or at.balance >= wallet.alert_below * MARGIN


def _is_empty(wallet: WalletState, at: Standing) -> bool:
    return _is_prepaid(wallet) and (at.balance <= ZERO or at.balance < wallet.floor)


def _is_not_empty(wallet: WalletState, at: Standing) -> bool:
    return not _is_prepaid(wallet) or (at.balance > ZERO and at.balance >= wallet.floor * MARGIN)


def _cap_is_used(share: Decimal) -> Test:
    def is_used(wallet: WalletState, at: Standing) -> bool:
        return wallet.daily_cap is not None and at.spent >= wallet.daily_cap * share

    return is_used


def _credit_is_used(share: Decimal) -> Test:
    def is_used(wallet: WalletState, at: Standing) -> bool:
        return not _is_prepaid(wallet) and -at.balance >= wallet.credit_limit * share

    return is_used


def _not(test: Test) -> Test:
    return lambda wallet, at: not test(wallet, at)


WHOLE = Decimal(1)
LEVELS = (
    Alert(LOW, Event.LOW_BALANCE, _is_low, _is_not_low),
    Alert(CAP_NEAR, Event.CAP_NEAR, _cap_is_used(NEAR), _not(_cap_is_used(CLEAR_OF_NEAR)), worse=CAP_REACHED),
    Alert(CAP_REACHED, Event.CAP_REACHED, _cap_is_used(WHOLE), _not(_cap_is_used(CLEAR))),
    Alert(
        CREDIT_NEAR,
        Event.CREDIT_NEAR,
        _credit_is_used(NEAR),
        _not(_credit_is_used(CLEAR_OF_NEAR)),
        worse=CREDIT_REACHED,
    ),
    Alert(CREDIT_REACHED, Event.CREDIT_REACHED, _credit_is_used(WHOLE), _not(_credit_is_used(CLEAR))),
)
ALERTS = (*LEVELS, Alert(EMPTY, Event.CALLS_REFUSED, _is_empty, _is_not_empty))
