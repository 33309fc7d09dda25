"""One customer with everything: the account of `tests/isolation/worlds.py`, grown to a million ledger rows.

Its calls lie within two years, in eight live projects and a sandbox, of every tier and outcome; one in ten is free, one
in ten simulated. The roll-ups are summed from the events and transactions, as the charges would have summed them.
"""

from __future__ import annotations

import io

from django.core.management import call_command

from billing.models import Grant, Wallet
from organizations.models import Product, Service
from tests.bench.page_time import LEDGER_ROWS
from tests.bench.server import Database
from tests.isolation.worlds import PRODUCT, World, open_coupon, secretive
from usage.models import RateCardVersion, UsageEvent

CHUNK = 100_000
DAYS = 730  # so that a year can be compared with the one before
PROJECTS = 8

# What the account did before lies before what is added: numbers rise with time.
EARLIER = (
    "UPDATE usage_usageevent SET day = day - %(days)s::int, received_at = received_at - %(days)s * interval '1 day' "
    "WHERE account_id = %(account)s",
    "UPDATE billing_transaction SET day = day - %(days)s::int, created_at = created_at - %(days)s * interval '1 day' "
    "WHERE wallet_id = %(wallet)s",
)
ADD_PROJECTS = """
INSERT INTO organizations_project (account_id, external_id, name, mode, created_at)
SELECT %(account)s, 'desk-' || n, 'Desk ' || n, 'live', now() FROM generate_series(1, %(projects)s) n
"""
CALLS = """
WITH calls AS MATERIALIZED (
  SELECT n, at, (at AT TIME ZONE 'UTC')::date AS day, nextval('usage_usageevent_id_seq') AS event_id,
         nextval('billing_transaction_id_seq') AS transaction_id, p.id AS project_id, 60 + n %% 240 AS seconds,
         (ARRAY['economy', 'standard', 'premium'])[1 + n %% 3] AS tier,
         (ARRAY['success', 'conversation', 'spam', 'success'])[1 + n / 3 %% 4] AS outcome,
         (ARRAY['phone', 'web'])[1 + n / 7 %% 2] AS channel, (ARRAY[0.9, 0.6, 0.1, 1.4])[1 + n / 3 %% 4] AS total
    FROM (SELECT n, now() - %(days)s::bigint * interval '1 day' * (1 - n::float / %(count)s::bigint) AS at
            FROM generate_series(%(first)s::bigint, %(last)s::bigint) n) s
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM organizations_project
           WHERE account_id = %(account)s::bigint AND external_id LIKE 'desk-%%') p ON p.place = n %% %(projects)s::int
   ORDER BY n
), events AS (
  INSERT INTO usage_usageevent (id, service_id, source, event_id, event_type, occurred_at, received_at, body,
    account_id, project_id, is_simulated, day, call_id, channel, direction, call_status, model, tier, outcome,
    outcome_reason, started_at, duration_seconds, version_id, currency, total, cost, lines, free_code, free_reason,
    transaction_id, available_after, held_after, status, void_reason)
  SELECT event_id, %(service)s::bigint, 'busy', 'evt-' || n, 'call.completed', at, at,
    jsonb_build_object('data', jsonb_build_object('caller', '+1 999 ' || n, 'assistant', 'Front desk')),
    %(account)s::bigint, project_id, false, day, 'c-' || n || '@198.51.100.7', channel, 'inbound', 'completed', '',
    tier, outcome, 'reported', at, seconds, %(version)s::bigint, 'USD', total, 0,
    jsonb_build_array(jsonb_build_object('component', 'call', 'label', 'Success', 'quantity', '1', 'unit', 'call',
      'unit_price', total::text, 'amount', total::text, 'price', total::text, 'per', '1')),
    '', '', transaction_id, 0, 0, 'accepted', '' FROM calls
), posted AS (
  INSERT INTO billing_transaction (id, wallet_id, currency, number, kind, key, project_id, amount, balance_after,
    description, reason, day, created_at, hash)
  SELECT transaction_id, %(wallet)s::bigint, 'USD', %(number)s::bigint + n, 'call', 'charge:' || event_id, project_id,
    -total, 8e6 - 0.75 * n, 'Success', '', day, at, sha256(n::text::bytea) FROM calls
)
INSERT INTO billing_transfer (transaction_id, wallet_id, currency, source_id, target_id, amount, grant_id)
SELECT transaction_id, %(wallet)s::bigint, 'USD', %(wallet)s::bigint * 16 + 1, %(wallet)s::bigint * 16 + 5, total,
  %(grant)s::bigint FROM calls
"""
# As many calls as are asked for that moved nothing: copies of charged ones, in a sandbox or free.
UNCHARGED = """
INSERT INTO usage_usageevent (service_id, source, event_id, event_type, occurred_at, received_at, body, account_id,
  project_id, is_simulated, day, call_id, channel, direction, call_status, model, tier, outcome, outcome_reason,
  started_at, duration_seconds, version_id, currency, total, cost, lines, free_code, free_reason, available_after,
  held_after, status, void_reason)
SELECT service_id, 'busy-free', event_id, event_type, occurred_at, received_at, body, account_id,
  CASE WHEN is_free THEN project_id ELSE %(sandbox)s::bigint END, NOT is_free, day, 'u-' || call_id, channel,
  direction, CASE WHEN is_free THEN 'no_answer' ELSE call_status END, model, tier,
  CASE WHEN is_free THEN '' ELSE outcome END, outcome_reason, started_at, duration_seconds, version_id, currency,
  CASE WHEN is_free THEN 0 ELSE total END, 0, CASE WHEN is_free THEN '[]' ELSE lines END,
  CASE WHEN is_free THEN 'not_answered' ELSE '' END, '', 0, 0, status, ''
  FROM (SELECT *, id %% 2 = 0 AS is_free FROM usage_usageevent
         WHERE account_id = %(account)s::bigint AND source = 'busy' AND id %% 10 < 2) e ORDER BY id
"""
ROLL_UPS = (
    "DELETE FROM usage_dailyusage WHERE account_id = %(account)s::bigint",
    "DELETE FROM usage_dailycomponent WHERE account_id = %(account)s::bigint",
    "DELETE FROM billing_hourlymovement WHERE wallet_id = %(wallet)s::bigint",
    """
INSERT INTO usage_dailyusage (account_id, project_id, day, is_simulated, event_type, channel, model, tier, outcome,
  currency, count, free_count, seconds, tokens, spent, cost)
SELECT account_id, project_id, day, is_simulated, event_type, channel, model, tier, outcome, currency, count(*),
  count(*) FILTER (WHERE total = 0), sum(duration_seconds), 0, coalesce(sum(total), 0), sum(cost)
  FROM usage_usageevent WHERE account_id = %(account)s::bigint AND status = 'accepted'
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ORDER BY 3
""",
    """
INSERT INTO usage_dailycomponent (account_id, project_id, day, is_simulated, event_type, model, tier, outcome,
  component, unit, currency, count, quantity, amount)
SELECT account_id, project_id, day, is_simulated, event_type, model, tier, outcome, line.component, line.unit, currency,
  count(*), sum(line.quantity), sum(line.amount)
  FROM usage_usageevent,
       jsonb_to_recordset(lines) AS line(component text, unit text, quantity numeric, amount numeric)
 WHERE account_id = %(account)s::bigint AND status = 'accepted'
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 ORDER BY 3
""",
    """
INSERT INTO billing_hourlymovement (wallet_id, project_id, currency, kind, day, hour, count, amount, first_number,
  last_number, last_at, balance_after)
SELECT wallet_id, project_id, currency, kind, day, extract(hour FROM created_at AT TIME ZONE 'UTC'), count(*),
  sum(amount), min(number), max(number), max(created_at), min(balance_after)
  FROM billing_transaction WHERE wallet_id = %(wallet)s::bigint GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 5, 6
""",
    "UPDATE billing_wallet SET last_number = %(number)s::bigint + %(count)s::bigint WHERE id = %(wallet)s::bigint",
)


