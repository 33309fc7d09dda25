"""`manage.py credit_wallet`: one transaction with its reason, once per key; bad money writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing.models import Grant, ProductTerms, Transaction
from organizations.models import Account
from tests.conftest import Ended

pytestmark = pytest.mark.django_db


def credit(account: Account, amount: str, *arguments: str) -> str:
    said = StringIO()
    options = ["--kind", "paid", "--reason", "Bank transfer", *arguments]
    call_command("credit_wallet", account.product.slug, account.external_id, amount, *options, stdout=said)
    return said.getvalue()


def test_paid_money_is_credited_with_its_reason(make_account: Callable[..., Account]) -> None:
    account = make_account("aitelier")
    assert credit(account, "12.5").endswith("Balance: 12.500000 USD\n")
    row = Transaction.objects.filter(wallet=account.wallet).latest("number")
    assert (row.kind, row.amount.amount, row.reason) == ("credit", Decimal("12.5"), "Bank transfer")


def test_promo_money_may_expire(make_account: Callable[..., Account]) -> None:
    account = make_account("aitelier")
    credit(account, "3", "--kind", "promo", "--expires-on", "2099-01-31")
    grant = Grant.objects.get(wallet=account.wallet, kind="promo", amount=Decimal(3))
    assert grant.expires_at is not None
    assert grant.expires_at.date().isoformat() == "2099-01-31"


def test_the_same_key_credits_once(make_account: Callable[..., Account]) -> None:
    account = make_account("aitelier")
    credit(account, "5", "--key", "transfer-17")
    assert credit(account, "5", "--key", "transfer-17") == (
        "Key 'transfer-17' was used before: nothing changed. Balance: 5.000000 USD\n"
    )
    account.wallet.refresh_from_db()
    assert account.wallet.paid.amount == Decimal(5)


def test_without_a_key_each_command_credits(make_account: Callable[..., Account]) -> None:
    account = make_account("aitelier")
    credit(account, "5")
    assert credit(account, "5").endswith("Balance: 10.000000 USD\n")


BAD_AMOUNTS = [
    "0",
    "0.000000",
    "-1",
    "-0",
    "+1",
    "NaN",
    "Infinity",
    "1e5",
    "1_000",
    "1,5",
    " 5",
    "5 ",
    "\u0665",
    "",
    ".5",
]
TOO_MUCH = ["0.0000001", "1000000000000000", "1" * 31]


@pytest.mark.parametrize(
    ("product", "amount", "arguments", "line"),
    [
        *[("aitelier", amount, [], f"amount: {amount!r} is not an amount") for amount in [*BAD_AMOUNTS, *TOO_MUCH]],
        ("atllasx", "1.5", [], "amount: '1.5' is not an amount: plain digits above zero, whole credits."),
        ("aitelier", "5", ["--reason", "  "], "reason: say why"),
        ("aitelier", "5", ["--kind", "free"], "argument --kind: invalid choice: 'free'"),
        ("aitelier", "5", ["--expires-on", "2099-01-31"], "expires_at: Paid money never expires."),
        ("aitelier", "5", ["--kind", "promo", "--expires-on", "2020-01-31"], "expires_at: This moment has passed."),
        ("aitelier", "5", ["--key", "k" * 101], "key: at most 100 characters."),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    make_account: Callable[..., Account],
    command_line: Callable[..., Ended],
    product: str,
    amount: str,
    arguments: list[str],
    line: str,
) -> None:
    account = make_account(product, external_id="acme")
    before = Transaction.objects.count()
    options = ["--kind", "paid", "--reason", "Bank transfer", *arguments]
    code, out, err = command_line("credit_wallet", *options, "--", product, "acme", amount)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.removeprefix("CommandError: ").startswith(line)
    account.wallet.refresh_from_db()
    assert (Transaction.objects.count(), account.wallet.paid.amount) == (before, Decimal(0))


@pytest.mark.parametrize(("product", "account"), [("aitelier", "nobody"), ("nothing", "acme"), ("osmtalk", "acme")])
def test_an_account_is_looked_for_in_its_product_only(
    make_account: Callable[..., Account], command_line: Callable[..., Ended], product: str, account: str
) -> None:
    make_account("aitelier", external_id="acme")
    code, _, err = command_line("credit_wallet", product, account, "5", "--kind", "paid", "--reason", "Gift")
    assert code == 2
    assert f"product {product!r} has no account {account!r}" in err


def test_above_the_limit_of_one_person_the_back_office_is_the_way(make_account: Callable[..., Account]) -> None:
    account = make_account("aitelier")
    ProductTerms.objects.filter(product=account.product).update(approval_limit=100)
    credit(account, "60", "--key", "first")
    with pytest.raises(CommandError, match="Adjust the balance in the back office"):
        credit(account, "40.01")
    credit(account, "60", "--key", "first")
    assert credit(account, "40").endswith("Balance: 100.000000 USD\n")
