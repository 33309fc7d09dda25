"""A product's terms as the hot paths need them, kept in memory until the product's revision changes."""

from __future__ import annotations

from dataclasses import dataclass

from billing.models import ProductTerms
from billing.selectors.balance import call_terms
from billing.services.admission import CallTerms


@dataclass(frozen=True, slots=True)
class LoadedTerms:
    """The terms of one revision."""

    revision: int
    call: CallTerms
    event_window_days: int


_loaded: dict[int, LoadedTerms] = {}


def load_terms(product_id: int, revision: int) -> LoadedTerms:
    """The product's terms; read again when `revision`, which saving them raises, is another than last time."""
    known = _loaded.get(product_id)
    if known is None or known.revision != revision:
        terms = ProductTerms.objects.get(pk=product_id)
        known = _loaded[product_id] = LoadedTerms(
            revision,
            call_terms(terms),
            terms.event_window_days,
        )
    return known
