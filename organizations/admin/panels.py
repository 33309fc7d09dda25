"""Panels: the tables above a model's form that put everything about one row on one screen.

An app further up adds its panels to a page of an app further down by `register`, so that imports go one way only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import resolve, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

CHANGELIST = "_changelist"


@dataclass(frozen=True)
class Column:
    """A table's column; numbers are right-aligned, digits under digits."""

    label: str
    is_number: bool = False


@dataclass(frozen=True)
class Panel:
    """One table. `total` closes it as in a ledger; `empty` says what will be here and what makes it appear.

    Panels stand in the order of their `rank`, those of one rank as they were given.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    empty: str = ""
    total: Sequence[Any] = ()
    note: Any = ""
    more_url: str = ""
    more_label: str = "All"
    is_wide: bool = False
    preformatted: str = ""
    rank: int = 0

    @property
    def has_heads(self) -> bool:
        """Whether any column has a name."""
        return any(column.label for column in self.columns)

    @property
    def cells(self) -> list[list[tuple[Column, Any]]]:
        """Each row as pairs of column and value."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def total_cells(self) -> list[tuple[Column, Any]]:
        """The total as pairs of column and value."""
        return list(zip(self.columns, self.total, strict=True)) if self.total else []


PanelBuilder = Callable[[HttpRequest, Any], list[Panel]]
_builders: dict[type[Model], list[PanelBuilder]] = {}


def register(model: type[Model], builder: PanelBuilder) -> None:
    """Add `builder`'s panels to the page of `model`, after those that are there."""
    _builders.setdefault(model, []).append(builder)


def registered(model: type[Model], request: HttpRequest, obj: Model) -> list[Panel]:
    """The panels that other apps show on this row's page."""
    return [panel for builder in _builders.get(model, ()) for panel in builder(request, obj)]


def may_see(request: HttpRequest, panel: Panel) -> bool:
    """Whether the person may see the list that the panel is taken from; one that names no list goes with its page."""
    if not panel.more_url:
        return True
    name = resolve(urlsplit(panel.more_url).path).url_name or ""
    if not name.endswith(CHANGELIST):
        return True
    app_label, model_name = name.removesuffix(CHANGELIST).rsplit("_", 1)
    model = apps.get_model(app_label, model_name)
    return bool(admin.site.get_model_admin(model).has_view_permission(request))


def link(obj: Model | None, text: Any = None, *, pk: Any = None) -> Any:
    """A link to the row's page in the admin, or just the text where the model has none."""
    if obj is None:
        return ""
    return link_to(type(obj), obj.pk if pk is None else pk, str(obj) if text is None else text)


def link_to(model: type[Model], pk: Any, text: Any) -> SafeString:
    """A link to the page of the row of `model` with this key."""
    url = reverse(f"{admin.site.name}:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])
    return format_html('<a class="bo-link" href="{}">{}</a>', url, text)


def list_url(model: type[Model], **filters: Any) -> str:
    """The address of the model's list, filtered."""
    base = reverse(f"{admin.site.name}:{model._meta.app_label}_{model._meta.model_name}_changelist")
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return f"{base}?{query}" if query else base


def moment(value: datetime | None, *, empty: str = "") -> SafeString | str:
    """The moment to the second, in UTC, on one line."""
    if value is None:
        return empty
    return format_html('<span class="bo-time">{}</span>', f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}")


def badge(text: Any, kind: str = "") -> SafeString:
    """A word in a badge: good, warn, bad or plain."""
    return format_html('<span class="bo-badge {}">{}</span>', kind, text)
