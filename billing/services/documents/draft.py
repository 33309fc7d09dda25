"""A document before it has a number: what it states, for whom, and the rows that it states it of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing.documents.content import Charged, Line, Settlement, Tax
from billing.models import BillingPeriod, Dispute, Document, DocumentKind, Issuer, Payment, Refund, TopUp, Wallet
from organizations.models import Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What `billing.services.documents.issue` makes a document of. All amounts are in `currency`, positive.

    `wallet` has its account and product loaded. `key` is the cause, once per wallet. `language` empty: the account's,
    else the issuer's. `total`, where it is given, is what lines and taxes must come to.
    """

    kind: DocumentKind
    key: str
    wallet: Wallet
    issuer: Issuer
    organization: Organization | None
    currency: str
    lines: tuple[Line, ...]
    at: datetime
    taxes: tuple[Tax, ...] = ()
    treatment: str = ""
    language: str | None = None
    total: Decimal | None = None
    due: Decimal = Decimal(0)
    due_on: date | None = None
    supplied_from: date | None = None
    supplied_until: date | None = None
    settlements: tuple[Settlement, ...] = ()
    charged: Charged | None = None
    payment_reference: str = ""
    pay_url: str = ""
    bank_details: str = ""
    corrects: Document | None = None
    reason: str = ""
    payment: Payment | None = None
    top_up: TopUp | None = None
    period: BillingPeriod | None = None
    refund: Refund | None = None
    dispute: Dispute | None = None
