"""JSON as the API takes it: exact numbers, no key twice, no text or number that PostgreSQL would refuse.

`decode` is quick for what is plainly in order, and looks closely at the rest. What looks plain is proven so: in a text
without a backslash every string costs exactly two quotes, so quotes that the decoded value cannot account for belong
to a key given twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import IO, Any

import msgspec
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

DEPTH_MAX = 32
NUMBER_LENGTH_MAX = 40
EXPONENT_MAX = 60
NAME_LENGTH_MAX = 60
MINUS_ZERO = re.compile(rb":\s*-0")

Faults = dict[str, list[str]]


class MalformedJSON(ValueError):  # noqa: N818 - a state of the input, not of the program
    """The body is not JSON at all; the message says where."""


class UnfitNumber:
    """Stands for a number that is too long or too large to be kept."""


UNFIT = UnfitNumber()


class Repeating(dict[str, Any]):
    """An object in which names were given more than once."""

    def __init__(self, pairs: list[tuple[str, Any]], repeated: list[str]) -> None:
        super().__init__(pairs)
        self.repeated = repeated


def exact_number(text: str) -> Decimal:
    """The number, exactly. Raises ValueError for one that is too long or too large."""
    if len(text) > NUMBER_LENGTH_MAX:
        raise ValueError("too long")
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("too large") from error
    if not -EXPONENT_MAX < number.adjusted() < EXPONENT_MAX:
        raise ValueError("too large")
    return number


_decode = msgspec.json.Decoder(float_hook=exact_number).decode
_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_SPACE = re.compile(r"[ \t\r\n]*")


def needs_care(body: bytes) -> bool:
    """Whether the text holds what `decode`'s quick way cannot judge: an escape, or a zero with a minus."""
    return b"\\" in body or MINUS_ZERO.search(body) is not None


def decode(body: bytes, *, carefully: bool) -> tuple[Any, Faults]:
    """The value (whole numbers int, others Decimal) and what is wrong with it, by path.

    `carefully` is `needs_care` of this text or of one that holds it. Raises MalformedJSON.
    """
    if not carefully and body.count(b"{") + body.count(b"[") <= DEPTH_MAX:
        try:
            value = _decode(body)
        except (msgspec.MsgspecError, ValueError):
            return decode_carefully(body)
        if 2 * _strings(value) == body.count(b'"'):
            return value, {}
    return decode_carefully(body)


def _strings(value: Any) -> int:
    """How many strings, names included, the value is made of."""
    kind = type(value)
    if kind is dict:
        count = len(value)
        for item in value.values():
            kind = type(item)
            if kind is str:
                count += 1
            elif kind is dict or kind is list:
                count += _strings(item)
        return count
    if kind is list:
        return sum([_strings(item) for item in value])
    return 1 if kind is str else 0


def split_array(body: bytes) -> list[bytes]:
    """The texts of an array's elements, each to be decoded by itself. Raises MalformedJSON."""
    try:
        body.decode()
        return [bytes(raw) for raw in _split(body)]
    except UnicodeDecodeError as error:
        raise MalformedJSON("The body is not UTF-8.") from error
    except msgspec.MsgspecError:
        return _split_carefully(body.decode())
    except RecursionError as error:
        raise MalformedJSON("The body is nested too deeply.") from error


def _split_carefully(text: str) -> list[bytes]:
    """The same for texts that msgspec gives up on, such as half a surrogate pair in one of the elements."""
    elements: list[bytes] = []
    start = _after_space(text, 1)
    try:
        while text[start : start + 1] != "]" or elements:
            _, end = _SCANNER.raw_decode(text, start)
            elements.append(text[start:end].encode())
            start = _after_space(text, end)
            if text[start : start + 1] != ",":
                break
            start = _after_space(text, start + 1)
    except json.JSONDecodeError as error:
        raise _malformed(error) from error
    except RecursionError as error:
        raise MalformedJSON("The body is nested too deeply.") from error
    if text[start:].rstrip(" \t\r\n") != "]":
        raise MalformedJSON(f"The body is not JSON: the array does not end at character {start}.")
    return elements


def _after_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _malformed(error: json.JSONDecodeError) -> MalformedJSON:
    return MalformedJSON(f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).")


def decode_carefully(body: bytes) -> tuple[Any, Faults]:
    """The same, slowly, with the path of everything that is wrong. Raises MalformedJSON."""
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_float=_number,
            parse_int=_integer,
            parse_constant=_no_number,
        )
    except UnicodeDecodeError as error:
        raise MalformedJSON("The body is not UTF-8.") from error
    except json.JSONDecodeError as error:
        raise _malformed(error) from error
    except RecursionError as error:
        raise MalformedJSON("The body is nested too deeply.") from error
    faults: Faults = {}
    _inspect(value, "", 0, faults)
    return value, faults


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    names = [name for name, _ in pairs]
    return Repeating(pairs, sorted({name for name in names if names.count(name) > 1}))


def _number(text: str) -> Decimal | UnfitNumber:
    try:
        return exact_number(text)
    except ValueError:
        return UNFIT


def _integer(text: str) -> int | Decimal | UnfitNumber:
    if text == "-0":
        return Decimal(text)
    try:
        return int(text)
    except ValueError:  # more digits than Python reads
        return UNFIT


def _no_number(name: str) -> None:
    raise MalformedJSON(f"The body is not JSON: {name} is no number.")


def _inspect(value: Any, path: str, depth: int, faults: Faults) -> None:
    """Note what PostgreSQL would refuse, and what says two things at once."""
    if depth > DEPTH_MAX:
        faults[path] = [f"Nested too deeply: at most {DEPTH_MAX} levels."]
    elif isinstance(value, dict):
        for name in value.repeated if isinstance(value, Repeating) else ():
            faults[_join(path, name)] = ["Given more than once."]
        for name, item in value.items():
            if not is_fit(name):
                faults[_join(path, name)] = ["The name holds characters that cannot be stored."]
            _inspect(item, _join(path, name), depth + 1, faults)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _inspect(item, f"{path}[{index}]", depth + 1, faults)
    elif isinstance(value, str) and not is_fit(value):
        faults[path or "body"] = ["Holds characters that cannot be stored (NUL or half a surrogate pair)."]
    elif isinstance(value, UnfitNumber):
        faults[path or "body"] = ["The number is too large or has too many digits."]


def _join(path: str, name: str) -> str:
    shown = name[:NAME_LENGTH_MAX] if is_fit(name) else "?"
    return f"{path}.{shown}" if path else shown


def is_fit(text: str) -> bool:
    """Whether PostgreSQL can store the text: no NUL, no half of a surrogate pair."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class UnfitJSON(ParseError):  # noqa: N818 - a state of the input
    """400: the body is JSON, but repeats names or holds what cannot be stored."""

    def __init__(self, detail: str, errors: Faults | None = None) -> None:
        super().__init__(detail, "malformed_json")
        self.errors = errors


_SCANNER = json.JSONDecoder(parse_float=_number, parse_int=_integer, parse_constant=_no_number)


class StrictJSONParser(BaseParser):
    """`application/json` for DRF's views, by the same rules."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value. Raises UnfitJSON (400)."""
        body = stream.read(settings.API_BODY_BYTES_MAX + 1)
        return decode_request(body)


def decode_request(body: bytes) -> Any:
    """The value of a whole request body. Raises UnfitJSON (400) with the fields at fault."""
    try:
        value, faults = decode(body, carefully=needs_care(body))
    except MalformedJSON as error:
        raise UnfitJSON(str(error)) from error
    if faults:
        raise UnfitJSON("The body cannot be taken as it is.", faults)
    return value
