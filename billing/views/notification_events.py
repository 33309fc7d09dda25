"""What an account can be told of, in words: only what its product and wallet can bring about, in groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models import PaymentProvider, WalletMode
from billing.views.shell import Frame
from notifications.models import Event
from notifications.rules import RULES
from organizations.models import Role

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Group:
    """Events that stand under one heading."""

    title: Text
    events: tuple[tuple[Event, Text], ...]


GROUPS = (
    Group(
        _("Balance and limits"),
        (
            (Event.LOW_BALANCE, _("The balance falls below your threshold")),
            (Event.CALLS_REFUSED, _("New calls are refused")),
            (Event.CALLS_ACCEPTED, _("Calls start again")),
            (Event.CAP_NEAR, _("The daily cap is nearly reached")),
            (Event.CAP_REACHED, _("The daily cap is reached")),
            (Event.CREDIT_NEAR, _("The credit limit is nearly used")),
            (Event.CREDIT_REACHED, _("The credit limit is reached")),
            (Event.SPENDING_SPIKE, _("Spending is unlike the usual")),
            (Event.SERVICE_SILENT, _("Calls are no longer reported")),
            (Event.GRANT_EXPIRING, _("Credit is about to expire")),
            (Event.ALLOTMENT_RESET, _("The monthly allotment is renewed")),
        ),
    ),
    Group(
        _("Payments"),
        (
            (Event.TOPPED_UP, _("A top-up is received")),
            (Event.AUTO_TOP_UP_DONE, _("An automatic top-up is done")),
            (Event.AUTO_TOP_UP_FAILED, _("An automatic top-up fails")),
            (Event.AUTO_TOP_UP_DISABLED, _("Automatic top-up is switched off after failures")),
            (Event.AUTO_TOP_UP_CEILING, _("The monthly ceiling of automatic top-up is reached")),
            (Event.CARD_EXPIRING, _("A card is about to expire")),
            (Event.SUBSCRIPTION, _("The subscription is paid, fails or ends")),
            (Event.REFUND, _("A refund is done")),
            (Event.DISPUTE, _("A payment is disputed")),
            (Event.COUPON_REDEEMED, _("A coupon is redeemed")),
        ),
    ),
    Group(
        _("Records"),
        (
            (Event.DOCUMENT_READY, _("A document is ready")),
            (Event.INVOICE_DUE, _("An invoice is due")),
            (Event.INVOICE_OVERDUE, _("An invoice is overdue")),
            (Event.EXPORT_READY, _("An audit export is ready")),
            (Event.PROJECT_MODE, _("A project goes live, or back to the sandbox")),
        ),
    ),
)
LABELS = {event: label for group in GROUPS for event, label in group.events}
OF_CREDIT = {Event.CREDIT_NEAR, Event.CREDIT_REACHED, Event.INVOICE_DUE, Event.INVOICE_OVERDUE}
OF_PREPAID = {Event.LOW_BALANCE}
OF_AUTO_TOP_UP = {
    Event.AUTO_TOP_UP_DONE,
    Event.AUTO_TOP_UP_FAILED,
    Event.AUTO_TOP_UP_DISABLED,
    Event.AUTO_TOP_UP_CEILING,
}
OF_CARDS = {Event.CARD_EXPIRING, Event.DISPUTE}
OF_PAYMENTS = {Event.TOPPED_UP, Event.REFUND, Event.DOCUMENT_READY}


def groups_of(frame: Frame, role: Role) -> Iterator[Group]:
    """What a member of this role can hear of in the account; groups with nothing in them are left out."""
    left_out = _impossible(frame)
    for group in GROUPS:
        events = tuple(each for each in group.events if each[0] not in left_out and role in RULES[each[0]].roles)
        if events:
            yield Group(group.title, events)


def _impossible(frame: Frame) -> set[Event]:
    """What the product does not offer, or the wallet does not know."""
    terms = frame.terms
    is_postpay = frame.wallet.mode == WalletMode.POSTPAY
    left_out: set[Event] = OF_PREPAID if is_postpay else OF_CREDIT
    if terms is None or not terms.offers_auto_top_up:
        left_out = left_out | OF_AUTO_TOP_UP
    if terms is None or PaymentProvider.STRIPE not in terms.providers:
        left_out = left_out | OF_CARDS
    if terms is None:
        left_out = left_out | OF_PAYMENTS
    if not frame.has_plans:
        left_out = left_out | {Event.SUBSCRIPTION}
    if not (frame.has_plans or frame.wallet.monthly_allotment.amount):
        left_out = left_out | {Event.ALLOTMENT_RESET}
    return left_out
