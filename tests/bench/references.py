"""The two references, and authorisation's own: what a charge costs PostgreSQL when plain SQL does it.

The lean posting has small tables of its own. The full one writes every row that the product writes for a call, to the
product's tables with their constraints and indexes, under the same lock; its values are synthetic, its rows of the
product's size. In all of them each statement is a round trip, prepared once per connection.
"""

from __future__ import annotations

import json
import re

from tests.bench.server import Database
from tests.bench.world import BATCH, REFERENCE_WALLETS, World

LEAN_TABLES = """
CREATE TABLE bench_wallet (id bigint PRIMARY KEY, balance numeric(20,6) NOT NULL CHECK (balance < 1e14))
  WITH (fillfactor = 50);
CREATE TABLE bench_event (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL UNIQUE,
  wallet_id bigint NOT NULL, amount numeric(20,6) NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE bench_entry (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL,
  account_id bigint NOT NULL, amount numeric(20,6) NOT NULL);
CREATE SEQUENCE bench_key;
"""
LEAN_WALLETS = "INSERT INTO bench_wallet SELECT n, 1e7 FROM generate_series(0, {last}) n"
LEAN = """
\\set wallet random(0, :last)
BEGIN;
INSERT INTO bench_event (key, wallet_id, amount, created_at)
VALUES ('bench:' || nextval('bench_key'), :wallet, 0.046, now());
SELECT balance FROM bench_wallet WHERE id = :wallet FOR NO KEY UPDATE;
INSERT INTO bench_entry (key, account_id, amount) VALUES ('bench:' || currval('bench_key'), :wallet * 16 + 1, -0.046);
INSERT INTO bench_entry (key, account_id, amount) VALUES ('bench:' || currval('bench_key'), :wallet * 16 + 5, 0.046);
UPDATE bench_wallet SET balance = balance - 0.046 WHERE id = :wallet;
COMMIT;
"""

# What the product would store for one event, taken from one that it charged (`full_scripts`).
_EVENT_COLUMNS = """id, service_id, source, event_id, event_type, occurred_at, received_at, body, account_id,
 project_id, is_simulated, day, call_id, channel, direction, call_status, model, tier, outcome, outcome_reason,
 started_at, duration_seconds, version_id, currency, total, cost, lines, free_code, free_reason, hour, hold_id,
 transaction_id, available_after, held_after, status, voided_at, void_reason"""
_EVENT_VALUES = """:service, 'reference', 'evt-' || {event}, 'call.completed', now(), now(), ({body})::jsonb,
 {wallet} + :account_offset, {wallet} + :project_offset, false, {day}, 'c-' || {event} || '@198.51.100.7',
 'phone', 'inbound', 'completed', '', '', '', '', now(), 180, :version, 'USD', 0.046, 0, ({lines})::jsonb, '', '',
 NULL, NULL, {posted_as}, w.paid - 0.046, w.held, 'accepted', NULL, ''"""
_DAY = "(now() AT TIME ZONE 'America/New_York')::date"
_HOUR = "extract(hour FROM now() AT TIME ZONE 'America/New_York')"
_TRANSACTION_COLUMNS = """id, wallet_id, currency, number, kind, key, project_id, amount, balance_after, description,
 reason, actor_id, day, created_at, hash"""
_TRANSACTION_VALUES = """{wallet}, 'USD', w.last_number + 1, 'call', 'charge:' || {event},
 {wallet} + :project_offset, -0.046, w.paid - 0.046, {description}, '', NULL, {day}, now(),
 sha256(w.chain_head || convert_to(concat_ws('|', {wallet}, w.last_number + 1, 'call', 'charge:' || {event}, 'USD',
   -0.046, w.paid - 0.046, {wallet} + :project_offset, {description}, '', '', {day}, now(), {wallet} * 16 + 1,
   {wallet} * 16 + 5, 0.046), 'UTF8'))"""
