"""The worlds of the matrix: made once for all tests of this folder's modules, every test's changes undone after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.plugin import DjangoDbBlocker

    from organizations.models import User
    from tests.isolation.worlds import World

NOBODY_LISTENS = "http://127.0.0.1:9"


class Worlds(NamedTuple):
    """The account that is looked for, and who looks: a customer of the same product, one of another, and nobody's."""

    secretive: World
    neighbour: World
    abroad: World
    nobody: User


@contextmanager
def _undone() -> Iterator[None]:
    from django.db import transaction

    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def worlds(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Worlds]:
    """Both sides. No provider answers: what a page may ask of one ends as for a provider that is down."""
    from django.conf import settings

    from billing.providers.stripe import client

    before = settings.STRIPE_API_HOST, settings.SESSION_ENGINE
    settings.STRIPE_API_HOST = NOBODY_LISTENS
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"  # what a session keeps is no change of ours
    client.configure()
    with django_db_blocker.unblock(), _undone():
        from tests import products
        from tests.isolation import worlds as made

        loaded = products.load()
        made.open_coupon(loaded[made.PRODUCT])
        yield Worlds(
            made.secretive(loaded[made.PRODUCT]),
            made.neighbour(loaded[made.PRODUCT], "Stranger"),
            made.neighbour(loaded[made.OTHER_PRODUCT], "Abroad"),
            made.nobody(),
        )
    settings.STRIPE_API_HOST, settings.SESSION_ENGINE = before
    client.configure()


@pytest.fixture(autouse=True)
def _each_test_undone(worlds: Worlds) -> Iterator[None]:
    from django.core.cache import cache

    cache.clear()
    with _undone():
        yield


@pytest.fixture
def browser() -> Callable[..., Client]:
    """`browser(user)`: signed in; `browser()`: nobody."""
    from django.test import Client

    def open_one(user: User | None = None, **options: Any) -> Client:
        client = Client(**options)
        if user is not None:
            client.force_login(user)
        return client

    return open_one
