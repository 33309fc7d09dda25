"""`manage.py issue_api_key`: the key alone on standard output; a mistake in one line, and no key made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from organizations.models import Product, ServiceKey
from organizations.selectors.keys import find_key
from tests.conftest import Ended

pytestmark = pytest.mark.django_db


def issue(*arguments: str) -> str:
    said = StringIO()
    call_command("issue_api_key", *arguments, stdout=said)
    return said.getvalue()


def test_the_key_is_printed_alone_and_works_with_its_scopes(products: dict[str, Product]) -> None:
    said = issue("--service", "osmapi", "--scopes", "usage,read", "--name", "Gateway")
    assert said.count("\n") == 1
    context = find_key(said.strip())
    assert context is not None
    assert (context.service_slug, context.product_slug, context.scopes) == (
        "osmapi",
        "osmtalk",
        frozenset({"usage", "read"}),
    )
    assert ServiceKey.objects.get().name == "Gateway"


def test_the_key_itself_is_not_kept(products: dict[str, Product]) -> None:
    secret = issue("--service", "aipbx", "--scopes", "read").strip().partition(".")[2]
    row = ServiceKey.objects.values().get()
    assert secret not in str(row)


def test_a_key_may_expire(products: dict[str, Product]) -> None:
    issue("--service", "aipbx", "--scopes", "read", "--expires", "2099-01-31")
    assert ServiceKey.objects.get().expiry_date == datetime(2099, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--scopes", "read"], "the following arguments are required: --service"),
        (["--service", "aipbx"], "the following arguments are required: --scopes"),
        (["--service", "nobody", "--scopes", "read"], "service: 'nobody' is unknown. Services: "),
        (["--service", "aipbx", "--scopes", "write"], "scopes: write is no scope. Choose from authorize, usage, "),
        (["--service", "aipbx", "--scopes", "read,read"], "scopes: Name each scope that the key gets, once."),
        (["--service", "aipbx", "--scopes", ""], "scopes: Name each scope that the key gets, once."),
        (["--service", "aipbx", "--scopes", "read", "--name", "x" * 51], "name: Enter a name of at most 50"),
        (["--service", "aipbx", "--scopes", "read", "--expires", "soon"], "argument --expires: 'soon' is neither"),
        (["--service", "aipbx", "--scopes", "read", "--expires", "2099-02-30"], "argument --expires: '2099-02-30' is"),
        (["--service", "aipbx", "--scopes", "read", "--expires", "2020-01-01"], "expires: This moment has passed."),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    products: dict[str, Product], command_line: Callable[..., Ended], arguments: list[str], line: str
) -> None:
    code, out, err = command_line("issue_api_key", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.removeprefix("CommandError: ").startswith(line)
    assert not ServiceKey.objects.exists()


def test_mistakes_are_errors_for_callers_in_code(products: dict[str, Product]) -> None:
    with pytest.raises(CommandError, match="unknown") as error:
        issue("--service", "nobody", "--scopes", "read")
    assert error.value.returncode == 2
