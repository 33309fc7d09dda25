"""A recorded change as a person reads it: columns by their names, choices by their labels, amounts, rows by name.

What is read here may be older than the code: a model or a column that is no more is shown by the name it had.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import BooleanField, DateTimeField, DecimalField, Field, Model
from django.utils.text import capfirst

from organizations.models.change import RecordedChange

SECRET = "***"
HIDDEN = "hidden"
LONGEST = 200
Names = dict[tuple[type[Model], str], str]


@dataclass(frozen=True)
class Line:
    """One column: its name, what it was and what it became; empty for nothing."""

    name: str
    before: str
    after: str


def model_of(label: str) -> type[Model] | None:
    """The model with this label, if there still is one."""
    try:
        return apps.get_model(label)
    except LookupError:
        return None


def noun(label: str) -> str:
    """What the model's rows are called."""
    model = model_of(label)
    return str(model._meta.verbose_name) if model else label.rpartition(".")[2]


def part_noun(label: str) -> str:
    """What a part of an object is called: a link between two models by the other one's name."""
    model = model_of(label)
    if model is not None and model._meta.auto_created:
        return noun(list(model._meta.get_fields())[-1].related_model._meta.label_lower)  # type: ignore[union-attr]
    return noun(label)


def lines(change: RecordedChange, names: Names | None = None, *, currency: str = "") -> list[Line]:
    """What the change says, in the order of the model's columns; `names` from `names_of`, amounts in `currency`."""
    fields = _fields(change)
    known = list(fields)
    order = {column: index for index, column in enumerate(known)}
    shown = []
    for column, (before, after) in sorted(change.changes.items(), key=lambda pair: order.get(pair[0], len(order))):
        field = fields.get(column)
        if _says_nothing(change, field):
            continue
        values = [_shown(field, value, names or {}, currency) for value in (before, after)]
        if any(values):
            shown.append(Line(capfirst(str(field.verbose_name)) if field else column, *values))
    return shown


def names_of(changes: Iterable[RecordedChange]) -> Names:
    """How the rows that the changes refer to are called today: one query per model that is referred to."""
    wanted: dict[type[Model], set[str]] = {}
    for change in changes:
        for column, values in change.changes.items():
            field = _fields(change).get(column)
            if field is not None and field.related_model:
                wanted.setdefault(field.related_model, set()).update(str(one) for one in values if one is not None)
    return {
        (model, str(obj.pk)): str(obj)
        for model, keys in wanted.items()
        for obj in _with_names(model).filter(pk__in=keys)
    }


def _with_names(model: type[Model]) -> Any:
    """The model's rows with what their names are made of, so that a name costs no query of its own."""
    owners = [name for name in ("account", "user", "wallet", "content_type") if name in _names_of_fields(model)]
    related = ["wallet__account" if name == "wallet" else name for name in owners]
    return model._default_manager.select_related(*related) if related else model._default_manager.all()


def _names_of_fields(model: type[Model]) -> set[str]:
    return {field.name for field in model._meta.concrete_fields}


def _fields(change: RecordedChange) -> dict[str, Field[Any, Any]]:
    model = model_of(change.part or change.model)
    return {str(field.column): field for field in model._meta.concrete_fields} if model else {}


def _says_nothing(change: RecordedChange, field: Field[Any, Any] | None) -> bool:
    """A new row's own key, and the object whose page this is."""
    if field is None:
        return False
    owner = model_of(change.model)
    is_owner = bool(change.part and field.related_model is owner)
    return is_owner or (field.primary_key and field.related_model is None)


def _shown(field: Field[Any, Any] | None, value: Any, names: Names, currency: str) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if value == SECRET:
        return HIDDEN
    if field is None:
        return _short(value)
    if field.related_model:
        return names.get((field.related_model, str(value)), f"{field.related_model._meta.verbose_name} {value}")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, BooleanField):
        return "yes" if value else "no"
    if isinstance(field, DateTimeField):
        return _moment(str(value))
    if isinstance(field, DecimalField):
        return _number(value, currency if hasattr(field, "currency_field_name") else "")
    return _short(value)


def _moment(value: str) -> str:
    try:
        return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return value


def _number(value: Any, currency: str) -> str:
    digits = f"{Decimal(str(value)):,f}"
    if "." in digits:
        whole, _, fraction = digits.partition(".")
        digits = f"{whole}.{fraction.rstrip('0'):0<2}" if currency else f"{whole}.{fraction.rstrip('0')}".rstrip(".")
    return f"{digits} {currency}".strip()


def _short(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        text = ", ".join(value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def summary(change: RecordedChange, *, most: int = 3) -> Sequence[Line]:
    """The first lines of a change, for lists."""
    return lines(change)[:most]
