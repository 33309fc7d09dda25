"""One Stripe customer for each account and mode, kept as dj-stripe's `Customer` with the account as its subscriber.

Two requests that both find none create the same one: they use the same idempotency key, for an hour at most, so that a
failure of Stripe's that the key replays keeps nobody from paying for a day. A customer that was deleted at Stripe stays
known, so that its payments are still the account's, and a new one follows it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

import stripe
from django.utils import timezone
from djstripe.models import Customer
from djstripe.settings import djstripe_settings

from billing.providers.base import Payer
from billing.providers.stripe import client
from organizations.models import Account

TRIES = 5
TRY_SECONDS = 0.2


def known_customer(account_id: int) -> str | None:
    """The identifier of the account's customer in the configured mode; None when it has none yet."""
    found = Customer.objects.filter(subscriber_id=account_id, livemode=client.is_live(), date_purged=None)
    return found.order_by("djstripe_id").values_list("id", flat=True).first()


def all_customers(account_id: int) -> list[str]:
    """Every customer that the account has or had in the configured mode, the newest first."""
    found = Customer.objects.filter(subscriber_id=account_id, livemode=client.is_live()).order_by("-djstripe_id")
    return list(found.values_list("id", flat=True))


def customer_of(payer: Payer) -> str:
    """The account's customer, made at Stripe when there is none. Raises stripe.StripeError."""
    return known_customer(payer.account_id) or _created(payer)


def _created(payer: Payer) -> str:
    gone = Customer.objects.filter(subscriber_id=payer.account_id, livemode=client.is_live()).count()
    words = hashlib.sha256(f"{payer.name}\n{payer.email}".encode()).hexdigest()[:16]
    key = f"customer-{payer.account_id}-{gone}-{words}-{timezone.now():%Y%m%d%H}"
    account = str(payer.account_id)
    for left in reversed(range(TRIES)):
        try:
            made = client.client().v1.customers.create(
                {
                    "name": payer.name,
                    **({"email": payer.email} if payer.email else {}),
                    "metadata": {djstripe_settings.SUBSCRIBER_CUSTOMER_KEY: account, "account": account},
                },
                {"idempotency_key": key},
            )
            break
        except stripe.StripeError as error:
            if error.http_status != 409 or not left:
                raise
            time.sleep(TRY_SECONDS)  # the other request with this key is about to be answered
    row = Customer.sync_from_stripe_data(made, api_key=client.api_key())
    Customer.objects.filter(id=made.id, subscriber=None).update(subscriber_id=payer.account_id)
    return str(row.id)


def forget(customer_id: str) -> None:
    """Note that a customer was deleted at Stripe: its account gets a new one when it pays next."""
    Customer.objects.filter(id=customer_id, date_purged=None).update(date_purged=timezone.now())


def account_of(customer: str | Mapping[str, Any] | None) -> int | None:
    """The account whose customer this is, an identifier or Stripe's object; None when it is nobody's here."""
    if customer is None:
        return None
    told: Mapping[str, Any] = {"id": customer} if isinstance(customer, str) else customer
    row = Customer.objects.filter(id=told["id"]).first()
    if row is not None and row.subscriber_id is not None:
        return int(row.subscriber_id)
    metadata = told.get("metadata") or (row.stripe_data.get("metadata") if row else None) or {}
    named = str(metadata.get(djstripe_settings.SUBSCRIBER_CUSTOMER_KEY, ""))
    return _existing(int(named)) if named.isascii() and named.isdecimal() and len(named) < 19 else None


def _existing(account_id: int) -> int | None:
    return Account.objects.filter(pk=account_id).values_list("pk", flat=True).first()
