"""Words that rows keep in English, said in the reader's language.

A ledger row's description never changes, and no language is the language of a ledger; so it is written in English and
translated where it is shown. What staff typed, and names, stay as they are.
"""

from __future__ import annotations

import re
from functools import cache

from django import template
from django.utils.translation import get_language, gettext, gettext_noop

from organizations.languages import ENGLISH

register = template.Library()

PARTS = " · "  # between the components that a charge names
TEXTS = (
    gettext_noop("Welcome bonus"),
    gettext_noop("Monthly allotment"),
    gettext_noop("Allotment not carried over"),
    gettext_noop("Allotment of an unpaid month"),
    gettext_noop("Allotment expired"),
    gettext_noop("Promo expired"),
    gettext_noop("Adjustment"),
    gettext_noop("Disputed payment"),
    gettext_noop("Dispute won"),
    gettext_noop("Automatic top-up"),
    gettext_noop("bank transfer"),
    gettext_noop("Invoice paid"),
    gettext_noop("Invoice written off"),
    gettext_noop("Tax on an invoice"),
    gettext_noop("Tax of a voided invoice"),
    gettext_noop("Charged anew"),
    gettext_noop("Refunded at the provider"),
    gettext_noop("The provider knows of no such refund."),
    gettext_noop("The payment was not accepted, and the money went back to you."),
    gettext_noop("Robokassa cancelled the refund."),
    gettext_noop("Your card was declined."),
    gettext_noop("Your card has insufficient funds."),
    gettext_noop("Your card was declined. This transaction requires authentication."),
)
PATTERNS = (
    gettext_noop("Top-up (%(way)s)"),
    gettext_noop("Automatic top-up (%(card)s)"),
    gettext_noop("Coupon %(code)s"),
    gettext_noop("Refund to %(card)s"),
    gettext_noop("Refund (%(way)s)"),
    gettext_noop("Refund no. %(number)s returned"),
    gettext_noop("Reversal of no. %(number)s"),
    gettext_noop("Credit for %(document)s"),
    gettext_noop("%(brand)s ending %(digits)s"),
)


@cache
def _expressions() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each pattern with the expression that finds the values in a text made from it."""
    found = []
    for pattern in PATTERNS:
        named = re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(pattern))
        found.append((pattern, re.compile(named)))
    return tuple(found)


@register.filter
def said(text: object) -> str:
    """A stored text in the reader's language; one that is not known stays as it is."""
    words = str(text or "")
    if not words or get_language() == ENGLISH:
        return words
    known = gettext(words)
    if known != words:
        return known
    if PARTS in words:
        return PARTS.join(said(part) for part in words.split(PARTS))
    for pattern, expression in _expressions():
        if match := expression.fullmatch(words):
            return gettext(pattern) % {name: said(value) for name, value in match.groupdict().items()}
    return words
