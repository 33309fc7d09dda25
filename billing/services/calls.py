"""Whether calls start, told where no charge says it: after midnight, where staff moved a floor, of a suspended account.

What is told follows from the wallet's books (`billing.services.alerts`): here they are only opened and closed.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from billing.models import Wallet
from billing.services import alerts
from billing.services.books import Books
from billing.services.ledger import open_books, write
from billing.services.state import WalletState
from organizations.database import run
from organizations.models import Account

BATCH = 100
# As `billing.services.admission.shut_reason` decides, which has the last word.
TURNING = f"""
SELECT w.id FROM billing_wallet w
  JOIN organizations_account a ON a.id = w.account_id
  LEFT JOIN billing_productterms t ON t.product_id = a.product_id
 CROSS JOIN LATERAL (SELECT w.paid + w.promo + w.allotment - w.debt AS balance,
                            (%s::timestamptz AT TIME ZONE a.timezone)::date AS today) v
 WHERE w.id > %s::bigint AND (w.alerts_fired & {alerts.SHUT} <> 0) <> (
   a.status <> 'active' OR w.is_frozen OR w.is_overdue
   OR coalesce(w.spent_today >= w.daily_cap AND w.spent_on BETWEEN v.today AND v.today + 2, false)
   OR CASE w.mode WHEN 'postpay' THEN v.balance + w.credit_limit <= 0
                  ELSE v.balance <= 0 OR v.balance < coalesce(t.floor, 0) END)
 ORDER BY w.id LIMIT {BATCH}
"""


def settle_due() -> int:
    """Tell of every wallet whose calls stopped or start again with nobody saying so; returns how many there were."""
    count, last = 0, 0
    while found := [row[0] for row in run((TURNING, [timezone.now(), last]))[0]]:
        _settle(found)
        count, last = count + len(found), found[-1]
    return count


def settle_account(account: Account) -> None:
    """The account was suspended or reactivated, in the caller's transaction."""
    _settle(Wallet.objects.filter(account=account).values_list("pk", flat=True))


def take_stock(*, wallet_id: int) -> None:
    """A wallet is new, in the caller's transaction: that it holds nothing yet is no news to anybody."""
    books, _reads = open_books([wallet_id])
    wallet = books.wallets[wallet_id]
    alerts.crossed(wallet)
    books.touched.add(wallet_id)
    write(books)


def settle_settings(*, wallet_id: int) -> None:
    """Staff changed how a wallet pays and what it may, in the caller's transaction."""
    books, _reads = open_books([wallet_id])
    tell_from_now_on(books, books.wallets[wallet_id], alerts.OF_SETTINGS)


def tell_from_now_on(books: Books, wallet: WalletState, bits: int) -> None:
    """Write the books. Whoever moved these levels knows where the wallet stands: what happens from now on is told."""
    alerts.take_stock(wallet, bits)
    books.touched.add(wallet.id)
    write(books)


def _settle(wallet_ids: Iterable[int]) -> None:
    with transaction.atomic():
        books, _reads = open_books(wallet_ids)
        books.touched.update(books.wallets)
        write(books)
