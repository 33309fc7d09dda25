"""Which models are recorded, and which of their columns.

Every model that staff can change, by a form or an action, is recorded or excused with a reason (a test holds it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Model


@dataclass(frozen=True)
class Tracked:
    """How one table is recorded.

    `key` is the column whose value names the row, `part_of` the object whose page shows it, by this table's column.
    `ignored` columns count for nothing; of `secret` ones only that they changed is kept. With `only`, insertions and
    deletions are not recorded and no other column is looked at: the way for rows that change with every call.
    """

    model: Any  # a type[Model]; django-pgtrigger asks for one by another name
    key: str
    part_of: type[Model] | None = None
    part_key: str = ""
    ignored: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    @property
    def object_label(self) -> str:
        """The model that the change is shown under."""
        return str((self.part_of or self.model)._meta.label_lower)

    @property
    def part_label(self) -> str:
        """The row's own model where that is another one."""
        return str(self.model._meta.label_lower) if self.part_of else ""


_tracked: dict[str, Tracked] = {}
_excused: dict[str, str] = {}


def track(
    model: type[Model],
    *,
    key: str = "",
    part_of: tuple[type[Model], str] | None = None,
    ignored: tuple[str, ...] = (),
    secret: tuple[str, ...] = (),
    only: tuple[str, ...] = (),
) -> None:
    """Record the model's changes. Columns are named as the database does. Raises ValueError for an unknown one."""
    columns = {str(field.column) for field in model._meta.concrete_fields}
    if unknown := {*ignored, *secret, *only} - columns:
        raise ValueError(f"{model._meta.label} has no column {', '.join(sorted(unknown))}.")
    owner, column = part_of or (None, "")
    own = key or str(model._meta.pk.column)
    tracked = Tracked(model, column or own, owner, own if owner else "", ignored, secret, only)
    _tracked[model._meta.label_lower] = tracked


def excuse(model: type[Model], why: str) -> None:
    """Say why a model that staff can act on is not recorded: what else keeps the record."""
    _excused[model._meta.label_lower] = why


def tracked() -> list[Tracked]:
    """All that is recorded."""
    return list(_tracked.values())


def tracked_as(label: str) -> Tracked | None:
    """How the model with this label is recorded, if it is."""
    return _tracked.get(label)


def excused() -> dict[str, str]:
    """The reasons by model."""
    return dict(_excused)
