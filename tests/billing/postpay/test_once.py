"""One invoice per period: two closings at once, a worker killed in the middle, and the job run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.billing.threads import at_once

if TYPE_CHECKING:
    from organizations.models import Account

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[3]

KILLED = """
import os, signal, sys
import django
django.setup()
from billing.services.postpay import closing
step = sys.argv[2]
real = getattr(closing, step)

def killed(*args, **options):
    answer = real(*args, **options)
    os.kill(os.getpid(), signal.SIGKILL)
    return answer

setattr(closing, step, killed)
closing.close(period_id=int(sys.argv[1]))
"""


@pytest.fixture
def due_period(transactional_db: None, products: dict[str, Any]) -> Any:
    """A running period whose time has come, with one call of 0.90."""
    from billing.models import BillingPeriod
    from tests.billing.postpay.accounts import call, running, switched
    from tests.factories import open_test_account

    account: Account = open_test_account(products["aitelier"])
    switched(account)
    call(account, occurred_at=timezone.now())
    period = running(account)
    now = timezone.now() + timedelta(milliseconds=1)
    BillingPeriod.objects.filter(pk=period.pk).update(ends_at=now, closes_at=now)
    return period


def own_database() -> str:
    """The test's own database, for another process."""
    parameters = connection.get_connection_params()
    return f"postgresql://{parameters['user']}@/{parameters['dbname']}?host={parameters['host']}"


def outcome() -> tuple[list[str], list[str], int, list[tuple[str, int]]]:
    """Invoices' labels, closed periods' states, running periods, and the series."""
    from billing.models import BillingPeriod, Document, NumberSeries

    closed = BillingPeriod.objects.filter(closed_at__isnull=False)
    return (
        list(Document.objects.order_by("id").values_list("label", flat=True)),
        list(closed.values_list("status", flat=True)),
        BillingPeriod.objects.filter(status="draft").count(),
        list(NumberSeries.objects.values_list("kind", "last_number")),
    )


def one_invoice() -> tuple[list[str], list[str], int, list[tuple[str, int]]]:
    from billing.models import Document

    year = Document.objects.get().year
    return [f"INV-{year}-0001"], ["open"], 1, [("invoice", 1)]


def test_closings_at_once_make_one_invoice(due_period: Any) -> None:
    from billing.services.postpay import closing
    from billing.verification.run import verify

    answers = at_once([lambda: closing.close(period_id=due_period.pk).status] * 6)
    assert answers == ["open"] * 6
    assert outcome() == one_invoice()
    assert verify() == []


@pytest.mark.parametrize("step", ["reckon", "write", "issue"])
def test_a_worker_killed_in_the_middle_leaves_a_period_that_the_next_run_closes(due_period: Any, step: str) -> None:
    from billing.services.postpay import closing
    from billing.verification.run import verify

    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": own_database()}
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(due_period.pk), step], cwd=ROOT, env=environment, capture_output=True
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert outcome() == ([], [], 1, [])
    assert closing.close_due() == 1
    assert outcome() == one_invoice()
    assert closing.close_due() == 0
    due_period.refresh_from_db()
    assert due_period.net.amount == D("0.90")
    assert verify() == []


def test_a_charge_beside_the_closing_is_on_this_invoice_or_on_none_yet(due_period: Any) -> None:
    from billing.models import BillingPeriod, Wallet
    from billing.services.postpay import closing
    from billing.verification.run import verify
    from tests.billing.postpay.accounts import call

    account = due_period.wallet.account
    at_once([lambda: closing.close(period_id=due_period.pk)] + [lambda: call(account)] * 8)
    closed = BillingPeriod.objects.get(pk=due_period.pk)
    running = BillingPeriod.objects.get(status="draft")
    preview = closing.preview(period_id=running.pk)
    assert closed.net.amount == D("0.90")
    assert closed.net.amount + preview.net == Wallet.objects.get().debt.amount
    assert verify() == []
