"""What each field of an event may hold (API.md, 'Usage events'), as one table per event type.

A check returns the value as the rating engine takes it (quantities exact, flags bool, money by component) or raises
`Invalid` with words for the sender. The bounds keep every sum inside the columns it is added up in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from usage.models.event import EventType

TEXT_LENGTH_MAX = 255
MODEL_LENGTH_MAX = 80
TIER_LENGTH_MAX = 40
CALLER_LENGTH_MAX = 255
COST_COMPONENTS_MAX = 50
SECONDS_DIGITS = 8
COST_DIGITS = 9
QUANTITY_DIGITS = 12
DECIMALS = 6
YEAR_MIN = 2000
YEAR_MAX = 9999

Check = Callable[[Any], Any]
Table = Mapping[str, Check]
Errors = dict[str, list[str]]


# How the served schema describes each check.
SCHEMAS: dict[Check, dict[str, Any]] = {}


class Invalid(ValueError):  # noqa: N818 - what a sender is told, not a fault of the program
    """The value breaks the field's rule, which the message states."""


def _described(check: Check, **schema: Any) -> Check:
    SCHEMAS[check] = schema
    return check


def text(*, length_max: int = TEXT_LENGTH_MAX, reserved: str = "") -> Check:
    """A text that is not empty, nor the `reserved` one."""

    def check(value: Any) -> str:
        if type(value) is str and 0 < len(value) <= length_max and value != reserved:
            return value
        words = f", other than {reserved}" if reserved else ""
        raise Invalid(f"Must be a text of 1 to {length_max} characters{words}.")

    exception = {"not": {"const": reserved}} if reserved else {}
    return _described(check, type="string", minLength=1, maxLength=length_max, **exception)


def optional_text(*, length_max: int) -> Check:
    """A text that may be empty, which means the same as not given."""

    def check(value: Any) -> str:
        if type(value) is str and len(value) <= length_max:
            return value
        raise Invalid(f"Must be a text of at most {length_max} characters.")

    return _described(check, type="string", maxLength=length_max)


def choice(*words: str) -> Check:
    """One of a few words."""
    allowed = frozenset(words)

    def check(value: Any) -> str:
        if type(value) is str and value in allowed:
            return value
        raise Invalid(f"Must be one of: {', '.join(words)}.")

    return _described(check, type="string", enum=list(words))


def quantity(*, digits: int = QUANTITY_DIGITS) -> Check:
    """A non-negative JSON number or decimal string, at most so many digits before the point and six after it."""
    limit = 10**digits
    is_decimal = re.compile(rf"[0-9]{{1,{digits}}}(\.[0-9]{{1,{DECIMALS}}})?").fullmatch

    def check(value: Any) -> Decimal:
        kind = type(value)
        if kind is int:
            if 0 <= value < limit:
                return Decimal(value)
        elif kind is str:
            if is_decimal(value):
                return Decimal(value)
        elif kind is Decimal and not value.is_signed() and value < limit:
            exponent = value.as_tuple().exponent
            if exponent >= -DECIMALS:
                return value if exponent <= 0 else Decimal(int(value))
        raise Invalid(
            f"Must be a number from 0 to below 10^{digits}, or such a number as text, with at most {DECIMALS} decimals."
        )

    number = {"type": "number", "minimum": 0, "maximum": limit - 1, "multipleOf": 0.000001}
    words = {"type": "string", "pattern": rf"^[0-9]{{1,{digits}}}(\.[0-9]{{1,{DECIMALS}}})?$"}
    return _described(check, oneOf=[number, words])


def whole(*, least: int, digits: int) -> Check:
    """A whole JSON number."""
    limit = 10**digits

    def check(value: Any) -> int:
        if type(value) is int and least <= value < limit:
            return value
        raise Invalid(f"Must be a whole number from {least} to below 10^{digits}.")

    return _described(check, type="integer", minimum=least, maximum=limit - 1)


def flag(value: Any) -> bool:
    """True or false, nothing that stands for them."""
    if type(value) is bool:
        return value
    raise Invalid("Must be true or false.")


_is_money = re.compile(rf"[0-9]{{1,{COST_DIGITS}}}(\.[0-9]{{1,{DECIMALS}}})?").fullmatch


def money(value: Any) -> Decimal:
    """An amount as a decimal string; a JSON number is refused, since many senders make floats of them."""
    if type(value) is str and _is_money(value):
        return Decimal(value)
    raise Invalid(
        f'Must be an amount as text, such as "0.005", below 10^{COST_DIGITS} and with at most {DECIMALS} decimals.'
    )


def costs(value: Any) -> dict[str, Decimal]:
    """What each component cost at its provider."""
    if type(value) is not dict or len(value) > COST_COMPONENTS_MAX:
        raise Invalid(f"Must be an object of at most {COST_COMPONENTS_MAX} amounts by component.")
    found = {}
    for component, amount in value.items():
        try:
            found[component] = money(amount)
        except Invalid as error:
            raise Invalid(f"{component[:TIER_LENGTH_MAX]!r}: {error}") from error
    return found


