"""An installation with years behind it, for the back office: written set-wise, in minutes, at one of two sizes.

The rows are synthetic where nobody looks: hashes are of a number alone and balances do not follow from the transfers.
Their counts, keys, indexes and spread over accounts are what a real installation of that size has; every fifth call is
of one account.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
from django.apps import apps
from django.db import models

from tests.bench.server import Database

CHUNK = 250_000
DAYS = 400
OTHERS = 1.5  # transactions that are of no call, for each that is one
SOURCES = 3
AT = f"now() - {DAYS} * interval '1 day' * (1 - n::float / %(count)s::bigint)"
OWNER = "CASE WHEN n %% 5 = 0 THEN 1 ELSE 1 + (n * 7919::bigint) %% %(accounts)s END"
USD = {"currency": "'USD'"}
PRICED = {**USD, "price_currency": "'USD'", "charge_currency": "'USD'"}


@dataclass(frozen=True)
class Size:
    """How many rows: `calls` events, each with its transaction, and so on in proportion."""

    calls: int
    accounts: int

    @property
    def transactions(self) -> int:
        """Of calls and of all else; each has one transfer."""
        return int(self.calls * (1 + OTHERS))

    @property
    def payments(self) -> int:
        """And as many top-ups, documents and paid grants."""
        return self.accounts * 2


FULL = Size(1_000_000, 25_000)
SMALL = Size(100_000, 5_000)


def fill(database: Database, size: Size) -> None:
    """Write it all into an empty, migrated database."""
    from django.core.management import call_command

    from organizations.models import Service
    from usage.models import RateCardVersion

    call_command("load_products", "aipbx", stdout=io.StringIO())
    service = Service.objects.get(slug="aipbx")
    version = RateCardVersion.objects.filter(card__product=service.product).earliest("pk")
    fixed = {"product": service.product_id, "service": service.pk, "version": version.pk, "accounts": size.accounts}
    with database.connect() as connection:
        connection.execute("SET session_replication_role = replica")  # foreign keys: the rows are known to be right
        connection.execute("SET synchronous_commit = off")
        for label, count, expressions in (*_customers(size), *_money(size), *_issued(size), *_told(size)):
            _insert(connection, label, count, expressions, fixed)
        for first in range(1, size.transactions + 1, CHUNK):
            last = min(first + CHUNK - 1, size.transactions)
            _insert(connection, "billing.Transaction", size.transactions, _transaction(size), fixed, first, last)
            _insert(connection, "billing.Transfer", size.transactions, TRANSFER, fixed, first, last)
        for first in range(1, size.calls + 1, CHUNK):
            _insert(connection, "usage.UsageEvent", size.calls, EVENT, fixed, first, min(first + CHUNK - 1, size.calls))
        for statement in (MOVEMENTS, DAILY, LAST_NUMBERS):
            connection.execute(statement)
        _renumber(connection)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _customers(size: Size) -> list[tuple[str, int, dict[str, str]]]:
    many = size.accounts
    account = {
        "id": "n",
        "product_id": "%(product)s",
        "external_id": "'tenant-' || n",
        "name": "'Customer ' || md5(n::text)",
        "email": "'owner' || n || '@example.com'",
        "country": "'US'",
        "timezone": "'America/New_York'",
        "status": "'active'",
        "created_at": AT,
    }
    wallet = {"id": "n", "account_id": "n", **USD, "mode": "'prepaid'", "paid": "n %% 100", "created_at": AT}
    wallet |= {"chain_head": "sha256(n::text::bytea)"}
    books = {"id": "n / 11 * 16 + 16 + n %% 11 + 1", "wallet_id": "n / 11 + 1", **USD, "kind": "n %% 11 + 1"}
    user = {"id": "n + 1000", "email": "'person' || n || '@example.com'", "name": "'Ada ' || md5(n::text)"}
    return [
        ("organizations.Account", many, account),
        (
            "organizations.Project",
            many,
            {"id": "n", "account_id": "n", "external_id": "'front-desk'", "name": "'Front desk'", "mode": "'live'"},
        ),
        ("organizations.User", many, {**user, "is_active": "true", "date_joined": AT}),
        ("organizations.Membership", many, {"account_id": "n", "user_id": "n + 1000", "role": "'owner'"}),
        (
            "organizations.Organization",
            many,
            {"id": "n", "account_id": "n", "name": "'Company ' || n", "tax_id": "'DE' || (100000000 + n)"},
        ),
        (
            "organizations.Invitation",
            many,
            {
                "account_id": "n",
                "email": "'new' || n || '@example.com'",
                "role": "'viewer'",
                "token_hash": "md5(n::text)",
            },
        ),
        ("billing.Wallet", many, wallet),
        ("billing.LedgerAccount", many * 11 - 1, books),
    ]


def _money(size: Size) -> list[tuple[str, int, dict[str, str]]]:
    many, of_wallet = size.payments, {"wallet_id": "1 + n %% %(accounts)s"}
    amounts = {"amount": "25", "total": "25", "charge_amount": "25"}
    provider = {"provider": "(ARRAY['stripe', 'stripe', 'robokassa', 'bank'])[1 + n %% 4]"}
    reference = {"reference": "md5('r' || n)::uuid"}
    card = {"reference": "'pm_' || n", "brand": "'Visa'", "last4": "lpad((n %% 10000)::text, 4, '0')"}
    return [
        (
            "billing.Grant",
            many,
            {"id": "n", **of_wallet, **USD, "kind": "'paid'", "priority": "100", "amount": "25", "remaining": "25"},
        ),
        ("billing.Card", many // 2, {**of_wallet, **card}),
        (
            "billing.TopUp",
            many,
            {
                "id": "n",
                **reference,
                **of_wallet,
                **PRICED,
                **amounts,
                **provider,
                "origin": "'manual'",
                "net": "25",
                "status": "(ARRAY['succeeded', 'succeeded', 'failed', 'expired'])[1 + n %% 4]",
                "provider_reference": "'cs_' || n",
                "finished_at": AT,
            },
        ),
        (
            "billing.Payment",
            many,
            {
                "id": "n",
                **of_wallet,
                **PRICED,
                **amounts,
                **provider,
                "reference": "CASE n %% 4 WHEN 3 THEN n || ':SEPA-' || n WHEN 2 THEN n::text ELSE 'pi_' || n END",
                "charge_reference": "'ch_' || n",
                "top_up_id": "n",
                "grant_id": "n",
                "is_live": "true",
                "card": "'Visa ending ' || lpad((n %% 10000)::text, 4, '0')",
                "paid_at": AT,
            },
        ),
    ]


def _issued(size: Size) -> list[tuple[str, int, dict[str, str]]]:
    many, of_wallet = size.payments, {"wallet_id": "1 + n %% %(accounts)s"}
    amounts = {"amount": "25", "total": "25", "charge_amount": "25"}
    reference = {"reference": "md5('r' || n)::uuid"}
    hold = {"service_id": "%(service)s", "call_id": "'held-' || n", **USD, "status": "'captured'", "ended_at": AT}
    document = {
        "issuer_id": "1",
        "kind": "'invoice'",
        "year": "2026",
        "number": "n",
        "label": "'INV-2026-' || lpad(n::text, 6, '0')",
        "organization_id": "1 + n %% %(accounts)s",
        "net": "25",
        "issued_on": f"({AT})::date",
        "key": "'receipt:' || n",
        "payment_id": "n",
        "content": f"'{json.dumps(_content())}'",
    }
    return [
        ("billing.Document", many, {"id": "n", **reference, **of_wallet, **USD, "total": "25", **document}),
        (
            "billing.Refund",
            many // 20,
            {"id": "n", **reference, **of_wallet, **PRICED, **amounts, "payment_id": "n", "status": "'succeeded'"},
        ),
        ("billing.Hold", many * 2, {**of_wallet, **hold, "project_id": "1 + n %% %(accounts)s"}),
        (
            "billing.ProviderEvent",
            many,
            {
                "provider": "'stripe'",
                "event_id": "'evt_' || n",
                "kind": "'charge.succeeded'",
                "object_kind": "'charge'",
                "object_id": "'ch_' || n",
                "status": "'done'",
            },
        ),
    ]


def _content() -> dict[str, Any]:
    """What stands on every invoice: as long as a real one's, so that its page is as dear."""
    from billing.documents.content import Content, Line, Party, to_json

    seller = Party("Seller GmbH", "Marktplatz 1, 10115 Berlin", "DE", tax_id="DE100000000")
    buyer = Party("Buyer Inc.", "1 Main Street, Springfield", "US", email="owner@example.com")
    price = Decimal(25)
    content = Content(
        kind="invoice",
        label="INV-2026-000001",
        language="en",
        currency="USD",
        issued_on=date(2026, 10, 1),
        product="AI PBX",
        issuer=seller,
        buyer=buyer,
        lines=(Line("Prepaid balance", price),),
        taxes=(),
        net=price,
        tax=Decimal(0),
        total=price,
    )
    return to_json(content)


