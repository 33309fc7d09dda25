"""What the database itself holds of payments: each in its wallet's currency, credited once, never changed or removed.

The ledger gets two more accounts per wallet, tax payable and disputed payments; existing wallets get theirs here.
"""

from __future__ import annotations

from django.db import migrations

NEW_ACCOUNTS = (
    """
ALTER TABLE billing_ledgeraccount DROP CONSTRAINT ledger_account_kind;
ALTER TABLE billing_ledgeraccount ADD CONSTRAINT ledger_account_kind CHECK (kind BETWEEN 1 AND 11);
ALTER TABLE billing_transfer DROP CONSTRAINT transfer_in_wallet;
ALTER TABLE billing_transfer
  ADD CONSTRAINT transfer_in_wallet CHECK (source_id / 16 = wallet_id AND target_id / 16 = wallet_id
                                           AND source_id % 16 BETWEEN 1 AND 11 AND target_id % 16 BETWEEN 1 AND 11);
INSERT INTO billing_ledgeraccount (id, wallet_id, currency, kind)
SELECT w.id * 16 + k.kind, w.id, w.currency, k.kind FROM billing_wallet w, (VALUES (10), (11)) AS k(kind)
ON CONFLICT DO NOTHING;
""",
    # Ledger accounts are never deleted: the two stay, as long as nothing was posted to them.
    """
ALTER TABLE billing_transfer DROP CONSTRAINT transfer_in_wallet;
ALTER TABLE billing_transfer
  ADD CONSTRAINT transfer_in_wallet CHECK (source_id / 16 = wallet_id AND target_id / 16 = wallet_id
                                           AND source_id % 16 BETWEEN 1 AND 9 AND target_id % 16 BETWEEN 1 AND 9);
""",
)

TABLES = ("topup", "payment", "refund", "dispute", "autotopup", "subscription")
SAME_CURRENCY = (
    "".join(
        f"ALTER TABLE billing_{table} ADD CONSTRAINT {table}_of_wallet"
        " FOREIGN KEY (wallet_id, currency) REFERENCES billing_wallet (id, currency);\n"
        for table in TABLES
    )
    + """
ALTER TABLE billing_payment ADD CONSTRAINT payment_id_wallet UNIQUE (id, wallet_id);
ALTER TABLE billing_topup ADD CONSTRAINT top_up_id_wallet UNIQUE (id, wallet_id);
ALTER TABLE billing_card ADD CONSTRAINT card_id_wallet UNIQUE (id, wallet_id);
ALTER TABLE billing_payment
  ADD CONSTRAINT payment_of_top_up FOREIGN KEY (top_up_id, wallet_id) REFERENCES billing_topup (id, wallet_id),
  ADD CONSTRAINT payment_of_grant FOREIGN KEY (grant_id, wallet_id) REFERENCES billing_grant (id, wallet_id);
ALTER TABLE billing_refund
  ADD CONSTRAINT refund_of_payment FOREIGN KEY (payment_id, wallet_id) REFERENCES billing_payment (id, wallet_id);
ALTER TABLE billing_dispute
  ADD CONSTRAINT dispute_of_payment FOREIGN KEY (payment_id, wallet_id) REFERENCES billing_payment (id, wallet_id);
ALTER TABLE billing_topup
  ADD CONSTRAINT top_up_of_card FOREIGN KEY (card_id, wallet_id) REFERENCES billing_card (id, wallet_id);
ALTER TABLE billing_couponredemption
  ADD CONSTRAINT redemption_of_grant FOREIGN KEY (grant_id, wallet_id) REFERENCES billing_grant (id, wallet_id);
ALTER TABLE billing_wallet
  ADD CONSTRAINT wallet_auto_top_up_below CHECK (auto_top_up_below IS NULL OR auto_top_up_below < 100000000000000);
""",
    """
ALTER TABLE billing_wallet DROP CONSTRAINT wallet_auto_top_up_below;
ALTER TABLE billing_couponredemption DROP CONSTRAINT redemption_of_grant;
ALTER TABLE billing_topup DROP CONSTRAINT top_up_of_card;
ALTER TABLE billing_dispute DROP CONSTRAINT dispute_of_payment;
ALTER TABLE billing_refund DROP CONSTRAINT refund_of_payment;
ALTER TABLE billing_payment DROP CONSTRAINT payment_of_grant, DROP CONSTRAINT payment_of_top_up;
ALTER TABLE billing_card DROP CONSTRAINT card_id_wallet;
ALTER TABLE billing_topup DROP CONSTRAINT top_up_id_wallet;
ALTER TABLE billing_payment DROP CONSTRAINT payment_id_wallet;
"""
    + "".join(f"ALTER TABLE billing_{table} DROP CONSTRAINT {table}_of_wallet;\n" for table in TABLES),
)

