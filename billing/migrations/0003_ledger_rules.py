"""What the database itself holds of the ledger's rules, so that no code, console or mistake can break them.

- Ledger rows are never updated, deleted or truncated; wallets, grants and holds are never deleted or truncated. The
  triggers are statement-level, which costs an insert nothing. Error code LR001.
- What a wallet, a grant or an ended hold is never changes. Row-level triggers with a WHEN clause, evaluated without
  calling the function unless it refuses. Error code LR002.
- Every row of a wallet is in the wallet's currency, and every transfer stays inside its wallet and its transaction.
"""

from __future__ import annotations

from django.db import migrations

REFUSE = (
    """
CREATE FUNCTION billing_refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: ledger rows are only ever added. Correct by adding.', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'LR001', TABLE = TG_TABLE_NAME;
END $$;
CREATE FUNCTION billing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'UPDATE on % is refused: %.', TG_TABLE_NAME, TG_ARGV[0]
    USING ERRCODE = 'LR002', TABLE = TG_TABLE_NAME;
END $$;
""",
    "DROP FUNCTION billing_refuse_change(); DROP FUNCTION billing_refuse_removal();",
)

# Append-only: the ledger itself.
NEVER_CHANGED = (
    """
CREATE TRIGGER ledger_rows_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_transaction
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
CREATE TRIGGER ledger_rows_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_transfer
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
CREATE TRIGGER ledger_rows_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_ledgeraccount
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
""",
    """
DROP TRIGGER ledger_rows_stay ON billing_transaction;
DROP TRIGGER ledger_rows_stay ON billing_transfer;
DROP TRIGGER ledger_rows_stay ON billing_ledgeraccount;
""",
)

# What ledger rows refer to, and the holds, which say what calls were authorised: changed by services, never removed.
NEVER_REMOVED = (
    """
CREATE TRIGGER ledger_rows_stay BEFORE DELETE OR TRUNCATE ON billing_wallet
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
CREATE TRIGGER ledger_rows_stay BEFORE DELETE OR TRUNCATE ON billing_grant
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
CREATE TRIGGER ledger_rows_stay BEFORE DELETE OR TRUNCATE ON billing_hold
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
""",
    """
DROP TRIGGER ledger_rows_stay ON billing_wallet;
DROP TRIGGER ledger_rows_stay ON billing_grant;
DROP TRIGGER ledger_rows_stay ON billing_hold;
""",
)

IDENTITY = (
    """
CREATE TRIGGER wallet_identity_stays BEFORE UPDATE ON billing_wallet FOR EACH ROW
  WHEN (OLD.account_id <> NEW.account_id OR OLD.currency <> NEW.currency OR OLD.id <> NEW.id
        OR OLD.last_number > NEW.last_number)
  EXECUTE FUNCTION billing_refuse_change('a wallet keeps its account and currency, and its numbers only rise');
CREATE TRIGGER grant_identity_stays BEFORE UPDATE ON billing_grant FOR EACH ROW
  WHEN (OLD.wallet_id <> NEW.wallet_id OR OLD.currency <> NEW.currency OR OLD.id <> NEW.id OR OLD.kind <> NEW.kind
        OR OLD.amount <> NEW.amount)
  EXECUTE FUNCTION billing_refuse_change('a grant keeps its wallet, kind and amount');
CREATE TRIGGER hold_ends_once BEFORE UPDATE ON billing_hold FOR EACH ROW WHEN (OLD.status <> 'active')
  EXECUTE FUNCTION billing_refuse_change('a hold that has ended stays as it is');
""",
    """
DROP TRIGGER hold_ends_once ON billing_hold;
DROP TRIGGER grant_identity_stays ON billing_grant;
DROP TRIGGER wallet_identity_stays ON billing_wallet;
""",
)

