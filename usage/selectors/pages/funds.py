"""What a wallet's calls may spend from now on, as `usage.forecast` takes it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from billing.models import Grant, GrantKind, Wallet, WalletMode
from billing.models.grant import DEFAULT_PRIORITY
from billing.selectors.page_balance import Balance
from billing.services.cycles import cycle_after
from usage.forecast import HORIZON_DAYS, ZERO, Funds, Lot

STEPS = {GrantKind.ALLOTMENT.value: 0, GrantKind.PROMO.value: 1, GrantKind.PAID.value: 2}


def funds_of(wallet: Wallet, balance: Balance, *, now: datetime) -> Funds:
    """The grants that remain, what is set against them, and the allotments to come. One query.

    What lies below the product's floor starts no call (letustalk.md, 'What happens at zero balance').
    """
    zone = ZoneInfo(wallet.account.timezone)
    today = now.astimezone(zone).date()
    lasting = Q(expires_at=None) | Q(expires_at__gt=now)
    lots = tuple(
        Lot(
            grant.remaining.amount,
            grant.expires_at.astimezone(zone).date() if grant.expires_at else None,
            grant.priority,
            STEPS[grant.kind],
        )
        for grant in Grant.objects.filter(lasting, wallet=wallet, is_spent=False)
    )
    days = refill_days(wallet, zone, until=today + timedelta(days=HORIZON_DAYS))
    refill = Lot(balance.monthly_allotment, priority=DEFAULT_PRIORITY, step=STEPS[GrantKind.ALLOTMENT.value])
    return Funds(
        lots=lots,
        beyond=balance.available - sum(lot.amount for lot in lots),
        refill=refill if days else None,
        refill_days=days,
        cap=balance.daily_cap,
        floor=wallet.account.product.terms.floor.amount if wallet.mode == WalletMode.PREPAID else ZERO,
    )


def refill_days(wallet: Wallet, zone: ZoneInfo, *, until: date) -> tuple[date, ...]:
    """The days on which the next allotments come; none where none is to come."""
    moment, days = wallet.allotment_resets_at, []
    while moment is not None and wallet.monthly_allotment.amount > 0 and moment.astimezone(zone).date() <= until:
        days.append(moment.astimezone(zone).date())
        moment = cycle_after(wallet.allotment_anchor or days[0], moment, zone)
    return tuple(days)
