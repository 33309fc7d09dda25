"""The only writer of ledger rows: opens the books of some wallets under their locks and writes them back set-wise.

    with transaction.atomic():
        books, _ = open_books([wallet_id])
        books.charge(books.wallets[wallet_id], amount, note)
        write(books)

A batch takes a constant number of statements, whatever its size. What the books say is exact at `books.now`, which is
taken after the locks were won: before anything else happens, expired grants are withdrawn and a monthly allotment whose
date has come is given anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from billing.models.wallet import WalletMode
from billing.services import alerts, cycles, doorbells, writing
from billing.services.books import Books, Posting
from billing.services.locking import lock_wallets
from billing.services.state import GrantState, WalletState
from notifications.services import notices
from organizations.database import Statement, array, merged, run

GRANTS = """
SELECT wallet_id, id, kind, priority, amount, remaining, expires_at, source FROM billing_grant
 WHERE wallet_id = ANY(%s::bigint[]) AND NOT is_spent
"""
GRANTS_BY_ID = """
SELECT wallet_id, id, kind, priority, amount, remaining, expires_at, source FROM billing_grant
 WHERE id = ANY(%s::bigint[])
"""
TIMEZONES = "SELECT id, timezone FROM organizations_account WHERE id = ANY(%s::bigint[])"
STANDINGS = """
SELECT a.id, a.status, coalesce(t.floor, 0) FROM organizations_account a
  LEFT JOIN billing_productterms t ON t.product_id = a.product_id WHERE a.id = ANY(%s::bigint[])
