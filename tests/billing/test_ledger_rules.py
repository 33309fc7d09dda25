"""The rules that PostgreSQL itself holds, attacked with plain SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from billing.models import Grant, GrantKind, Hold, LedgerAccount, Transaction, Transfer, Wallet
from tests.billing import money_rows
from tests.billing.test_ledger import charge
from tests.billing.wallets import give, make_product, make_wallet
from tests.config.report_rows import report_rows
from tests.config.rerating_rows import rerating_rows
from tests.config.what_if_rows import what_if_rows
from tests.factories import open_test_account
from tests.usage.events import charge as charge_event
from tests.usage.events import event, key_of, question
from usage.services import authorize

pytestmark = pytest.mark.django_db

LEDGER = ["billing_transaction", "billing_transfer", "billing_ledgeraccount"]
KEPT = ["billing_wallet", "billing_grant", "billing_hold"]
COPY_TRANSACTION = """
INSERT INTO billing_transaction (wallet_id, currency, number, kind, key, amount, balance_after, description, reason,
                                 day, created_at, hash)
SELECT {wallet}, {currency}, 99, kind, {key}, amount, balance_after, '', '', day, created_at, hash
  FROM billing_transaction LIMIT 1
"""
COPY_TRANSFER = """
INSERT INTO billing_transfer (transaction_id, wallet_id, currency, source_id, target_id, amount, grant_id)
SELECT {transaction}, {wallet}, {currency}, {source}, {target}, {amount}, {grant} FROM billing_transfer t
 WHERE t.grant_id IS NOT NULL ORDER BY id LIMIT 1
