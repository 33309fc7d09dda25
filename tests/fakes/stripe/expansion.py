"""`expand[]`: an identifier in an answer becomes the object it names, at any depth, and in lists through `data.`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.stripe.errors import invalid
from tests.fakes.stripe.store import Object, public
from tests.fakes.stripe.world import Call

INCLUDED: dict[tuple[str, str], Callable[[Call, Object], Any]] = {}
"""Fields that an answer has only when they are asked for, by kind and name, and what fills them."""


def included(kind: str, name: str) -> Callable[[Callable[[Call, Object], Any]], Callable[[Call, Object], Any]]:
    """Declare such a field."""

    def keep(fill: Callable[[Call, Object], Any]) -> Callable[[Call, Object], Any]:
        INCLUDED[kind, name] = fill
        return fill

    return keep


def rendered(value: Any) -> Any:
    """An answer without what only the stand-in knows, at every depth."""
    if isinstance(value, dict):
        return {key: rendered(each) for key, each in public(value).items()}
    return [rendered(each) for each in value] if isinstance(value, list) else value


def expanded(call: Call, answer: Object, paths: list[str]) -> Object:
    """The answer with these paths expanded; a path that names nothing expandable is refused."""
    answer = rendered(answer)
    for path in paths:
        _expand(call, answer, path.split("."), path)
    return answer


def _expand(call: Call, value: Any, steps: list[str], path: str) -> None:
    if isinstance(value, list):
        for each in value:
            _expand(call, each, steps, path)
        return
    if value is None or not steps:
        return
    name, *rest = steps
    if not isinstance(value, dict):
        raise _not_expandable(path)
    fill = INCLUDED.get((value.get("object", ""), name))
    if fill:
        value[name] = rendered(fill(call, value))
    elif name not in value:
        raise _not_expandable(path)
    elif isinstance(value[name], str):
        found = call.store.get(value[name])
        if found is None:
            raise _not_expandable(path)
        value[name] = rendered(found)
    elif value[name] is not None and not rest and not isinstance(value[name], dict | list):
        raise _not_expandable(path)
    _expand(call, value[name], rest, path)


def _not_expandable(path: str) -> Exception:
    return invalid(f"This property cannot be expanded ({path}).", param="expand")
