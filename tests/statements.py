"""Every statement that a block sends, set-based SQL included, which Django never logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import psycopg


@contextmanager
def sent_statements() -> Iterator[list[str]]:
    """`with sent_statements() as sent:` fills `sent`; what only begins or ends a transaction is not among them."""
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def recorded(self: Any, query: Any, *args: Any, **options: Any) -> Any:
        sent.append(str(query))
        return execute(self, query, *args, **options)

    with mock.patch.object(psycopg.Cursor, "execute", recorded):
        yield sent