def _told(size: Size) -> list[tuple[str, int, dict[str, str]]]:
    many, of_account = size.payments, {"account_id": "1 + n %% %(accounts)s"}
    return [
        (
            "notifications.Notice",
            many,
            {"id": "n", **of_account, "event": "'topped_up'", "key": "'topped_up:' || n", "expanded_at": AT},
        ),
        (
            "notifications.Delivery",
            many,
            {
                **of_account,
                "notice_id": "n",
                "key": "'mail:' || n",
                "channel": "'email'",
                "recipient": "'owner' || (1 + n %% %(accounts)s) || '@example.com'",
                "subject": "'Top-up received'",
                "status": "'sent'",
                "sent_at": AT,
            },
        ),
        (
            "notifications.Incident",
            many // 10,
            {**of_account, "kind": "'auto_top_up'", "reason": "'card_declined'", "resolved_at": AT},
        ),
        (
            "usage.RejectedEvent",
            many,
            {"service_id": "%(service)s", "source": "'pbx'", "event_id": "'bad-' || n", "code": "'invalid_event'"},
        ),
    ]


EVENT = {
    "id": "n",
    "service_id": "%(service)s",
    "source": f"'pbx-' || n %% {SOURCES}",
    "event_id": "'evt-' || n",
    "event_type": "'call.completed'",
    "account_id": OWNER,
    "project_id": OWNER,
    "day": f"({AT})::date",
    "call_id": "'c-' || n || '@198.51.100.7'",
    "channel": "'phone'",
    "direction": "'inbound'",
    "call_status": "'completed'",
    "duration_seconds": "180",
    "version_id": "%(version)s",
    **USD,
    "total": "0.046",
    "transaction_id": "n",
    "status": "'accepted'",
    "body": """jsonb_build_object('id', 'evt-' || n, 'data', jsonb_build_object(
      'caller', '+1212555' || lpad((n %% 10000)::text, 4, '0'), 'duration_seconds', 180, 'llm_input_tokens', 2340))""",
}
TRANSFER = {
    "transaction_id": "n",
    "wallet_id": OWNER,
    **USD,
    "source_id": f"({OWNER}) * 16 + 1",
    "target_id": f"({OWNER}) * 16 + 5",
    "amount": "0.046",
}


