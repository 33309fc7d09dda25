"""What staff do with money: at once where one person may do it alone, else asked of a second person.

Everything is checked as if it were done at once, so that nothing waits that could not be done now. The key makes one
deed or one request of it, whatever is repeated.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import transaction

from billing.models import Approval, ApprovalKind, Document, GrantKind, Payment, Refund, TransactionKind, Wallet
from billing.services import alone, credits, refunds
from billing.services.locking import lock_wallets
from billing.services.second_person.letters import tell_of_request
from organizations.database import run


class Answer(NamedTuple):
    """What came of it: a transaction's number, a refund or a credit note (none, when it was done before, and for an
    invoice that was written off), or what waits."""

    number: int | None = None
    refund: Refund | None = None
    asked: Approval | None = None
    document: Document | None = None


def adjust(*, wallet_id: int, amount: Decimal, reason: str, actor_id: int, key: str) -> Answer:
    """Correct a balance by a signed amount, or ask for it. Raises ValidationError as `credits.adjust` does."""

    def do() -> Answer:
        return Answer(
            number=credits.adjust(wallet_id=wallet_id, amount=amount, reason=reason, actor_id=actor_id, key=key)
        )

    wanted = {"kind": ApprovalKind.ADJUSTMENT, "amount": amount, "reason": reason}
    return do_or_ask(do, wallet_id=wallet_id, actor_id=actor_id, key=key, wanted=wanted)


def grant_promo(
    *, wallet_id: int, amount: Decimal, reason: str, actor_id: int, key: str, expires_at: datetime | None
) -> Answer:
    """Give promo credit, or ask for it. Raises ValidationError as `credits.credit` does."""

    def do() -> Answer:
        return Answer(
            number=give_promo(
                wallet_id=wallet_id,
                amount=amount,
                reason=reason,
                actor_id=actor_id,
                key=key,
                expires_at=expires_at,
                approval=None,
            )
        )

    wanted = {"kind": ApprovalKind.PROMO, "amount": amount, "reason": reason, "credit_expires_at": expires_at}
    return do_or_ask(do, wallet_id=wallet_id, actor_id=actor_id, key=key, wanted=wanted)


def approve_refund(*, refund_id: int, actor_id: int, decision: str, key: str, amount: Decimal) -> Answer:
    """Approve a customer's refund request, or `amount` of it, or ask for that. Raises ValidationError as
    `refunds.approve` does."""

    def do() -> Answer:
        return Answer(refund=refunds.approve(refund_id=refund_id, user_id=actor_id, decision=decision, amount=amount))

    wallet_id = Refund.objects.values_list("wallet_id", flat=True).get(pk=refund_id)
    wanted = {
        "kind": ApprovalKind.REFUND_REQUEST,
        "amount": -amount,
        "reason": decision,
        "refund_id": refund_id,
    }
    return do_or_ask(do, wallet_id=wallet_id, actor_id=actor_id, key=key, wanted=wanted)


def refund_payment(*, payment_id: int, actor_id: int, reason: str, reference: uuid.UUID, amount: Decimal) -> Answer:
    """Refund unspent money to a payment, or ask for it. Raises ValidationError as `refunds.refund_payment` does."""

    def do() -> Answer:
        return Answer(
            refund=refunds.refund_payment(
                payment_id=payment_id, amount=amount, reason=reason, user_id=actor_id, reference=reference
            )
        )

    wallet_id = Payment.objects.values_list("wallet_id", flat=True).get(pk=payment_id)
    wanted = {
        "kind": ApprovalKind.REFUND_PAYMENT,
        "amount": -amount,
        "reason": reason,
        "payment_id": payment_id,
    }
    return do_or_ask(do, wallet_id=wallet_id, actor_id=actor_id, key=str(reference), wanted=wanted)


def give_promo(
    *,
    wallet_id: int,
    amount: Decimal,
    reason: str,
    actor_id: int,
    key: str,
    expires_at: datetime | None,
    approval: Approval | None,
) -> int | None:
    """Promo credit by staff, as the ledger keeps it."""
    return credits.credit(
        wallet_id=wallet_id,
        kind=GrantKind.PROMO,
        amount=amount,
        key=key,
        transaction_kind=TransactionKind.PROMO,
        description="Promo credit",
        reason=reason,
        actor_id=actor_id,
        expires_at=expires_at,
        approval=approval,
    )


def do_or_ask(do: Callable[[], Answer], *, wallet_id: int, actor_id: int, key: str, wanted: dict[str, Any]) -> Answer:
    """Do it, or keep it for a second person; terms and wallet stay locked from the one to the other."""
    with transaction.atomic():
        alone.of_person(wallet_id=wallet_id, actor_id=actor_id)
        run(lock_wallets([wallet_id]))
        asked = Approval.objects.filter(wallet_id=wallet_id, key=key).first()
        if asked is not None:
            return Answer(asked=asked)
        try:
            return do()
        except alone.SecondPersonNeededError as needed:
            return Answer(asked=_ask(needed, wallet_id=wallet_id, actor_id=actor_id, key=key, wanted=wanted))


def _ask(
    needed: alone.SecondPersonNeededError, *, wallet_id: int, actor_id: int, key: str, wanted: dict[str, Any]
) -> Approval:
    wallet = Wallet.objects.select_related("account__product").get(pk=wallet_id)
    asked = Approval.objects.create(
        key=key,
        wallet=wallet,
        currency=wallet.currency,
        limit=needed.limit,
        done_alone=needed.done,
        asked_by_id=actor_id,
        asked_at=needed.at,
        **{"amount": needed.amount, **wanted, "reason": wanted["reason"].strip()},
    )
    tell_of_request(asked)
    return asked