"""


def sql(statement: str, params: Any = None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)


def refused(statement: str) -> str:
    """The error code that the statement ends with; fails when it is let through."""
    with pytest.raises(DatabaseError) as error:
        sql(f"SET CONSTRAINTS ALL IMMEDIATE; {statement}")
    assert isinstance(error.value.__cause__, psycopg.Error)
    return str(error.value.__cause__.sqlstate)


def place_hold(wallet: Wallet, **fields: Any) -> Hold:
    now = timezone.now()
    return Hold.objects.create(
        **{
            "service_id": 1, "call_id": "c", "wallet": wallet, "currency": wallet.currency, "amount": 1,
            "created_at": now, "expires_at": now + timedelta(minutes=5), **fields,
        }
    )  # fmt: skip


@pytest.mark.parametrize("table", LEDGER)
@pytest.mark.parametrize("statement", ["UPDATE {} SET currency = currency", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_ledger_rows_are_never_updated_deleted_or_truncated(table: str, statement: str) -> None:
    make_wallet(paid="5")
    assert refused(statement.format(table)) == "LR001"


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_wallets_grants_and_holds_are_never_removed(table: str, statement: str) -> None:
    assert refused(statement.format(table)) == "LR001"


def test_a_refusal_says_what_to_do_instead() -> None:
    with pytest.raises(DatabaseError, match=r"DELETE on billing_transfer is refused: .* Correct by adding"):
        sql("DELETE FROM billing_transfer")


@pytest.mark.parametrize("model", [Transaction, Transfer, LedgerAccount, Wallet, Grant])
def test_the_orm_cannot_remove_them_either(model: Any) -> None:
    make_wallet(paid="5")
    before = model.objects.count()
    with pytest.raises(DatabaseError), transaction.atomic():
        model.objects.all()._raw_delete(using="default")
    assert model.objects.count() == before > 0


@pytest.mark.parametrize(
    "change",
    [
        "billing_wallet SET account_id = account_id + 1000",
        "billing_wallet SET currency = 'EUR'",
        "billing_wallet SET last_number = last_number - 1",
        "billing_grant SET amount = amount + 1",
        "billing_grant SET kind = 'promo', priority = 1",
        "billing_grant SET currency = 'EUR'",
    ],
)
def test_what_a_wallet_or_a_grant_is_never_changes(change: str) -> None:
    make_wallet(paid="5")
    assert refused(f"UPDATE {change}") == "LR002"


@pytest.mark.parametrize("status", ["captured", "released", "expired"])
def test_a_hold_ends_once(status: str) -> None:
    place_hold(make_wallet(), status=status, ended_at=timezone.now())
    assert refused("UPDATE billing_hold SET status = 'active', ended_at = NULL") == "LR002"
    assert refused("UPDATE billing_hold SET status = 'released'") == "LR002"


def test_an_active_hold_may_be_extended_and_ended() -> None:
    hold = place_hold(make_wallet())
    sql("UPDATE billing_hold SET amount = 2")
    sql("UPDATE billing_hold SET status = 'captured', ended_at = now()")
    hold.refresh_from_db()
    assert (hold.amount.amount, hold.status) == (2, "captured")


def test_a_call_has_one_living_hold() -> None:
    wallet = make_wallet()
    place_hold(wallet, status="expired", ended_at=timezone.now())
    place_hold(wallet)
    with pytest.raises(IntegrityError, match="hold_one_per_call"), transaction.atomic():
        place_hold(wallet)


@pytest.mark.parametrize("currency", ["EUR", "CREDIT"])
def test_every_row_of_a_wallet_is_in_its_currency(currency: str) -> None:
    wallet = make_wallet(paid="5")
    with pytest.raises(IntegrityError, match="hold_of_wallet"), transaction.atomic():
        place_hold(wallet, currency=currency)
    for statement, rule in (
        (COPY_TRANSACTION.format(wallet="wallet_id", currency=f"'{currency}'", key="'other'"), "transaction_of_wallet"),
        (
            "INSERT INTO billing_grant (wallet_id, currency, kind, priority, amount, remaining, source, created_at) "
            f"SELECT wallet_id, '{currency}', kind, priority, amount, remaining, '', now() FROM billing_grant",
            "grant_of_wallet",
        ),
        (
            "INSERT INTO billing_ledgeraccount (id, wallet_id, currency, kind) "
            f"SELECT max(id) + 16, max(wallet_id) + 1, '{currency}', 11 FROM billing_ledgeraccount",
            "ledger_account_of_wallet",
        ),
        (_transfer(currency=f"'{currency}'"), "transfer_of_transaction"),
    ):
        with pytest.raises(IntegrityError, match=rule):
            sql(statement)


def _transfer(**values: str) -> str:
    same = {name: f"t.{name}" for name in ("amount", "currency")}
    ids = {name: f"t.{name}_id" for name in ("transaction", "wallet", "source", "target", "grant")}
    return COPY_TRANSFER.format(**{**same, **ids, **values})


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"amount": "0"}, "transfer_positive"),
        ({"amount": "-1"}, "transfer_positive"),
        ({"source": "t.target_id"}, "transfer_two_accounts"),
        ({"source": "t.source_id + 16"}, "transfer_in_wallet"),
        ({"target": "t.target_id + 16"}, "transfer_in_wallet"),
        ({"target": "t.wallet_id * 16"}, "transfer_in_wallet"),
        ({"target": "t.wallet_id * 16 + 12"}, "transfer_in_wallet"),
        ({"transaction": "0"}, "transfer_of_transaction"),
        ({"transaction": "{other}"}, "transfer_of_transaction"),
        ({"grant": "{other_grant}"}, "transfer_of_grant"),
    ],
)
def test_a_transfer_stays_inside_its_wallet_and_transaction(values: dict[str, str], rule: str) -> None:
    make_wallet(paid="5")
    other = make_wallet(paid="6")
    known = {"other": other.transactions.get().pk, "other_grant": other.grants.get().pk}
    with pytest.raises(IntegrityError, match=rule):
        sql(_transfer(**{name: value.format(**known) for name, value in values.items()}))


def test_a_copied_transfer_would_otherwise_be_taken() -> None:
    """The control of the test above: what refuses is the rule, not the statement."""
    make_wallet(paid="5")
    sql(_transfer())


def test_a_transaction_happens_once_and_its_number_too() -> None:
    wallet = make_wallet(paid="5")
    charge(wallet, "1")
    for change, rule in (("'charge:1'", "transaction_once"), ("'new'", "transaction_number")):
        statement = COPY_TRANSACTION.format(wallet="wallet_id", currency="currency", key=change)
        with pytest.raises(IntegrityError, match=rule):
            sql(statement.replace("99", "2") if rule == "transaction_number" else statement)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("billing_grant SET remaining = -0.000001", "grant_amounts"),
        ("billing_grant SET remaining = amount + 0.000001", "grant_amounts"),
        ("billing_grant SET priority = 1", "grant_paid_is_spent_last"),
        ("billing_grant SET expires_at = now()", "grant_paid_is_spent_last"),
        ("billing_wallet SET paid = -0.000001", "wallet_balances"),
        ("billing_wallet SET held = -1", "wallet_balances"),
        ("billing_wallet SET debt = 1", "wallet_debt_only_without_paid"),
        ("billing_wallet SET daily_cap = 0", "wallet_daily_cap"),
    ],
)
def test_no_balance_goes_out_of_bounds(change: str, rule: str) -> None:
    make_wallet(paid="5")
    with pytest.raises(IntegrityError, match=rule):
        sql(f"UPDATE {change}")


def test_two_accounts_never_share_a_wallet_or_a_ledger_account() -> None:
    wallet = make_wallet()
    with pytest.raises(IntegrityError, match="ledger_account_id"):
        LedgerAccount.objects.create(id=1, wallet=wallet, currency="USD", kind=9)


def test_entries_show_each_transfer_as_a_debit_and_a_credit() -> None:
    wallet = make_wallet(paid="5", promo="0.5")
    charge(wallet, "0.7")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.kind, debit, credit FROM billing_entry e JOIN billing_transaction t ON t.id = e.transaction_id "
            "WHERE t.key = 'charge:1' ORDER BY transfer_id, debit DESC"
        )
        rows = [(kind, str(debit), str(credit)) for kind, debit, credit in cursor.fetchall()]
    assert rows == [
        (2, "0.500000", "0.000000"),
        (5, "0.000000", "0.500000"),
        (1, "0.200000", "0.000000"),
        (5, "0.000000", "0.200000"),
    ]


def test_nan_is_refused_in_every_amount(products: Any) -> None:
    """Triggers look away, so that it is the column's own CHECK that is asked."""
    _a_row_in_every_table(products)
    aitelier = open_test_account(products["aitelier"])
    charge_event("aitelier", event(aitelier, event_type="chat.message", llm_input_tokens=1))
    taken: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute(
            """
SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_name)
 WHERE c.table_schema = 'public' AND c.data_type = 'numeric' AND t.table_type = 'BASE TABLE'
   AND c.table_name ~ '^(billing|usage)_' ORDER BY 1, 2"""
        )
        columns = cursor.fetchall()
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, column in columns:
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone()[0], f"{table} is empty: give it a row"
            try:
                with transaction.atomic():
                    cursor.execute(f"""UPDATE {table} SET "{column}" = 'NaN'""")
            except IntegrityError:
                continue
            taken.append(f"{table}.{column}")
    assert taken == []
    assert ("billing_wallet", "paid") in columns