def _transaction(size: Size) -> dict[str, str]:
    return {
        "id": "n",
        "wallet_id": OWNER,
        **USD,
        # Each of five runs of n gives its wallets numbers of their own: unique, though not without gaps.
        "number": "n",
        "kind": f"CASE WHEN n <= {size.calls} THEN 'call' ELSE 'chat' END",
        "key": "'charge:' || n",
        "project_id": OWNER,
        "amount": "-0.046",
        "balance_after": "12.5",
        "description": "'LLM tokens, input · Voice input, STT · Voice output, TTS · Analytics'",
        "day": f"({AT})::date",
        "hash": "sha256(n::text::bytea)",
    }


MOVEMENTS = """
INSERT INTO billing_hourlymovement (wallet_id, project_id, currency, kind, day, hour, count, amount, first_number,
  last_number, last_at, balance_after)
SELECT wallet_id, project_id, 'USD', kind, day, extract(hour FROM created_at), count(*), sum(amount), min(number),
  max(number), max(created_at), min(balance_after)
  FROM billing_transaction GROUP BY 1, 2, 4, 5, 6 ORDER BY day
"""
DAILY = """
INSERT INTO usage_dailyusage (account_id, project_id, day, is_simulated, event_type, channel, model, tier, outcome,
  currency, count, free_count, seconds, tokens, spent, cost, costed_spent)
SELECT account_id, project_id, day, false, event_type, channel, model, tier, outcome, 'USD', count(*), 0,
  sum(duration_seconds), 0, sum(total), 0, 0 FROM usage_usageevent GROUP BY 1, 2, 3, 5, 6, 7, 8, 9 ORDER BY day
"""
LAST_NUMBERS = """
UPDATE billing_wallet w SET last_number = t.newest
  FROM (SELECT wallet_id, max(number) AS newest FROM billing_transaction GROUP BY 1) t WHERE t.wallet_id = w.id
"""


def _insert(
    connection: psycopg.Connection[Any],
    label: str,
    count: int,
    expressions: dict[str, str],
    fixed: dict[str, int],
    first: int = 1,
    last: int = 0,
) -> None:
    """Rows of the model for n from `first` to `last`; what no expression says is empty, zero, false or the moment."""
    model = apps.get_model(label)
    said = dict(expressions)
    for field in model._meta.concrete_fields:
        if field.column not in said and not (field.null or field.primary_key or field.has_db_default()):
            said[field.column] = _empty(field)
    columns = ", ".join(f'"{column}"' for column in said)
    statement = (
        f'INSERT INTO "{model._meta.db_table}" ({columns}) SELECT {", ".join(said.values())} '
        f"FROM generate_series({first}::bigint, {last or count}::bigint) n ORDER BY n"
    )
    connection.execute(statement.encode(), {**fixed, "count": count})


def _empty(field: models.Field[Any, Any]) -> str:
    if isinstance(field, models.DateTimeField):
        return AT
    if isinstance(field, models.DateField):
        return f"({AT})::date"
    if isinstance(field, models.BooleanField):
        return "false"
    if isinstance(field, models.JSONField):
        return "'[]'" if field.default is list else "'{}'"
    if isinstance(field, (models.CharField, models.TextField)):
        return "''"
    if isinstance(field, models.UUIDField):
        return "gen_random_uuid()"
    if isinstance(field, models.BinaryField):
        return "''::bytea"
    return "0"


def _renumber(connection: psycopg.Connection[Any]) -> None:
    """What is written from now on gets keys behind those that are there."""
    for model in apps.get_models():
        if model._meta.auto_field is not None and model._meta.managed:
            table, key = model._meta.db_table, model._meta.auto_field.column
            sequence = f"pg_get_serial_sequence('\"{table}\"', '{key}')"
            newest = f'(SELECT coalesce(max("{key}"), 0) + 1 FROM "{table}")'
            connection.execute(f"SELECT setval({sequence}, {newest}, false)".encode())
