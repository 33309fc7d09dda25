"""One API call: its method and path, the shape of its parameters, and the function that does the work."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes.stripe.parameters import EXPAND, Shape
from tests.fakes.stripe.store import Object

Work = Callable[..., Object]


@dataclass(frozen=True)
class Route:
    """`path` names its identifiers in braces; they reach `work(call, id)` in their order. `expand` is always taken."""

    method: str
    path: str
    work: Work
    shape: Shape = field(default_factory=Shape)

    @property
    def accepted(self) -> Shape:
        """The parameters, with `expand`."""
        return self.shape if "expand" in self.shape.fields else self.shape | EXPAND

    def match(self, method: str, path: str) -> tuple[str, ...] | None:
        """The identifiers in the path, or None if this is another call."""
        pattern = re.sub(r"\{\w+\}", "([A-Za-z0-9_]+)", self.path)
        found = re.fullmatch(pattern, path) if method == self.method else None
        return found.groups() if found else None
