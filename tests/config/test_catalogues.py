"""The catalogues are whole: what customers read is translated, with every placeholder and plural form."""

from __future__ import annotations

import gettext
from collections.abc import Callable
from pathlib import Path

import allauth
import django
import pytest
from babel.messages.catalog import Catalog
from django.conf import settings

from config.catalogues import files, sources
from config.catalogues.faults import catalogue_faults
from config.catalogues.libraries import LIBRARY_TEXTS
from tests.conftest import Ended

LANGUAGES = ["hi", "ru"]


def catalogue(language: str, *messages: tuple[str | tuple[str, str], str | tuple[str, ...]]) -> Catalog:
    catalog = Catalog(locale=language)
    for text, translation in messages:
        catalog.add(text, translation)
    return catalog


def texts(*wanted: str | tuple[str, str]) -> Catalog:
    catalog = Catalog()
    for text in wanted:
        catalog.add(text)
    return catalog


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_its_translation(language: str) -> None:
    catalog = files.read_catalogue(files.catalogue_path(language), language)
    assert catalogue_faults(catalog, sources.source_texts()) == []


def test_every_language_but_english_has_a_catalogue() -> None:
    assert (
        files.translated_languages() == sorted(code for code, _name in settings.LANGUAGES if code != "en") == LANGUAGES
    )


@pytest.mark.parametrize(
    ("text", "translation", "fault"),
    [
        ("Balance", "", "not translated: 'Balance'"),
        ("%(left)s left", "осталось", "other placeholders in 'осталось': '%(left)s left'"),
        ("%(left)s left", "%(rest)s осталось", "other placeholders in '%(rest)s осталось': '%(left)s left'"),
        ("<b>now</b>", "сейчас", "other placeholders in 'сейчас': '<b>now</b>'"),
        ("two\nlines", "две строки", "other placeholders in 'две строки': 'two\\nlines'"),
        (
            ("%(n)s call", "%(n)s calls"),
            ("%(n)s звонок", "%(n)s звонка", ""),
            "not translated: '%(n)s call / %(n)s calls'",
        ),
        (
            ("a call", "%(n)s calls"),
            ("звонок", "%(n)s звонка", "%(n)s звонков"),  # of 21 calls, too
            "other placeholders in 'звонок': 'a call / %(n)s calls'",
        ),
    ],
)
def test_what_is_wrong_with_a_translation_is_named(
    text: str | tuple[str, str], translation: str | tuple[str, ...], fault: str
) -> None:
    assert catalogue_faults(catalogue("ru", (text, translation)), texts(text)) == [fault]


def test_one_alone_may_do_without_its_number_where_english_does() -> None:
    text = ("a call", "%(n)s calls")
    assert catalogue_faults(catalogue("hi", (text, ("एक कॉल", "%(n)s कॉल"))), texts(text)) == []


def test_new_and_unused_texts_are_named() -> None:
    found = catalogue_faults(catalogue("ru", ("Old", "Старое")), texts("New"))
    assert found == ["not in the catalogue: 'New'", "no longer used: 'Old'"]


def test_an_update_keeps_translations_and_drops_what_is_unused(tmp_path: Path) -> None:
    kept = catalogue("ru", ("Balance", "Баланс"), ("Old", "Старое"), (("%(n)s call", "%(n)s rings"), ("1", "2", "3")))
    path = tmp_path / "django.po"
    files.write_catalogue(path, files.updated(kept, texts("New", "Balance", ("%(n)s call", "%(n)s calls")), "ru"))
    first = path.read_text()
    again = files.read_catalogue(path, "ru")
    assert [(each.id, each.string) for each in again if each.id] == [
        (("%(n)s call", "%(n)s calls"), ("", "", "")),
        ("Balance", "Баланс"),
        ("New", ""),
    ]
    files.write_catalogue(path, again)
    assert path.read_text() == first


def test_texts_of_code_templates_and_rate_cards_are_found() -> None:
    found = sources.source_texts()
    in_code, in_template, of_rate, of_rule = (
        "Enter an amount.",
        "Skip to content",
        "Voice input, STT",
        "Failed calls are free",
    )
    assert all(found.get(text) for text in (in_code, in_template, of_rate, of_rule))
    assert found.get("Active", "hold") is not None
    assert ("%(n)s call", "%(n)s calls") in {each.id for each in found}


def test_texts_of_libraries_are_still_theirs() -> None:
    folders = [Path(allauth.__file__).parent, Path(django.__file__).parent / "contrib" / "auth"]
    paths = [path for folder in folders for path in folder.rglob("*.py")]
    paths.append(Path(django.__file__).parent / "core" / "validators.py")
    known = {text for path in paths for text, _context in sources._of_python(path.read_bytes())}
    assert [text for text in LIBRARY_TEXTS if text not in known] == []


def test_templates_are_read_with_plurals_trimming_and_names() -> None:
    template = """{% load i18n %}
        {% translate "One" as one %}{{ x|default:_("Two") }}
        {% blocktranslate asvar words count n=calls with each=price %}{{ n }} at {{ each }}{% plural %}{{ n }}s
        {% endblocktranslate %}{% blocktranslate trimmed %}
            Three
        {% endblocktranslate %}"""
    found = [text for text, _context in sources._of_python(sources._as_python(template, "a.html"))]
    assert found == ["One", "Two", ("%(n)s at %(each)s", "%(n)ss\n        "), "Three"]


def test_compiled_catalogues_follow_their_sources(tmp_path: Path) -> None:
    files.compile_catalogues(tmp_path)
    compiled = tmp_path / "ru" / "LC_MESSAGES" / "django.mo"
    with compiled.open("rb") as file:
        russian = gettext.GNUTranslations(file)
    assert russian.gettext("Balance") == "Баланс"
    assert [russian.ngettext("%(n)s call", "%(n)s calls", n) % {"n": n} for n in (1, 3, 5, 21)] == [
        "1 звонок",
        "3 звонка",
        "5 звонков",
        "21 звонок",
    ]
    before = compiled.stat().st_ino
    files.compile_catalogues(tmp_path)
    assert compiled.stat().st_ino == before
    compiled.write_bytes(b"old")
    files.compile_catalogues(tmp_path)
    assert compiled.stat().st_size > 1000


def test_the_check_names_what_wants_a_translator(
    command_line: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(files, "LOCALE_DIR", tmp_path)
    path = tmp_path / "ru" / "LC_MESSAGES" / "django.po"
    files.write_catalogue(path, catalogue("ru", ("Balance", "Баланс"), ("Old", "Старое")))
    before = path.read_text()
    ended = command_line("update_catalogues", "--check")
    assert ended.code == 1
    assert "ru: no longer used: 'Old'" in ended.err
    assert path.read_text() == before
    assert command_line("update_catalogues").code == 1  # new texts without a translation
    catalog = files.read_catalogue(path, "ru")
    assert {each.id: each.string for each in catalog if each.id in ("Balance", "Old")} == {"Balance": "Баланс"}
    for message in catalog:
        if message.id and not message.string:
            message.string = message.id
    assert not [fault for fault in catalogue_faults(catalog, sources.source_texts()) if "in the catalogue" in fault]
