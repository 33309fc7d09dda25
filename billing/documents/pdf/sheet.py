"""Pages of marks drawn with reportlab: text by glyphs, tagged, in fonts of the document's own."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from itertools import groupby

from reportlab.pdfbase.pdfdoc import PDFString
from reportlab.pdfgen.canvas import Canvas

from billing.documents.pdf.embedding import EmbeddedFont
from billing.documents.pdf.marks import Colour, Mark, Page, Rule, Squares, Words
from billing.documents.pdf.shaping import Run
from billing.documents.pdf.streams import ArchiveStream
from billing.documents.pdf.tags import Element, write_structure
from billing.documents.pdf.typefaces import UNITS_PER_EM

STEP_MAX = 100
PRINTED = 4  # the flag of an annotation that is printed too, which PDF/A asks for


class Sheet(Canvas):
    """A canvas for `Page`s. Nothing of the clock or of chance comes into it."""

    def __init__(self, *, size: tuple[float, float], language: str) -> None:
        self._bytes = BytesIO()
        super().__init__(self._bytes, pagesize=size, invariant=1, pageCompression=1, pdfVersion=(1, 7), lang=language)
        self._height = size[1]
        self._fonts: dict[str, EmbeddedFont] = {}
        self._owners: list[list[Element]] = []

    def _make_preamble(self) -> None:
        """reportlab begins every page with Helvetica, which is not embedded."""
        self._preamble = ""

    def draw(self, page: Page) -> None:
        """Draws the page and ends it."""
        owners: list[Element] = []
        for element, marks in groupby(page.marks, key=_owner):
            if element is None:
                self.addLiteral("/Artifact BMC")
            else:
                mark = len(owners)
                owners.append(element)
                element.children.append((len(self._owners), mark))
                self.addLiteral(f"/{element.role} <</MCID {mark}>> BDC")
            for each in marks:
                self._draw_mark(each)
            self.addLiteral("EMC")
        self._owners.append(owners)
        self.showPage()
        drawn = self._doc.Pages.pages[-1]
        drawn.Contents = ArchiveStream(drawn.stream.encode("ascii"))

    def finish(self, top: Element, complete: Callable[[Sheet], None]) -> bytes:
        """The PDF, with the structure under `top` and what `complete` adds to the catalogue."""
        for font in self._fonts.values():
            font.write_to(self._doc)
        write_structure(self._doc, top, self._owners)
        complete(self)
        self.save()
        return self._bytes.getvalue()

    def _draw_mark(self, mark: Mark) -> None:
        if isinstance(mark, Words):
            self._draw_words(mark)
        elif isinstance(mark, Rule):
            self.addLiteral(f"{_rgb(mark.colour)} rg")
            self._draw_box(mark.x, mark.y, mark.width, mark.height)
        elif isinstance(mark, Squares):
            self._draw_squares(mark)
        else:
            bottom = self._height - mark.y - mark.height
            where = (mark.x, bottom, mark.x + mark.width, bottom + mark.height)
            self.linkURL(mark.url, where, F=PRINTED, Contents=PDFString(mark.says))

    def _draw_words(self, words: Words) -> None:
        size = words.line.style.size
        at = words.x
        for run in words.line.runs:
            font = self._font(run)
            says = "" if run.is_simple else f"/Span <</ActualText <FEFF{run.text.encode('utf-16-be').hex()}>>> BDC "
            self.addLiteral(
                f"{says}BT {_rgb(words.colour)} rg /{font.key} {_number(size)} Tf "
                f"1 0 0 1 {_number(at)} {_number(self._height - words.y)} Tm {_shown(run, font, size)} ET"
                f"{' EMC' if says else ''}"
            )
            at += sum(glyph.advance for glyph in run.glyphs) * size / UNITS_PER_EM

    def _draw_squares(self, code: Squares) -> None:
        module = code.size / len(code.rows)
        self.addLiteral("0 0 0 rg")
        for row, modules in enumerate(code.rows):
            column = 0
            for dark, group in groupby(modules):
                length = len(list(group))
                if dark:
                    self._draw_box(code.x + column * module, code.y + row * module, length * module, module)
                column += length
        if code.has_cross:
            self._draw_swiss_cross(code)

    def _draw_swiss_cross(self, code: Squares) -> None:
        """7 mm of a code's 46 mm, in its middle, with a white edge."""
        middle_x, middle_y = code.x + code.size / 2, code.y + code.size / 2
        for grey, width, height in ((1, 0.16, 0.16), (0, 0.14, 0.14), (1, 0.028, 0.092), (1, 0.092, 0.028)):
            wide, high = width * code.size, height * code.size
            self.addLiteral(f"{grey} {grey} {grey} rg")
            self._draw_box(middle_x - wide / 2, middle_y - high / 2, wide, high)

    def _draw_box(self, x: float, y: float, width: float, height: float) -> None:
        corner = f"{_number(x)} {_number(self._height - y - height)}"
        self.addLiteral(f"{corner} {_number(width)} {_number(height)} re f")

    def _font(self, run: Run) -> EmbeddedFont:
        name = run.typeface.name
        if name not in self._fonts:
            self._fonts[name] = EmbeddedFont(run.typeface, key=f"T{len(self._fonts) + 1}")
        return self._fonts[name]


def _owner(mark: Mark) -> Element | None:
    return mark.element if isinstance(mark, (Words, Squares)) else None


def _shown(run: Run, font: EmbeddedFont, size: float) -> str:
    """Operators that show the glyphs where HarfBuzz put them: shifts in the array, rises apart."""
    shown = []
    for rise, glyphs in groupby(run.glyphs, key=lambda glyph: glyph.rise):
        pieces: list[str] = []
        for glyph in glyphs:
            natural = run.typeface.font.get_glyph_h_advance(glyph.gid)
            before, after = -glyph.shift, natural + glyph.shift - glyph.advance
            pieces += [*_steps(before), f"<{font.code(glyph)}>", *_steps(after)]
        array = f"[{' '.join(pieces)}] TJ".replace("> <", "")
        height = _number(rise * size / UNITS_PER_EM)
        shown.append(f"{height} Ts {array} 0 Ts" if rise else array)
    return " ".join(shown)


def _steps(shift: int) -> list[str]:
    """The shift in steps that are narrower than a space: programs that read text take a wide one for a space."""
    steps = []
    while shift:
        step = max(-STEP_MAX, min(STEP_MAX, shift))
        steps.append(str(step))
        shift -= step
    return steps


def _rgb(colour: Colour) -> str:
    return " ".join(_number(each) for each in colour)


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") or "0"