NEVER_REMOVED = (
    "".join(
        f"CREATE TRIGGER ledger_rows_stay BEFORE DELETE OR TRUNCATE ON billing_{table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();\n"
        for table in ("topup", "payment", "refund", "dispute", "couponredemption")
    ),
    "".join(
        f"DROP TRIGGER ledger_rows_stay ON billing_{table};\n"
        for table in ("topup", "payment", "refund", "dispute", "couponredemption")
    ),
)

IDENTITY = (
    """
CREATE TRIGGER payment_identity_stays BEFORE UPDATE ON billing_payment FOR EACH ROW
  WHEN (OLD.provider <> NEW.provider OR OLD.reference <> NEW.reference OR OLD.wallet_id <> NEW.wallet_id
        OR OLD.currency <> NEW.currency OR OLD.amount <> NEW.amount OR OLD.charge_amount <> NEW.charge_amount
        OR OLD.charge_currency <> NEW.charge_currency OR OLD.top_up_id IS DISTINCT FROM NEW.top_up_id
        OR OLD.grant_id IS DISTINCT FROM NEW.grant_id OR OLD.is_live <> NEW.is_live)
  EXECUTE FUNCTION billing_refuse_change('a payment stays what it was');
CREATE TRIGGER top_up_identity_stays BEFORE UPDATE ON billing_topup FOR EACH ROW
  WHEN (OLD.reference <> NEW.reference OR OLD.wallet_id <> NEW.wallet_id OR OLD.currency <> NEW.currency
        OR OLD.amount <> NEW.amount OR OLD.total <> NEW.total OR OLD.provider <> NEW.provider
        OR OLD.charge_amount <> NEW.charge_amount OR OLD.charge_currency <> NEW.charge_currency
        OR (OLD.status = 'succeeded' AND NEW.status <> 'succeeded'))
  EXECUTE FUNCTION billing_refuse_change('a top-up keeps its amounts, and a success is final');
CREATE TRIGGER refund_identity_stays BEFORE UPDATE ON billing_refund FOR EACH ROW
  WHEN (OLD.reference <> NEW.reference OR OLD.payment_id <> NEW.payment_id OR OLD.amount <> NEW.amount
        OR OLD.charge_amount <> NEW.charge_amount OR OLD.status IN ('failed', 'declined'))
  EXECUTE FUNCTION billing_refuse_change('a refund keeps its amounts, and one that has failed stays so');
""",
    """
DROP TRIGGER refund_identity_stays ON billing_refund;
DROP TRIGGER top_up_identity_stays ON billing_topup;
DROP TRIGGER payment_identity_stays ON billing_payment;
""",
)


class Migration(migrations.Migration):
    """Runs after the tables of payments; every step has its way back."""

    dependencies = [("billing", "0009_money_in_and_out")]

    operations = [
        migrations.RunSQL(forward, backward)
        for forward, backward in (NEW_ACCOUNTS, SAME_CURRENCY, NEVER_REMOVED, IDENTITY)
    ]
