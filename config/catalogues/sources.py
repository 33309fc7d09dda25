"""Every text that our pages, letters and forms pass through gettext, with those of rate cards and of libraries.

Staff's pages, commands and logs are English only (README.md, 'Languages'): their folders are left out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from django.utils.translation.template import templatize

from config.catalogues.libraries import LIBRARY_TEXTS
from config.settings import BASE_DIR

PACKAGES = ("organizations", "notifications", "billing", "usage", "config")
STAFF_FOLDERS = {"admin", "management", "migrations"}
TEMPLATE_SUFFIXES = {".html", ".txt"}
KEYWORDS: dict[str, Any] = {
    "_": None,
    "lazy": None,  # `gettext_lazy` where `_` is `gettext`
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def source_texts() -> Catalog:
    """A catalogue of everything that wants a translation, without any."""
    catalog = Catalog()
    for text, context in _texts():
        catalog.add(text, context=context)
    return catalog


def _texts() -> Iterator[tuple[str | tuple[str, str], str | None]]:
    """Each text, or its singular and plural, with its context."""
    for path in _modules():
        yield from _of_python(path.read_bytes())
    for path in _templates():
        yield from _of_python(_as_python(path.read_text(), str(path)))
    for path in sorted((BASE_DIR / "config" / "products").glob("*.toml")):
        for text in _of_product(tomllib.loads(path.read_text())):
            yield text, None
    for library_text in LIBRARY_TEXTS:
        yield library_text, None


def _modules() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((BASE_DIR / package).rglob("*.py")):
            if not STAFF_FOLDERS.intersection(path.relative_to(BASE_DIR).parts):
                yield path


def _templates() -> Iterator[Path]:
    root = BASE_DIR / "templates"
    for path in sorted(root.rglob("*")):
        if path.suffix in TEMPLATE_SUFFIXES and not STAFF_FOLDERS.intersection(path.relative_to(root).parts):
            yield path


def _as_python(template: str, origin: str) -> bytes:
    """The template with nothing left but calls of gettext, one a line and not indented, as Python wants it."""
    return "\n".join(line.strip() for line in templatize(template, origin=origin).splitlines()).encode()


def _of_python(code: bytes) -> Iterator[tuple[str | tuple[str, str], str | None]]:
    for _line, text, _comments, context in extract("python", BytesIO(code), keywords=KEYWORDS):
        if text:
            yield (text, context) if isinstance(text, str) else ((text[0], text[1]), context)


def _of_product(product: dict[str, Any]) -> Iterator[str]:
    """What pages show of a rate card: the names of its lines, and why a call is free."""
    card = product["rate_card"]
    yield from (rate["label"] for rate in card["rates"])
    yield from (rule["reason"] for rule in card.get("free_rules", []))
