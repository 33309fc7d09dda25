"""Text to glyphs: the right typeface for every letter, joined by HarfBuzz, in the order of sight, broken into lines.

Every glyph carries the text that it stands for, so that a PDF is read and copied as it was written: the first glyph of
a cluster (a Devanagari syllable, a ligature) has the whole of it, the others none. A line runs from left to right;
Arabic and Hebrew in it run from right to left, with their figures the right way round.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import uharfbuzz

from billing.documents.pdf.typefaces import UNITS_PER_EM, Typeface, typefaces

SPACE = re.compile(r"[ \t]+")  # a no-break space holds together
STAND_IN = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}{:04X}\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
ALONE_FROM = 4  # words of a line, of which one can be spared
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
SPACES = dict.fromkeys(map(ord, "\N{NARROW NO-BREAK SPACE}\N{FIGURE SPACE}\N{THIN SPACE}"), NO_BREAK_SPACE)
FEATURES = {"kern": True, "liga": True}


@dataclass(frozen=True, slots=True)
class Style:
    """How text is set: `size` in points. Tabular figures are equally wide, for columns of amounts."""

    size: float
    bold: bool = False
    tabular: bool = False


@dataclass(frozen=True, slots=True)
class Glyph:
    """One glyph: lengths in thousandths of the type size. `text` is what it is read as."""

    gid: int
    text: str
    advance: int
    shift: int
    rise: int


@dataclass(frozen=True, slots=True)
class Run:
    """Glyphs of one typeface that stand side by side. `text` in the order of reading."""

    typeface: Typeface
    glyphs: tuple[Glyph, ...]
    text: str
    is_simple: bool
    """Each glyph is one letter, in the order of reading: read right without more."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """One line of text, ready to be drawn. `width` in points."""

    style: Style
    runs: tuple[Run, ...]
    width: float


def lines_of(text: str, style: Style, width: float) -> list[Shaped]:
    """The text in lines of at most `width` points; its own line breaks stay, a word that is too long is cut.

    Empty text has no lines.
    """
    if not text.strip():
        return []
    return [
        shape(line, style) for part in text.splitlines() for line in _broken(SPACE.split(part.strip()), style, width)
    ]


def _broken(words: list[str], style: Style, width: float) -> Iterator[str]:
    """Lines as full as they go; the last one has no word alone that another can come down to."""
    space = shape(" ", style).width
    lines: list[list[str]] = [[]]
    used = 0.0
    for word in (piece for each in words for piece in _fitting(each, style, width)):
        wide = shape(word, style).width
        if lines[-1] and used + space + wide > width:
            lines.append([])
            used = 0.0
        used += wide + (space if lines[-1] else 0)
        lines[-1].append(word)
    if len(lines) > 1 and len(lines[-1]) == 1 and len(lines[-2]) >= ALONE_FROM:
        moved = lines[-2][-1]
        if shape(f"{moved} {lines[-1][0]}", style).width <= width:
            lines[-1].insert(0, lines[-2].pop())
    return (" ".join(line) for line in lines)


def _fitting(word: str, style: Style, width: float) -> Iterator[str]:
    """The word, or its pieces where it is wider than a line: never cut before a mark that joins the letter before."""
    piece = ""
    if shape(word, style).width > width:
        for letter in _letters(word):
            if piece and shape(piece + letter, style).width > width:
                yield piece
                piece = ""
            piece += letter
        yield piece
    else:
        yield word


def _letters(word: str) -> Iterator[str]:
    letter = ""
    for character in word:
        joins = unicodedata.category(character).startswith("M") or character in JOINERS
        if letter and not joins and unicodedata.combining(letter[-1]) != VIRAMA:
            yield letter
            letter = ""
        letter += character
    yield letter


VIRAMA = 9  # the combining class of the sign that joins two Devanagari consonants


@lru_cache(maxsize=4096)
def shape(text: str, style: Style) -> Shaped:
    """The text as one line."""
    text = unicodedata.normalize("NFC", text.translate(SPACES))
    text = "".join(" " if unicodedata.category(each) in ("Cc", "Zl", "Zp") else each for each in text)
    runs = tuple(_shaped(part, style) for part in _in_sight(list(_parts(text, style))))
    units = sum(glyph.advance for run in runs for glyph in run.glyphs)
    return Shaped(style, runs, units * style.size / UNITS_PER_EM)


@dataclass(frozen=True, slots=True)
class _Part:
    """Letters of one typeface and one script; `stands_in` is drawn in their place where no typeface has them."""

    typeface: Typeface
    script: str
    text: str
    stands_in: str = ""


def _parts(text: str, style: Style) -> Iterator[_Part]:
    first, second = typefaces(bold=style.bold)
    kinds: list[tuple[Typeface | None, str]] = []
    for character, script in zip(text, _scripts(text), strict=True):
        joins = unicodedata.category(character).startswith("M") or character in JOINERS
        if joins and kinds and kinds[-1][0]:
            kinds.append(kinds[-1])
        else:
            face = next((each for each in (first, second) if ord(character) in each.covers), None)
            kinds.append((face, script))
    at = 0
    for (face, script), group in groupby(kinds):
        length = len(list(group))
        letters = text[at : at + length]
        at += length
        if face:
            yield _Part(face, script, letters)
        else:
            yield from (_Part(first, "", letter, stands_in=STAND_IN.format(ord(letter))) for letter in letters)


SCRIPTS = {"ARABIC": "Arab", "HEBREW": "Hebr", "DEVANAGARI": "Deva", "THAI": "Thai"}
FIGURE = "figure"
"""A figure among letters that run from the right: it runs from the left, within them."""
FROM_THE_RIGHT = ("Arab", "Hebr", FIGURE)


def _scripts(text: str) -> list[str]:
    """The script of every character. What has none of its own is of what stands on both sides of it, or before it."""
    scripts: list[str | None] = []
    letters = ""
    for character in text:
        if character.isalpha() or unicodedata.category(character).startswith("M"):
            letters = SCRIPTS.get(unicodedata.name(character, "").split(" ")[0], "")
            scripts.append(letters)
        elif character.isdigit():
            scripts.append(FIGURE if letters in FROM_THE_RIGHT else "")
        else:
            scripts.append(None)
    resolved: list[str] = []
    for at, script in enumerate(scripts):
        if script is None:
            before = resolved[-1] if resolved else ""
            after = next((each for each in scripts[at:] if each is not None), "")
            if before not in FROM_THE_RIGHT or after in FROM_THE_RIGHT:
                script = "Arab" if before == FIGURE else before
            else:
                script = ""
        resolved.append(script)
    return resolved


def _in_sight(parts: list[_Part]) -> list[_Part]:
    """The parts from left to right as they are seen: a stretch that runs from the right is turned."""
    seen: list[_Part] = []
    for from_the_right, stretch in groupby(parts, key=lambda part: part.script in FROM_THE_RIGHT):
        ordered = list(stretch)
        seen += reversed(ordered) if from_the_right else ordered
    return seen


def _shaped(part: _Part, style: Style) -> Run:
    buffer = uharfbuzz.Buffer()
    buffer.add_str(part.stands_in or part.text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(part.typeface.font, buffer, {**FEATURES, "tnum": style.tabular})
    infos, positions = buffer.glyph_infos, buffer.glyph_positions
    texts = _texts([each.cluster for each in infos], part)
    glyphs = tuple(
        Glyph(info.codepoint, text, place.x_advance, place.x_offset, place.y_offset)
        for info, place, text in zip(infos, positions, texts, strict=True)
    )
    simple = "".join(texts) == part.text and all(len(text) == 1 for text in texts)
    return Run(part.typeface, glyphs, part.text, simple)


def _texts(clusters: list[int], part: _Part) -> list[str]:
    """What each glyph is read as, given where in the text its cluster begins."""
    if part.stands_in:
        return [part.text] + [""] * (len(clusters) - 1)
    starts = sorted(set(clusters))
    ends = dict(zip(starts, [*starts[1:], len(part.text)], strict=True))
    told: set[int] = set()
    texts = []
    for start in clusters:
        texts.append("" if start in told else part.text[start : ends[start]])
        told.add(start)
    return texts
