"""Last month's calls on another model or tier, in words: about what they would have cost, and how much less that is.

What an account could do about its costs follows from what it used (aipbx.md, 'How to reduce costs').
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.templatetags.moments import month_word
from billing.templatetags.money import number, rounded_text
from billing.views.shell import Frame
from usage.rating.types import CardVersion
from usage.selectors.pages.prices_compared import Alternative, Compared, charged_calls, compare
from usage.views.prices_words import tier_words


@dataclass(frozen=True, slots=True)
class OtherPrice:
    """What some calls would have cost on another model or tier; `verdict` says how much less or more that is."""

    name: str
    cost: str
    verdict: str
    is_cheaper: bool


@dataclass(frozen=True, slots=True)
class ComparedCalls:
    """Last month's calls of one model or tier, with the others."""

    name: str
    calls: int
    charged: Decimal
    others: list[OtherPrice]


def last_month_context(frame: Frame, version: CardVersion) -> dict[str, object]:
    """The context of the comparison; `offers_comparison` is whether the card has anything to compare with."""
    last_day = frame.today.replace(day=1) - timedelta(days=1)
    names = {name for rate in version.rates for name in (rate.model, rate.tier) if name and rate.price is not None}
    if len(names) < 2:  # nothing to compare with
        return {"offers_comparison": False}
    month = charged_calls(
        account_id=frame.tenant.account.pk,
        project_id=frame.project_id,
        first_day=last_day.replace(day=1),
        last_day=last_day,
    )
    compared = compare(version, month)
    return {
        "offers_comparison": True,
        "month": month_word(last_day),
        "has_calls": bool(month.calls),
        "compared": [_compared(each, frame.wallet.currency) for each in compared],
    }


def _compared(found: Compared, currency: str) -> ComparedCalls:
    def name(each: str) -> str:
        return tier_words(each) if found.by == "tier" else each

    others = [
        OtherPrice(
            name(each.name),
            rounded_text(each.cost, currency),
            _verdict(each, found.charged, currency),
            is_cheaper=each.saving > 0,
        )
        for each in found.alternatives
    ]
    return ComparedCalls(name(found.name), found.calls, found.charged, others)


def _verdict(other: Alternative, charged: Decimal, currency: str) -> str:
    share = number(abs(other.saving) * 100 / charged) if charged else "0"
    words = {"amount": rounded_text(abs(other.saving), currency), "share": share}
    if other.saving > 0:
        return _("about %(amount)s less (%(share)s%%)") % words
    if other.saving < 0:
        return _("about %(amount)s more (%(share)s%%)") % words
    return _("about the same")
