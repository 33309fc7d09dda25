"""Text to glyphs: line breaks, letters of no typeface, order of sight, and what each glyph is read as."""

from __future__ import annotations

import unicodedata

import pytest

from billing.documents.pdf.shaping import Shaped, Style, lines_of, shape

TEXT = Style(9)


def said(line: Shaped) -> str:
    """What the glyphs say, one after another."""
    return "".join(glyph.text for run in line.runs for glyph in run.glyphs)


@pytest.mark.parametrize("text", ["Amount due €1,234.50 ₹ ₽", "क्षत्रिय राष्ट्रीय हज़ार किमी", "ffi fl", "บริษัท", "ქართული"])
def test_glyphs_say_the_text_and_each_is_in_the_typeface(text: str) -> None:
    line = shape(text, TEXT)
    assert said(line) == text
    assert all(glyph.gid for run in line.runs for glyph in run.glyphs)


def test_a_letter_that_only_noto_has_is_drawn_with_it() -> None:
    assert [run.typeface.name for run in shape("5 ₸", TEXT).runs] == ["FiraGO-Regular", "NotoSans-Regular"]


def test_a_letter_of_no_typeface_is_drawn_as_its_number_and_read_as_itself() -> None:
    line = shape("北京", TEXT)
    assert said(line) == "北京"
    assert [len(run.glyphs) for run in line.runs] == [6, 6]
    assert all(glyph.gid for run in line.runs for glyph in run.glyphs)


def test_arabic_runs_from_the_right_with_its_figures_the_right_way_round() -> None:
    line = shape("Name شركة 123 محدودة Ltd", TEXT)
    assert [run.text for run in line.runs] == ["Name ", " محدودة", "123", "شركة ", " Ltd"]


def test_tabular_figures_are_equally_wide() -> None:
    widths = {shape(digit, Style(9, tabular=True)).width for digit in "0123456789"}
    assert len(widths) == 1


def test_lines_keep_their_breaks_and_fit() -> None:
    lines = lines_of("one two three\nfour", TEXT, shape("one two", TEXT).width + 0.01)
    assert [said(line) for line in lines] == ["one two", "three", "four"]


def test_a_word_that_is_too_long_is_cut_between_syllables() -> None:
    lines = lines_of("क्षत्रिय" * 10, TEXT, 40)
    assert "".join(said(line) for line in lines) == "क्षत्रिय" * 10
    assert all(line.width <= 40 for line in lines)
    assert all(unicodedata.category(said(line)[0]) == "Lo" for line in lines)


def test_a_last_word_does_not_stand_alone() -> None:
    width = shape("one two three four", TEXT).width + 0.01
    assert [said(line) for line in lines_of("one two three four five", TEXT, width)] == ["one two three", "four five"]


def test_a_no_break_space_holds_an_amount_together() -> None:
    amount = "1\N{NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}₽"
    lines = lines_of(f"сумма {amount}", TEXT, shape(amount, TEXT).width + 1)
    assert [said(line) for line in lines] == ["сумма", amount]


def test_empty_text_has_no_lines() -> None:
    assert lines_of("  \n ", TEXT, 100) == []