_MOVEMENT = """INSERT INTO billing_hourlymovement AS m (wallet_id, project_id, currency, kind, day, hour, count, amount,
 first_number, last_number, last_at, balance_after)
SELECT w.id, w.id + :project_offset, 'USD', 'call', {day}, {hour}, 1, -0.046, w.last_number, w.last_number, now(),
  w.paid FROM billing_wallet w WHERE {which}
ON CONFLICT (wallet_id, day, hour, kind, project_id) DO UPDATE SET count = m.count + 1,
 amount = m.amount + EXCLUDED.amount, last_number = EXCLUDED.last_number, last_at = EXCLUDED.last_at,
 balance_after = EXCLUDED.balance_after;"""
_DAILY = """INSERT INTO usage_dailyusage AS u (account_id, project_id, day, is_simulated, event_type, channel, model,
 tier, outcome, currency, count, free_count, seconds, tokens, spent, cost)
SELECT n + :account_offset, n + :project_offset, {day}, false, 'call.completed', 'phone', '', '', '', 'USD', 1, 0, 180,
 2340, 0.046, 0 FROM {wallets} n
ON CONFLICT (account_id, day, project_id, is_simulated, event_type, channel, model, tier, outcome) DO UPDATE SET
 count = u.count + 1, seconds = u.seconds + EXCLUDED.seconds, tokens = u.tokens + EXCLUDED.tokens,
 spent = u.spent + EXCLUDED.spent;"""
_COMPONENTS = """INSERT INTO usage_dailycomponent AS c (account_id, project_id, day, is_simulated, event_type, model,
 tier, outcome, component, unit, currency, count, quantity, amount)
SELECT n + :account_offset, n + :project_offset, {day}, false, 'call.completed', '', '', '', line.component, line.unit,
 'USD', 1, line.quantity, 0.0115 FROM {wallets} n, (VALUES ('analytics', 'call', 1), ('llm_input', 'token', 2340),
 ('stt', 'second', 90), ('tts', 'second', 90)) AS line(component, unit, quantity)
ON CONFLICT (account_id, day, project_id, is_simulated, event_type, model, tier, outcome, component, unit) DO UPDATE
 SET count = c.count + 1, quantity = c.quantity + EXCLUDED.quantity, amount = c.amount + EXCLUDED.amount;"""
_LOCK = """SELECT w.id, w.last_number, w.paid, w.promo, w.allotment, w.debt, w.held, w.spent_on, w.spent_today,
 w.chain_head, a.timezone, a.status FROM billing_wallet w JOIN organizations_account a ON a.id = w.account_id
 WHERE {which} ORDER BY w.id FOR NO KEY UPDATE OF w;"""
_GRANTS = "SELECT id, kind, priority, remaining, expires_at FROM billing_grant w WHERE {which} AND remaining > 0;"

