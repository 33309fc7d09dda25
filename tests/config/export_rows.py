"""Exports, keys and signed heads for the back office's lists, as they lie in the database."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from billing.models import AuditExport, ChainHead, SignedDay, SigningKey
from organizations.models import Account
from tests.factories import make_user


def export_rows(account: Account, number: int) -> None:
    """One row of each for the account; `number` tells them apart."""
    day, now = date(2026, 1, 1) + timedelta(days=number), timezone.now()
    key = SigningKey.objects.create(fingerprint=f"{number:064x}", public_key="PEM", valid_from=now, retired_at=now)
    AuditExport.objects.create(
        wallet=account.wallet, first_day=day, last_day=day, timezone="UTC", requested_by=make_user(), requested_at=now
    )
    ChainHead.objects.create(wallet=account.wallet, day=day, number=1, hash=bytes(32))
    SignedDay.objects.create(day=day, made_at=now, wallets=1, sha256="0" * 64, signature=bytes(64), key=key)
