"""Which tax is due on a sale, and how much: rules without a database or a clock.

Rates are data of their own; what is decided here is which of them hold (FACTS.md, 'Identifiers and tax').
"""

from billing.tax.places import Place, place_of
from billing.tax.rounding import cents, tax_on
from billing.tax.rules import Decision, Rate, Scheme, Treatment, VatStanding, decide

__all__ = [
    "Decision",
    "Place",
    "Rate",
    "Scheme",
    "Treatment",
    "VatStanding",
    "cents",
    "decide",
    "place_of",
    "tax_on",
]
