"""A customer's own limits: the most to be spent in one day, and the most calls at one time.

Kept under the wallet's lock: an authorisation either was answered before, or holds to the new limits. Whoever raises a
cap that is reached has calls again with the next one (aipbx.md, 'Limits and notifications').
"""

from __future__ import annotations

import logging
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import Wallet
from billing.services.credits import check_amount
from billing.services.locking import lock_wallets
from organizations.database import run

logger = logging.getLogger(__name__)

CALLS_MAX = 100_000  # far above what any account needs, far below what the column can keep


def set_limits(
    *, wallet_id: int, daily_cap: Decimal | None, concurrency_limit: int | None, user_id: int | None
) -> bool:
    """Set both limits; None is none. The cap is in the wallet's currency. Says whether that changed anything.

    Raises ValidationError, keyed by the field to correct.
    """
    with transaction.atomic():
        run(lock_wallets([wallet_id]))
        wallet = Wallet.objects.get(pk=wallet_id)
        check_limits(currency=wallet.currency, daily_cap=daily_cap, concurrency_limit=concurrency_limit)
        before = (wallet.daily_cap.amount if wallet.daily_cap is not None else None, wallet.concurrency_limit)
        if before == (daily_cap, concurrency_limit):
            return False
        Wallet.objects.filter(pk=wallet_id).update(daily_cap=daily_cap, concurrency_limit=concurrency_limit)
        words = (wallet_id, user_id, before[0], daily_cap, before[1], concurrency_limit)
        transaction.on_commit(
            lambda: logger.info("wallet %s: user %s set the daily cap from %s to %s, calls from %s to %s", *words)
        )
    return True


def check_limits(*, currency: str, daily_cap: Decimal | None, concurrency_limit: int | None) -> None:
    """Raises ValidationError, keyed by field, for limits that cannot be kept; every field that is wrong is named."""
    faults: dict[str, list[str]] = {}
    if daily_cap is not None:
        try:
            check_amount(daily_cap, currency)
        except ValidationError as error:
            faults["daily_cap"] = error.messages
    if concurrency_limit is not None and not 1 <= concurrency_limit <= CALLS_MAX:
        faults["concurrency_limit"] = [
            _("Write a whole number from 1 to %(most)s, or leave it empty.") % {"most": CALLS_MAX}
        ]
    if faults:
        raise ValidationError(faults)
