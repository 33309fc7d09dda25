"""Whoever rewrites what was signed or handed out is found by `verify_ledger`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from billing.services.exports.heads import sign_day
from billing.verification.run import verify
from organizations.models import Account
from tests.billing.exports.exporting import made

BREAKS = [
    ("signed_heads_are_in_chains", "UPDATE billing_transaction SET hash = sha256('x')"),
    ("signed_heads_are_in_chains", "DELETE FROM billing_transaction"),
    ("signed_heads_are_in_chains", "UPDATE billing_chainhead SET number = number + 1"),
    ("exports_are_in_chains", "UPDATE billing_transaction SET hash = sha256('x')"),
    ("exports_are_in_chains", "UPDATE billing_transaction SET balance_after = balance_after + 0.000001"),
    ("exports_are_in_chains", "UPDATE billing_auditexport SET wallet_id = wallet_id + 1"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "damage"), BREAKS)
def test_what_was_signed_is_compared_with_the_ledger(
    bare_account: Callable[..., Account], name: str, damage: str
) -> None:
    today = timezone.now().date()
    made(bare_account("aitelier", paid="10"), today, today)
    assert sign_day()
    assert verify([name]) == []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(damage)
    (finding,) = verify([name])
    assert finding.rows