def busy_account(database: Database) -> World:
    """Make it in a migrated database; the account's call in `ids` is one from the middle of its history."""
    call_command("load_products", PRODUCT, stdout=io.StringIO())
    product = Product.objects.get(slug=PRODUCT)
    open_coupon(product)
    world = secretive(product)
    wallet = Wallet.objects.get(account=world.account)
    grant = Grant.objects.filter(wallet=wallet, kind="paid").earliest("id")
    version = RateCardVersion.objects.filter(card__product=product, status="published").latest("id")
    count = LEDGER_ROWS // 2
    values = {
        "account": world.account.pk,
        "wallet": wallet.pk,
        "grant": grant.pk,
        "service": Service.objects.filter(product=product).earliest("id").pk,
        "version": version.pk,
        "sandbox": world.ids["sandbox_project"],
        "number": wallet.last_number,
        "count": count,
        "days": DAYS,
        "projects": PROJECTS,
    }
    with database.connect() as connection:
        connection.execute("SET session_replication_role = replica")  # no foreign keys: the rows are known to be right
        connection.execute("SET synchronous_commit = off")
        for statement in (*EARLIER, ADD_PROJECTS):
            connection.execute(statement, values)
        for first in range(1, count + 1, CHUNK):
            connection.execute(CALLS, {**values, "first": first, "last": min(first + CHUNK - 1, count)})
        for statement in (UNCHARGED, *ROLL_UPS):
            connection.execute(statement, values)
        connection.execute("VACUUM ANALYZE")
    middle = UsageEvent.objects.get(source="busy", event_id=f"evt-{count // 2}")
    return World(world.account, world.members, {**world.ids, "call": middle.pk})
