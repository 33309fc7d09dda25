"""The table of the cache that all processes share: counts of failed sign-ins and codes live there."""

from django.db import migrations

FORWARD = """
CREATE UNLOGGED TABLE shared_cache (
  cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL
);
CREATE INDEX shared_cache_expires ON shared_cache (expires)
"""


class Migration(migrations.Migration):
    dependencies = [("organizations", "0003_languages")]

    operations = [migrations.RunSQL(FORWARD, "DROP TABLE shared_cache")]
