"""Rows onto pages: what belongs together stays together, and what is repeated is repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from billing.documents.pdf.marks import HAIRLINE, INK, QUIET, Link, Mark, Page, Rule, Squares, Words
from billing.documents.pdf.rows import CODE_CAPTION_SPACE, LEADING, SMALL, Cell, Line, Row, Side
from billing.documents.pdf.shaping import lines_of, shape
from billing.documents.pdf.tags import Element

A4 = (595.28, 841.89)
LETTER = (612.0, 792.0)
MARGIN = 54.0
TOP = 50.0
BOTTOM = 62.0
FOOTER_AT = 36.0
NUMBER_COLUMN = 90.0
BASELINE = 1.05
"""How far below a line's top its base line is, in type sizes."""
CLOSING_GAP = 1.6


@dataclass
class Flow:
    """Places rows from the top down, page after page."""

    size: tuple[float, float]
    running_title: str
    """What following pages begin with."""
    top: Element = field(default_factory=lambda: Element("Document"))
    pages: list[Page] = field(default_factory=list)
    repeated: tuple[Row, ...] = ()
    """The table's heading, which following pages repeat while the table lasts."""
    _y: float = 0.0

    def __post_init__(self) -> None:
        self._begin_page()

    @property
    def width(self) -> float:
        """Between the margins."""
        return self.size[0] - 2 * MARGIN

    def fits_a_page(self, rows: Sequence[Row]) -> bool:
        """Whether one page has room for all of them."""
        return sum(row.height for row in rows) <= self._whole_room

    def place(self, rows: Sequence[Row], *, table: Element | None = None) -> None:
        """Draws the rows, all on one page if a page has room for them."""
        height = sum(row.height for row in rows)
        if height > self._room and (height <= self._whole_room or self._room < self._least(rows)):
            self._begin_page()
        for row in rows:
            if row.height <= self._room:
                self._draw(row, table)
            elif row.height <= self._whole_room:
                self._begin_page()
                self._draw(row, table)
            else:
                self._draw_in_parts(row, table)

    def finish(self, *, footer: str, numbered: Sequence[str]) -> None:
        """Writes the foot of every page: `numbered` has one text a page."""
        for page, number in zip(self.pages, numbered, strict=True):
            baseline = self.size[1] - FOOTER_AT
            page.marks.append(Rule(MARGIN, baseline - 14, self.width, 0.5, HAIRLINE))
            line = shape(number, SMALL)
            page.marks.append(Words(MARGIN + self.width - line.width, baseline, line, QUIET, None))
            for at, text in enumerate(lines_of(footer, SMALL, self.width - NUMBER_COLUMN)):
                page.marks.append(Words(MARGIN, baseline + at * SMALL.size * LEADING, text, QUIET, None))

    @property
    def _room(self) -> float:
        return self.size[1] - BOTTOM - self._y

    @property
    def _whole_room(self) -> float:
        return self.size[1] - TOP - BOTTOM - 24 - sum(row.height for row in self.repeated)

    def _least(self, rows: Sequence[Row]) -> float:
        return min(row.height for row in rows)

    def _begin_page(self) -> None:
        self.pages.append(Page())
        self._y = TOP
        if len(self.pages) > 1:
            line = lines_of(self.running_title, SMALL, self.width)[0]
            self._add(Words(MARGIN, self._y + 4, line, QUIET, None))
            self._add(Rule(MARGIN, self._y + 11, self.width, 0.5, HAIRLINE))
            self._y += 24
        for row in self.repeated:
            self._draw(row, None, is_repeated=True)

    def _add(self, mark: Mark) -> None:
        self.pages[-1].marks.append(mark)

    def _draw_in_parts(self, row: Row, table: Element | None) -> None:
        """A row that is higher than a page goes on over as many as it takes, line by line."""
        cells = row.cells
        while any(each.lines for each in cells):
            parts, rest = zip(*(_cut(each, self._room - row.before - row.after) for each in cells), strict=True)
            if not any(each.lines for each in parts):
                self._begin_page()
                continue
            self._draw(replace(row, cells=parts), table)
            cells = rest

    def _draw(self, row: Row, table: Element | None, *, is_repeated: bool = False) -> None:
        top, height = self._y, row.height
        left, length = MARGIN + row.rule_from, self.width - row.rule_from
        if row.rule_above:
            self._add(Rule(left, top, length, row.rule_above, _tone(row.rule_above)))
        if row.rule_below:
            self._add(Rule(left, top + height - row.rule_below, length, row.rule_below, _tone(row.rule_below)))
            if row.is_closed:
                below = top + height + CLOSING_GAP
                self._add(Rule(left, below, length, row.rule_below, _tone(row.rule_below)))
        for x in row.verticals:
            self._add(Rule(MARGIN + x, top, 0.5, height, HAIRLINE))
        parent = None if is_repeated else table.add(row.role) if table and row.role else self.top
        for each in row.cells:
            self._draw_cell(each, top + row.before, parent, row.cell_role if row.role else "")
        self._y = top + height

    def _draw_cell(self, cell: Cell, y: float, parent: Element | None, role: str) -> None:
        x = MARGIN + cell.x
        if cell.has_rule:
            self._add(Rule(x, y, cell.width, 0.5, INK))
            y += 2
        if cell.code:
            figure = (parent or self.top).add("Figure", alternative=cell.code_says)
            self._add(Squares(x, y, cell.width, cell.code, figure, cell.code_has_cross))
            y += cell.width + CODE_CAPTION_SPACE
        within = parent.add(role) if parent and role else None
        paragraph, element = -1, within
        for line in cell.lines:
            if line.paragraph != paragraph:
                paragraph = line.paragraph
                element = within or (parent.add(line.role) if parent else None)
            y += line.space_before
            self._draw_line(line, _start(cell, line, x), y, element)
            y += line.height - line.space_before

    def _draw_line(self, line: Line, x: float, y: float, element: Element | None) -> None:
        size = line.shaped.style.size
        self._add(Words(x, y + size * BASELINE, line.shaped, line.colour, element))
        if line.url:
            self._add(Link(x, y, line.shaped.width, size * LEADING, line.url, line.url))


def _start(cell: Cell, line: Line, x: float) -> float:
    return x + cell.width - line.shaped.width if cell.side == Side.RIGHT else x


def _cut(cell: Cell, room: float) -> tuple[Cell, Cell]:
    """The lines of a cell that there is room for, and the rest."""
    used = 0.0
    for at, line in enumerate(cell.lines):
        used += line.height
        if used > room:
            return replace(cell, lines=cell.lines[:at]), replace(cell, lines=cell.lines[at:], code=())
    return cell, replace(cell, lines=(), code=())


def _tone(thickness: float) -> tuple[float, float, float]:
    """A hairline divides quietly; a heavier rule is drawn in ink."""
    return INK if thickness > 0.5 else HAIRLINE
