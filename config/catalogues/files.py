"""The catalogues on disk: `config/locale/<language>/LC_MESSAGES/django.po`, and compiled ones in DATA_DIR.

The files keep texts and translations only, in one order, so that a change in them is a change of words. What Django
reads is compiled from them by `compile_catalogues`, which every process calls when it starts.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

LOCALE_DIR = Path(__file__).resolve().parent.parent / "locale"


def catalogue_path(language: str) -> Path:
    """Where a language's catalogue is kept."""
    return LOCALE_DIR / language / "LC_MESSAGES" / "django.po"


def translated_languages() -> list[str]:
    """The languages that have a catalogue, by their codes."""
    return sorted(path.parent.parent.name for path in LOCALE_DIR.glob("*/LC_MESSAGES/django.po"))


def read_catalogue(path: Path, language: str) -> Catalog:
    """The catalogue in a file. Raises OSError, and ValueError for what is no catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def find(catalog: Catalog, message: Message) -> Message | None:
    """The catalogue's message with the same text, in the plural, too, and the same context."""
    singular = message.id if isinstance(message.id, str) else message.id[0]
    found = catalog.get(singular, message.context)
    return found if found is not None and found.id == message.id else None


def updated(kept: Catalog, sources: Catalog, language: str) -> Catalog:
    """The texts of the sources with the translations that are kept; what no source has is left out."""
    catalog = Catalog(locale=language)
    for source in sources:
        if not source.id:
            continue
        known = find(kept, source)
        if known is None:
            catalog.add(source.id, context=source.context)
        else:
            catalog.add(source.id, known.string, context=source.context, flags=known.flags)
    return catalog


def write_catalogue(path: Path, catalog: Catalog) -> None:
    """The catalogue in its file: sorted, without places, dates or names."""
    header = {
        "Language": str(catalog.locale_identifier),
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": f"nplurals={catalog.num_plurals}; plural={catalog.plural_expr};",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(b'msgid ""\nmsgstr ""\n')
        file.write("".join(f'"{name}: {value}\\n"\n' for name, value in header.items()).encode())
        file.write(b"\n")
        write_po(file, catalog, width=120, omit_header=True, sort_output=True, no_location=True)


def compile_catalogues(folder: Path) -> None:
    """Compile what has changed into `folder`, as Django reads it.

    A compiled catalogue carries its source's time. Processes that start at once do no harm: each puts a whole file.
    """
    for language in translated_languages():
        source = catalogue_path(language)
        compiled = folder / language / "LC_MESSAGES" / "django.mo"
        changed_ns = source.stat().st_mtime_ns
        if compiled.exists() and compiled.stat().st_mtime_ns == changed_ns:
            continue
        compiled.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=compiled.parent, delete=False) as file:
            write_mo(file, read_catalogue(source, language))
        os.utime(file.name, ns=(changed_ns, changed_ns))
        Path(file.name).replace(compiled)
