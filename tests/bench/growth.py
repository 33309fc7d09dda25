"""How the ledger's size tells: long histories written set-wise, and the history page's time on them.

The seeded rows are synthetic where nobody looks: hashes are of the number alone, events are nearly empty. Their count,
their keys and their indexes are what a real ledger of that size has.
"""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass
from statistics import median

from tests.bench.server import Database, number
from tests.bench.world import DEEP, SIZES, World

CHUNK = 200_000
DAYS = 250  # a long history lies within so many days, whatever its length, so that pages by day look alike
WARM_UP, REQUESTS = 8, 40

TRANSACTIONS = """
WITH events AS (
  INSERT INTO usage_usageevent (id, service_id, source, event_id, event_type, occurred_at, received_at, body,
    account_id, project_id, is_simulated, day, call_id, channel, direction, call_status, model, tier, outcome,
    outcome_reason, started_at, duration_seconds, version_id, currency, total, cost, lines, free_code, free_reason,
    available_after, held_after, status, void_reason)
  SELECT nextval('usage_usageevent_id_seq'), %(service)s::bigint, 'seed-' || %(wallet)s::bigint, 'evt-' || n,
    'call.completed', at, at, '{}', %(account)s::bigint, %(project)s::bigint, false, at::date,
    'c-' || n || '@198.51.100.7', 'phone', 'inbound', 'completed', '', '', '', '', at, 180,
    %(version)s::bigint, 'USD', 0.046, 0, '[]', '', '', 0, 0, 'accepted', ''
    FROM (SELECT n, now() - %(days)s::bigint * interval '1 day' * (1 - n::float / %(count)s::bigint) AS at
            FROM generate_series(%(first)s::bigint, %(last)s::bigint) n ORDER BY n) s
)
INSERT INTO billing_transaction (id, wallet_id, currency, number, kind, key, project_id, amount, balance_after,
  description, reason, day, created_at, hash)
SELECT nextval('billing_transaction_id_seq'), %(wallet)s::bigint, 'USD', n + 1, 'call', 'charge:seed:' || n,
  %(project)s::bigint, -0.046, 1e7 - 0.046 * n, 'LLM tokens, input, Voice input, STT, Voice output, TTS, Analytics', '',
  (at AT TIME ZONE 'America/New_York')::date, at, sha256(n::text::bytea)
  FROM (SELECT n, now() - %(days)s::bigint * interval '1 day' * (1 - n::float / %(count)s::bigint) AS at
          FROM generate_series(%(first)s::bigint, %(last)s::bigint) n ORDER BY n) s
"""
TRANSFERS = """
INSERT INTO billing_transfer (transaction_id, wallet_id, currency, source_id, target_id, amount, grant_id)
SELECT id, wallet_id, 'USD', wallet_id * 16 + 1, wallet_id * 16 + 5, 0.046, %(grant)s::bigint FROM billing_transaction
 WHERE wallet_id = %(wallet)s::bigint AND number BETWEEN %(first)s::bigint + 1 AND %(last)s::bigint + 1 ORDER BY number
"""
MOVEMENTS = """
INSERT INTO billing_hourlymovement (wallet_id, project_id, currency, kind, day, hour, count, amount, first_number,
  last_number, last_at, balance_after)
SELECT wallet_id, project_id, 'USD', kind, day, extract(hour FROM created_at AT TIME ZONE 'America/New_York'), count(*),
  sum(amount), min(number), max(number), max(created_at), min(balance_after)
  FROM billing_transaction WHERE wallet_id = %(wallet)s::bigint AND number > 1 GROUP BY 1, 2, 4, 5, 6
"""
WALLET = """
UPDATE billing_wallet SET paid = 1e7 - 0.046 * %(count)s::bigint, last_number = %(count)s::bigint + 1
 WHERE id = %(wallet)s::bigint
"""
GRANT = "UPDATE billing_grant SET remaining = 1e7 - 0.046 * %(count)s::bigint WHERE id = %(grant)s::bigint"


@dataclass(frozen=True)
class HistoryTimes:
    """Milliseconds per page, over HTTP: the medians of forty requests each."""

    first_page: float
    deep_page: float
    first_by_day: float
    deep_by_day: float


def ledger_rows(database: Database) -> int:
    """Transactions and transfers, counted."""
    return sum(
        number(database, sql)
        for sql in ("SELECT count(*) FROM billing_transaction", "SELECT count(*) FROM billing_transfer")
    )


def seed(database: Database, world: World, size_index: int) -> None:
    """Write the history of this size: half its rows are transactions, half transfers."""
    count = SIZES[size_index] // 2
    wallet = world.first_wallet + DEEP + size_index
    values = {
        "wallet": wallet,
        "account": wallet + world.account_offset,
        "project": wallet + world.project_offset,
        "grant": wallet + world.grant_offset,
        "service": world.service_id,
        "version": world.version_id,
        "days": DAYS,
        "count": count,
    }
    with database.connect() as connection:
        connection.execute("SET session_replication_role = replica")  # foreign keys: the rows are known to be right
        connection.execute("SET synchronous_commit = off")
        for first in range(1, count + 1, CHUNK):
            chunk = {**values, "first": first, "last": min(first + CHUNK - 1, count)}
            connection.execute(TRANSACTIONS, chunk)
            connection.execute(TRANSFERS, chunk)
        for statement in (MOVEMENTS, WALLET, GRANT):
            connection.execute(statement, values)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def sign_in(world: World, size_index: int) -> str:
    """The cookie of a customer who looks at the wallet with the history of this size."""
    from django.conf import settings
    from django.test import Client

    from organizations.models import Membership, User

    account_id = world.first_wallet + DEEP + size_index + world.account_offset
    user = User.objects.create_user(f"reader-{size_index}@bench.example")
    Membership.objects.create(account_id=account_id, user=user)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def history_times(port: int, world: World, size_index: int) -> HistoryTimes:
    """Time the history page's first page and one in the middle, one by one and by day."""
    cookie = sign_in(world, size_index)
    middle = SIZES[size_index] // 4
    return HistoryTimes(
        *(
            _page_ms(port, cookie, f"/billing/history/{query}")
            for query in ("?view=each", f"?view=each&before={middle}.0", "", f"?before={middle}.0")
        )
    )


def _page_ms(port: int, cookie: str, path: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken = []
    for _ in range(WARM_UP + REQUESTS):
        started = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie})
        response = connection.getresponse()
        page = response.read()
        taken.append((time.perf_counter() - started) * 1000)
        if response.status != http.client.OK or page.count(b"<tr") < 10:
            raise AssertionError(f"{path} answered {response.status} with {page.count(b'<tr')} rows.")
    connection.close()
    return median(taken[WARM_UP:])
