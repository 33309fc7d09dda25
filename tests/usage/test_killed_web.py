"""A web server killed in the middle of a load loses no acknowledged event, and retries charge none twice."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from billing.models import Transaction
from billing.verification.run import verify
from usage.models import UsageEvent

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS = 4
EVENTS_PER_CLIENT = 60
KILL_AFTER = 80


def test_a_kill_in_the_middle_of_a_load_loses_and_doubles_nothing(
    bare_account: Callable[..., Any], api_key: Callable[..., str]
) -> None:
    account = bare_account("atllasx", paid="1000")
    load = _Load(account.external_id, api_key("atllasx"))
    with _web() as (port, process):
        load.run(port, on_enough=lambda: os.killpg(process.pid, signal.SIGKILL))
        assert load.refusals == []
        process.wait(30)
    acknowledged = set(load.acknowledged)
    assert KILL_AFTER <= len(acknowledged) < CLIENTS * EVENTS_PER_CLIENT
    assert acknowledged <= set(UsageEvent.objects.values_list("event_id", flat=True))
    with _web() as (port, _process):
        load.run(port)  # every event once more, as a service does that got no answer
    total = CLIENTS * EVENTS_PER_CLIENT
    assert set(load.acknowledged) == {f"e-{n}" for n in range(total)}
    assert Transaction.objects.filter(kind="call").count() == total
    account.wallet.refresh_from_db()
    assert account.wallet.paid.amount == Decimal(1000 - total)
    assert verify() == []


class _Load:
    """Clients that send every event one by one and note which were acknowledged."""

    def __init__(self, account: str, key: str) -> None:
        self.acknowledged: list[str] = []
        self.refusals: list[bytes] = []
        self._account, self._key, self._now = account, key, timezone.now().isoformat()

    def run(self, port: int, on_enough: Callable[[], None] | None = None) -> None:
        """Send everything; call `on_enough` once, when enough events were acknowledged."""
        self._on_enough = on_enough
        self._lock = threading.Lock()
        threads = [threading.Thread(target=self._client, args=(port, n)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _client(self, port: int, number: int) -> None:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for index in range(EVENTS_PER_CLIENT):
            event_id = f"e-{number * EVENTS_PER_CLIENT + index}"
            try:
                client.request("POST", "/api/v1/events", self._body(event_id), self._headers())
                response = client.getresponse()
                answer = response.read()
            except (OSError, http.client.HTTPException):
                return  # the server is gone; what it did with this event nobody knows
            if response.status not in (200, 201):
                self.refusals.append(answer)
                return
            self._acknowledge(event_id)

    def _acknowledge(self, event_id: str) -> None:
        with self._lock:
            self.acknowledged.append(event_id)
            if self._on_enough and len(self.acknowledged) == KILL_AFTER:
                self._on_enough()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}

    def _body(self, event_id: str) -> bytes:
        event = {
            "specversion": "1.0",
            "id": event_id,
            "source": "pbx",
            "type": "call.completed",
            "time": self._now,
            "subject": self._account,
            "data": {
                "call_id": event_id,
                "channel": "phone",
                "direction": "inbound",
                "status": "completed",
                "duration_seconds": 5,
                "started_at": self._now,
            },
        }
        return json.dumps(event).encode()


@contextmanager
def _web() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The web server on this test's own database, in a process group of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    parameters = connection.get_connection_params()
    url = f"postgresql://{parameters['user']}@/{parameters['dbname']}?host={parameters['host']}"
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "error"),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", "2", "config.wsgi:application"),
    ]
    process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url}, start_new_session=True)
    try:
        _wait_until_it_answers(port, process)
        yield port, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(15)


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    pause = threading.Event()
    for _ in range(300):
        assert process.poll() is None, "the web server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        pause.wait(0.1)
    raise AssertionError("the web server did not answer")
