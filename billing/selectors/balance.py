"""A wallet's balance as services and pages read it: the parts, what is available, and whether calls may start."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from billing.models import GrantKind, ProductTerms, Wallet
from billing.models.wallet import WalletMode
from billing.services.admission import CallTerms, Refusal, refusal
from billing.services.state import WalletState


@dataclass(frozen=True, slots=True)
class Balance:
    """A wallet's money at one moment; `paid` is negative when calls took more than there was."""

    currency: str
    available: Decimal
    paid: Decimal
    promo: Decimal
    allotment: Decimal
    held: Decimal
    held_calls: int
    credit_limit: Decimal
    mode: str
    spent_today: Decimal
    daily_cap: Decimal | None
    refusal: Refusal | None

    def as_dict(self) -> dict[str, Any]:
        """The fields of the API's balance (API.md, 'Accounts')."""
        return {
            "currency": self.currency,
            "available": f"{self.available:.6f}",
            "paid": f"{self.paid:.6f}",
            "promo": f"{self.promo:.6f}",
            "allotment": f"{self.allotment:.6f}",
            "held": f"{self.held:.6f}",
            "credit_limit": f"{self.credit_limit:.6f}",
            "mode": self.mode,
            "accepting_calls": self.refusal is None,
            "reason": self.refusal.reason if self.refusal else None,
        }


def balance_of(wallet: Wallet) -> Balance:
    """The wallet's balance now; credit that has expired and waits for its sweep counts no more."""
    state = state_of(wallet)
    terms = wallet.account.product.terms
    return Balance(
        currency=state.currency,
        available=state.available,
        paid=state.paid - state.debt,
        promo=state.promo,
        allotment=state.allotment,
        held=state.held,
        held_calls=state.held_calls,
        credit_limit=state.credit_limit if state.mode == WalletMode.POSTPAY else Decimal(0),
        mode=state.mode,
        spent_today=state.spent,
        daily_cap=state.daily_cap,
        refusal=refusal(state, call_terms(terms)),
    )


def call_terms(terms: ProductTerms) -> CallTerms:
    """What the terms say about calls, as plain numbers."""
    return CallTerms(
        floor=terms.floor.amount,
        on_exhaustion=terms.on_exhaustion,
        hold=terms.hold.amount,
        hold_seconds=terms.hold_seconds,
        cost_per_minute=terms.cost_per_minute.amount,
        max_call_seconds=terms.max_call_seconds,
    )


def state_of(wallet: Wallet) -> WalletState:
    """The wallet without its lock: fit to show, never to decide a posting."""
    now = timezone.now()
    zone = ZoneInfo(wallet.account.timezone)
    state = WalletState(
        id=wallet.pk,
        account_id=wallet.account_id,
        currency=wallet.currency,
        mode=wallet.mode,
        credit_limit=wallet.credit_limit.amount,
        is_frozen=wallet.is_frozen,
        is_overdue=wallet.is_overdue,
        paid=wallet.paid.amount,
        promo=wallet.promo.amount,
        allotment=wallet.allotment.amount,
        debt=wallet.debt.amount,
        held=wallet.held.amount,
        held_calls=wallet.held_calls,
        spent_on=wallet.spent_on,
        spent_today=wallet.spent_today.amount,
        daily_cap=wallet.daily_cap.amount if wallet.daily_cap is not None else None,
        concurrency_limit=wallet.concurrency_limit,
        last_number=wallet.last_number,
        chain_head=bytes(wallet.chain_head),
        next_expiry_at=wallet.next_expiry_at,
        zone=zone,
        account_status=wallet.account.status,
        local_now=now.astimezone(zone),
    )
    if wallet.next_expiry_at is not None and wallet.next_expiry_at <= now:
        for kind, remaining in wallet.grants.filter(expires_at__lte=now, remaining__gt=0).values_list(
            "kind", "remaining"
        ):
            state.add_to(GrantKind(kind).value, -remaining)
    if wallet.allotment_resets_at is not None and wallet.allotment_resets_at <= now:
        state.allotment = wallet.monthly_allotment.amount  # as the next call will find it
    return state
