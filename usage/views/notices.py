"""Why no call starts just now, said at the top of the overview before a caller finds out."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from billing.models import ProductTerms, WalletMode
from billing.templatetags.money import money_text
from billing.views.banners import Action
from billing.views.navigation import top_up_label
from billing.views.shell import Frame
from organizations.models import Account


@dataclass(frozen=True, slots=True)
class Notice:
    """A banner: what is the matter, what follows from it."""

    id: str
    title: str
    text: str
    tone: str = "bad"
    actions: tuple[Action, ...] = ()


def notices_of(frame: Frame) -> list[Notice]:
    """What keeps calls from starting, the worst first; empty when they may."""
    notices = []
    wallet, balance = frame.wallet, frame.balance
    if frame.tenant.account.status == Account.Status.SUSPENDED:
        notices.append(
            Notice("suspended", _("The account is suspended"), _("No call starts. Contact support to reopen it."))
        )
    if wallet.is_frozen:
        notices.append(
            Notice(
                "frozen", _("The balance is frozen"), _("A payment is disputed. No call starts until that is settled.")
            )
        )
    if wallet.is_overdue:
        notices.append(Notice("overdue", _("An invoice is overdue"), _("No call starts until it is paid.")))
    floor = ProductTerms.objects.only("floor", "currency").get(product=frame.tenant.product).floor.amount
    words = money_text(balance.available, balance.currency)
    if wallet.mode == WalletMode.POSTPAY:
        if balance.available <= 0:
            title = _("The credit limit is reached")
            notices.append(Notice("limit", title, _("No call starts until the next invoice is paid.")))
    elif balance.available <= 0:
        text = _("No call starts until it is topped up.")
        notices.append(Notice("empty", _("The balance is used up"), text, actions=_more(frame)))
    elif balance.available < floor:
        least = money_text(floor, balance.currency)
        text = _("%(words)s are available. Calls start from %(least)s on.") % {"words": words, "least": least}
        notices.append(Notice("floor", _("No call starts: the balance is too low"), text, actions=_more(frame)))
    if balance.left_today == 0:
        cap = money_text(balance.daily_cap or balance.spent_today, balance.currency)
        title = _("The daily cap of %(cap)s is reached") % {"cap": cap}
        raising = (Action(_("Raise the cap"), frame.link("limits")),) if frame.may_pay else ()
        notices.append(Notice("cap", title, _("No new call starts until midnight."), "warn", raising))
    return notices


def _more(frame: Frame) -> tuple[Action, ...]:
    """The way to more money, for those who may pay."""
    if frame.terms is None or not frame.may_pay:
        return ()
    return (Action(str(top_up_label(frame.balance.currency)), frame.link("top_up")),)
