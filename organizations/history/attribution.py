"""Who is at work, and why: what the triggers write beside each change.

django-pghistory sends the context along with every writing statement, as settings of that transaction alone: nothing
of it outlives the transaction, so a pooled connection never carries it on to somebody else. `statement` does the same
for the statements that `organizations.database` sends past Django. Outside a context nothing is sent: the addresses
that calls wait for have none, and pay nothing.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pghistory
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

LENGTH = 255  # of what is written: longer words are cut
SET = "SELECT set_config('pghistory.context_id', %s, true), set_config('pghistory.context_metadata', %s, true)"


class Active(threading.local):
    """What is known of whoever is at work in this thread: the context's id, and its facts."""

    value: tuple[uuid.UUID, dict[str, Any]] | None = None


_active = Active()


@contextmanager
def acting(*, source: str, user_id: int | None = None, doing: str = "", reason: str = "") -> Generator[None]:
    """Everything that is changed inside is this person's, or this program's. Inside another one the outer one holds."""
    if is_active():
        yield
        return
    facts: dict[str, Any] = {"source": source, "doing": doing[:LENGTH], "reason": reason[:LENGTH]}
    if user_id is not None:
        facts["user"] = user_id
    with connection.execute_wrapper(_without_parameters), pghistory.context(**facts) as context:
        _active.value = (context.id, context.metadata)
        try:
            yield
        finally:
            _active.value = None


def say(*, doing: str = "", reason: str = "", user_id: int | None = None) -> None:
    """Say more of what is being done, for what is changed from here on. Without a context it has no effect."""
    if _active.value is None:
        return
    said: dict[str, Any] = {"doing": doing[:LENGTH], "reason": reason[:LENGTH], "user": user_id}
    _active.value[1].update({name: value for name, value in said.items() if value})


def is_active() -> bool:
    """Whether somebody is known to be at work."""
    return _active.value is not None


def statement() -> tuple[str, list[str]] | None:
    """The statement that tells PostgreSQL, for the rest of the transaction; None outside a context."""
    if _active.value is None:
        return None
    identity, facts = _active.value
    return SET, [str(identity), json.dumps(facts, cls=DjangoJSONEncoder)]


def _without_parameters(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    """django-pghistory adds parameters: what came without any must not have its percent signs read as placeholders."""
    if params is None and not many and isinstance(sql, str) and "%" in sql:
        sql, params = sql.replace("%", "%%"), ()
    return execute(sql, params, many, context)
