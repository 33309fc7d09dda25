"""Clients at one time: real threads, each with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

Answer = TypeVar("Answer")
PATIENCE = 30


def at_once(calls: Sequence[Callable[[], Answer]]) -> list[Answer | Exception]:
    """Run the calls in as many threads, let go together; each one's answer, or what it raised, in its place."""
    gate = threading.Barrier(len(calls), timeout=PATIENCE)

    def client(call: Callable[[], Answer]) -> Answer | Exception:
        try:
            connection.ensure_connection()
            gate.wait()
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(client, calls))


def ended_without_waiting(thread: threading.Thread) -> bool:
    """Whether the thread ends while the caller's transaction is still open: it must wait for it instead."""
    with connection.cursor() as cursor:
        for _ in range(2000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return False
            if not thread.is_alive():
                return True
    return True