SINGLE = f"""
\\set wallet random(:first, :last)
BEGIN;
{_LOCK.format(which="w.id = :wallet")}
{_GRANTS.format(which="w.wallet_id = :wallet")}
INSERT INTO usage_usageevent ({_EVENT_COLUMNS})
SELECT nextval('usage_usageevent_id_seq'), {_EVENT_VALUES} FROM billing_wallet w WHERE w.id = :wallet
ON CONFLICT (service_id, source, event_id) DO NOTHING RETURNING 1;
WITH posted AS (INSERT INTO billing_transaction ({_TRANSACTION_COLUMNS})
SELECT {{transaction}}, {_TRANSACTION_VALUES} FROM billing_wallet w WHERE w.id = :wallet RETURNING hash)
UPDATE billing_wallet SET paid = paid - 0.046, spent_on = {{day}}, spent_today = spent_today + 0.046,
 last_number = last_number + 1, chain_head = posted.hash FROM posted WHERE id = :wallet;
INSERT INTO billing_transfer (transaction_id, wallet_id, currency, source_id, target_id, amount, grant_id)
VALUES ({{transaction}}, :wallet, 'USD', :wallet * 16 + 1, :wallet * 16 + 5, 0.046, :wallet + :grant_offset);
{_MOVEMENT.format(day="{day}", hour="{hour}", which="w.id = :wallet")}
UPDATE billing_grant SET remaining = remaining - 0.046 WHERE id = :wallet + :grant_offset;
{_DAILY.format(day="{day}", wallets="generate_series(:wallet, :wallet)")}
{_COMPONENTS.format(day="{day}", wallets="generate_series(:wallet, :wallet)")}
COMMIT;
"""
SET_BASED = f"""
\\set from :first + :client_id * {BATCH}
\\set to :from + {BATCH} - 1
SELECT array_agg(nextval('usage_usageevent_id_seq')) AS events,
 array_agg(nextval('billing_transaction_id_seq')) AS transactions FROM generate_series(1, {BATCH}) \\gset
BEGIN;
{_LOCK.format(which="w.id BETWEEN :from AND :to")}
{_GRANTS.format(which="w.wallet_id BETWEEN :from AND :to")}
INSERT INTO usage_usageevent ({_EVENT_COLUMNS})
SELECT v.event, {_EVENT_VALUES}
  FROM unnest(:events::bigint[], :transactions::bigint[]) WITH ORDINALITY AS v(event, transaction, n)
  JOIN billing_wallet w ON w.id = :from + v.n - 1
ON CONFLICT (service_id, source, event_id) DO NOTHING RETURNING 1;
WITH posted AS (INSERT INTO billing_transaction ({_TRANSACTION_COLUMNS})
SELECT v.transaction, {_TRANSACTION_VALUES}
  FROM unnest(:events::bigint[], :transactions::bigint[]) WITH ORDINALITY AS v(event, transaction, n)
  JOIN billing_wallet w ON w.id = :from + v.n - 1 RETURNING wallet_id, hash)
UPDATE billing_wallet w SET paid = paid - 0.046, spent_on = {{day}}, spent_today = spent_today + 0.046,
 last_number = last_number + 1, chain_head = posted.hash FROM posted WHERE w.id = posted.wallet_id;
INSERT INTO billing_transfer (transaction_id, wallet_id, currency, source_id, target_id, amount, grant_id)
SELECT v.transaction, :from + v.n - 1, 'USD', (:from + v.n - 1) * 16 + 1, (:from + v.n - 1) * 16 + 5, 0.046,
 :from + v.n - 1 + :grant_offset FROM unnest(:transactions::bigint[]) WITH ORDINALITY AS v(transaction, n);
{_MOVEMENT.format(day="{day}", hour="{hour}", which="w.id BETWEEN :from AND :to")}
UPDATE billing_grant SET remaining = remaining - 0.046
 WHERE id BETWEEN :from + :grant_offset AND :to + :grant_offset;
{_DAILY.format(day="{day}", wallets="generate_series(:from, :to)")}
{_COMPONENTS.format(day="{day}", wallets="generate_series(:from, :to)")}
COMMIT;
"""
AUTHORIZE = """
\\set wallet random(:first, :last)
SELECT nextval('bench_key') AS n \\gset
SELECT k.id, k.hashed_key, k.scopes, s.slug, p.currency, p.rates_revision, a.id, w.id, a.timezone, j.id, j.mode
  FROM organizations_servicekey k JOIN organizations_service s ON s.id = k.service_id
  JOIN organizations_product p ON p.id = s.product_id
  JOIN organizations_account a ON a.product_id = p.id AND a.external_id = 'bench-' || (:wallet - :base)
  JOIN billing_wallet w ON w.account_id = a.id
  JOIN organizations_project j ON j.account_id = a.id AND j.external_id = 'front-desk'
 WHERE s.id = :service AND NOT k.revoked;
BEGIN;
{lock}
{grants}
SELECT id, wallet_id, amount, status, created_at, expires_at, request, answer FROM billing_hold
 WHERE service_id = :service AND call_id = 'r-' || :n || '@198.51.100.7' AND status <> 'expired';
SELECT 1 FROM usage_usageevent WHERE account_id = :wallet + :account_offset
 AND call_id = 'r-' || :n || '@198.51.100.7' AND call_id <> '' LIMIT 1;
INSERT INTO billing_hold (service_id, call_id, wallet_id, project_id, currency, amount, status, request, answer,
 created_at, expires_at, ended_at)
VALUES (:service, 'r-' || :n || '@198.51.100.7', :wallet, :wallet + :project_offset, 'USD', 0.25, 'active',
 ({request})::jsonb, ({answer})::jsonb, now(), now() + interval '15 minutes', NULL)
ON CONFLICT (service_id, call_id) WHERE status <> 'expired' DO NOTHING RETURNING id;
UPDATE billing_wallet SET held = held + 0.25, held_calls = held_calls + 1 WHERE id = :wallet;
COMMIT;
""".replace("{lock}", _LOCK.format(which="w.id = :wallet")).replace(
    "{grants}", _GRANTS.format(which="w.wallet_id = :wallet")
)


