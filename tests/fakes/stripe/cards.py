"""Stripe's test cards: what each does when it is saved, charged, authenticated, disputed and refunded.

Numbers and tokens as Stripe's documentation of testing names them; a number that is none of these is declined, as test
mode declines real cards.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.fakes.stripe.store import Object

TEST_MODE_DECLINE = "test_mode_live_card"


@dataclass(frozen=True)
class Card:
    """One card. `decline` and `attach` are decline codes, or empty for success."""

    number: str
    decline: str = ""
    attach: str = ""  # when it is saved for later without a charge
    authentication: str = "never"  # always; until_set_up: once it was saved with the payer present, never again
    dispute: str = ""  # the status of the dispute that every charge meets at once
    refund: str = "succeeded"  # pending: until it is settled; failing: succeeded at first, fails when told

    @property
    def brand(self) -> str:
        """The network, in Stripe's word."""
        first = self.number[:2]
        return "amex" if first in ("34", "37") else "mastercard" if first[0] in "25" else "visa"

    @property
    def behaviour(self) -> Object:
        """What is kept with each payment method made of this card, and may be changed there."""
        names = ("decline", "attach", "authentication", "dispute", "refund")
        return {name: getattr(self, name) for name in names} | {"set_up": False}


def _declining(number: str, code: str) -> Card:
    return Card(number, decline=code, attach=code)


CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242"),
        Card("4000056655665556"),
        Card("5555555555554444"),
        Card("5454545454545454"),
        Card("378282246310005"),
        _declining("4000000000000002", "generic_decline"),
        _declining("4000000000009995", "insufficient_funds"),
        _declining("4000000000009987", "lost_card"),
        _declining("4000000000009979", "stolen_card"),
        _declining("4000000000000069", "expired_card"),
        _declining("4000000000000127", "incorrect_cvc"),
        _declining("4000000000000119", "processing_error"),
        Card("4000000000000341", decline="generic_decline"),
        Card("4000002760003184", authentication="always"),
        Card("4000002500003155", authentication="until_set_up"),
        Card("4000008260003178", authentication="always", decline="insufficient_funds"),
        Card("4000000000000259", dispute="needs_response"),
        Card("4000000000001976", dispute="warning_needs_response"),
        Card("4000000000007726", refund="pending"),
        Card("4000000000005126", refund="failing"),
    )
}
TOKENS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_visa_debit": "4000056655665556",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_visa_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_visa_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "pm_card_createDispute": "4000000000000259",
    "pm_card_createDisputeInquiry": "4000000000001976",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
}

DECLINED = "Your card was declined."
MESSAGES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
    "authentication_failure": "We are unable to authenticate your payment method. "
    "Please choose a different payment method and try again.",
    TEST_MODE_DECLINE: "Your card was declined. Your request was in test mode, but used a non test (live) card.",
}
CODES = {
    "expired_card": "expired_card",
    "incorrect_cvc": "incorrect_cvc",
    "processing_error": "processing_error",
    "authentication_required": "authentication_required",
    "authentication_failure": "payment_intent_authentication_failure",
}


def known(number: str) -> Card:
    """The card with this number; an unknown one is declined, as a real one is in test mode."""
    return CARDS.get(number) or _declining(number, TEST_MODE_DECLINE)


def message(decline_code: str) -> str:
    """What the bank tells the payer."""
    return MESSAGES.get(decline_code, DECLINED)


def error_code(decline_code: str) -> str:
    """The error's `code` for a decline code."""
    return CODES.get(decline_code, "card_declined")


def passes_luhn(number: str) -> bool:
    """Whether the digits can be a card's number at all."""
    if not number.isdecimal() or not 12 <= len(number) <= 19:
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
