"""A customer asks for unspent money back: one refund for each payment it comes from, newest first.

Nothing moves yet: staff decide (aitelier.md, 'The wallet': "Open a ticket; we send it back to the original payment
method").
"""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import Refund
from billing.selectors.refunds import refundable
from billing.services.credits import check_amount
from billing.services.ledger import open_books, write
from billing.services.refunds.letters import tell_of_request
from billing.services.refunds.reserving import new_refund, share_of
from billing.templatetags.money import money_text

REASON_LENGTH = 255


def request(*, wallet_id: int, amount: Decimal, reason: str, user_id: int | None) -> list[Refund]:
    """Ask for `amount` in the wallet's currency back, split over its payments; all rows carry the same `request`.

    Raises ValidationError for a missing reason, an amount that is not positive, too fine or more than is refundable,
    and for whatever stands in the way.
    """
    text = reason.strip()
    if not text:
        raise ValidationError({"reason": _("Say why you want the money back.")})
    if len(text) > REASON_LENGTH:
        raise ValidationError({"reason": _("At most %(most)s characters.") % {"most": REASON_LENGTH}})
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        write(books)  # what opening them found due
        found = refundable(wallet_id=wallet_id, at=books.now)
        if found.blocked_because:
            raise ValidationError(found.blocked_because)
        check_amount(amount, found.currency)
        if amount > found.total:
            most = money_text(found.total, found.currency)
            raise ValidationError({"amount": _("At most %(most)s can be refunded.") % {"most": most}})
        refunds, left, together = [], amount, uuid.uuid4()
        for entry in found.payments:
            part = min(left, entry.refundable)
            if part > 0:
                left -= part
                share = share_of(entry.payment, part)
                refund = new_refund(books, entry.payment, share, reason=text, user_id=user_id, request=together)
                refund.save()
                refunds.append(refund)
        tell_of_request(refunds)
    return refunds
