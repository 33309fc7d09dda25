"""What stands in the database, as one short text per table: equal before and after means that nothing changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connection, transaction
from django.db.models import ForeignKey, Model

from billing.models import Wallet
from organizations.database import raw_connection
from organizations.models import Account, User

OF_VISITS = {"billing_couponattempt"}  # what a request may note of its reader


def digest_of(account: Account) -> dict[str, str]:
    """All rows that belong to the account, its wallet or its members, in every table that names one of them."""
    users = list(account.members.values_list("pk", flat=True))
    owners: dict[type[Model], list[int]] = {Account: [account.pk], Wallet: [account.wallet.pk], User: users}
    wanted = {}
    for model in apps.get_models():
        found = [
            f"{field.column} = ANY(ARRAY[{_listed(ids)}]::bigint[])"
            for field in model._meta.concrete_fields
            for owner, ids in owners.items()
            if (field.primary_key and model is owner)
            or (isinstance(field, ForeignKey) and field.related_model is owner)
        ]
        if found:
            wanted[model._meta.db_table] = " OR ".join(found)
    return _digests(wanted)


@contextmanager
def nothing_is_written() -> Iterator[None]:
    """PostgreSQL refuses every write and every lock on a row, to the end of the block."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        yield
        transaction.set_rollback(True)  # which ends the setting, too


def _digests(conditions: dict[str, str]) -> dict[str, str]:
    tables = {table: where for table, where in conditions.items() if table not in OF_VISITS}
    each = [
        f"SELECT '{table}', md5(coalesce(string_agg(row::text, '|' ORDER BY row::text), '')) "
        f'FROM "{table}" AS row WHERE {where}'
        for table, where in tables.items()
    ]
    with raw_connection().cursor() as cursor:
        return dict(cursor.execute(" UNION ALL ".join(each)).fetchall())


def _listed(ids: Iterable[int]) -> str:
    return ", ".join(str(each) for each in ids)
