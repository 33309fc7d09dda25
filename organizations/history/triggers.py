"""The triggers that record: declared with django-pgtrigger, installed after every migration.

All of them execute one function (migration organizations 0008), which is told the model and its columns by arguments.
So a new column is recorded without a new trigger, tables of other packages need no migration of ours, and there is no
way to have a trigger ignored by a setting of the session, which pgtrigger's own functions offer.
"""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.db import connections
from pgtrigger.compiler import Trigger as CompiledTrigger
from pgtrigger.compiler import UpsertTriggerSql

from organizations.history.tracking import Tracked, tracked

NAME = "history"
FUNCTION = "organizations_record_change"


class Installation(UpsertTriggerSql):
    """A trigger without a function of its own."""

    def get_template(self) -> str:
        """The statements that put the trigger in its place."""
        return """
            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE TRIGGER {pgid} {when} {operation} ON {table} FOR EACH ROW {condition} EXECUTE FUNCTION {execute};
            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class Recording(pgtrigger.Trigger):
    """Records the changes of one table."""

    when = pgtrigger.After

    def __init__(self, tracked: Tracked) -> None:
        self.tracked = tracked
        super().__init__(name=NAME, operation=_operation(tracked), condition=_condition(tracked))

    def render_execute(self, model: Any) -> str:
        """The function and what it is told."""
        one = self.tracked
        lists = ["{" + ",".join(columns) + "}" for columns in (one.ignored, one.secret, one.only)]
        arguments = [one.object_label, one.key, one.part_label, one.part_key, *lists]
        return f"{FUNCTION}({', '.join(repr(argument) for argument in arguments)})"

    def compile(self, model: Any) -> CompiledTrigger:
        """The trigger as statements."""
        sql = Installation(
            pgid=self.get_pgid(model),
            func="",
            table=model._meta.db_table,
            when=self.when,
            operation=self.operation,
            condition=self.render_condition(model),
            execute=self.render_execute(model),
        )
        return CompiledTrigger(name=self.name, sql=sql)


def _operation(one: Tracked) -> Any:
    if one.only:
        return pgtrigger.UpdateOf(*one.only)
    return pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete


def _condition(one: Tracked) -> pgtrigger.Condition | None:
    """Rows that change with every call are told apart by PostgreSQL itself, before any function is called."""
    if not one.only:
        return None
    changed = " OR ".join(f'OLD."{column}" IS DISTINCT FROM NEW."{column}"' for column in one.only)
    return pgtrigger.Condition(changed)


def register() -> None:
    """Make the triggers of all that is recorded known to `manage.py pgtrigger`."""
    for one in tracked():
        recording = Recording(one)
        if recording.get_uri(one.model) not in {trigger.get_uri(model) for model, trigger in pgtrigger.registered()}:
            recording.register(one.model)


def install(using: str = "default", **_: Any) -> None:
    """Bring the triggers of the database up to date: those that lack, differ or are no longer wanted."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        cursor.execute("SELECT 1 FROM pg_proc WHERE proname = %s", [FUNCTION])
        if cursor.fetchone() is None:
            return  # the database was taken back to before there was a history
        cursor.execute(
            "SELECT tgname, obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE tgname LIKE %s",
            [f"pgtrigger\\_{NAME}\\_%"],
        )
        standing = dict(cursor.fetchall())
        wanted = [
            compiled
            for one in tracked()
            if one.model._meta.db_table in tables
            for compiled in [Recording(one).compile(one.model)]
        ]
        missing = [str(one.install_sql) for one in wanted if standing.get(one.sql.pgid) != one.hash]
        if missing:
            cursor.execute("".join(missing))
    pgtrigger.prune(database=using)


def names() -> list[tuple[str, str]]:
    """Each recorded table with its trigger."""
    return [(one.model._meta.db_table, Recording(one).get_pgid(one.model)) for one in tracked()]


def missing() -> list[str]:
    """The models whose trigger does not stand, is switched off or is not what was declared."""
    found = []
    for one in tracked():
        status = Recording(one).get_installation_status(one.model)
        if status != ("INSTALLED", True):
            found.append(one.model._meta.label)
    return found
