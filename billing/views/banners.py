"""Banners, and the open incidents in words: what failed, what follows from it, and the buttons that mend it.

The reasons and their buttons are those of atllasx.md, 'Failed Payments'; amounts are in the product's own words, and
what follows from an empty balance is what the product's terms say (`OnExhaustion`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.letters.auto_top_up import card_expires
from billing.models import PaymentProvider
from billing.providers.base import BARE_REFUSAL, FailureReason
from billing.services.expiry import EXPIRES
from billing.services.subscription_settling import UNPAID
from billing.templatetags.moments import clock, day_short, local
from billing.templatetags.money import money_text
from billing.templatetags.stored import said
from billing.views.navigation import page_link
from notifications.models import Incident
from organizations.models import OnExhaustion

if TYPE_CHECKING:
    from billing.views.shell import Frame


@dataclass(frozen=True, slots=True)
class Action:
    """A button of a banner: a link, or, with `is_post`, a form of its own."""

    label: str
    href: str
    is_post: bool = False


@dataclass(frozen=True, slots=True)
class Banner:
    """What is the matter, what follows from it, and at most two buttons; dismissed at `dismiss_url`, if at all."""

    id: str
    tone: str
    title: str
    text: str
    actions: tuple[Action, ...] = ()
    dismiss_url: str = ""


def incident_banners(frame: Frame) -> list[Banner]:
    """The open incidents, the newest first. Readers who may not pay see no buttons."""
    if not frame.incidents:
        return []
    ending = _when_empty(frame)
    return [_banner(frame, incident, ending) for incident in frame.incidents]


def _banner(frame: Frame, incident: Incident, ending: str) -> Banner:
    words = WORDS.get(incident.reason, _internal_error)
    tone, title, text, actions = words(frame, incident)
    return Banner(
        id=f"incident-{incident.pk}",
        tone=tone,
        title=title,
        text=text if incident.reason == EXPIRES else f"{text} {ending}",
        actions=tuple(actions) if frame.may_pay else (),
        dismiss_url=reverse("incident_dismiss", args=[incident.pk]) if frame.may_pay else "",
    )


def _when_empty(frame: Frame) -> str:
    """What remains, and what becomes of calls when nothing does."""
    balance = frame.balance
    cut = frame.product_terms.on_exhaustion == OnExhaustion.HANGUP
    if balance.available <= 0:
        return _("Nothing is left: calls are not answered.")
    words = {"left": money_text(balance.available, balance.currency), "zero": money_text(Decimal(0), balance.currency)}
    if frame.sells_credits:
        words["zero"] = "0"
    if cut:
        return _("%(left)s left; at %(zero)s, calls in progress are cut off and new ones are not answered.") % words
    return _("%(left)s left; at %(zero)s, no new call is answered.") % words


Words = tuple[str, str, str, list[Action]]


def _no_payment_method(frame: Frame, incident: Incident) -> Words:
    text = _("Auto top-up is on, but no card is attached to it.")
    actions = [Action(_("Set up auto top-up"), page_link("auto_top_up")), _retry()]
    return "bad", _("No payment method for auto top-up"), text, actions


def _card_declined(frame: Frame, incident: Incident) -> Words:
    asked = {**_asked(frame, incident), "when": _when(frame, incident.opened_at)}
    text = _("The bank refused %(card)s for %(amount)s %(when)s.") % asked
    message = str(incident.details.get("message", "")).strip()
    if message and message.rstrip(".") != BARE_REFUSAL:
        text += " " + _("The reason it gave: %(reason)s.") % {"reason": said(message).rstrip(".।")}
    text += _turned_off(incident)
    actions = [Action(_("Update payment method"), page_link("auto_top_up") + "#saved-cards"), _retry()]
    return "bad", _("Your card was declined"), text, actions


def _needs_confirmation(frame: Frame, incident: Incident) -> Words:
    text = _("%(amount)s on %(card)s: the card cannot be charged without you.") % _asked(frame, incident)
    amount = _amount(incident)
    href = page_link(
        "top_up", amount=f"{amount.normalize():f}" if amount else "", provider=PaymentProvider.STRIPE.value
    )
    return "warn", _("Your bank asks you to confirm a payment"), text, [Action(_("Confirm the payment"), href)]


def _ceiling_reached(frame: Frame, incident: Incident) -> Words:
    text = _("Auto top-up has added what you allow in a month, and waits for the next one.")
    ceiling = _decimal(incident.details.get("ceiling"))
    if ceiling is not None:
        text = _("Auto top-up may add %(ceiling)s in a month, and waits for the next one.") % {
            "ceiling": money_text(ceiling, frame.balance.currency)
        }
    actions = [
        Action(_("Raise the ceiling"), page_link("auto_top_up") + "#monthly_ceiling"),
        Action(str(_top_up_words(frame)), page_link("top_up")),
    ]
    return "warn", _("The monthly ceiling of auto top-up is reached"), text, actions


def _internal_error(frame: Frame, incident: Incident) -> Words:
    text = _(
        "Auto top-up could not charge %(card)s for %(amount)s %(when)s: something failed between us and the bank."
    ) % {**_asked(frame, incident), "when": _when(frame, incident.opened_at)}
    text += " " + _("Retry the charge; if it keeps failing, contact support.") + _turned_off(incident)
    return "bad", _("An internal error occurred"), text, [_retry()]


def _subscription_unpaid(frame: Frame, incident: Incident) -> Words:
    plan = {"plan": str(incident.details.get("plan") or _("your plan"))}
    text = _("This month of %(plan)s is not paid: what was left of its allotment is withdrawn until it is.") % plan
    text += " " + _("The default card is tried again within days; make another one the default if it no longer works.")
    actions = [
        Action(_("Change the card"), page_link("auto_top_up") + "#saved-cards"),
        Action(_("See the subscription"), page_link("subscription")),
    ]
    return "bad", _("The payment for %(plan)s failed") % plan, text, actions


def _card_expires(frame: Frame, incident: Incident) -> Words:
    title, text = card_expires(_asked(frame, incident)["card"], incident.details["expires_on"], frame.zone)
    return "warn", title, text, [Action(_("Change the card"), page_link("auto_top_up") + "#saved-cards")]


WORDS: dict[str, Callable[[Frame, Incident], Words]] = {
    FailureReason.NO_PAYMENT_METHOD.value: _no_payment_method,
    FailureReason.CARD_DECLINED.value: _card_declined,
    FailureReason.NEEDS_CONFIRMATION.value: _needs_confirmation,
    FailureReason.CEILING_REACHED.value: _ceiling_reached,
    FailureReason.INTERNAL_ERROR.value: _internal_error,
    UNPAID: _subscription_unpaid,
    EXPIRES: _card_expires,
}


def _turned_off(incident: Incident) -> str:
    """aitelier.md, 'The wallet': three consecutive failures disable it."""
    return " " + _("It was the third time in a row: auto top-up is off.") if incident.details.get("is_disabled") else ""


def _retry() -> Action:
    return Action(_("Retry the charge"), reverse("auto_top_up_retry"), is_post=True)


def _top_up_words(frame: Frame) -> str:
    return _("Buy credits") if frame.sells_credits else _("Top up by hand")


def _asked(frame: Frame, incident: Incident) -> dict[str, str]:
    """What was to be charged, and whom: "200 credits ($100.00)", "Visa ending 4242"."""
    amount, price = _amount(incident), _decimal(incident.details.get("price"))
    words = money_text(amount, frame.balance.currency) if amount is not None else _("a top-up")
    if price is not None and (frame.sells_credits or price != amount):
        words += f" ({money_text(price, str(incident.details.get('price_currency', '')))})"
    return {"amount": words, "card": said(incident.details.get("card")) or _("the card")}


def _amount(incident: Incident) -> Decimal | None:
    return _decimal(incident.details.get("amount"))


def _decimal(value: object) -> Decimal | None:
    """A detail's number; None where it is missing."""
    try:
        return Decimal(str(value)) if value not in (None, "") else None
    except InvalidOperation:
        return None


def _when(frame: Frame, moment: datetime) -> str:
    """today at 09:12, or on Mar 15 at 09:12, on the account's clock."""
    here = local(moment, frame.zone)
    if here.date() == frame.today:
        return _("today at %(time)s") % {"time": clock(here)}
    return _("on %(day)s at %(time)s") % {"day": day_short(here.date()), "time": clock(here)}