# A foreign key costs a batch a lookup and a row lock per row (measured: each a tenth to a sixth of the time of writing
# 1,000 charges), so it stands only where nothing cheaper holds the rule. As a ledger account's id is wallet id * 16 +
# kind, a CHECK keeps both ends of a transfer in its wallet, where two keys to the accounts cost five times as much.
SAME_WALLET_AND_CURRENCY = (
    """
ALTER TABLE billing_ledgeraccount
  ADD CONSTRAINT ledger_account_of_wallet FOREIGN KEY (wallet_id, currency) REFERENCES billing_wallet (id, currency),
  ADD CONSTRAINT ledger_account_kind CHECK (kind BETWEEN 1 AND 9);
ALTER TABLE billing_grant
  ADD CONSTRAINT grant_of_wallet FOREIGN KEY (wallet_id, currency) REFERENCES billing_wallet (id, currency);
ALTER TABLE billing_hold
  ADD CONSTRAINT hold_of_wallet FOREIGN KEY (wallet_id, currency) REFERENCES billing_wallet (id, currency);
ALTER TABLE billing_transaction
  ADD CONSTRAINT transaction_of_wallet FOREIGN KEY (wallet_id, currency) REFERENCES billing_wallet (id, currency),
  ADD CONSTRAINT transaction_wallet_currency UNIQUE (id, wallet_id, currency);
ALTER TABLE billing_transfer
  ADD CONSTRAINT transfer_of_transaction FOREIGN KEY (transaction_id, wallet_id, currency)
    REFERENCES billing_transaction (id, wallet_id, currency),
  ADD CONSTRAINT transfer_of_grant FOREIGN KEY (grant_id, wallet_id) REFERENCES billing_grant (id, wallet_id),
  ADD CONSTRAINT transfer_in_wallet CHECK (source_id / 16 = wallet_id AND target_id / 16 = wallet_id
                                           AND source_id % 16 BETWEEN 1 AND 9 AND target_id % 16 BETWEEN 1 AND 9);
""",
    """
ALTER TABLE billing_transfer
  DROP CONSTRAINT transfer_in_wallet, DROP CONSTRAINT transfer_of_grant, DROP CONSTRAINT transfer_of_transaction;
ALTER TABLE billing_transaction
  DROP CONSTRAINT transaction_wallet_currency, DROP CONSTRAINT transaction_of_wallet;
ALTER TABLE billing_hold DROP CONSTRAINT hold_of_wallet;
ALTER TABLE billing_grant DROP CONSTRAINT grant_of_wallet;
ALTER TABLE billing_ledgeraccount DROP CONSTRAINT ledger_account_kind, DROP CONSTRAINT ledger_account_of_wallet;
""",
)

# The roll-up's numeric columns; those of the other tables are checked where their models are.
NOT_NAN = (
    """
ALTER TABLE billing_hourlymovement
  ADD CONSTRAINT movement_amounts CHECK (amount < 100000000000000 AND balance_after < 100000000000000);
""",
    "ALTER TABLE billing_hourlymovement DROP CONSTRAINT movement_amounts;",
)

# A transfer as bookkeeping writes it. An account's balance is its credits less its debits.
ENTRIES = (
    """
CREATE VIEW billing_entry AS
SELECT t.id AS transfer_id, t.transaction_id, t.wallet_id, t.currency, side.account_id AS ledger_account_id,
       (side.account_id % 16)::smallint AS kind, side.debit, side.credit, t.grant_id
  FROM billing_transfer t,
       LATERAL (VALUES (t.source_id, t.amount, 0::numeric(20,6)), (t.target_id, 0::numeric(20,6), t.amount))
         AS side(account_id, debit, credit);
""",
    "DROP VIEW billing_entry;",
)

# Rows that change at every call: room on their pages for the next version (HOT updates), vacuumed early.
HOT_ROWS = (
    """
ALTER TABLE billing_wallet SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE billing_grant SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE billing_hold SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE billing_hourlymovement SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
""",
    """
ALTER TABLE billing_hourlymovement RESET (fillfactor, autovacuum_vacuum_scale_factor,
  autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay);
ALTER TABLE billing_hold RESET (fillfactor, autovacuum_vacuum_scale_factor,
  autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay);
ALTER TABLE billing_grant RESET (fillfactor, autovacuum_vacuum_scale_factor,
  autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay);
ALTER TABLE billing_wallet RESET (fillfactor, autovacuum_vacuum_scale_factor,
  autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay);
""",
)


class Migration(migrations.Migration):
    """Runs after the tables of the app; every step has its way back."""

    dependencies = [("billing", "0002_initial")]

    operations = [
        migrations.RunSQL(forward, backward)
        for forward, backward in (
            REFUSE,
            NEVER_CHANGED,
            NEVER_REMOVED,
            IDENTITY,
            SAME_WALLET_AND_CURRENCY,
            NOT_NAN,
            ENTRIES,
            HOT_ROWS,
        )
    ]
