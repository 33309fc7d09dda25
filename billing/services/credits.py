"""Credit given and taken by hand or by rule: promo, paid and allotment grants, adjustments by staff.

Each is idempotent by its `key` within the wallet: the unique constraint decides, and a repetition changes nothing.
What a person gives or takes above the product's limit is refused without a second one's `approval`
(`billing.services.alone`); `billing.services.second_person` asks for it.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import Approval, GrantKind, Transaction, TransactionKind
from billing.models.ledger import LedgerAccountKind
from billing.services import alone
from billing.services.books import Books, InsufficientBalanceError, Note, Posting
from billing.services.ledger import open_books, write
from billing.services.state import WalletState
from organizations.fields import AMOUNT_DECIMALS

AMOUNT_MAX = Decimal(10) ** 14


def credit(
    *,
    wallet_id: int,
    kind: GrantKind,
    amount: Decimal,
    key: str,
    transaction_kind: TransactionKind,
    description: str,
    reason: str = "",
    actor_id: int | None = None,
    expires_at: datetime | None = None,
    against: LedgerAccountKind | None = None,
    approval: Approval | None = None,
) -> int | None:
    """Give `amount` in the wallet's currency as a new grant; paid money settles what is owed first.

    Returns the transaction's number, or None when `key` was used before. Raises ValidationError for a key that was
    used with another amount, for an amount that is not positive, too fine or too large, and for paid money that would
    expire (aitelier.md, 'No expiry'); SecondPersonNeededError for more than the actor may give alone.
    """
    if kind == GrantKind.PAID and expires_at is not None:
        raise ValidationError({"expires_at": _("Paid money never expires. Leave the date empty.")})
    with transaction.atomic():
        allowed = alone.of_person(wallet_id=wallet_id, actor_id=actor_id)
        books, _reads = open_books([wallet_id])
        wallet = books.wallets[wallet_id]
        check_amount(amount, wallet.currency)
        if _was_used(wallet_id, key, amount):
            return None
        if expires_at is not None and expires_at <= books.now:
            raise ValidationError({"expires_at": _("This moment has passed. Choose a later one.")})
        _check_alone(allowed, books, wallet, amount, approval)
        note = Note(transaction_kind.value, key, description, reason, actor_id)
        posting = books.grant(wallet, kind.value, amount, note, against=against, source=key, expires_at=expires_at)
        write(books)
        return posting.number


def adjust(
    *, wallet_id: int, amount: Decimal, reason: str, actor_id: int | None, key: str, approval: Approval | None = None
) -> int | None:
    """Correct a balance by a signed amount, as paid money when it is positive.

    Returns the transaction's number, or None when `key` was used before. Raises ValidationError for an amount of
    zero, a missing reason, and a debit beyond what is not held by calls in progress; SecondPersonNeededError for more
    than the actor may do alone.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the balance is corrected.")})
    with transaction.atomic():
        allowed = alone.of_person(wallet_id=wallet_id, actor_id=actor_id)
        books, _reads = open_books([wallet_id])
        wallet = books.wallets[wallet_id]
        check_amount(abs(amount), wallet.currency)
        if _was_used(wallet_id, key, amount):
            return None
        note = Note(TransactionKind.ADJUSTMENT.value, key, "Adjustment", reason.strip(), actor_id)
        if amount > 0:
            posting = books.grant(wallet, GrantKind.PAID.value, amount, note, source=key)
        else:
            posting = _debit(books, wallet, -amount, note)
        _check_alone(allowed, books, wallet, amount, approval)
        write(books)
        return posting.number


def _check_alone(
    allowed: alone.Alone, books: Books, wallet: WalletState, amount: Decimal, approval: Approval | None
) -> None:
    alone.check(
        allowed,
        wallet_id=wallet.id,
        amount=amount,
        is_refund=False,
        now=books.now,
        currency=wallet.currency,
        approval=approval,
    )


def _was_used(wallet_id: int, key: str, amount: Decimal) -> bool:
    """Whether the key was used before, which nobody can do while the wallet is locked.

    Raises ValidationError when it was used for another amount: a repetition says the same.
    """
    first = Transaction.objects.filter(wallet_id=wallet_id, key=key).first()
    if first is not None and first.amount.amount != amount:
        words = _("This key was used for %(amount)s before. Choose another key.")
        raise ValidationError({"key": words % {"amount": f"{first.amount.amount.normalize():f}"}})
    return first is not None


def check_amount(amount: Decimal, currency: str) -> None:
    """Raises ValidationError unless the amount is positive and fits the ledger (six decimals; whole credits)."""
    if not amount.is_finite() or amount <= 0:
        raise ValidationError({"amount": _("Enter an amount above zero.")})
    if amount >= AMOUNT_MAX:
        raise ValidationError({"amount": _("Enter an amount below %(most)s.") % {"most": AMOUNT_MAX}})
    decimals = 0 if currency == "CREDIT" else AMOUNT_DECIMALS
    if amount != amount.quantize(Decimal(1).scaleb(-decimals)):
        message = _("Credits are whole.") if decimals == 0 else _("At most six decimals.")
        raise ValidationError({"amount": message})


def _debit(books: Books, wallet: WalletState, amount: Decimal, note: Note) -> Posting:
    try:
        return books.debit(wallet, amount, note)
    except InsufficientBalanceError:
        most = max(wallet.balance - wallet.held, Decimal(0))
        message = _("The balance allows a debit of %(most)s %(currency)s at most.")
        raise ValidationError(
            {"amount": message % {"most": f"{most.normalize():f}", "currency": wallet.currency}}
        ) from None
