"""Refunds of unspent paid money, each to the payment that it came from (DESIGN.md, 'State machines').

requested -> approved -> submitted -> succeeded | failed, or declined. The money leaves the wallet at the approval; a
failure gives it back once. `asking` and `deciding` are people, `sending` and `outcomes` the provider, `adoption` what
was done there without us.
"""

from billing.services.refunds.adoption import adopt
from billing.services.refunds.asking import request
from billing.services.refunds.deciding import approve, decline, refund_payment
from billing.services.refunds.outcomes import settle
from billing.services.refunds.sending import check, check_due, is_by_hand, mark_returned, mark_sent, request_of, submit

__all__ = [
    "adopt",
    "approve",
    "check",
    "check_due",
    "decline",
    "is_by_hand",
    "mark_returned",
    "mark_sent",
    "refund_payment",
    "request",
    "request_of",
    "settle",
    "submit",
]