_as_moment = msgspec.convert
_MOMENT = Annotated[datetime, msgspec.Meta(tz=True)]


def moment(value: Any) -> datetime:
    """An RFC 3339 time with its offset, from the year 2000 on; a naive one is refused."""
    if type(value) is str:
        try:
            found: datetime = _as_moment(value, _MOMENT)
        except (msgspec.ValidationError, ValueError, OverflowError):
            pass
        else:
            if YEAR_MIN <= found.year < YEAR_MAX:  # in UTC, as PostgreSQL takes no offset of 16 hours or more
                return found.astimezone(UTC)
    raise Invalid("Must be an RFC 3339 time with an offset, such as 2026-03-15T10:04:00+00:00.")


MONEY_SCHEMA = {"type": "string", "pattern": rf"^[0-9]{{1,{COST_DIGITS}}}(\.[0-9]{{1,{DECIMALS}}})?$"}
_described(flag, type="boolean")
_described(costs, type="object", additionalProperties=MONEY_SCHEMA, maxProperties=COST_COMPONENTS_MAX)
_described(moment, type="string", format="date-time")

CHANNEL = choice("phone", "web", "whatsapp", "chat")
DIRECTION = choice("inbound", "outbound")
IDENTIFIER = text()
MODEL = optional_text(length_max=MODEL_LENGTH_MAX)
TIER = optional_text(length_max=TIER_LENGTH_MAX)
CALLER = optional_text(length_max=CALLER_LENGTH_MAX)
QUANTITY = quantity()
SECONDS = quantity(digits=SECONDS_DIGITS)

DATA: Mapping[str, Table] = {
    EventType.CALL.value: {
        "call_id": IDENTIFIER,
        "project": IDENTIFIER,
        "channel": CHANNEL,
        "direction": DIRECTION,
        "started_at": moment,
        "duration_seconds": SECONDS,
        "status": choice("completed", "voicemail", "failed", "rejected", "no_answer", "dropped"),
        "model": MODEL,
        "tier": TIER,
        "outcome": choice("success", "conversation", "spam"),
        "goal_reached": flag,
        "user_turns": QUANTITY,
        "spam": flag,
        "duration_cap_seconds": SECONDS,
        "llm_input_tokens": QUANTITY,
        "llm_output_tokens": QUANTITY,
        "audio_input_seconds": SECONDS,
        "audio_output_seconds": SECONDS,
        "stt_seconds": SECONDS,
        "tts_seconds": SECONDS,
        "sip_seconds": SECONDS,
        "analytics": flag,
        "provider_costs": costs,
        "assistant": optional_text(length_max=TEXT_LENGTH_MAX),
    },
    EventType.CHAT_MESSAGE.value: {
        "project": IDENTIFIER,
        "llm_input_tokens": QUANTITY,
        "llm_output_tokens": QUANTITY,
    },
    EventType.CRAWL.value: {"project": IDENTIFIER, "pages": QUANTITY, "crawler_seconds": SECONDS},
    EventType.LLM.value: {
        "project": IDENTIFIER,
        "service": optional_text(length_max=TEXT_LENGTH_MAX),
        "model": MODEL,
        "llm_input_tokens": QUANTITY,
        "llm_output_tokens": QUANTITY,
        "provider_costs": costs,
    },
}
# Without these an event could be taken for a free one by a slip of its sender.
REQUIRED_DATA: Mapping[str, tuple[str, ...]] = {
    EventType.CALL.value: ("duration_seconds",),
    EventType.CHAT_MESSAGE.value: (),
    EventType.CRAWL.value: ("pages",),
    EventType.LLM.value: (),
}
# What is left out means the usual, which is charged.
DEFAULT_DATA: Mapping[str, Mapping[str, str]] = {EventType.CALL.value: {"channel": "phone", "status": "completed"}}


def check(table: Table, given: Mapping[str, Any], errors: Errors, *, prefix: str = "") -> dict[str, Any]:
    """The known fields of `given`, checked; null is the same as not given. What is wrong goes to `errors`."""
    found = {}
    for name, value in given.items():
        rule = table.get(name)
        if rule is not None and value is not None:
            try:
                found[name] = rule(value)
            except Invalid as error:
                errors[prefix + name] = [str(error)]
    return found


def require(names: Collection[str], found: Mapping[str, Any], errors: Errors, *, prefix: str = "") -> None:
    """Note each of the names that was not given."""
    for name in names:
        if name not in found and prefix + name not in errors:
            errors[prefix + name] = ["Is required."]


def refuse_unknown(table: Table, given: Mapping[str, Any], errors: Errors) -> None:
    """Note each name that the table does not have."""
    for name in given:
        if name not in table:
            errors[name[:TIER_LENGTH_MAX]] = ["There is no such field."]
