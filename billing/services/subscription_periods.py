"""The allotment of a subscription's periods: each is given once, and kept only while its period is paid or being paid.

A period's allotment is keyed by its first moment, whoever gives it: the first payment, the cycle date, or the
provider's facts where they come first. An unpaid period loses what is left of it and gets back just that once it is
paid, so that no period is worth more than one allotment, in whichever order the news comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal

from billing.models import GrantKind, Subscription, Transaction, TransactionKind, Wallet
from billing.services import cycles
from billing.services.books import Books, Note
from billing.services.state import ZERO, WalletState


@dataclass(frozen=True, slots=True)
class _Given:
    """What became of a period's allotment so far; `taken` and `returned` are sums of positive amounts."""

    key: str
    is_given: bool
    taken: Decimal
    returned: Decimal
    steps: int


def begin(books: Books, wallet: WalletState, subscription: Subscription) -> None:
    """The first period: what was left of another allotment ends, and the months are counted from this day on."""
    assert subscription.period_start is not None
    wallet.allotment_anchor = subscription.period_start.astimezone(UTC).date()
    grant(books, wallet, subscription)


def grant(books: Books, wallet: WalletState, subscription: Subscription) -> None:
    """The current period is paid, or is being paid: the wallet has its allotment, once, and the next is to come."""
    ends_at = subscription.period_end
    assert ends_at is not None
    promise(wallet, subscription)
    given = _given(books, wallet, subscription)
    if ends_at > books.now and not given.is_given:
        cycles.withdraw_rest(books, wallet)
        cycles.give(books, wallet, subscription.allotment.amount, given.key, ends_at)
    elif ends_at > books.now and given.taken > given.returned:
        key = f"{given.key}:paid:{given.steps + 1}"
        cycles.give(books, wallet, given.taken - given.returned, key, ends_at)
    wallet.allotment_resets_at = ends_at
    books.touched.add(wallet.id)


def suspend(books: Books, wallet: WalletState, subscription: Subscription) -> None:
    """The current period is not paid: what is left of its allotment is withdrawn, and none follows."""
    given = _given(books, wallet, subscription)
    left = [each for each in wallet.grants if each.kind == GrantKind.ALLOTMENT and each.remaining > 0]
    for step, lot in enumerate([each for each in left if each.source.startswith(given.key)], start=given.steps + 1):
        note = Note(TransactionKind.EXPIRY.value, f"{given.key}:unpaid:{step}", "Allotment of an unpaid month")
        books.withdraw(wallet, lot, note)
    cycles.withdraw_rest(books, wallet)  # of a period that is over, as the provider says
    stop(books, wallet)


def promise(wallet: WalletState, subscription: Subscription) -> None:
    """Say what the next cycle date gives: the allotment, or nothing where the subscription ends with its period."""
    _set_next(wallet, ZERO if subscription.ends_at_period_end else subscription.allotment.amount)


def stop(books: Books, wallet: WalletState) -> None:
    """No allotment follows; what is paid for stays until the end of its period."""
    _set_next(wallet, ZERO)
    books.touched.add(wallet.id)


def _set_next(wallet: WalletState, amount: Decimal) -> None:
    wallet.monthly_allotment = amount
    Wallet.objects.filter(pk=wallet.id).update(monthly_allotment=amount)


def _given(books: Books, wallet: WalletState, subscription: Subscription) -> _Given:
    """What the ledger says, and what the open books are about to write: opening them may have begun the period."""
    assert subscription.period_start is not None
    key = cycles.period_key(subscription.pk, subscription.period_start)
    rows = Transaction.objects.filter(wallet_id=wallet.id, key__startswith=key).values_list("key", "amount")
    amounts: dict[str, Decimal] = dict(rows)
    amounts |= {p.key: p.amount for p in books.postings if p.wallet_id == wallet.id and p.key.startswith(key)}
    return _Given(
        key=key,
        is_given=key in amounts,
        taken=-sum((amount for name, amount in amounts.items() if ":unpaid:" in name), ZERO),
        returned=sum((amount for name, amount in amounts.items() if ":paid:" in name), ZERO),
        steps=len(amounts),
    )
