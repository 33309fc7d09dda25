"""The stand-in of Telegram answers as the Bot API does, and plays people through its pages."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fakes.http import Server
from tests.fakes.telegram import TelegramSite
from tests.fakes.telegram.store import Said

LINK = "https://t.me/StandInBot?start=abc"


@pytest.fixture
def site() -> Iterator[TelegramSite]:
    site = TelegramSite(is_held=True)
    with Server({"/telegram": site}):
        yield site


def call(site: TelegramSite, method: str, *, token: str = "", **given: Any) -> Any:
    return httpx.post(f"{site.url}/bot{token or site.token}/{method}", json=given).json()


def refusal(code: int, description: str) -> dict[str, Any]:
    return {"ok": False, "error_code": code, "description": description}


@pytest.fixture
def anna(site: TelegramSite) -> int:
    chat = site.person("Anna")
    site.open_link(LINK, chat)
    return chat


def test_a_message_arrives(site: TelegramSite, anna: int) -> None:
    answer = call(site, "sendMessage", chat_id=anna, text="Hello")
    assert (answer["ok"], answer["result"]["text"], answer["result"]["chat"]["id"]) == (True, "Hello", anna)
    assert [said.text for said in site.messages(anna)] == ["Hello"]


def test_who_asks_wrongly_is_told_so(site: TelegramSite, anna: int) -> None:
    assert call(site, "sendMessage", token="1:wrong", chat_id=anna, text="x") == refusal(401, "Unauthorized")
    assert call(site, "sendMassage") == refusal(404, "Not Found")
    for given, words in (
        ({"text": "x"}, "chat_id is empty"),
        ({"chat_id": anna, "text": " "}, "message text is empty"),
        ({"chat_id": anna, "text": "x" * 4097}, "message is too long"),
        ({"chat_id": anna, "text": "x", "txt": "y"}, "unknown parameters ['txt']"),
        ({"chat_id": 5, "text": "x"}, "chat not found"),
        ({"chat_id": site.person("Has not started"), "text": "x"}, "chat not found"),
        (
            {"chat_id": anna, "text": "x", "entities": [{"type": "bold", "offset": 0, "length": 2}]},
            "ENTITY_BOUNDS_INVALID",
        ),
        (
            {
                "chat_id": anna,
                "text": "x",
                "reply_markup": {"inline_keyboard": [[{"text": "a", "url": "http://localhost/"}]]},
            },
            "inline keyboard button URL 'http://localhost/' is invalid: Wrong HTTP URL",
        ),
    ):
        assert call(site, "sendMessage", **given) == refusal(400, f"Bad Request: {words}")
    assert site.messages(anna) == []


def test_whoever_blocked_or_left_is_not_reached(site: TelegramSite, anna: int) -> None:
    site.block(anna)
    assert call(site, "sendMessage", chat_id=anna, text="x")["description"] == "Forbidden: bot was blocked by the user"
    site.write(anna, "I am back")
    site.delete(anna)
    assert call(site, "sendMessage", chat_id=anna, text="x")["description"] == "Forbidden: user is deactivated"


def test_what_is_too_fast_is_refused_until_the_time_named(site: TelegramSite, anna: int) -> None:
    now = [time.time()]
    site.clock = lambda: now[0]
    assert call(site, "sendMessage", chat_id=anna, text="1")["ok"]
    refused = call(site, "sendMessage", chat_id=anna, text="2")
    assert (refused["error_code"], refused["parameters"]) == (429, {"retry_after": 1})
    now[0] += 1
    people = [site.person(f"P{number}") for number in range(31)]
    for chat in people:
        site.write(chat, "/start")
    answers = [call(site, "sendMessage", chat_id=chat, text="x") for chat in people]
    assert [answer["ok"] for answer in answers] == [True] * 30 + [False]


def test_a_webhook_is_kept_and_told(site: TelegramSite) -> None:
    hook = "http://127.0.0.1:9/hook/"
    assert call(site, "setWebhook", url="http://site.example/")["description"].endswith(
        "An HTTPS URL must be provided for webhook"
    )
    assert not call(site, "setWebhook", url=hook, secret_token="with space")["ok"]
    assert call(site, "setWebhook", url=hook, secret_token="s", allowed_updates=["message"])["result"] is True
    site.write(site.person(), "hello")
    info = call(site, "getWebhookInfo")["result"]
    assert (info["url"], info["pending_update_count"], info["allowed_updates"]) == (hook, 1, ["message"])
    site.courier.hold(False)
    while "last_error_message" not in info:
        info = call(site, "getWebhookInfo")["result"]
    assert info["last_error_message"] == "Wrong response from the webhook: 0"
    assert call(site, "deleteWebhook")["ok"]
    assert call(site, "getWebhookInfo")["result"]["url"] == ""


@pytest.mark.parametrize(("mode", "arrives"), [("cut", True), ("lost", False), ("500", False), ("500-after", True)])
def test_what_goes_wrong_on_the_way(site: TelegramSite, anna: int, mode: str, arrives: bool) -> None:
    site.fail_next("sendMessage", mode)
    if mode in ("cut", "lost"):
        with pytest.raises(httpx.RemoteProtocolError):
            call(site, "sendMessage", chat_id=anna, text="x")
    else:
        assert httpx.post(f"{site.url}/bot{site.token}/sendMessage", json={"chat_id": anna, "text": "x"}).is_error
    assert [said.text for said in site.messages(anna)] == (["x"] if arrives else [])


def test_people_are_played_on_pages(site: TelegramSite) -> None:
    page = httpx.get(f"{site.url}/t.me/StandInBot?start=abc")
    assert page.status_code == 200
    assert site.waiting() == []
    action = re.search(r'action="([^"]+)"', page.text)
    assert action
    chat = httpx.post(action[1], data={"who": "new", "name": "<b>Boris", "language": "ru"}, follow_redirects=True)
    assert "&lt;b&gt;Boris" in chat.text
    assert "<b>Boris" not in chat.text
    (update,) = site.waiting()
    assert update.body["message"]["text"] == "/start abc"
    assert update.body["message"]["from"]["language_code"] == "ru"
    number = update.body["message"]["chat"]["id"]
    site.store.say(number, 0, {"text": "Low balance\nTop up."}, is_bots=True)
    assert "Low balance" in httpx.get(f"{site.url}/chat/{number}").text
    httpx.post(f"{site.url}/chat/{number}", data={"act": "block"})
    assert "has blocked the bot, 1 messages" in httpx.get(f"{site.url}/").text
    for path in ("/chat/5", "/chat/x", "/t.me/Other?start=abc", "/t.me/StandInBot"):
        assert httpx.get(f"{site.url}{path}").status_code == 404


def test_what_it_knows_is_kept(tmp_path: Any) -> None:
    first = TelegramSite(tmp_path / "telegram.sqlite3")
    chat = first.person("Anna")
    first.write(chat, "hello")
    again = TelegramSite(tmp_path / "telegram.sqlite3")
    assert [said.text for said in again.store.messages(chat)] == ["hello"]
    assert isinstance(again.store.messages(chat)[0], Said)
    assert again.person("Boris") == chat + 1
