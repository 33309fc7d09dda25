"""The history: its table, the function that writes it, and what the database refuses.

- `organizations_record_change` writes one row per row that was changed. Its arguments: the model whose page shows it,
  the key's column there, the row's own model and key column where they differ, and three lists of columns: ignored,
  secret (only that they changed is kept) and the only ones to be looked at (empty: all).
- The history is never updated, deleted or truncated, and no statement but a trigger's adds to it. Error code LR003.
  The same holds for Django's own log of what staff did, which the application writes itself.

The triggers are installed after each migration (organizations.history.triggers).
"""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

RECORD = (
    """
CREATE FUNCTION organizations_record_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ignored text[] := TG_ARGV[4];
  secret text[] := TG_ARGV[5];
  watched text[] := TG_ARGV[6];
  before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  after jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  row_now jsonb := coalesce(after, before);
  said jsonb := nullif(current_setting('pghistory.context_metadata', true), '')::jsonb;
  found jsonb;
BEGIN
  SELECT jsonb_object_agg(name, CASE
           WHEN name = ANY (secret) THEN
             jsonb_build_array(CASE WHEN before IS NOT NULL THEN '***' END, CASE WHEN after IS NOT NULL THEN '***' END)
           ELSE jsonb_build_array(before -> name, after -> name) END)
    INTO found
    FROM jsonb_object_keys(row_now) name
   WHERE name <> ALL (ignored)
     AND (watched = '{}' OR name = ANY (watched))
     AND CASE TG_OP WHEN 'UPDATE' THEN before -> name IS DISTINCT FROM after -> name
                    ELSE row_now -> name <> 'null' END;
  IF found IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO organizations_recordedchange
    (at, model, object_id, part, part_id, operation, changes, user_id, source, doing, reason, context, database_user)
  VALUES (
    clock_timestamp(), TG_ARGV[0], coalesce(before, after) ->> TG_ARGV[1], TG_ARGV[2],
    coalesce(coalesce(before, after) ->> TG_ARGV[3], ''), lower(TG_OP), found,
    (said ->> 'user')::bigint, coalesce(said ->> 'source', ''), coalesce(said ->> 'doing', ''),
    coalesce(said ->> 'reason', ''), nullif(current_setting('pghistory.context_id', true), '')::uuid, session_user
  );
  RETURN NULL;
END $$;
""",
    "DROP FUNCTION organizations_record_change() CASCADE;",
)

REFUSE = (
    """
CREATE FUNCTION organizations_refuse_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: the history is written by what happens and by nobody.', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'LR003', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER history_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON organizations_recordedchange
  FOR EACH STATEMENT EXECUTE FUNCTION organizations_refuse_history();
CREATE TRIGGER history_is_recorded BEFORE INSERT ON organizations_recordedchange
  FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION organizations_refuse_history();
CREATE TRIGGER history_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON django_admin_log
  FOR EACH STATEMENT EXECUTE FUNCTION organizations_refuse_history();
""",
    """
DROP TRIGGER history_stays ON django_admin_log;
DROP TRIGGER history_is_recorded ON organizations_recordedchange;
DROP TRIGGER history_stays ON organizations_recordedchange;
DROP FUNCTION organizations_refuse_history();
""",
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("organizations", "0006_support"), ("admin", "0003_logentry_add_action_flag_choices")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="RecordedChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("model", models.CharField(help_text="Such as billing.wallet.", max_length=100)),
                ("object_id", models.CharField(max_length=255, verbose_name="object")),
                ("part", models.CharField(blank=True, max_length=100)),
                ("part_id", models.CharField(blank=True, max_length=255)),
                (
                    "operation",
                    models.CharField(
                        choices=[("insert", "Added"), ("update", "Changed"), ("delete", "Removed")], max_length=10
                    ),
                ),
                ("changes", models.JSONField()),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("staff", "Back office"),
                            ("customer", "Customer's pages"),
                            ("api", "API"),
                            ("task", "By itself"),
                            ("command", "Command line"),
                            ("", "Outside the application"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "doing",
                    models.CharField(
                        blank=True, help_text="The action, page, task or command.", max_length=255, verbose_name="did"
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=255, verbose_name="why")),
                (
                    "context",
                    models.UUIDField(help_text="The same for all that one request or task changed.", null=True),
                ),
                ("database_user", models.CharField(max_length=63)),
            ],
            options={
                "verbose_name": "change",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["model", "object_id", "-id"], name="change_by_object"),
                    models.Index(fields=["user", "-id"], name="change_by_user"),
                    models.Index(fields=["model", "-id"], name="change_by_model"),
                    models.Index(fields=["at"], name="change_by_moment"),
                ],
                "constraints": [],
            },
        ),
        *[migrations.RunSQL(forward, backward) for forward, backward in (RECORD, REFUSE)],
    ]
