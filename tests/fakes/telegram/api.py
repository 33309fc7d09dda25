"""The Bot API's methods that the project uses, stricter than Telegram: an unknown parameter is refused, too.

Addresses with http are taken for webhooks on loopback only. A chat takes a message a second (four fifths of one, as
clocks and wires differ), all chats together thirty; what is too fast is answered by 429 with `retry_after`.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.http import Request, Response
from tests.fakes.telegram.store import Person, Said, Webhook

if TYPE_CHECKING:
    from tests.fakes.telegram.site import TelegramSite

TEXT_MAX = 4096
CHAT_SECONDS, BOT_MESSAGES = 0.8, 30
SEND = {"chat_id", "text", "entities", "parse_mode", "link_preview_options", "reply_markup", "disable_notification"}
HOOK = {"url", "secret_token", "allowed_updates", "max_connections", "drop_pending_updates"}
KINDS = {"message", "edited_message", "callback_query", "my_chat_member"}


class ApiError(Exception):
    """What Telegram answers instead of a result."""

    def __init__(self, code: int, description: str, retry_after: int = 0) -> None:
        super().__init__(description)
        self.code, self.retry_after = code, retry_after

    def response(self) -> Response:
        """As it travels."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": str(self)}
        if self.retry_after:
            body["parameters"] = {"retry_after": self.retry_after}
        return Response.json(body, self.code)


def bad(words: str) -> ApiError:
    """A request that makes no sense."""
    return ApiError(400, f"Bad Request: {words}")


class Api:
    """`/bot<token>/<method>`; `calls` holds each method asked with its parameters, `refused` what was answered no."""

    def __init__(self, site: TelegramSite) -> None:
        self._site = site
        self._lately: deque[float] = deque(maxlen=BOT_MESSAGES)
        self._last_in: dict[int, float] = {}
        self.paused_until = 0.0
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.refused: list[str] = []
        self._methods: dict[str, Callable[[dict[str, Any]], Any]] = {
            "getme": lambda given: {"id": 1000000001, "is_bot": True, "first_name": "Alerts", "username": site.name},
            "sendmessage": self._send_message,
            "setwebhook": self._set_webhook,
            "deletewebhook": lambda given: self._set_webhook({"url": ""}),
            "getwebhookinfo": lambda given: self._webhook_info(),
        }

    def answer(self, request: Request) -> Response:
        """One call."""
        try:
            return Response.json({"ok": True, "result": self._result(request)})
        except ApiError as error:
            self.refused.append(str(error))
            return error.response()

    def too_fast(self, seconds: int) -> ApiError:
        """From now on nothing is taken for so long."""
        self.paused_until = max(self.paused_until, self._site.clock() + seconds)
        return ApiError(429, f"Too Many Requests: retry after {seconds}", seconds)

    def _result(self, request: Request) -> Any:
        found = re.fullmatch(r"/bot(\d+:[A-Za-z0-9_-]+)/(\w+)", request.path)
        if not found:
            raise ApiError(404, "Not Found")
        if found[1] != self._site.token:
            raise ApiError(401, "Unauthorized")
        method = self._methods.get(found[2].lower())
        if method is None:
            raise ApiError(404, "Not Found")
        given = _parameters(request)
        self.calls.append((found[2], given))
        left = self.paused_until - self._site.clock()
        if left > 0:
            raise ApiError(429, f"Too Many Requests: retry after {int(left) + 1}", int(left) + 1)
        return method(given)

    def _send_message(self, given: dict[str, Any]) -> dict[str, Any]:
        self.check(given)
        chat_id = int(given["chat_id"])
        self._keep_pace(chat_id)
        return self.say(chat_id, given)

    def check(self, given: dict[str, Any]) -> Person:
        """The person whom a message would reach. Raises ApiError."""
        if unknown := set(given) - SEND:
            raise bad(f"unknown parameters {sorted(unknown)}")
        if not re.fullmatch(r"-?\d+", str(given.get("chat_id", ""))):
            raise bad("chat_id is empty")
        text = given.get("text")
        if not isinstance(text, str) or not text.strip():
            raise bad("message text is empty")
        if _length(text) > TEXT_MAX:
            raise bad("message is too long")
        for entity in given.get("entities", []):
            if entity["offset"] < 0 or entity["length"] < 1 or entity["offset"] + entity["length"] > _length(text):
                raise bad("ENTITY_BOUNDS_INVALID")
        _check_markup(given.get("reply_markup"))
        person = self._site.store.person(int(given["chat_id"]))
        if person is None or not person.has_started:
            raise bad("chat not found")
        if person.is_deleted:
            raise ApiError(403, "Forbidden: user is deactivated")
        if person.has_blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        return person

    def say(self, chat_id: int, given: dict[str, Any]) -> dict[str, Any]:
        """Put the bot's message into the chat."""
        said = self._site.store.say(chat_id, self._site.clock(), given, is_bots=True)
        return as_message(said, self._site.store.person(chat_id))

    def _keep_pace(self, chat_id: int) -> None:
        now = self._site.clock()
        if now - self._last_in.get(chat_id, float("-inf")) < CHAT_SECONDS:
            raise self.too_fast(1)
        if len(self._lately) == BOT_MESSAGES and now - self._lately[0] < CHAT_SECONDS:
            raise self.too_fast(1)
        self._last_in[chat_id] = now
        self._lately.append(now)

    def _set_webhook(self, given: dict[str, Any]) -> bool:
        if unknown := set(given) - HOOK:
            raise bad(f"unknown parameters {sorted(unknown)}")
        url, secret, allowed = given.get("url", ""), given.get("secret_token", ""), given.get("allowed_updates", [])
        parts = urlsplit(url)
        if url and parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "testserver"):
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
            raise bad("secret token contains unallowed characters")
        if not set(allowed) <= KINDS:
            raise bad("unsupported update type")
        self._site.store.keep_webhook(Webhook(url, secret, list(allowed)))
        self._site.courier.wake()
        return True

    def _webhook_info(self) -> dict[str, Any]:
        webhook = self._site.store.webhook()
        info: dict[str, Any] = {
            "url": webhook.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._site.store.waiting()),
            "max_connections": 40,
            "allowed_updates": webhook.allowed,
        }
        if webhook.last_error:
            info |= {"last_error_date": webhook.last_error_at, "last_error_message": webhook.last_error}
        return info


def as_message(said: Said, person: Person | None) -> dict[str, Any]:
    """A message as Telegram writes it."""
    assert person is not None
    chat = {"id": person.chat_id, "type": "private", "first_name": person.first_name}
    if person.username:
        chat["username"] = person.username
    return {"message_id": said.id, "date": int(said.at), "chat": chat, "text": said.text}


def _check_markup(markup: Any) -> None:
    for row in (markup or {}).get("inline_keyboard", []):
        for button in row:
            host = urlsplit(button["url"]).hostname or ""
            if not button["text"] or urlsplit(button["url"]).scheme not in ("http", "https") or "." not in host:
                raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")


def _parameters(request: Request) -> dict[str, Any]:
    """JSON, a form or a query; in the latter two, objects are JSON in a field."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            given = json.loads(request.body or b"{}")
        except ValueError:
            raise bad("can't parse JSON object") from None
        if not isinstance(given, dict):
            raise bad("can't parse JSON object")
        return given
    fields = dict(parse_qsl(request.body.decode() if request.method == "POST" else request.query))
    return {name: json.loads(value) if value[:1] in "[{" else value for name, value in fields.items()}


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
