"""A published rate-card version never changes, nor do its rates and free rules: charges name it.

Refusals carry the SQLSTATE 23R01, of the class of integrity violations, so Django raises IntegrityError. Adding or
changing a rate locks its version for the transaction (FOR SHARE), so that no rate slips in while the version is being
published.
"""

from __future__ import annotations

from django.db import migrations

FORWARD = """
CREATE FUNCTION usage_published_version_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'published' THEN
    RAISE EXCEPTION 'Rate card version % is published and never changes; publish a new version instead.', OLD.id
      USING ERRCODE = '23R01';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER usage_version_is_final BEFORE UPDATE OR DELETE ON usage_ratecardversion
  FOR EACH ROW EXECUTE FUNCTION usage_published_version_is_final();

CREATE FUNCTION usage_published_prices_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  old_version bigint := CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END;
  new_version bigint := CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END;
  published bigint;
BEGIN
  -- Lock first, then look: the second statement sees what changed while the first waited.
  PERFORM 1 FROM usage_ratecardversion WHERE id IN (old_version, new_version) ORDER BY id FOR SHARE;
  SELECT id INTO published FROM usage_ratecardversion
    WHERE id IN (old_version, new_version) AND status = 'published' LIMIT 1;
  IF published IS NOT NULL THEN
    RAISE EXCEPTION 'Rate card version % is published: its % never change; publish a new version instead.',
      published, CASE TG_TABLE_NAME WHEN 'usage_rate' THEN 'rates' ELSE 'free rules' END
      USING ERRCODE = '23R01';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER usage_rate_is_final BEFORE INSERT OR UPDATE OR DELETE ON usage_rate
  FOR EACH ROW EXECUTE FUNCTION usage_published_prices_are_final();
CREATE TRIGGER usage_free_rule_is_final BEFORE INSERT OR UPDATE OR DELETE ON usage_freerule
  FOR EACH ROW EXECUTE FUNCTION usage_published_prices_are_final();
"""

REVERSE = """
DROP TRIGGER usage_free_rule_is_final ON usage_freerule;
DROP TRIGGER usage_rate_is_final ON usage_rate;
DROP TRIGGER usage_version_is_final ON usage_ratecardversion;
DROP FUNCTION usage_published_prices_are_final();
DROP FUNCTION usage_published_version_is_final();
"""


class Migration(migrations.Migration):
    """Triggers on the three tables."""

    dependencies = [("usage", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
