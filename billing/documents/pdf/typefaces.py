"""The typefaces of documents, read once per process: FiraGO, and Noto Sans for the letters that it lacks.

FiraGO has Latin, Greek, Cyrillic, Devanagari, Arabic, Hebrew, Thai, Georgian and the currencies' signs; Noto Sans adds
rarer Latin and Cyrillic letters and signs such as ₸. Neither has Chinese, Japanese, Korean or the other Indian
scripts: such a letter is drawn as its Unicode number in angle quotation marks, and copied from the PDF as itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import pymupdf_fonts
import uharfbuzz

UNITS_PER_EM = 1000


@dataclass(frozen=True, eq=False, slots=True)
class Typeface:
    """One font file, as HarfBuzz has it: glyphs' widths are in thousandths of the type size."""

    name: str
    """The PDF's name for it."""
    face: uharfbuzz.Face
    font: uharfbuzz.Font
    covers: frozenset[int]
    ascent: int
    descent: int
    is_bold: bool


_SOURCES = {
    "FiraGO-Regular": ("figo", False),
    "FiraGO-Bold": ("figbo", True),
    "NotoSans-Regular": ("notos", False),
    "NotoSans-Bold": ("notosbo", True),
}


@lru_cache
def typeface(name: str) -> Typeface:
    """The typeface of this PostScript name. Raises KeyError for one that documents do not use."""
    source, is_bold = _SOURCES[name]
    face = uharfbuzz.Face(pymupdf_fonts.myfont(source))
    font = uharfbuzz.Font(face)
    font.scale = (UNITS_PER_EM, UNITS_PER_EM)
    extents = font.get_font_extents("ltr")
    return Typeface(name, face, font, frozenset(face.unicodes), extents.ascender, extents.descender, is_bold)


def typefaces(*, bold: bool) -> tuple[Typeface, Typeface]:
    """The typeface of this weight, and the one that stands in for it."""
    weight = "Bold" if bold else "Regular"
    return typeface(f"FiraGO-{weight}"), typeface(f"NotoSans-{weight}")
