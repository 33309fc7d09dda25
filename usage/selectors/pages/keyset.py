"""Pages by key over two streams of rows that are read as one, newest first.

A list such as the history has rows from two tables, each in the order of its own whole-number key. A page's edge is
a pair of keys, one per stream: everything below it is older, everything above it newer. Pages so cost the same however
deep they are, and rows that arrive meanwhile move nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

NEWEST = 10**17
Edge = tuple[int, int]


class Keyed(Protocol):
    """A row with its stream's number, its key there, and the moment by which streams are merged."""

    @property
    def stream(self) -> int:
        """0 or 1."""

    @property
    def key(self) -> int:
        """Rises with time within the stream."""

    @property
    def at(self) -> datetime:
        """By which the streams are merged."""


R = TypeVar("R", bound=Keyed)


@dataclass(frozen=True, slots=True)
class Bound:
    """Which rows of a stream are wanted: below `key`, newest first, or above it, oldest first; `limit` at most."""

    key: int
    newer: bool
    limit: int


Stream = Callable[[Bound], Sequence[R]]


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Rows, newest first, and the edges from which the neighbouring pages go on (None where there is none)."""

    rows: list[R]
    older: str | None
    newer: str | None
    size: int
    span: str = ""


def read_page(
    streams: tuple[Stream[R], Stream[R]], *, size: int, before: Edge | None = None, after: Edge | None = None
) -> Page[R]:
    """The page just older than `before`, or just newer than `after`, or the newest."""
    if after is not None:
        found = _merge(streams, after, newer=True, limit=size + 1)
        has_newer = len(found) > size
        rows = found[:size][::-1]
        if rows:
            return Page(rows, _text(_oldest(rows, after, 1)), _text(_newest(rows, after)) if has_newer else None, size)
    edge = before or (NEWEST, NEWEST)
    found = _merge(streams, edge, newer=False, limit=size + 1)
    rows = found[:size]
    older = _text(_oldest(rows, edge, 0)) if len(found) > size else None
    newer = _text(_newest(rows, (edge[0] - 1, edge[1] - 1))) if before is not None else None
    return Page(rows, older, newer, size)


def read_all(streams: tuple[Stream[R], Stream[R]], *, size: int = 1000) -> Iterator[R]:
    """Every row, newest first, `size` at a time."""
    edge: Edge = (NEWEST, NEWEST)
    while True:
        found = _merge(streams, edge, newer=False, limit=size)
        yield from found
        if len(found) < size:
            return
        edge = _oldest(found, edge, 0)


def _merge(streams: tuple[Stream[R], Stream[R]], edge: Edge, *, newer: bool, limit: int) -> list[R]:
    rows = [row for stream, key in zip(streams, edge, strict=True) for row in stream(Bound(key, newer, limit))]
    rows.sort(key=lambda row: (row.at, row.stream, row.key), reverse=not newer)
    return rows[:limit]


def _oldest(rows: list[R], edge: Edge, step: int) -> Edge:
    keys = [min((row.key for row in rows if row.stream == stream), default=edge[stream] + step) for stream in (0, 1)]
    return keys[0], keys[1]


def _newest(rows: list[R], edge: Edge) -> Edge:
    keys = [max((row.key for row in rows if row.stream == stream), default=edge[stream]) for stream in (0, 1)]
    return keys[0], keys[1]


def _text(edge: Edge) -> str:
    return f"{max(edge[0], 0)}.{max(edge[1], 0)}"
