"""Bookkeeping on locked wallets, in memory: every movement of money in the house is one of the methods below.

Each makes one transaction of balanced transfers, keeps grants, debt and the day's spending in step with it, and links
it to the wallet's chain. `billing.services.ledger` opens the books under the wallets' locks and writes them back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing.models.grant import DEFAULT_PRIORITY, PAID_PRIORITY, GrantKind
from billing.models.ledger import KINDS_PER_WALLET, LedgerAccountKind, TransactionKind
from billing.services import chain
from billing.services.state import ZERO, GrantState, WalletState
from notifications.services.notices import Told

# Where a lot of credit lies, and what it was given against.
BALANCE_ACCOUNT = {
    GrantKind.PAID.value: LedgerAccountKind.PAID.value,
    GrantKind.PROMO.value: LedgerAccountKind.PROMO.value,
    GrantKind.ALLOTMENT.value: LedgerAccountKind.ALLOTMENT.value,
}
COST_ACCOUNT = {
    GrantKind.PROMO.value: LedgerAccountKind.PROMO_COST.value,
    GrantKind.ALLOTMENT.value: LedgerAccountKind.ALLOTMENT_COST.value,
}
RECEIVABLE = LedgerAccountKind.RECEIVABLE.value
REVENUE = LedgerAccountKind.REVENUE.value
PAID = LedgerAccountKind.PAID.value
CLEARING = LedgerAccountKind.CLEARING.value
TAX = LedgerAccountKind.TAX.value
DISPUTED = LedgerAccountKind.DISPUTED.value


class InsufficientBalanceError(Exception):
    """A debit that only calls may make would take the balance below zero."""


@dataclass(slots=True)
class Posting:
    """A transaction that is about to be written."""

    id: int
    wallet_id: int
    currency: str
    number: int
    kind: str
    key: str
    project_id: int | None
    amount: Decimal
    balance_after: Decimal
    description: str
    reason: str
    actor_id: int | None
    day: date
    hour: int
    created_at: datetime
    hash: bytes
    transfers: list[chain.TransferPart]


@dataclass(slots=True)
class Note:
    """What a transaction says of itself besides its amounts."""

    kind: str
    key: str
    description: str = ""
    reason: str = ""
    actor_id: int | None = None
    project_id: int | None = None


class Books:
    """The books of some wallets, open under their locks at one moment, `now`."""

    def __init__(
        self,
        wallets: dict[int, WalletState],
        now: datetime,
        *,
        next_transaction_id: Callable[[], int],
        next_grant_id: Callable[[], int],
        paired_ids: list[int],
    ) -> None:
        self.wallets = wallets
        self.now = now
        self.paired_ids = paired_ids
        self.postings: list[Posting] = []
        self.ended_holds: list[tuple[int, str]] = []
        self.resized_holds: list[tuple[int, Decimal, datetime]] = []
        self.touched: set[int] = set()
        self.told: list[Told] = []
        self._next_transaction_id = next_transaction_id
        self._next_grant_id = next_grant_id

    def charge(self, wallet: WalletState, amount: Decimal, note: Note, *, counts_today: bool = True) -> Posting:
        """Take `amount` > 0 for usage: grants in their order, what lies beyond them becomes debt.

        Usage that a service reports has happened and is charged whatever the balance (letustalk.md, 'What happens at
        zero balance'); only authorisation can refuse it, beforehand. What corrects the charge of an earlier day is no
        spending of today's (`counts_today`).
        """
        transfers = self._draw(wallet, amount, REVENUE)
        if counts_today:
            wallet.add_spent(amount)
        return self._post(wallet, -amount, note, transfers)

    def grant(
        self,
        wallet: WalletState,
        kind: str,
        amount: Decimal,
        note: Note,
        *,
        against: LedgerAccountKind | None = None,
        source: str,
        expires_at: datetime | None = None,
        priority: int = DEFAULT_PRIORITY,
    ) -> Posting:
        """Give a lot of credit of `amount` > 0. Paid money comes from `against` and settles debt before anything."""
        origin = COST_ACCOUNT.get(kind) or (against or LedgerAccountKind.ADJUSTMENT).value
        grant = self._new_grant(wallet, kind, amount, source, expires_at, priority)
        transfers = [self._part(wallet, origin, BALANCE_ACCOUNT[kind], amount, grant.id)]
        transfers += self._settle(wallet)
        return self._post(wallet, amount, note, transfers)

    def pay_in(self, wallet: WalletState, amount: Decimal, note: Note, *, tax: Decimal, source: str) -> Posting:
        """Money that a payment brought: `amount` > 0 as a paid lot, which settles debt first; `tax` >= 0 is owed on.

        The lot is `transfers[0]`'s grant. Both amounts are in the wallet's currency.
        """
        grant = self._new_grant(wallet, GrantKind.PAID.value, amount, source, None, PAID_PRIORITY)
        transfers = [self._part(wallet, CLEARING, PAID, amount, grant.id)]
        if tax > 0:
            transfers.append(self._part(wallet, CLEARING, TAX, tax, None))
        transfers += self._settle(wallet)
        return self._post(wallet, amount, note, transfers)

    def pay_out(self, wallet: WalletState, grant: GrantState, amount: Decimal, note: Note, *, tax: Decimal) -> Posting:
        """Take `amount` > 0 of a paid lot, with its share of the tax, out of the wallet: a refund that is on its way.

        Raises InsufficientBalanceError when less of the lot is unspent, or calls in progress hold it.
        """
        if amount > grant.remaining or amount > wallet.balance - wallet.held:
            raise InsufficientBalanceError
        self._change(wallet, grant, -amount)
        transfers = [self._part(wallet, PAID, CLEARING, amount, grant.id)]
        if tax > 0:
            transfers.append(self._part(wallet, TAX, CLEARING, tax, None))
        return self._post(wallet, -amount, note, transfers)

    def claw_back(
        self, wallet: WalletState, grant: GrantState, amount: Decimal, note: Note, *, tax: Decimal
    ) -> Posting:
        """Take `amount` > 0 of a disputed payment back: its own lot first, then other paid lots, then as debt.

        Promo and allotment stay: they were never the payer's (DESIGN.md, 'What must always be true', 7).
        """
        transfers: list[chain.TransferPart] = []
        left = amount
        paid = [each for each in wallet.grants if each.kind == GrantKind.PAID and each.id != grant.id]
        for each in [grant, *reversed(paid)]:
            take = min(left, each.remaining)
            if take > 0:
                left -= take
                self._change(wallet, each, -take)
                transfers.append(self._part(wallet, PAID, DISPUTED, take, each.id))
        if left > 0:
            wallet.debt += left
            wallet.repaid -= left
            transfers.append(self._part(wallet, RECEIVABLE, DISPUTED, left, None))
        if tax > 0:
            transfers.append(self._part(wallet, TAX, DISPUTED, tax, None))
        return self._post(wallet, -amount, note, transfers)

    def bill_tax(self, wallet: WalletState, amount: Decimal, note: Note) -> Posting:
        """Have the customer owe the tax of an invoice, `amount` > 0: out of paid money, what lies beyond it as debt."""
        transfers: list[chain.TransferPart] = []
        left = amount
        for grant in wallet.grants:
            take = min(left, grant.remaining) if grant.kind == GrantKind.PAID else ZERO
            if take > 0:
                left -= take
                self._change(wallet, grant, -take)
                transfers.append(self._part(wallet, PAID, TAX, take, grant.id))
        if left > 0:
            wallet.debt += left
            transfers.append(self._part(wallet, RECEIVABLE, TAX, left, None))
        return self._post(wallet, -amount, note, transfers)

    def write_off(self, wallet: WalletState, amount: Decimal, note: Note) -> Posting:
        """Let go of `amount` > 0 of what the customer owes. Raises InsufficientBalanceError when less is owed."""
        if amount > wallet.debt:
            raise InsufficientBalanceError
        wallet.debt -= amount
        part = self._part(wallet, LedgerAccountKind.ADJUSTMENT.value, RECEIVABLE, amount, None)
        return self._post(wallet, amount, note, [part])

    def debit(self, wallet: WalletState, amount: Decimal, note: Note) -> Posting:
        """Take `amount` > 0 back from the balance, for an adjustment.

        Raises InsufficientBalanceError when what is not held by calls in progress does not cover it.
        """
        if amount > wallet.balance - wallet.held:
            raise InsufficientBalanceError
        return self._post(wallet, -amount, note, self._draw(wallet, amount, LedgerAccountKind.ADJUSTMENT.value))

    def withdraw(self, wallet: WalletState, grant: GrantState, note: Note) -> Posting:
        """Take back what remains of a promo or allotment grant, because it expired or its cycle ended."""
        left = grant.remaining
        self._change(wallet, grant, -left)
        part = self._part(wallet, BALANCE_ACCOUNT[grant.kind], COST_ACCOUNT[grant.kind], left, grant.id)
        return self._post(wallet, -left, note, [part])

    def reverse(
        self,
        wallet: WalletState,
        parts: list[chain.TransferPart],
        grants: dict[int, GrantState],
        note: Note,
        *,
        spent_on: date | None,
    ) -> Posting:
        """Undo a charge, a refund or a dispute transfer by transfer: each grant gets back what was taken from it.

        `grants` are those it drew on; `spent_on` is the account's day that usage fell on, None for what was no usage:
        on that same day the reversal lowers what was spent.
        What it left as debt lowers the debt, or, where that has been settled since, comes back as paid money.
        """
        transfers: list[chain.TransferPart] = []
        total = ZERO
        for source_id, target_id, amount, grant_id in parts:
            transfers.append((target_id, source_id, amount, grant_id))
            if source_id % KINDS_PER_WALLET == TAX:  # between the operator's own accounts
                continue
            total += amount
            if grant_id is not None:
                self._change(wallet, grants[grant_id], amount)
                continue
            wallet.debt -= amount
            if target_id % KINDS_PER_WALLET == DISPUTED:
                wallet.repaid += amount
            if wallet.debt < 0:
                surplus, wallet.debt = -wallet.debt, ZERO
                grant = self._new_grant(wallet, GrantKind.PAID.value, surplus, note.key, None, PAID_PRIORITY)
                transfers.append(self._part(wallet, RECEIVABLE, LedgerAccountKind.PAID.value, surplus, grant.id))
        transfers += self._settle(wallet)
        if spent_on == wallet.local_now.date():
            wallet.add_spent(-total)
        return self._post(wallet, total, note, transfers)

    def recount(self, wallet: WalletState, today: date, spent_today: Decimal) -> None:
        """What was spent today, where the day has other ends now: no money moves."""
        wallet.count(today, spent_today)
        self.touched.add(wallet.id)

    def expire_due(self, wallet: WalletState) -> int:
        """Withdraw every grant whose time is over; returns how many."""
        due = [
            grant
            for grant in wallet.grants
            if grant.remaining > 0 and grant.expires_at is not None and grant.expires_at <= self.now
        ]
        for grant in due:
            number = wallet.last_number + 1
            self.withdraw(
                wallet,
                grant,
                Note(TransactionKind.EXPIRY.value, f"expiry:{grant.id}:{number}", f"{grant.kind.capitalize()} expired"),
            )
        upcoming = [grant.expires_at for grant in wallet.grants if grant.remaining > 0 and grant.expires_at is not None]
        wallet.next_expiry_at = min(upcoming, default=None)
        self.touched.add(wallet.id)
        return len(due)

    def hold(self, wallet: WalletState, amount: Decimal) -> None:
        """Count a new hold of `amount`; its row is the caller's to insert."""
        wallet.held += amount
        wallet.held_calls += 1
        self.touched.add(wallet.id)

    def resize_hold(
        self, wallet: WalletState, hold_id: int, *, old: Decimal, new: Decimal, expires_at: datetime
    ) -> None:
        """Change what an active hold reserves and until when."""
        wallet.held += new - old
        self.touched.add(wallet.id)
        self.resized_holds.append((hold_id, new, expires_at))

    def end_hold(
        self, wallet: WalletState, hold_id: int, amount: Decimal, status: str, *, is_simulated: bool = False
    ) -> None:
        """End an active hold of `amount` as captured, released or expired."""
        wallet.held -= amount
        wallet.held_calls -= not is_simulated
        self.touched.add(wallet.id)
        self.ended_holds.append((hold_id, status))

    def _draw(self, wallet: WalletState, amount: Decimal, target: int) -> list[chain.TransferPart]:
        """Transfers of `amount` from the grants in their order, then from the receivable."""
        transfers: list[chain.TransferPart] = []
        left = amount
        for grant in wallet.grants:
            if left <= 0:
                break
            if grant.remaining > 0:
                take = min(left, grant.remaining)
                left -= take
                self._change(wallet, grant, -take)
                transfers.append(self._part(wallet, BALANCE_ACCOUNT[grant.kind], target, take, grant.id))
        if left > 0:
            wallet.debt += left
            transfers.append(self._part(wallet, RECEIVABLE, target, left, None))
        return transfers

    def _settle(self, wallet: WalletState) -> list[chain.TransferPart]:
        """Transfers by which paid grants pay what calls took beyond the balance, oldest grant first."""
        transfers: list[chain.TransferPart] = []
        for grant in wallet.grants:
            if wallet.debt <= 0:
                break
            if grant.kind == GrantKind.PAID and grant.remaining > 0:
                pay = min(wallet.debt, grant.remaining)
                wallet.debt -= pay
                wallet.repaid += pay
                self._change(wallet, grant, -pay)
                transfers.append(self._part(wallet, LedgerAccountKind.PAID.value, RECEIVABLE, pay, grant.id))
        return transfers

    def _new_grant(
        self,
        wallet: WalletState,
        kind: str,
        amount: Decimal,
        source: str,
        expires_at: datetime | None,
        priority: int,
    ) -> GrantState:
        if kind == GrantKind.PAID:
            priority = PAID_PRIORITY
        grant = GrantState(self._next_grant_id(), kind, priority, amount, amount, expires_at, source, is_new=True)
        wallet.grants.append(grant)
        wallet.grants.sort(key=GrantState.order)
        wallet.add_to(kind, amount)
        if expires_at is not None and (wallet.next_expiry_at is None or expires_at < wallet.next_expiry_at):
            wallet.next_expiry_at = expires_at
        return grant

    def _change(self, wallet: WalletState, grant: GrantState, amount: Decimal) -> None:
        grant.remaining += amount
        grant.is_changed = True
        wallet.add_to(grant.kind, amount)
        if amount > 0 and grant.expires_at is not None:
            wallet.next_expiry_at = min(wallet.next_expiry_at or grant.expires_at, grant.expires_at)

    @staticmethod
    def _part(
        wallet: WalletState, source: int, target: int, amount: Decimal, grant_id: int | None
    ) -> chain.TransferPart:
        base = wallet.id * KINDS_PER_WALLET
        return base + source, base + target, amount, grant_id

    def _post(self, wallet: WalletState, amount: Decimal, note: Note, transfers: list[chain.TransferPart]) -> Posting:
        wallet.last_number += 1
        balance = wallet.balance
        content = chain.payload(
            wallet_id=wallet.id,
            number=wallet.last_number,
            kind=note.kind,
            key=note.key,
            currency=wallet.currency,
            amount=amount,
            balance_after=balance,
            project_id=note.project_id,
            description=note.description,
            reason=note.reason,
            actor_id=note.actor_id,
            day=wallet.day,
            created_at=self.now,
            transfers=transfers,
        )
        wallet.chain_head = chain.link(wallet.chain_head, content)
        posting = Posting(
            self._next_transaction_id(),
            wallet.id,
            wallet.currency,
            wallet.last_number,
            note.kind,
            note.key,
            note.project_id,
            amount,
            balance,
            note.description,
            note.reason,
            note.actor_id,
            wallet.day,
            wallet.local_now.hour,
            self.now,
            wallet.chain_head,
            transfers,
        )
        self.postings.append(posting)
        self.touched.add(wallet.id)
        return posting
