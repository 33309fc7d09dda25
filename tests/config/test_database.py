"""The test database itself: clean between tests, whatever kind of test came before."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from billing.models import Transaction
from organizations.models import Account, Product


@pytest.mark.parametrize("turn", [1, 2])
def test_products_are_there_in_every_test_that_asks(products: dict[str, Product], turn: int) -> None:
    assert sorted(products) == ["aipbx", "aitelier", "atllasx", "letustalk", "osmtalk"]


@pytest.mark.parametrize("turn", [1, 2])
def test_a_transactional_test_leaves_nothing_behind(
    transactional_db: None, make_account: Callable[..., Account], turn: int
) -> None:
    assert Transaction.objects.count() == 0
    account = make_account("aipbx", paid="25")
    seen: list[str] = []

    def look() -> None:
        seen.append(str(Account.objects.get(pk=account.pk).wallet.paid.amount))
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == ["25.000000"]


def test_a_test_database_has_the_permissions_of_every_model(db: None) -> None:
    from django.contrib.auth.models import Permission

    assert Permission.objects.filter(codename="view_wallet").count() == 1
