"""An account moves to another timezone: what it spent today is counted anew from the midnight there.

Charges and history keep the day that they were made on. The daily cap is about the account's day as it is now: what
counts towards it is what calls cost since the new midnight, as if the account had always been there, so that moving
neither gives a second cap for one day nor makes a day longer (DESIGN.md, 'What must always be true', 18).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing.models import Wallet
from billing.services import ledger
from organizations.database import run
from organizations.models import Account

# Of a usage that was reversed on the same day nothing is left. What corrects a charge (`charge:<event>:<correction>`)
# and what reverses either count with the event's first charge, `c`. A charge lies in hours whose day, in whatever
# timezone it was made, is less than three days before the midnight in question.
SPENT = """
SELECT coalesce(sum(-x.amount) FILTER (
         WHERE x.kind <> 'void' AND x.key !~ '^charge:[0-9]+:[0-9]+$' OR c.created_at >= %s::timestamptz), 0)
  FROM billing_transaction x
  LEFT JOIN billing_transaction c ON (x.kind = 'void' OR x.key ~ '^charge:[0-9]+:[0-9]+$')
                                 AND c.wallet_id = x.wallet_id AND c.key = 'charge:' || split_part(x.key, ':', 2)
 WHERE x.wallet_id = %s::bigint AND x.kind IN ('call', 'chat', 'crawl', 'llm', 'void')
   AND x.created_at >= %s::timestamptz AND x.created_at < %s::timestamptz
   AND x.number > coalesce((SELECT max(last_number) FROM billing_hourlymovement
                             WHERE wallet_id = %s::bigint AND day < %s::date), 0)
"""
LABELS_APART = timedelta(days=2)


def count_anew(account: Account) -> None:
    """Count today by the account's timezone as it is now, in the caller's transaction.

    The wallet is of the new today from then on, without usage, too: by that `ledger.open_books` knows a timezone that
    was read before the move.
    """
    wallet_id = Wallet.objects.filter(account=account).values_list("pk", flat=True).first()
    if wallet_id is None:
        return
    books, _ = ledger.open_books([wallet_id])
    wallet = books.wallets[wallet_id]
    if wallet.spent_on is not None:
        today = wallet.local_now.date()
        books.recount(wallet, today, _spent(wallet_id, wallet.zone, today))
    ledger.write(books)


def _spent(wallet_id: int, zone: ZoneInfo, day: date) -> Decimal:
    begins, ends = (datetime.combine(each, time(), zone) for each in (day, day + timedelta(days=1)))
    ((row,),) = run((SPENT, [begins, wallet_id, begins, ends, wallet_id, day - LABELS_APART]))
    return Decimal(row[0])
