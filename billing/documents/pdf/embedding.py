"""Typefaces in the PDF: only the glyphs used, each with its width and the text it is read as.

reportlab's own embedding numbers joined glyphs by the order in which the process met them and gives them no text; here
a font is the same for the same text, and Devanagari can be searched and copied. A code stands for a glyph and its
text: one glyph that is read as two things has two codes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from struct import pack

import uharfbuzz
from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFDocument, PDFName, PDFString

from billing.documents.pdf.shaping import Glyph
from billing.documents.pdf.streams import ArchiveStream
from billing.documents.pdf.typefaces import Typeface

SUBSET_FLAGS = uharfbuzz.SubsetFlags.NO_LAYOUT_CLOSURE | uharfbuzz.SubsetFlags.NO_HINTING
UNUSED_TABLES = ("GSUB", "GPOS", "GDEF")
SYMBOLIC = 4
BOLD_STEM, REGULAR_STEM = 140, 80
GROUP = 100  # as many lines as one group of a character map may have


class EmbeddedFont:
    """One typeface of one document: give out codes while pages are drawn, then write the font."""

    def __init__(self, typeface: Typeface, key: str) -> None:
        self.typeface = typeface
        self.key = key
        """The name of it in a page's resources."""
        self._codes: dict[tuple[int, str], int] = {(0, ""): 0}
        self._advances: list[int] = [0]

    def code(self, glyph: Glyph) -> str:
        """The glyph's code in hexadecimal."""
        known = self._codes.setdefault((glyph.gid, glyph.text), len(self._codes))
        if known == len(self._advances):
            self._advances.append(self.typeface.font.get_glyph_h_advance(glyph.gid))
        return f"{known:04X}"

    def write_to(self, document: PDFDocument) -> None:
        """Adds the font to the document's resources."""
        glyphs = [gid for gid, _text in self._codes]
        program, places = _subset(self.typeface, glyphs)
        name = PDFName(f"{_tag(program)}+{self.typeface.name}")
        descendant = PDFDictionary(
            {
                "Type": PDFName("Font"),
                "Subtype": PDFName("CIDFontType2"),
                "BaseFont": name,
                "CIDSystemInfo": PDFDictionary(
                    {"Registry": PDFString("Adobe"), "Ordering": PDFString("Identity"), "Supplement": 0}
                ),
                "FontDescriptor": document.Reference(self._descriptor(document, name, program)),
                "DW": 0,
                "W": PDFArray([0, PDFArray(self._advances)]),
                "CIDToGIDMap": document.Reference(
                    ArchiveStream(pack(f">{len(glyphs)}H", *(places[gid] for gid in glyphs)))
                ),
            }
        )
        font = PDFDictionary(
            {
                "Type": PDFName("Font"),
                "Subtype": PDFName("Type0"),
                "BaseFont": name,
                "Encoding": PDFName("Identity-H"),
                "DescendantFonts": PDFArray([document.Reference(descendant)]),
                "ToUnicode": document.Reference(ArchiveStream(_character_map(text for _gid, text in self._codes))),
            }
        )
        document.idToObject["BasicFonts"].dict[self.key] = document.Reference(font)

    def _descriptor(self, document: PDFDocument, name: str, program: bytes) -> PDFDictionary:
        file = ArchiveStream(program, {"Length1": len(program)})
        face = self.typeface
        return PDFDictionary(
            {
                "Type": PDFName("FontDescriptor"),
                "FontName": name,
                "Flags": SYMBOLIC,
                "FontBBox": PDFArray([-1000, face.descent, 2000, face.ascent]),
                "ItalicAngle": 0,
                "Ascent": face.ascent,
                "Descent": face.descent,
                "CapHeight": 700,
                "StemV": BOLD_STEM if face.is_bold else REGULAR_STEM,
                "FontFile2": document.Reference(file),
            }
        )


def _subset(typeface: Typeface, glyphs: list[int]) -> tuple[bytes, dict[int, int]]:
    """The font file with these glyphs only, and where each one is in it."""
    wanted = uharfbuzz.SubsetInput()
    wanted.flags = SUBSET_FLAGS
    wanted.sets(uharfbuzz.SubsetInputSets.GLYPH_INDEX).set(set(glyphs))
    wanted.drop_table_tag_set.update(int.from_bytes(each.encode()) for each in UNUSED_TABLES)
    plan = uharfbuzz.SubsetPlan(typeface.face, wanted)
    places = plan.old_to_new_glyph_mapping
    return bytes(plan.execute().blob.data), {gid: places[gid] for gid in glyphs}


def _tag(program: bytes) -> str:
    """Six capitals that tell subsets of one font apart."""
    return "".join(chr(ord("A") + byte % 26) for byte in hashlib.sha256(program).digest()[:6])


def _character_map(texts: Iterable[str]) -> bytes:
    """What each code is read as (Adobe Technical Note 5411); nothing for a glyph that its neighbour speaks for."""
    lines = [f"<{code:04X}> <{text.encode('utf-16-be').hex().upper()}>" for code, text in enumerate(texts)]
    groups = [lines[at : at + GROUP] for at in range(0, len(lines), GROUP)]
    body = "\n".join(f"{len(group)} beginbfchar\n" + "\n".join(group) + "\nendbfchar" for group in groups)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{body}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode()
