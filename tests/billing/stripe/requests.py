"""Requests to the provider, as the services make them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing.providers.base import ChargeRequest, Payer, RefundRequest
from organizations.models import Account


def payer_of(account: Account) -> Payer:
    return Payer(account_id=account.pk, name=account.name, email=account.email)


def charge_request(account: Account, amount: str = "25.00", **options: Any) -> ChargeRequest:
    now = timezone.now()
    given: dict[str, Any] = {
        "reference": str(uuid.uuid4()),
        "order": 1,
        "amount": Decimal(amount),
        "currency": "USD",
        "description": "Top-up 1",
        "payer": payer_of(account),
        "asked_at": now,
        "success_url": "http://testserver/back",
        "cancel_url": "http://testserver/cancelled",
        "expires_at": now + timedelta(hours=1),
    }
    return ChargeRequest(**given | options)


def refund_request(payment: str, amount: str, **options: Any) -> RefundRequest:
    given: dict[str, Any] = {
        "reference": str(uuid.uuid4()),
        "payment_reference": payment,
        "amount": Decimal(amount),
        "currency": "USD",
        "asked_at": timezone.now(),
    }
    return RefundRequest(**given | options)
