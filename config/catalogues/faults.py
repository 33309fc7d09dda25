"""What is wrong with a catalogue, in lines for whoever mends it.

A translation has all plural forms of its language, and the placeholders and tags of its text: a lost one would show a
customer a sentence without its amount, an invented one would fail the page.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from gettext import c2py

from babel.messages.catalog import Catalog, Message

from config.catalogues.files import find

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd%]|\{\w*\}|</?\w+[^>]*>|\n")


def catalogue_faults(catalog: Catalog, sources: Catalog) -> list[str]:
    """Every text that is missing, superfluous or not well translated; none for a catalogue that is whole."""
    found: list[str] = []
    for source in sources:
        if source.id and find(catalog, source) is None:
            found.append(f"not in the catalogue: {_words(source)}")
    for message in catalog:
        if not message.id:
            continue
        if find(sources, message) is None:
            found.append(f"no longer used: {_words(message)}")
        else:
            found += [f"{fault}: {_words(message)}" for fault in _message_faults(message, catalog)]
    found += [f"no longer used: {_words(message)}" for message in catalog.obsolete.values()]
    return found


def _message_faults(message: Message, catalog: Catalog) -> Iterator[str]:
    forms = _forms(message)
    if not forms or not all(forms):
        yield "not translated"
        return
    if message.fuzzy:
        yield "fuzzy"
    if message.pluralizable and len(forms) != catalog.num_plurals:
        yield f"{len(forms)} plural forms, not {catalog.num_plurals}"
        return
    texts = (message.id,) if isinstance(message.id, str) else message.id
    for index, form in enumerate(forms):
        # Only a form that stands for 1 alone may do without the number, where the English one does.
        allowed = texts if index in _forms_of_one_alone(catalog) else texts[-1:]
        if _marks(form) not in [_marks(text) for text in allowed]:
            yield f"other placeholders in {form!r}"


def _forms_of_one_alone(catalog: Catalog) -> set[int]:
    form_of = c2py(catalog.plural_expr)
    return {form_of(1)} - {form_of(number) for number in (0, *range(2, 200))}


def _forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _marks(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


def _words(message: Message) -> str:
    text = message.id if isinstance(message.id, str) else " / ".join(message.id)
    return f"{text!r} ({message.context})" if message.context else repr(text)
