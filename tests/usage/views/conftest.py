"""Readers of the customer pages, signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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
def statements() -> Callable[[], Any]:
    """`with statements() as sent:` collects every statement, set-based SQL included, which Django never logs."""
    from tests.statements import sent_statements

    return sent_statements
