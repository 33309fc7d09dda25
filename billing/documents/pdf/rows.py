"""Rows of cells: all that a document is made of, measured before it is placed. Lengths in points."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from billing.documents.pdf.marks import INK, QUIET, Colour
from billing.documents.pdf.shaping import Shaped, Style, lines_of

LEADING = 1.4
CODE_CAPTION_SPACE = 5.0
PADDING = 8.0
"""Between a cell's text and the next column."""

Modules = tuple[tuple[bool, ...], ...]


class Side(StrEnum):
    """Where in its cell a line stands."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cell. `role` is what its `paragraph` is to a screen reader."""

    shaped: Shaped
    colour: Colour
    role: str
    paragraph: int
    space_before: float = 0.0
    url: str = ""

    @property
    def height(self) -> float:
        """With the space before it."""
        return self.space_before + self.shaped.style.size * LEADING


@dataclass(frozen=True, slots=True)
class Said:
    """A paragraph to be set: `text` may have line breaks; empty text takes no room."""

    text: str
    style: Style
    colour: Colour = INK
    role: str = "P"
    space_before: float = 0.0
    url: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A column's part of a row. A `code` is as wide as its cell, with the text under it."""

    x: float
    width: float
    lines: tuple[Line, ...]
    side: Side = Side.LEFT
    has_rule: bool = False
    """A line to sign on, over the text."""
    code: Modules = ()
    code_says: str = ""
    code_has_cross: bool = False
    """The Swiss one, in the middle of a QR-bill's."""

    @property
    def height(self) -> float:
        """Of the code and all lines."""
        code = self.width + CODE_CAPTION_SPACE if self.code else 0.0
        return code + sum(line.height for line in self.lines)


@dataclass(frozen=True, slots=True)
class Row:
    """Cells side by side. Rules are thicknesses: 0 draws none; `is_closed` draws the ledger's double rule below."""

    cells: tuple[Cell, ...]
    before: float = 0.0
    after: float = 0.0
    rule_above: float = 0.0
    rule_below: float = 0.0
    rule_from: float = 0.0
    is_closed: bool = False
    verticals: tuple[float, ...] = ()
    floats: bool = False
    """Takes no room: the rows after it stand beside it."""
    role: str = ""
    """TR in a table; else the cells' paragraphs stand on their own."""
    cell_role: str = "TD"

    @property
    def height(self) -> float:
        """With the space before and after."""
        if self.floats:
            return 0.0
        return self.before + max((cell.height for cell in self.cells), default=0.0) + self.after


def cell(x: float, width: float, *said: Said, side: Side = Side.LEFT, has_rule: bool = False) -> Cell:
    """A cell of these paragraphs, broken into lines."""
    lines: list[Line] = []
    for number, each in enumerate(said):
        for at, shaped in enumerate(lines_of(each.text, each.style, width)):
            space = each.space_before if at == 0 else 0.0
            lines.append(Line(shaped, each.colour, each.role, number, space, each.url))
    return Cell(x, width, tuple(lines), side, has_rule)


TEXT = Style(9)
STRONG = Style(9, bold=True)
SMALL = Style(7.5)
SMALL_STRONG = Style(7.5, bold=True)
FIGURES = Style(9, tabular=True)
STRONG_FIGURES = Style(9, bold=True, tabular=True)
TITLE = Style(20, bold=True)
HEADING = Style(11, bold=True)


def label(text: str) -> Said:
    """The quiet name over a value."""
    return Said(text, SMALL, QUIET)
