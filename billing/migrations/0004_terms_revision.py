"""Changed terms hold from the next request in every process, like a published rate card.

Processes keep a product's terms in memory until `rates_revision`, which they read with every key, has gone up. A
trigger raises it, so that no way of changing the terms can forget to.
"""

from __future__ import annotations

from django.db import migrations

FORWARD = """
CREATE FUNCTION billing_terms_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE organizations_product SET rates_revision = rates_revision + 1 WHERE id = NEW.product_id;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_terms_changed AFTER INSERT OR UPDATE ON billing_productterms
  FOR EACH ROW EXECUTE FUNCTION billing_terms_changed();
"""
REVERSE = """
DROP TRIGGER billing_terms_changed ON billing_productterms;
DROP FUNCTION billing_terms_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_ledger_rules")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
