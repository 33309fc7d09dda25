"""The quick way of reading JSON and the careful one say the same of every body, and neither ever fails oddly."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.usage.api.bodies import call_event
from usage.api.intake import read_events
from usage.api.parsing import MalformedJSON, decode, decode_carefully, needs_care, split_array
from usage.services.incoming import IncomingEvent, Rejection

NAMES = st.sampled_from(["a", "b", "c", "id", 'x"y', "é", ":", "{", "\\"])
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text() | NAMES | st.floats(allow_nan=False, allow_infinity=False)
)


def objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts of objects in which names may stand twice."""
    pairs = st.lists(st.tuples(NAMES, values), max_size=4)
    spaces = st.sampled_from(["", " ", "\n\t"])

    def write(pairs: list[tuple[str, str]], space: str) -> str:
        return "{" + ("," + space).join(f"{json.dumps(n)}{space}:{space}{v}" for n, v in pairs) + "}"

    return st.builds(write, pairs, spaces)


def arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=4).map(lambda items: "[" + ",".join(items) + "]")


SCALAR_TEXTS = st.builds(lambda value, ascii: json.dumps(value, ensure_ascii=ascii), SCALARS, st.booleans())
TEXTS = st.recursive(SCALAR_TEXTS, lambda inner: objects(inner) | arrays(inner), max_leaves=12)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(TEXTS)
def test_both_ways_read_the_same(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    try:
        careful = decode_carefully(body)
    except MalformedJSON:
        careful = None
    try:
        quick = decode(body, carefully=needs_care(body))
    except MalformedJSON:
        quick = None
    assert quick == careful


@settings(max_examples=200, deadline=None, derandomize=True)
@given(arrays(TEXTS))
def test_an_array_falls_apart_into_its_elements(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    try:
        whole, _ = decode_carefully(body)
    except MalformedJSON:
        return
    assert [decode_carefully(part)[0] for part in split_array(body)] == whole


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.binary(max_size=60) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_body_makes_reading_fail(body: bytes) -> None:
    for whole in (body, b"[" + body + b"]"):
        try:
            intake = read_events(whole, now=datetime.now(UTC))
        except MalformedJSON:
            continue
        assert all(isinstance(item, Rejection) for item in intake.items)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(call_event()["data"])), SCALARS | st.lists(SCALARS) | st.dictionaries(NAMES, SCALARS))
def test_no_value_of_a_field_makes_reading_fail(field: str, value: Any) -> None:
    facts: dict[str, Any] = {field: value if value is not None else 0}
    event = call_event(**facts)
    (item,) = read_events(json.dumps(event).encode(), now=datetime.now(UTC)).items
    if isinstance(item, IncomingEvent):
        assert all(number >= 0 for number in item.data.values() if isinstance(number, Decimal))
    else:
        assert item.code == "invalid_event"


def test_the_bytes_of_each_event_are_kept_as_they_came() -> None:
    first, second = (json.dumps(call_event(name, note="é")) for name in ("a", "b"))
    body = f" [ {first} ,\n{second}\t]\n".encode()
    assert [item.body.decode() for item in read_events(body, now=datetime.now(UTC)).items] == [first, second]
