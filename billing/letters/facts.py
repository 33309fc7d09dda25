"""A notice's facts as people read them: amounts in their currency, moments on the account's clock, cards by name.

Amounts are decimals as text, each with a currency beside it; moments and days are ISO 8601.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.letters.page import page_url
from billing.models import PaymentProvider
from billing.templatetags.moments import clock, day_year, local
from billing.templatetags.money import CREDIT, money_text
from billing.templatetags.stored import said
from notifications.models import Notice
from organizations.models import OnExhaustion

Pairs = tuple[tuple[str, str], ...]


def amount(notice: Notice, name: str, *, currency: str = "currency") -> str:
    """The amount of a fact, in the currency that another fact names: $4.25, or 200 credits."""
    return money_text(Decimal(notice.facts[name]), notice.facts[currency])


def moment(notice: Notice, name: str) -> datetime:
    """A fact's moment on the account's clock."""
    return local(datetime.fromisoformat(notice.facts[name]), ZoneInfo(notice.account.timezone))


def day_of(notice: Notice, name: str) -> str:
    """The account's day that a fact's moment lies in: Mar 15, 2026."""
    return day_year(moment(notice, name).date())


def day_and_time(notice: Notice, name: str) -> dict[str, str]:
    """`day` and `time` of a fact's moment, for sentences that have both."""
    at = moment(notice, name)
    return {"day": day_year(at.date()), "time": clock(at)}


def calendar_day(notice: Notice, name: str) -> str:
    """A fact that is a day and no moment: Mar 15, 2026."""
    return day_year(date.fromisoformat(notice.facts[name]))


def paid_by(notice: Notice) -> str:
    """The card, or else the way, that a payment came by."""
    return said(notice.facts["card"]) or str(PaymentProvider(notice.facts["provider"]).label)


def balance_now(notice: Notice) -> Pairs:
    """The balance right after it happened."""
    return ((_("Balance now"), amount(notice, "balance")),)


def top_up_button(notice: Notice) -> tuple[str, str]:
    """The button that leads to new money."""
    label = _("Buy credits") if notice.facts["currency"] == CREDIT else _("Top up")
    return label, page_url("top_up")


def when_used_up(notice: Notice) -> str:
    """What becomes of calls when the money ends, by the product's terms (`OnExhaustion`, and the floor)."""
    terms = notice.account.product.terms
    if terms.on_exhaustion == OnExhaustion.HANGUP:
        return _("When the balance is used up, calls in progress are cut off and new ones are not answered.")
    if terms.floor.amount > 0:
        floor = money_text(terms.floor.amount, str(terms.currency))
        return _("Below %(floor)s no new call starts. Calls in progress finish.") % {"floor": floor}
    return _("When the balance is used up, no new call starts. Calls in progress finish.")
