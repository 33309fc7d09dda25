"""What one person of the staff may do alone: money given, taken or refunded on a wallet up to the product's limit.

Sums of one person, wallet and direction within 24 hours count together, so that a big one cannot be split; what a
second person approved does not count. What the system does by rule, without a person, has no limit; an operator's
command has the same one, and nobody who could approve more.

The product's terms are locked for reading before the wallet and until the end of the transaction, so that a limit that
changes meanwhile is either heeded or set later (`billing.verification.second_person` judges by these moments).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Exists, OuterRef, Sum, Value
from django.db.models.functions import Replace
from django.utils import timezone

from billing.models import Approval, ApprovalStatus, ProductTerms, Transaction, TransactionKind, Wallet
from billing.services.locking import lock_wallets
from billing.templatetags.money import money_text
from organizations.database import run

ZERO = Decimal(0)
TOGETHER = timedelta(hours=24)
COMMAND = "command:"
TAX_OF_CREDIT = ":tax"
GIVEN = (TransactionKind.ADJUSTMENT, TransactionKind.PROMO, TransactionKind.CREDIT)
LIMIT = """
SELECT t.approval_limit FROM billing_wallet w JOIN organizations_account a ON a.id = w.account_id
  JOIN billing_productterms t ON t.product_id = a.product_id
 WHERE w.id = %s FOR SHARE OF t
"""


@dataclass(frozen=True, slots=True)
class Alone:
    """What `actor_id` may do alone to a wallet now; `limit` None: everything."""

    limit: Decimal | None
    actor_id: int | None


class SecondPersonNeededError(ValidationError):
    """More than one person may do alone: `amount`, signed as in the ledger. `limit` and `done` (within 24 hours of
    `at`) are in the wallet's currency, too."""

    def __init__(self, *, amount: Decimal, limit: Decimal, done: Decimal, currency: str, at: datetime) -> None:
        most = money_text(limit, currency)
        super().__init__(f"One person may move {most} within 24 hours. This waits for a second person's approval.")
        self.amount, self.limit, self.done, self.at = amount, limit, done, at


def of_person(*, wallet_id: int, actor_id: int | None) -> Alone:
    """What the person may do alone; call it before the wallet is locked, inside the transaction of the deed."""
    if actor_id is None:
        return Alone(None, None)
    with connection.cursor() as cursor:
        cursor.execute(LIMIT, [wallet_id])
        row = cursor.fetchone()
    return Alone(row[0] if row else None, actor_id)


def check(
    alone: Alone, *, wallet_id: int, amount: Decimal, is_refund: bool, now: datetime, currency: str,
    approval: Approval | None,
) -> None:  # fmt: skip
    """Raises SecondPersonNeededError unless the person may move `amount`, signed as in the ledger, alone, or a second
    one has approved exactly this. Call it under the wallet's lock, before anything is written.
    """
    if approval is not None and _is_consent(approval, alone, wallet_id, amount):
        return
    if alone.limit is None or alone.actor_id is None:
        return
    done = done_alone(wallet_id=wallet_id, actor_id=alone.actor_id, amount=amount, is_refund=is_refund, now=now)
    if done + abs(amount) > alone.limit:
        raise SecondPersonNeededError(amount=amount, limit=alone.limit, done=done, currency=currency, at=now)


def done_alone(*, wallet_id: int, actor_id: int, amount: Decimal, is_refund: bool, now: datetime) -> Decimal:
    """What the person did to the wallet within 24 hours in the direction of `amount` without a second one, as a sum."""
    approved = Approval.objects.filter(
        wallet_id=OuterRef("wallet_id"), transaction_key=OuterRef("deed"), status=ApprovalStatus.APPROVED
    )
    theirs = Transaction.objects.filter(wallet_id=wallet_id, actor_id=actor_id, created_at__gte=now - TOGETHER)
    theirs = theirs.annotate(deed=Replace("key", Value(TAX_OF_CREDIT)))  # a credit note's tax belongs to its net
    if is_refund:
        theirs = theirs.filter(kind=TransactionKind.REFUND)
    elif amount > 0:
        theirs = theirs.filter(kind__in=GIVEN, amount__gt=0)
    else:
        theirs = theirs.filter(kind__in=GIVEN, amount__lt=0)
    total = theirs.filter(~Exists(approved)).aggregate(total=Sum("amount"))["total"]
    return abs(total or ZERO)


def check_command(*, wallet_id: int, amount: Decimal, key: str) -> None:
    """Raises SecondPersonNeededError where an operator's command would give more than one person may within 24 hours.

    Nobody signs in to a command, so it has no second person: the back office has. Inside the transaction of the deed.
    """
    alone = of_person(wallet_id=wallet_id, actor_id=0)
    run(lock_wallets([wallet_id]))
    given = Transaction.objects.filter(wallet_id=wallet_id, actor=None, key__startswith=COMMAND)
    if alone.limit is None or given.filter(key=key).exists():
        return
    now = timezone.now()
    done = given.filter(created_at__gte=now - TOGETHER).aggregate(total=Sum("amount"))["total"] or ZERO
    if done + amount > alone.limit:
        currency = str(Wallet.objects.values_list("currency", flat=True).get(pk=wallet_id))
        raise SecondPersonNeededError(amount=amount, limit=alone.limit, done=done, currency=currency, at=now)


def needs_second(*, wallet_id: int, actor_id: int, amount: Decimal, is_refund: bool, now: datetime) -> Decimal | None:
    """The product's limit where `amount` would pass it now, for a page that says so before it is asked; else None."""
    limit = (
        ProductTerms.objects.filter(product__accounts__wallet=wallet_id)
        .values_list("approval_limit", flat=True)
        .first()
    )
    if limit is None:
        return None
    most = Decimal(getattr(limit, "amount", limit))
    done = done_alone(wallet_id=wallet_id, actor_id=actor_id, amount=amount, is_refund=is_refund, now=now)
    return most if done + abs(amount) > most else None


def _is_consent(approval: Approval, alone: Alone, wallet_id: int, amount: Decimal) -> bool:
    """Whether this is what was asked by this person and somebody else says yes to."""
    return (
        approval.status == ApprovalStatus.REQUESTED
        and approval.decided_by_id is not None
        and approval.decided_by_id != approval.asked_by_id
        and approval.asked_by_id == alone.actor_id
        and (approval.wallet_id, approval.amount.amount) == (wallet_id, amount)
    )
