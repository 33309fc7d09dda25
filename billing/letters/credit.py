"""What is said of credit that was given: a coupon was redeemed, some of it is about to expire.

Facts of a coupon: `code`, `amount` and `balance` in `currency`, `expires_at` unless it never does. Of a grant: `kind`
(`GrantKind`), `amount` (what is left of it) in `currency`, `expires_at`.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from billing.letters.facts import amount, balance_now, day_and_time, day_of
from billing.letters.page import page_url
from billing.models import GrantKind
from notifications.models import Event, Notice
from notifications.words import Message, register


def register_words() -> None:
    """Give credit its words."""
    register(Event.COUPON_REDEEMED, _redeemed)
    register(Event.GRANT_EXPIRING, _expires)


def _redeemed(notice: Notice) -> Message:
    """letustalk.md, 'Free promo credits': "Promo credits are separate from your paid balance", spent first."""
    paragraphs = [_("It is promo credit, which is spent before what you have paid.")]
    if "expires_at" in notice.facts:
        paragraphs.append(_("It can be used until %(day)s.") % {"day": day_of(notice, "expires_at")})
    return Message(
        _("Coupon redeemed: %(amount)s added") % {"amount": amount(notice, "amount")},
        (" ".join(paragraphs),),
        ((_("Code"), notice.facts["code"]), *balance_now(notice)),
        _("See the balance"),
        page_url("overview"),
    )


def _expires(notice: Notice) -> Message:
    kind = {
        GrantKind.ALLOTMENT: _("Monthly allotment"),
        GrantKind.PROMO: _("Promo credit"),
    }[GrantKind(notice.facts["kind"])]
    return Message(
        _("Unused credit expires on %(day)s") % {"day": day_of(notice, "expires_at")},
        (
            _("Calls can use it until %(time)s on %(day)s. Whatever is left then is taken off the balance.")
            % day_and_time(notice, "expires_at"),
        ),
        ((kind, amount(notice, "amount")),),
        _("See the balance"),
        page_url("overview"),
    )
