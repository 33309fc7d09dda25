"""A customer's own limits: the most to be spent in one day, the most calls at one time, and the balance to be told at.

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
from billing.services import alerts
from billing.services.calls import tell_from_now_on
from billing.services.credits import check_amount
from billing.services.ledger import open_books

logger = logging.getLogger(__name__)

CALLS_MAX = 100_000  # far above what any account needs, far below what the column can keep


def set_limits(
    *, wallet_id: int, daily_cap: Decimal | None, concurrency_limit: int | None, user_id: int | None
) -> bool:
    """Set both limits; None is none. The cap is in the wallet's currency. Says whether that changed anything.

    Raises ValidationError, keyed by the field to correct.
    """
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        wallet = books.wallets[wallet_id]
        check_limits(currency=wallet.currency, daily_cap=daily_cap, concurrency_limit=concurrency_limit)
        before = (wallet.daily_cap, wallet.concurrency_limit)
        if before == (daily_cap, concurrency_limit):
            return False
        wallet.daily_cap, wallet.concurrency_limit = daily_cap, concurrency_limit
        Wallet.objects.filter(pk=wallet_id).update(daily_cap=daily_cap, concurrency_limit=concurrency_limit)
        if daily_cap != before[0]:
            tell_from_now_on(books, wallet, alerts.CAP_NEAR | alerts.CAP_REACHED)
        words = (wallet_id, user_id, before[0], daily_cap, before[1], concurrency_limit)
        transaction.on_commit(
            lambda: logger.info("wallet %s: user %s set the daily cap from %s to %s, calls from %s to %s", *words)
        )
    return True


def set_alerts(*, wallet_id: int, alert_below: Decimal | None, user_id: int | None) -> bool:
    """Set the balance below which members are told (aipbx.md, 'Limits and notifications'); None: they are not.

    In the wallet's currency. Says whether that changed anything. A threshold above the balance is told of when the
    balance was clear of it once. Raises ValidationError, keyed by the field to correct.
    """
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        wallet = books.wallets[wallet_id]
        check_alerts(currency=wallet.currency, alert_below=alert_below)
        before = wallet.alert_below
        if before == alert_below:
            return False
        wallet.alert_below = alert_below
        Wallet.objects.filter(pk=wallet_id).update(alert_below=alert_below)
        tell_from_now_on(books, wallet, alerts.LOW)
        words = (wallet_id, user_id, before, alert_below)
        transaction.on_commit(lambda: logger.info("wallet %s: user %s set the alert from %s to %s", *words))
    return True


def check_alerts(*, currency: str, alert_below: Decimal | None) -> None:
    """Raises ValidationError, keyed by field, for a threshold that cannot be kept."""
    if alert_below is not None:
        try:
            check_amount(alert_below, currency)
        except ValidationError as error:
            raise ValidationError({"alert_below": error.messages}) from error


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
