"""What each event means to whom: the roles that hear of it, by which channels, how often, and what services are told.

A member's own choice (`Preference`) goes before the defaults here, except where the event is essential: what was paid
or has stopped is always told by e-mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from notifications.models.endpoint import WebhookType
from notifications.models.notice import Event
from organizations.models import Role

ALL = (Role.OWNER, Role.BILLING, Role.VIEWER)
PAYERS = (Role.OWNER, Role.BILLING)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """One event's defaults. `cooldown`: people are not told again of one reason within it, services are."""

    roles: tuple[Role, ...] = PAYERS
    is_essential: bool = False
    by_email: bool = True
    by_telegram: bool = True
    to_addresses: bool = False
    """Whether the account's further addresses hear of it, too."""
    to_its_address: bool = False
    """Whether the e-mail address in the fact `address` hears of it, too: an organization's, for documents."""
    is_personal: bool = False
    """Only the member whom the fact `user` names hears, by every channel they have."""
    cooldown: timedelta = timedelta(0)
    webhook: WebhookType | None = None


ALERT = Rule(to_addresses=True, cooldown=HOUR)
RECEIPT = Rule(is_essential=True, by_telegram=False)

RULES: dict[Event, Rule] = {
    Event.LOW_BALANCE: Rule(to_addresses=True, cooldown=HOUR, webhook=WebhookType.WALLET_LOW),
    Event.CALLS_REFUSED: Rule(to_addresses=True, cooldown=HOUR, webhook=WebhookType.WALLET_BLOCKED),
    Event.CALLS_ACCEPTED: Rule(by_email=False, by_telegram=False, webhook=WebhookType.WALLET_UNBLOCKED),
    Event.CAP_NEAR: ALERT,
    Event.CAP_REACHED: ALERT,
    Event.CREDIT_NEAR: ALERT,
    Event.CREDIT_REACHED: ALERT,
    Event.TOPPED_UP: Rule(is_essential=True, by_telegram=False, webhook=WebhookType.WALLET_TOPPED_UP),
    Event.AUTO_TOP_UP_DONE: Rule(is_essential=True, by_telegram=False, webhook=WebhookType.WALLET_TOPPED_UP),
    Event.AUTO_TOP_UP_FAILED: Rule(to_addresses=True, webhook=WebhookType.AUTO_TOP_UP_FAILED),
    Event.AUTO_TOP_UP_DISABLED: Rule(is_essential=True, to_addresses=True, webhook=WebhookType.AUTO_TOP_UP_DISABLED),
    Event.AUTO_TOP_UP_CEILING: Rule(),
    Event.CARD_EXPIRING: Rule(),
    Event.REFUND: RECEIPT,
    Event.DISPUTE: Rule(is_essential=True),
    Event.SUBSCRIPTION: Rule(is_essential=True, by_telegram=False),
    Event.DOCUMENT_READY: Rule(by_telegram=False, to_its_address=True),
    Event.INVOICE_DUE: Rule(is_essential=True),
    Event.INVOICE_OVERDUE: Rule(is_essential=True),
    Event.EXPORT_READY: Rule(by_telegram=False),
    Event.COUPON_REDEEMED: Rule(by_telegram=False),
    Event.GRANT_EXPIRING: Rule(),
    Event.ALLOTMENT_RESET: Rule(by_email=False, by_telegram=False),
    Event.PROJECT_MODE: Rule(roles=ALL, by_telegram=False, webhook=WebhookType.PROJECT_MODE_CHANGED),
    Event.SPENDING_SPIKE: Rule(to_addresses=True, cooldown=6 * HOUR),
    Event.SERVICE_SILENT: Rule(to_addresses=True, cooldown=6 * HOUR),
    Event.TEST: Rule(roles=ALL, is_essential=True, is_personal=True),
}
