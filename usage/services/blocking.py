"""Blocking a spam caller, and lifting the block. What was charged is waived by a job (`usage.services.rerating`).

A block keeps calls from starting. Calls that a service reports anyway have cost what they cost and are charged as
reported; waiving takes them back, too.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from organizations.models import Account, Product
from usage.models import BlockedCaller
from usage.models.blocked import NUMBER_LENGTH, REASON_LENGTH
from usage.selectors.blocked import normalised


def block(*, product_id: int, account_id: int | None, caller: str, reason: str, user_id: int) -> BlockedCaller:
    """Deny calls of `caller` from now on, to the account or, without one, to the whole product.

    One that is blocked already stays as it is. Raises ValidationError, keyed by the field to correct.
    """
    check(product_id=product_id, account_id=account_id, caller=caller, reason=reason)
    number, text = normalised(caller), reason.strip()
    given = {"written": caller.strip(), "reason": text, "blocked_by_id": user_id, "blocked_at": timezone.now()}
    blocked, _ = BlockedCaller.objects.get_or_create(
        product=Product.objects.get(pk=product_id),
        account=Account.objects.filter(pk=account_id).first() if account_id else None,
        number=number,
        lifted_at=None,
        defaults=given,
    )
    return blocked


def check(*, product_id: int, account_id: int | None, caller: str, reason: str) -> None:
    """Raises ValidationError, keyed by the field to correct, unless `block` would take this."""
    faults: dict[str, str] = {}
    if not normalised(caller) or len(caller.strip()) > NUMBER_LENGTH:
        faults["number"] = f"Write the number as calls report it, in at most {NUMBER_LENGTH} characters."
    if not reason.strip() or len(reason.strip()) > REASON_LENGTH:
        faults["reason"] = f"Say why, in at most {REASON_LENGTH} characters."
    if account_id is not None and not Account.objects.filter(pk=account_id, product_id=product_id).exists():
        faults["account"] = "The account is another product's."
    if faults:
        raise ValidationError(faults)


def lift(*, blocked_id: int, reason: str, user_id: int) -> bool:
    """Take the number's calls again; whether this call was the one that said so. Raises ValidationError without a
    reason."""
    text = reason.strip()
    if not text or len(text) > REASON_LENGTH:
        raise ValidationError({"reason": f"Say why, in at most {REASON_LENGTH} characters."})
    with transaction.atomic():
        lifted = BlockedCaller.objects.filter(pk=blocked_id, lifted_at=None).update(
            lifted_at=timezone.now(), lifted_by_id=user_id, lifted_because=text
        )
    return bool(lifted)
