"""Calls to Telegram's Bot API. The bot's token stands in every address asked, so that no error may tell the address."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import httpx
import msgspec
from django.conf import settings

TIMEOUTS = httpx.Timeout(15, connect=5)  # seconds: of each step, well within a delivery's lease


class NoAnswerError(Exception):
    """Nobody knows whether it was done, except where `was_asked` is False: then it was not."""

    def __init__(self, why: str, *, was_asked: bool = True) -> None:
        super().__init__(why)
        self.was_asked = was_asked


class RefusedError(Exception):
    """Telegram did nothing and said why. `retry_after` is in seconds, 0 where it was not named."""

    def __init__(self, code: int, description: str, retry_after: int = 0) -> None:
        super().__init__(f"{code} {description}")
        self.code, self.description, self.retry_after = code, description, retry_after


class _Parameters(msgspec.Struct):
    retry_after: int = 0


class _Answer(msgspec.Struct):
    ok: bool
    result: Any = None
    error_code: int = 0
    description: str = ""
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


def is_set_up() -> bool:
    """Whether there is a bot: without one, nobody is offered Telegram."""
    return bool(settings.TELEGRAM_BOT_TOKEN and settings.TELEGRAM_BOT_NAME)


def ask(method: str, **parameters: Any) -> Any:
    """The result of one method. Raises RefusedError and NoAnswerError; not to be called inside a transaction."""
    address = f"{settings.TELEGRAM_API_URL.rstrip('/')}/bot{settings.TELEGRAM_BOT_TOKEN}/{method}"
    try:
        response = _client().post(address, json=parameters)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise NoAnswerError("Telegram cannot be reached.", was_asked=False) from error
    except httpx.HTTPError as error:
        raise NoAnswerError(f"Telegram gave no answer: {type(error).__name__}.") from error
    try:
        answer = msgspec.json.decode(response.content, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NoAnswerError(f"Telegram's answer, {response.status_code}, makes no sense.") from None
    if answer.ok:
        return answer.result
    code = answer.error_code or response.status_code
    if code >= 500:
        raise NoAnswerError(f"{code} {answer.description}")
    raise RefusedError(code, answer.description, answer.parameters.retry_after)


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    """One for the process, so that connections are kept."""
    return httpx.Client(timeout=TIMEOUTS)
