"""Pages by key over a few streams of rows that are read as one, newest first.

A list such as the history has rows from several tables, each in the order of its own whole-number key. A page's edge
has a key for each stream: everything below it is older, everything above it newer. Pages so cost the same however
deep they are, and rows that arrive meanwhile move nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

NEWEST = 10**17
Edge = tuple[int, ...]


class Keyed(Protocol):
    """A row with its stream's number, its key there, and the moment by which streams are merged."""

    @property
    def stream(self) -> int:
        """Which of the list's streams, from 0."""

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
    streams: tuple[Stream[R], ...], *, size: int, before: Edge | None = None, after: Edge | None = None
) -> Page[R]:
    """The page just older than `before`, or just newer than `after`, or the newest.

    An edge of another list, with more or fewer keys than there are streams, is as good as none.
    """
    before, after = (edge if edge is not None and len(edge) == len(streams) else None for edge in (before, after))
    if after is not None:
        found = _merge(streams, after, newer=True, limit=size + 1)
        has_newer = len(found) > size
        rows = found[:size][::-1]
        if rows:
            return Page(rows, _text(_oldest(rows, after, 1)), _text(_newest(rows, after)) if has_newer else None, size)
    edge = before or (NEWEST,) * len(streams)
    found = _merge(streams, edge, newer=False, limit=size + 1)
    rows = found[:size]
    older = _text(_oldest(rows, edge, 0)) if len(found) > size else None
    newer = _text(_newest(rows, tuple(key - 1 for key in edge))) if before is not None else None
    return Page(rows, older, newer, size)


def read_all(streams: tuple[Stream[R], ...], *, size: int = 1000) -> Iterator[R]:
    """Every row, newest first, `size` at a time."""
    edge: Edge = (NEWEST,) * len(streams)
    while True:
        found = _merge(streams, edge, newer=False, limit=size)
        yield from found
        if len(found) < size:
            return
        edge = _oldest(found, edge, 0)


def _merge(streams: tuple[Stream[R], ...], edge: Edge, *, newer: bool, limit: int) -> list[R]:
    if len(streams) == 1:  # one list is in the order of its key, whatever its moments are
        return list(streams[0](Bound(edge[0], newer, limit)))
    rows = [row for stream, key in zip(streams, edge, strict=True) for row in stream(Bound(key, newer, limit))]
    rows.sort(key=lambda row: (row.at, row.stream, row.key), reverse=not newer)
    return rows[:limit]


def _oldest(rows: list[R], edge: Edge, step: int) -> Edge:
    return tuple(
        min((row.key for row in rows if row.stream == stream), default=key + step) for stream, key in enumerate(edge)
    )


def _newest(rows: list[R], edge: Edge) -> Edge:
    return tuple(max((row.key for row in rows if row.stream == stream), default=key) for stream, key in enumerate(edge))


def _text(edge: Edge) -> str:
    return ".".join(str(max(key, 0)) for key in edge)
