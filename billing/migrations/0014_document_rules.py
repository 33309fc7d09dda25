"""What the database holds of documents: never changed or removed, and of nobody else's wallet, money or numbers."""

from __future__ import annotations

from django.db import migrations

FROZEN = (
    """
CREATE TRIGGER ledger_rows_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_document
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
CREATE TRIGGER ledger_rows_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_documentfile
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
CREATE TRIGGER ledger_rows_stay BEFORE DELETE OR TRUNCATE ON billing_numberseries
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
CREATE TRIGGER ledger_rows_stay BEFORE DELETE OR TRUNCATE ON billing_billingperiod
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
CREATE TRIGGER series_identity_stays BEFORE UPDATE ON billing_numberseries FOR EACH ROW
  WHEN (OLD.issuer_id <> NEW.issuer_id OR OLD.kind <> NEW.kind OR OLD.year <> NEW.year
        OR OLD.last_number > NEW.last_number OR (OLD.last_number > 0 AND OLD.prefix <> NEW.prefix))
  EXECUTE FUNCTION billing_refuse_change('a series keeps its name, and its numbers only rise');
CREATE TRIGGER period_stays_closed BEFORE UPDATE ON billing_billingperiod FOR EACH ROW
  WHEN (OLD.wallet_id <> NEW.wallet_id OR OLD.starts_at <> NEW.starts_at
        OR (OLD.closed_at IS NOT NULL
            AND (OLD.closed_at IS DISTINCT FROM NEW.closed_at OR OLD.net <> NEW.net OR OLD.tax <> NEW.tax
                 OR OLD.ends_at <> NEW.ends_at OR OLD.last_number IS DISTINCT FROM NEW.last_number)))
  EXECUTE FUNCTION billing_refuse_change('what a closed period invoices stays');
""",
    """
DROP TRIGGER period_stays_closed ON billing_billingperiod;
DROP TRIGGER series_identity_stays ON billing_numberseries;
DROP TRIGGER ledger_rows_stay ON billing_billingperiod;
DROP TRIGGER ledger_rows_stay ON billing_numberseries;
DROP TRIGGER ledger_rows_stay ON billing_documentfile;
DROP TRIGGER ledger_rows_stay ON billing_document;
""",
)

OF_WALLET = (
    """
ALTER TABLE billing_billingperiod
  ADD CONSTRAINT period_of_wallet FOREIGN KEY (wallet_id, currency) REFERENCES billing_wallet (id, currency),
  ADD CONSTRAINT period_id_wallet UNIQUE (id, wallet_id);
ALTER TABLE billing_refund ADD CONSTRAINT refund_id_wallet UNIQUE (id, wallet_id);
ALTER TABLE billing_dispute ADD CONSTRAINT dispute_id_wallet UNIQUE (id, wallet_id);
ALTER TABLE billing_document
  ADD CONSTRAINT document_id_wallet UNIQUE (id, wallet_id),
  ADD CONSTRAINT document_of_payment FOREIGN KEY (payment_id, wallet_id) REFERENCES billing_payment (id, wallet_id),
  ADD CONSTRAINT document_of_top_up FOREIGN KEY (top_up_id, wallet_id) REFERENCES billing_topup (id, wallet_id),
  ADD CONSTRAINT document_of_period FOREIGN KEY (period_id, wallet_id) REFERENCES billing_billingperiod (id, wallet_id),
  ADD CONSTRAINT document_of_refund FOREIGN KEY (refund_id, wallet_id) REFERENCES billing_refund (id, wallet_id),
  ADD CONSTRAINT document_of_dispute FOREIGN KEY (dispute_id, wallet_id) REFERENCES billing_dispute (id, wallet_id),
  ADD CONSTRAINT document_of_series FOREIGN KEY (issuer_id, kind, year)
    REFERENCES billing_numberseries (issuer_id, kind, year);
ALTER TABLE billing_document
  ADD CONSTRAINT document_corrects_own FOREIGN KEY (corrects_id, wallet_id) REFERENCES billing_document (id, wallet_id);
ALTER TABLE billing_payment
  ADD CONSTRAINT payment_of_period FOREIGN KEY (period_id, wallet_id) REFERENCES billing_billingperiod (id, wallet_id);
""",
    """
ALTER TABLE billing_payment DROP CONSTRAINT payment_of_period;
ALTER TABLE billing_document
  DROP CONSTRAINT document_corrects_own,
  DROP CONSTRAINT document_of_series,
  DROP CONSTRAINT document_of_dispute,
  DROP CONSTRAINT document_of_refund,
  DROP CONSTRAINT document_of_period,
  DROP CONSTRAINT document_of_top_up,
  DROP CONSTRAINT document_of_payment,
  DROP CONSTRAINT document_id_wallet;
ALTER TABLE billing_dispute DROP CONSTRAINT dispute_id_wallet;
ALTER TABLE billing_refund DROP CONSTRAINT refund_id_wallet;
ALTER TABLE billing_billingperiod DROP CONSTRAINT period_id_wallet, DROP CONSTRAINT period_of_wallet;
""",
)


class Migration(migrations.Migration):
    dependencies = [("billing", "0013_documents")]
    operations = [migrations.RunSQL(*statements) for statements in (FROZEN, OF_WALLET)]
