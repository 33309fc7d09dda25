"""Ten times as many rows need no more memory."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import time_machine
from django.db import connection

from billing.models import AuditExport
from billing.services.exports.making import make
from organizations.models import Account
from tests.billing.exports.exporting import asked
from tests.usage.events import charge, event

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 15)
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
FEW, MANY = 4_000, 40_000
GROWTH_MAX = 1_500_000  # bytes; forty thousand rows in memory would be fifty million
PYTHONS_OWN = (700, 10, 10)  # a worker's: the web server collects garbage seldom, and a test may have imported it

# Copies of the wallet's one charge: the chain would not compute, but here its length is what matters.
MOVEMENTS = """
INSERT INTO billing_transaction (wallet_id, currency, number, kind, key, project_id, amount, balance_after, description,
                                 reason, day, created_at, hash)
SELECT wallet_id, currency, number + n, kind, 'charge:' || %(first)s + n, project_id, amount,
       balance_after + n * amount, description, reason, day, created_at, hash
  FROM billing_transaction, generate_series(1, %(count)s) n WHERE wallet_id = %(wallet)s AND kind = 'call'
"""
EVENTS = """
INSERT INTO usage_usageevent
SELECT (jsonb_populate_record(e, jsonb_build_object(
         'id', %(first)s + n, 'event_id', 'copy-' || %(first)s + n,
         'transaction_id', x.id))).*
  FROM usage_usageevent e JOIN billing_transaction t ON t.id = e.transaction_id
 CROSS JOIN generate_series(1, %(count)s) n
  JOIN billing_transaction x ON x.wallet_id = t.wallet_id AND x.number = t.number + n
 WHERE t.wallet_id = %(wallet)s
"""


def account_with(bare_account: Callable[..., Account], calls: int) -> Account:
    """An account whose one call was copied so many times."""
    with time_machine.travel(NOON):
        account = bare_account("aitelier", projects={"desk": "live"}, paid="1000000")
        charge("aitelier", event(account, project="desk", outcome="success"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM usage_usageevent")
        parameters = {"wallet": account.wallet.pk, "count": calls, "first": cursor.fetchone()[0]}
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('usage_usageevent', 'id'), %(first)s + %(count)s)", parameters
        )
        cursor.execute(MOVEMENTS, parameters)
        cursor.execute("ANALYZE billing_transaction")
        cursor.execute(EVENTS, parameters)
        cursor.execute(
            "UPDATE billing_wallet SET last_number = last_number + %s WHERE id = %s", [calls, account.wallet.pk]
        )
        cursor.execute("ANALYZE usage_usageevent")
    return account


def peak_of(account: Account) -> int:
    """The most bytes that were in use while the export was made."""
    with time_machine.travel(NOON.replace(day=20)):
        export = asked(account, DAY, DAY)
        gc.collect()
        seldom = gc.get_threshold()
        gc.set_threshold(*PYTHONS_OWN)
        tracemalloc.start()
        try:
            assert make(export_id=export.pk), AuditExport.objects.values("error")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            gc.set_threshold(*seldom)


def test_memory_does_not_grow_with_rows(bare_account: Callable[..., Account], tmp_path: Path) -> None:
    few, many = (account_with(bare_account, calls) for calls in (FEW, MANY))
    peak_of(few)  # what is made once for all: templates of adapters, imported modules
    growth = peak_of(many) - peak_of(few)
    assert AuditExport.objects.latest("id").status == "ready"
    sizes = [export.manifest["movements"] for export in AuditExport.objects.order_by("id")]
    assert sizes == [FEW + 2, MANY + 2, FEW + 2]
    assert growth < GROWTH_MAX, growth