"""
IDS = "SELECT nextval(%s::regclass), nextval(%s::regclass) FROM generate_series(1, %s::int)"
ONE_ID = "SELECT nextval(%s::regclass)"
TRANSACTIONS = "billing_transaction_id_seq"
GRANTS_SEQUENCE = "billing_grant_id_seq"

_on_repaid: list[Callable[[Books, WalletState], None]] = []


def open_books(
    wallet_ids: Iterable[int],
    *,
    transactions: int = 0,
    paired_with: str = TRANSACTIONS,
    reads: Sequence[Statement] = (),
) -> tuple[Books, list[list[tuple[Any, ...]]]]:
    """Lock the wallets in id order and read them, with the rows of `reads`, which run under the locks.

    `transactions` says how many are certain to come, so that their ids travel in the same round trip, each with one
    of the sequence `paired_with` (`Books.paired_ids`). Raises TransactionManagementError outside a transaction.
    """
    wanted = list(wallet_ids)
    drawing = [(IDS, [TRANSACTIONS, paired_with, transactions])] if transactions else []
    rows, grants, *others = run(lock_wallets(wanted), (GRANTS, [array(wanted)]), *reads, *drawing)
    now = timezone.now()
    drawn = others.pop() if transactions else []
    wallets: dict[int, WalletState] = {}
    moved = _timezones_of_new_days(rows, now)
    for row in rows:
        zone = ZoneInfo(moved.get(row[1], row[20]))
        columns = [*row[:18], bytes(row[18]), row[19], zone, row[21], now.astimezone(zone), *row[22:]]
        wallets[row[0]] = WalletState(*columns)
    for wallet_id, *grant in grants:
        wallets[wallet_id].grants.append(GrantState(*grant))
    books = Books(
        wallets,
        now,
        next_transaction_id=_ids(TRANSACTIONS, [row[0] for row in drawn]),
        next_grant_id=_ids(GRANTS_SEQUENCE, []),
        paired_ids=[row[1] for row in drawn],
    )
    for wallet in wallets.values():
        wallet.opened = wallet.standing
        if len(wallet.grants) > 1:
            wallet.grants.sort(key=GrantState.order)
        if wallet.next_expiry_at is not None and wallet.next_expiry_at <= now:
            books.expire_due(wallet)
        if cycles.is_due(wallet, now):
            cycles.renew(books, wallet)
    return books, others


def _timezones_of_new_days(rows: Sequence[tuple[Any, ...]], now: datetime) -> dict[int, str]:
    """The timezones, by account, where a day seems to begin: read again, now that the locks are won.

    Who waited for a lock holds the timezone from before the wait, and the account may have moved meanwhile. Then the
    wallet is of the new day already (`billing.services.days`); where both days have one name, they are one day.
    """
    beginning = [row[1] for row in rows if row[13] not in (None, now.astimezone(ZoneInfo(row[20])).date())]
    return dict(run((TIMEZONES, [array(beginning)]))[0]) if beginning else {}


def load_grants(books: Books, grant_ids: Iterable[int]) -> dict[int, GrantState]:
    """Bring grants that are used up back into the books, so that a reversal can restore them; by id."""
    known = {grant.id: grant for wallet in books.wallets.values() for grant in wallet.grants}
    missing = [grant_id for grant_id in grant_ids if grant_id not in known]
    if missing:
        (rows,) = run((GRANTS_BY_ID, [array(missing)]))
        for wallet_id, *row in rows:
            grant = known[row[0]] = GrantState(*row)
            wallet = books.wallets[wallet_id]
            wallet.grants.append(grant)
            wallet.grants.sort(key=GrantState.order)
    return known


def on_repaid(callback: Callable[[Books, WalletState], None]) -> None:
    """Have `callback(books, wallet)` called before a postpay wallet is written whose debt was paid, or owed again."""
    if callback not in _on_repaid:
        _on_repaid.append(callback)


def statements(books: Books) -> list[Statement]:
    """What `write` would run, for a caller that has rows of its own to send along."""
    wallets = [books.wallets[wallet_id] for wallet_id in sorted(books.touched)]
    found: list[Statement] = []
    if not wallets:
        return found
    for wallet in wallets:
        if wallet.repaid and wallet.mode == WalletMode.POSTPAY:
            for callback in _on_repaid:
                callback(books, wallet)
    grants = [(wallet, grant) for wallet in wallets for grant in wallet.grants]
    new = [(wallet, grant) for wallet, grant in grants if grant.is_new]
    changed = [grant for _, grant in grants if grant.is_changed and not grant.is_new]
    if new:
        found.append(writing.insert_grants(new, books.now))
    if changed:
        found.append(writing.update_grants(changed))
    if books.postings:
        found.append(writing.insert_transactions(books.postings))
        found.append(writing.insert_transfers(books.postings))
        found.append(writing.add_movements(books.postings))
    if books.ended_holds:
        found.append(writing.end_holds(books.ended_holds, books.now))
    if books.resized_holds:
        found.append(writing.resize_holds(books.resized_holds))
    told = [
        _notice(wallet, crossing, books) for wallet in _looked_at_anew(wallets) for crossing in alerts.crossed(wallet)
    ]
    found.append(writing.update_wallets(wallets))
    told += books.told
    if told:
        found.append(notices.insert(told))
    for wallet in wallets:
        if wallet.auto_top_up_below is not None and wallet.balance < wallet.auto_top_up_below:
            doorbells.ring_auto_top_up(wallet.id)
    return found


def write(books: Books) -> list[Posting]:
    """Write everything the books say; returns the new transactions. Writes nothing when nothing happened."""
    found = statements(books)
    if found:
        run(merged(*found))
    return books.postings


def _looked_at_anew(wallets: Sequence[WalletState]) -> Sequence[WalletState]:
    """The wallets; where calls seem to stop or to start, with status and floor read again, now that the locks are won.

    Who waited for a lock holds both from before the wait, and would take back what was told meanwhile.
    """
    turning = {wallet.account_id: wallet for wallet in wallets if alerts.turns(wallet)}
    if turning:
        for account_id, status, floor in run((STANDINGS, [array(list(turning))]))[0]:
            turning[account_id].account_status, turning[account_id].floor = status, floor
    return wallets


def _notice(wallet: WalletState, crossing: alerts.Crossing, books: Books) -> notices.Told:
    """A crossing as the outbox takes it, by the wallet's next number."""
    wallet.alerts_told += 1
    return notices.Told(
        wallet.account_id,
        crossing.event,
        f"wallet:{wallet.id}:{wallet.alerts_told}",
        facts=alerts.facts_of(wallet, crossing),
        audience=crossing.audience,
        at=books.now,
    )


def _ids(sequence: str, ready: list[int]) -> Callable[[], int]:
    """Gives one id after the other, from those already drawn and then from the sequence."""
    ready.reverse()

    def next_id() -> int:
        if not ready:
            (rows,) = run((ONE_ID, [sequence]))
            ready.append(rows[0][0])
        return ready.pop()

    return next_id
