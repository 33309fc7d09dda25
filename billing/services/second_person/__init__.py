"""Money that staff move above the product's limit waits for a second person (PAGES.md, 'Staff', Actions).

`asking` does at once what one person may do alone and asks otherwise; `deciding` is the second person, who approves or
declines, or the asker, who withdraws. What is approved is done in the same transaction, exactly once.
"""

from billing.services.second_person.asking import Answer, adjust, approve_refund, grant_promo, refund_payment
from billing.services.second_person.deciding import approve, decline, lapse_due, withdraw
from billing.services.second_person.invoices import credit_invoice, write_off

__all__ = [
    "Answer",
    "adjust",
    "approve",
    "approve_refund",
    "credit_invoice",
    "decline",
    "grant_promo",
    "lapse_due",
    "refund_payment",
    "withdraw",
    "write_off",
]
