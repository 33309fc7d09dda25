"""What a closed period's invoice needs over time: its page, reminders, and the end of the customer's grace.

The customer is reminded seven days and a day before the invoice is due, at nine on the account's clock, hears the day
after it that it is overdue, and from `blocks_on` on no new call starts. A check that comes late does what is left to do
then, once: a notice has its key, a state is looked at under the wallet's lock.
"""

from __future__ import annotations

import logging
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from billing.models import BillingPeriod, DocumentKind, PeriodStatus
from billing.providers.base import ProviderError
from billing.services.books import Books
from billing.services.ledger import open_books, write
from billing.services.postpay.months import midnight
from billing.services.postpay.reckoning import ASKED
from billing.services.postpay.sending import bring_up_to_date
from billing.services.postpay.settling import mind_overdue
from notifications.models import Event
from notifications.services.notices import Told, tell
from organizations.database import run

logger = logging.getLogger(__name__)

REMINDED_BEFORE = (timedelta(days=7), timedelta(days=1))
MORNING = time(9)
DAY = timedelta(days=1)
RETRY = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 360))
CLAIM = timedelta(minutes=5)
BATCH = 50
CLAIM_DUE = """
UPDATE billing_billingperiod SET next_check_at = %s::timestamptz
 WHERE id IN (SELECT id FROM billing_billingperiod WHERE next_check_at <= %s::timestamptz
               ORDER BY next_check_at LIMIT %s::int FOR UPDATE SKIP LOCKED)
RETURNING id
"""


def check_due() -> int:
    """Look after every invoice whose time has come; returns how many."""
    handled = 0
    while True:
        now = timezone.now()
        (rows,) = run((CLAIM_DUE, [now + CLAIM, now, BATCH]))
        for (period_id,) in rows:
            try:
                check(period_id=period_id)
            except Exception:  # one that cannot be looked after must not keep the others waiting
                logger.exception("Period %s could not be looked after", period_id)
        handled += len(rows)
        if len(rows) < BATCH:
            return handled


def check(*, period_id: int) -> BillingPeriod:
    """Bring the invoice's page, its reminders and the account's calls up to date. Never in a transaction."""
    period = _read(period_id)
    was_asked = period.status in ASKED
    failure = ""
    try:
        if not bring_up_to_date(period):
            failure = "The provider gave no answer."
    except ProviderError as error:
        failure = str(error)
        logger.warning("The invoice of period %s could not be brought to its provider: %s", period_id, error)
    with transaction.atomic():
        books, _reads = open_books([period.wallet_id])
        period = _read(period_id)
        if period.status in ASKED:
            _remind(books, period)
        mind_overdue(books, books.wallets[period.wallet_id])
        write(books)
        _plan(books, period, failure, has_ended=was_asked and period.status not in ASKED)
    return period


def _read(period_id: int) -> BillingPeriod:
    return BillingPeriod.objects.select_related("wallet__account__product").get(pk=period_id)


def _remind(books: Books, period: BillingPeriod) -> None:
    """Tell what has become due to be told: the newest reminder, or that the invoice is overdue."""
    zone = books.wallets[period.wallet_id].zone
    assert period.due_on is not None
    if _overdue_at(period.due_on, zone) <= books.now:
        if period.status == PeriodStatus.OPEN:
            period.status = PeriodStatus.OVERDUE
            _tell(books, period, Event.INVOICE_OVERDUE, "overdue")
        return
    past = [moment for moment in _reminders(period, zone) if moment <= books.now]
    if len(past) > period.reminders:
        period.reminders = len(past)
        _tell(books, period, Event.INVOICE_DUE, f"due:{len(past)}")


def _reminders(period: BillingPeriod, zone: ZoneInfo) -> list[datetime]:
    """When the customer is reminded: not before the invoice, which says by itself when it is due."""
    assert period.due_on is not None
    assert period.closed_at is not None
    moments = [datetime.combine(period.due_on - before, MORNING, zone) for before in REMINDED_BEFORE]
    return [moment for moment in moments if moment > period.closed_at + DAY]


def _overdue_at(due_on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(due_on + DAY, MORNING, zone)


def _plan(books: Books, period: BillingPeriod, failure: str, *, has_ended: bool) -> None:
    """Say when there is something to do next; a page at the provider is looked at daily, should no notice come.

    Where the invoice `has_ended` while the provider was asked, its page there is still to be closed.
    """
    now, zone = books.now, books.wallets[period.wallet_id].zone
    period.checks = period.checks + 1 if failure else 0
    period.note = failure[:255]
    moments = []
    if failure:
        moments.append(now + RETRY[min(period.checks - 1, len(RETRY) - 1)])
    if has_ended and period.provider_reference:
        moments.append(now)
    if period.status in ASKED and period.due_on is not None and period.blocks_on is not None:
        steps = [*_reminders(period, zone), _overdue_at(period.due_on, zone), midnight(period.blocks_on, zone)]
        moments += [min([moment for moment in steps if moment > now] + [now + DAY])]
    period.next_check_at = min(moments, default=None)
    period.save(update_fields=["status", "reminders", "checks", "note", "next_check_at"])


def _tell(books: Books, period: BillingPeriod, event: Event, name: str) -> None:
    document = period.documents.filter(kind=DocumentKind.INVOICE).only("label", "period_id").get()
    assert period.due_on is not None
    assert period.blocks_on is not None
    facts = {
        "number": document.label,
        "total": f"{period.to_pay:f}",
        "currency": str(period.currency),
        "due_on": period.due_on.isoformat(),
        "blocks_on": period.blocks_on.isoformat(),
        "period": str(period.reference),
    }
    account_id = books.wallets[period.wallet_id].account_id
    tell(Told(account_id, event, f"period:{period.pk}:{name}", subject=f"period:{period.pk}", facts=facts))
