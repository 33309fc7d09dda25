"""Jobs and their workers: killed in a batch, two at once, beside charges and reversals that come at the same time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from billing.models import Transaction
from billing.verification.run import verify
from tests.billing.threads import at_once
from tests.factories import make_user
from tests.usage.events import charge, event
from tests.usage.rerating.jobs import ask, corrected, period_of
from usage.models import ChargeRevision, Rerating, UsageEvent
from usage.services.rerating import asking, correcting, working
from usage.services.void import void

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Any]
CALLS = 12

# A worker that dies in its second batch, with everything written and nothing committed.
DIES = """
import os, signal, sys
import django
django.setup()
from usage.services.rerating import correcting, lease, working
correcting.WAITING = correcting.WAITING.replace("LIMIT 100", "LIMIT 5")
extend, batches = lease.extend, []
def dying(job, **columns):
    extend(job, **columns)
    batches.append(job)
    if len(batches) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
lease.extend = dying
working.work(rerating_id=int(sys.argv[1]))
"""


@pytest.fixture
def job(bare_account: Make) -> Rerating:
    """A confirmed job over twelve calls of 0.01 that are to cost 0.02."""
    account = bare_account("aipbx", paid="5")
    charge("aipbx", *(event(account, event_id=f"e{n}", llm_input_tokens=2000) for n in range(CALLS)))
    corrected(account, "llm_input", "0.010")
    found = ask(period_of(account))
    asking.confirm(rerating_id=found.pk, user_id=make_user(is_staff=True).pk)
    return found


def is_right(job: Rerating, *, corrected_calls: int = CALLS) -> None:
    job.refresh_from_db()
    assert (job.state, job.done) == (Rerating.State.DONE, corrected_calls)
    assert Transaction.objects.filter(key__endswith=f":{job.pk}", kind="call").count() == corrected_calls
    assert ChargeRevision.objects.count() == corrected_calls
    assert verify() == []


def test_a_worker_killed_in_a_batch_leaves_it_whole_and_the_next_goes_on(job: Rerating) -> None:
    parameters = connection.get_connection_params()
    url = f"postgresql://{parameters['user']}@/{parameters['dbname']}?host={parameters['host']}"
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    died = subprocess.run([sys.executable, "-c", DIES, str(job.pk)], env=environment, check=False, timeout=120)
    assert died.returncode == -signal.SIGKILL
    job.refresh_from_db()
    assert (job.state, job.done, ChargeRevision.objects.count()) == (Rerating.State.RUNNING, 5, 5)
    assert working.work(rerating_id=job.pk) is False  # still the dead worker's
    assert working.ring_for_due() == 0
    Rerating.objects.filter(pk=job.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    assert working.ring_for_due() == 1
    assert working.work(rerating_id=job.pk)
    is_right(job)


def test_two_workers_at_once_charge_each_call_once(job: Rerating) -> None:
    answers = at_once([lambda: working.work(rerating_id=job.pk)] * 4)
    assert sorted(answers, key=str) == [False, False, False, True]
    is_right(job)


def test_a_worker_that_only_hung_writes_nothing_more(job: Rerating, monkeypatch: pytest.MonkeyPatch) -> None:
    write = correcting.ledger.write

    def hang(books: Any) -> Any:
        found = write(books)
        Rerating.objects.filter(pk=job.pk).update(attempt=99)  # as another worker's claim would
        return found

    monkeypatch.setattr(correcting.ledger, "write", hang)
    assert working.work(rerating_id=job.pk) is False
    assert not ChargeRevision.objects.exists()
    monkeypatch.undo()
    Rerating.objects.filter(pk=job.pk).update(leased_until=None)
    assert working.work(rerating_id=job.pk)
    is_right(job)


def test_beside_charges_and_reversals_nothing_is_lost(job: Rerating, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correcting, "WAITING", correcting.WAITING.replace("LIMIT 100", "LIMIT 2"))
    first = UsageEvent.objects.order_by("id")[0]
    account = first.account

    def charge_more() -> None:
        for number in range(10):
            charge("aipbx", event(account, event_id=f"new{number}", llm_input_tokens=1000))

    def reverse() -> None:
        void(event=UsageEvent.objects.get(pk=first.pk), reason="Test", actor_id=None)

    answers = at_once([lambda: working.work(rerating_id=job.pk), charge_more, reverse])
    assert [each for each in answers if isinstance(each, Exception)] == []
    job.refresh_from_db()
    assert (job.state, job.done + job.skipped) == (Rerating.State.DONE, CALLS)
    account.wallet.refresh_from_db()
    assert account.wallet.paid.amount == D(5) - (CALLS - 1) * D("0.02") - 10 * D("0.01")
    assert verify() == []


def test_what_fails_again_and_again_is_given_up(job: Rerating, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(correcting.rows, "end_calls", broken)
    for _attempt in range(4):
        Rerating.objects.filter(pk=job.pk).update(leased_until=None)
        assert working.work(rerating_id=job.pk) is False
    job.refresh_from_db()
    assert (job.state, job.error, job.done) == (Rerating.State.FAILED, "RuntimeError: out of order", 0)
    assert not ChargeRevision.objects.exists()
