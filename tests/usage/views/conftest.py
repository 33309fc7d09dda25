"""Readers of the customer pages, signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from django.test import Client

    from organizations.models import Account, Role


@pytest.fixture
def reader(db: None) -> Callable[..., Client]:
    """`reader(account)`: a browser signed in as a member of the account (an owner unless a role is named)."""
    from django.test import Client

    from organizations.models import Role
    from tests.factories import make_member

    def sign_in(account: Account, role: Role = Role.OWNER) -> Client:
        client = Client()
        client.force_login(make_member(account, role))
        return client

    return sign_in


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """`with statements() as sent:` collects every statement, set-based SQL included, which Django never logs."""

    @contextmanager
    def collect() -> Iterator[list[str]]:
        sent: list[str] = []
        execute = psycopg.Cursor.execute

        def recorded(self: Any, query: Any, *args: Any, **options: Any) -> Any:
            sent.append(str(query))
            return execute(self, query, *args, **options)

        with monkeypatch.context() as patched:
            patched.setattr(psycopg.Cursor, "execute", recorded)
            yield sent

    return collect
