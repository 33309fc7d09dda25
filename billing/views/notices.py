"""Why no call starts just now, said at the top of every page before a caller finds out: what the API answers, in words.

An account all of whose projects are in the sandbox hears nothing of its balance and cap: there they deny no call
(aitelier.md, 'Sandbox mode').
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.templatetags.money import money_text, number
from billing.views.banners import Action, Banner
from billing.views.invoice_banners import pay_actions
from billing.views.navigation import top_up_label
from organizations.models import Account, Mode

if TYPE_CHECKING:
    from billing.views.shell import Frame


def notices_of(frame: Frame) -> list[Banner]:
    """What keeps calls from starting; empty when they may."""
    return [*_closed(frame), *(money_notices(frame) if is_charged(frame) else [])]


def money_notices(frame: Frame) -> list[Banner]:
    """What in balance and limits keeps charged calls from starting."""
    return [WORDS[reason](frame) for reason in frame.balance.refusals if reason in WORDS]


def is_charged(frame: Frame) -> bool:
    """Whether the account's next call may be charged; one without projects has them in the product's default mode."""
    projects = frame.tenant.projects
    if not projects:
        return frame.tenant.product.default_project_mode == Mode.LIVE
    return any(not project.is_sandbox for project in projects)


def _closed(frame: Frame) -> list[Banner]:
    if frame.tenant.account.status != Account.Status.SUSPENDED:
        return []
    title = _("The account is suspended")
    return [Banner("suspended", "bad", title, _("No call starts. Contact support to reopen it."))]


def _frozen(frame: Frame) -> Banner:
    text = _("A payment is disputed. No call starts until that is settled.")
    return Banner("frozen", "bad", _("The balance is frozen"), text)


def _overdue(frame: Frame) -> Banner:
    text = _("No call starts until it is paid.")
    return Banner("overdue", "bad", _("An invoice is overdue"), text, pay_actions(frame))


def _credit_limit(frame: Frame) -> Banner:
    text = _("No call starts until the next invoice is paid.")
    return Banner("limit", "bad", _("The credit limit is reached"), text)


def _reserved(frame: Frame) -> Banner:
    text = _("A new call starts when one of them ends, or after a top-up.")
    return Banner("reserved", "warn", _("Calls in progress hold the rest of the balance"), text, _more(frame))


def _too_low(frame: Frame) -> Banner:
    balance = frame.balance
    if balance.available <= 0:
        text = _("No call starts until it is topped up.")
        return Banner("empty", "bad", _("The balance is used up"), text, _more(frame))
    text = _("%(words)s are available. Calls start from %(least)s on.") % {
        "words": money_text(balance.available, balance.currency),
        "least": money_text(frame.product_terms.floor.amount, balance.currency),
    }
    return Banner("floor", "bad", _("No call starts: the balance is too low"), text, _more(frame))


def _capped(frame: Frame) -> Banner:
    balance = frame.balance
    cap = money_text(balance.daily_cap or balance.spent_today, balance.currency)
    title = _("The daily cap of %(cap)s is reached") % {"cap": cap}
    raising = (Action(_("Raise the cap"), frame.link("limits")),) if frame.may_pay else ()
    return Banner("cap", "warn", title, _("No new call starts until midnight."), raising)


def _crowded(frame: Frame) -> Banner:
    calls = frame.balance.held_calls
    title = ngettext(
        "%(calls)s call is in progress, the most you allow",
        "%(calls)s calls are in progress, the most you allow",
        calls,
    ) % {"calls": number(calls)}
    raising = (Action(_("Raise the limit"), frame.link("limits")),) if frame.may_pay else ()
    return Banner("crowded", "warn", title, _("A new call starts when one of them ends."), raising)


def _more(frame: Frame) -> tuple[Action, ...]:
    """The way to more money, for those who may pay."""
    if frame.terms is None or not frame.may_pay:
        return ()
    return (Action(str(top_up_label(frame.balance.currency)), frame.link("top_up")),)


# By the reasons of `billing.services.admission`; a suspended account is told of above, whatever is charged.
WORDS: dict[str, Callable[[Frame], Banner]] = {
    "wallet_frozen": _frozen,
    "payment_overdue": _overdue,
    "insufficient_balance": _too_low,
    "balance_reserved": _reserved,
    "credit_limit_reached": _credit_limit,
    "daily_limit_reached": _capped,
    "concurrency_limit_reached": _crowded,
}