_NUMBER = re.compile(
    r"(?<!:):(wallet|event|transaction|n|from|to|first|last|base|service|version|[a-z]+_offset)\b(?!::)"
)


def prepare(database: Database) -> None:
    """The lean reference's tables."""
    with database.connect() as connection:
        connection.execute(LEAN_TABLES)
        connection.execute(LEAN_WALLETS.format(last=REFERENCE_WALLETS))


def full_scripts(world: World) -> tuple[str, str]:
    """The full posting per event and set-based, with body and lines like those of an event the product charged."""
    from billing.models import Transaction
    from usage.models import UsageEvent

    event = UsageEvent.objects.filter(service_id=world.service_id).values_list("body", "lines", "transaction_id")[0]
    description = Transaction.objects.values_list("description", flat=True).get(pk=event[2])
    found = []
    for script, wallet, number, transaction in (
        (SINGLE, ":wallet", "currval('usage_usageevent_id_seq')", "('billing_transaction_id_seq')"),
        (SET_BASED, "w.id", "v.event", "v.transaction"),
    ):
        filled = script.replace("{wallet}", wallet).replace("{event}", number)
        if transaction.startswith("("):  # the event takes the number, what follows repeats it
            filled = filled.replace("{posted_as}", f"nextval{transaction}").replace(
                "{transaction}", f"currval{transaction}"
            )
        filled = filled.replace("{posted_as}", transaction)
        filled = filled.replace("{day}", _DAY).replace("{hour}", _HOUR).replace("{description}", quoted(description))
        found.append(filled.replace("{body}", as_text(event[0], number)).replace("{lines}", as_text(event[1], number)))
    return typed(found[0]), typed(found[1])


def authorize_script(world: World) -> str:
    """Authorisation's statements, with request and answer like those of a call the product authorised."""
    from billing.models import Hold

    request, answer = Hold.objects.filter(service_id=world.service_id).values_list("request", "answer")[0]
    return typed(AUTHORIZE.replace("{request}", as_text(request, ":n")).replace("{answer}", as_text(answer, ":n")))


def typed(script: str) -> str:
    """Say of each whole number that it is one: as a parameter of a prepared statement it would have no type."""
    lines = script.splitlines()
    return "\n".join(line if line.startswith("\\") else _NUMBER.sub(r":\1::bigint", line) for line in lines)


def as_text(document: object, number: str) -> str:
    """An SQL expression of the document's text, made anew for each row so that it is parsed each time."""
    text = json.dumps(document, separators=(", ", ": "))
    return f"{quoted(text)} || left({number}::text, 0)"


def quoted(text: str) -> str:
    """An SQL literal."""
    return "'" + text.replace("'", "''") + "'"
