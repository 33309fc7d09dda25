"""What every test may use: the database, the five products, accounts with money, keys, and clients that carry them.

`db` tests run in a transaction that is rolled back; `transactional_db` tests may use threads and are cleaned up after.
Only loopback addresses and Unix sockets can be reached.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests import database

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.test import Client
    from pytest_django.plugin import DjangoDbBlocker

    from organizations.models import Account, Product, User
    from tests.factories import ApiClient


def pytest_configure(config: pytest.Config) -> None:
    """Start the run's server before anything reads the settings."""
    if os.environ.get("DJANGO_SETTINGS_MODULE") and not database.is_worker():
        raise pytest.UsageError("Unset DJANGO_SETTINGS_MODULE: the tests bring their own database and settings.")
    if not database.is_worker():
        database.start()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    from django.conf import settings

    # Each test's own process counts for itself, else one test's wrong passwords would lock out the next one's reader.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick, and only here


@pytest.fixture(scope="session", autouse=True)
def _forced_sign_ins_are_recent() -> Iterator[None]:
    """`force_login` gives no password, which actions that move money ask for: let it count as one given just now."""
    from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY as PROOFS
    from allauth.account.internal.userkit import user_id_to_str
    from django.contrib.auth.signals import user_logged_in

    def prove(request: HttpRequest, user: User, **signal: Any) -> None:
        if not request.session.get(PROOFS):
            request.session[PROOFS] = [{"method": "password", "at": time.time()}]
            request.session[f"{PROOFS}_user"] = user_id_to_str(user)

    user_logged_in.connect(prove, dispatch_uid="tests")
    yield
    user_logged_in.disconnect(dispatch_uid="tests")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Drop what the run made on a server that stays."""
    if not database.is_worker() and database.RUN in os.environ:
        database.drop_template()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """This process's own copy of the migrated database."""
    with django_db_blocker.unblock():
        own = database.own_database()
        own.__enter__()
    yield
    with django_db_blocker.unblock():
        own.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def _forget_what_processes_keep() -> Iterator[None]:
    """Rate cards and terms are kept per process and revision; a test's products must not meet another's."""
    yield
    for module, name in (
        ("usage.selectors.cards", "_kept"),
        ("usage.selectors.terms", "_loaded"),
        ("usage.selectors.blocked", "_kept"),
    ):
        if module in sys.modules:
            getattr(sys.modules[module], name).clear()


@pytest.fixture
def products(db: None) -> dict[str, Product]:
    """The five products by slug, as `manage.py load_products` loads them, without demo customers."""
    from tests.products import load

    return load()


@pytest.fixture
def make_account(products: dict[str, Product]) -> Callable[..., Account]:
    """`make_account("letustalk", external_id="acme", projects=[("front-desk", "live")], paid="10", promo="0")`."""
    from tests.factories import open_test_account

    def make(product: str, **options: Any) -> Account:
        return open_test_account(products[product], **options)

    return make


@pytest.fixture
def api_key(products: dict[str, Product]) -> Callable[..., str]:
    """`api_key("osmapi", scopes=["usage"])`: a new key of the service, as it is sent; all scopes by default."""
    from organizations.models import Scope, Service, ServiceKey

    def issue(service: str, scopes: list[str] | None = None, **options: Any) -> str:
        owner = Service.objects.get(slug=service)
        granted = Scope.values if scopes is None else scopes
        _, key = ServiceKey.objects.create_key(**{"name": "test", "service": owner, "scopes": granted, **options})
        return str(key)

    return issue


@pytest.fixture
def api(api_key: Callable[..., str]) -> Callable[..., ApiClient]:
    """A client of the REST API with a service's key: `api("aipbx").post("/api/v1/events", json={…})`."""
    from tests.factories import ApiClient

    def client(service: str, scopes: list[str] | None = None) -> ApiClient:
        return ApiClient(api_key(service, scopes))

    return client


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """`command_line("issue_api_key", "--service", "aipbx")` as typed after `manage.py`, on the test's connection."""
    from django.core.management import ManagementUtility
    from django.db import connections

    monkeypatch.setattr(connections, "close_all", lambda: None)  # which would end the test's transaction

    def run(*arguments: str) -> Ended:
        code: Any = 0
        try:
            ManagementUtility(["manage.py", *arguments]).execute()
        except SystemExit as stopped:
            code = stopped.code
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def staff(db: None) -> User:
    """A member of staff with every permission."""
    from tests.factories import make_user

    return make_user(is_staff=True)


@pytest.fixture
def staff_client(staff: User) -> Client:
    """A browser signed in to the admin."""
    from django.test import Client

    client = Client()
    client.force_login(staff)
    return client