def _a_row_in_every_table(products: Any) -> None:
    account = open_test_account(products["aipbx"], paid="5")
    authorize.authorize(key=key_of("aipbx"), request=question(account, "c"))
    charge_event("aipbx", event(account, llm_input_tokens=1000))
    money_rows.fill(open_test_account(products["aitelier"]))
    rerating_rows(account.events.get())
    what_if_rows(account, 1)
    report_rows()


@pytest.mark.parametrize("amount", ["1000000000000000", "1e309", "Infinity"])
def test_an_amount_too_large_for_its_column_is_refused(amount: str) -> None:
    make_wallet(paid="5")
    assert refused(f"UPDATE billing_wallet SET paid = '{amount}'").startswith("22")


def test_one_wallet_per_account(make_account: Callable[..., Any]) -> None:
    account = make_account("aipbx")
    with pytest.raises(IntegrityError), transaction.atomic():
        Wallet.objects.create(account=account, currency="USD")


def test_a_wallet_in_another_currency_takes_only_its_own() -> None:
    wallet = make_wallet(make_product(currency="CREDIT"))
    give(wallet, GrantKind.PROMO, "3")
    assert set(Transfer.objects.values_list("currency", flat=True)) == {"CREDIT"}
    with pytest.raises(IntegrityError, match="transaction_of_wallet"):
        sql(COPY_TRANSACTION.format(wallet="wallet_id", currency="'USD'", key="'other'"))


@pytest.mark.parametrize("table", ["billing_wallet", "billing_grant", "billing_hold", "billing_hourlymovement"])
def test_rows_that_change_at_every_call_have_room_for_it(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = %s", [table])
        options = cursor.fetchone()[0]
    assert any(option in ("fillfactor=50", "fillfactor=70") for option in options)
