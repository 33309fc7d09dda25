"""What stands on a page: lines of text, rules, squares of a code and links, each at its place in points.

The origin is the page's upper left corner, down is more. Pages are laid out as marks first and drawn after, when it is
known how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from billing.documents.pdf.shaping import Shaped
from billing.documents.pdf.tags import Element

Colour = tuple[float, float, float]


def _colour(code: str) -> Colour:
    red, green, blue = (round(int(code[at : at + 2], 16) / 255, 4) for at in (0, 2, 4))
    return red, green, blue


INK = _colour("13161b")
QUIET = _colour("474e5a")
QUIETER = _colour("606875")
HAIRLINE = _colour("cbd0d9")


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text that begins at `x` on the base line `y`."""

    x: float
    y: float
    line: Shaped
    colour: Colour
    element: Element | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A line: a thin box from its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Squares:
    """A code: rows of dark and light modules, from its upper left corner."""

    x: float
    y: float
    size: float
    rows: tuple[tuple[bool, ...], ...]
    element: Element
    has_cross: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A place to press that opens an address."""

    x: float
    y: float
    width: float
    height: float
    url: str
    says: str


Mark = Words | Rule | Squares | Link


@dataclass(slots=True)
class Page:
    """One page's marks, in the order of reading."""

    marks: list[Mark] = field(default_factory=list)
