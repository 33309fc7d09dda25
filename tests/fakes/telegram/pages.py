"""The stand-in's pages: people and their chats, a deep link to open, messages to write, the bot to block."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from tests.fakes.http import Request, Response
from tests.fakes.stripe import page_frame
from tests.fakes.telegram.store import Person, Said

if TYPE_CHECKING:
    from tests.fakes.telegram.site import TelegramSite

TITLE = "Telegram stand-in — nothing leaves this machine"
LANGUAGES = {"en": "English", "ru": "Русский", "hi": "हिन्दी"}
NEW = "new"


def answer(site: TelegramSite, request: Request) -> Response:
    """The page at a path, or what one of its buttons does."""
    parts = request.path.strip("/").split("/")
    typed = dict(request.pairs()) if request.method == "POST" else {}
    if parts == [""]:
        return _people(site)
    if parts[0] == "t.me" and len(parts) == 2:
        return _link(site, parts[1], request, typed)
    person = site.store.person(int(parts[1])) if parts[0] == "chat" and parts[-1].isdecimal() else None
    if person is None:
        return _page("Nothing is here", page_frame.error("There is no such page."), 404)
    if typed:
        _act(site, person, typed)
        return Response.redirect(f"{site.url}/chat/{person.chat_id}")
    return _chat(site, person)


def _act(site: TelegramSite, person: Person, typed: dict[str, str]) -> None:
    act = typed.get("act")
    if act == "block":
        site.block(person.chat_id)
    elif act == "delete":
        site.delete(person.chat_id)
    elif typed.get("text", "").strip():
        site.write(person.chat_id, typed["text"].strip())


def _people(site: TelegramSite) -> Response:
    rows = "".join(
        f'<li><a href="{site.url}/chat/{each.chat_id}">{escape(each.first_name)}</a><span class="soft">{_state(each)}, '
        f"{len(site.messages(each.chat_id))} messages</span></li>"
        for each in site.store.people()
    )
    webhook = site.webhook()
    trouble = page_frame.error(webhook.last_error) if webhook.last_error and site.waiting() else ""
    return _page(
        f"@{site.name}",
        f"<h2>Chats</h2><ul>{rows or '<li>Nobody yet. Link Telegram on the site: its link leads here.</li>'}</ul>"
        f"<h2>Webhook</h2><p><code>{escape(webhook.url or 'None is set.')}</code></p>"
        f"<p>{len(site.waiting())} updates wait.</p>{trouble}",
    )


def _link(site: TelegramSite, name: str, request: Request, typed: dict[str, str]) -> Response:
    """A deep link opened: as whom? Looking at it starts nothing, as with the real one."""
    token = parse_qs(request.query).get("start", [""])[0]
    if name.lower() != site.name.lower() or not token:
        return _page("No such bot", page_frame.error("This link leads to no bot of this stand-in."), 404)
    if who := typed.get("who"):
        if who == NEW:
            chat_id = site.person(typed.get("name", "").strip() or "Anna", language=typed.get("language", "en"))
        else:
            chat_id = int(who)
        site.open_link(f"/{site.name}?start={token}", chat_id)
        return Response.redirect(f"{site.url}/chat/{chat_id}")
    people = "".join(
        f'<label class="saved"><input type="radio" name="who" value="{each.chat_id}"> {escape(each.first_name)}</label>'
        for each in site.store.people()
    )
    languages = "".join(f'<option value="{code}">{words}</option>' for code, words in LANGUAGES.items())
    return _page(
        f"Start @{site.name}",
        f'<form method="post" action="{site.url}/t.me/{site.name}?start={quote(token)}">'
        f'<fieldset style="border:0;margin:0;padding:0"><legend><h2>As whom</h2></legend>{people}'
        f'<label class="saved"><input type="radio" name="who" value="{NEW}" checked> Somebody new</label></fieldset>'
        '<div class="pair"><div><label for="name">Name</label><input id="name" name="name" value="Anna"></div>'
        f'<div><label for="language">Language</label><select id="language" name="language">{languages}</select></div>'
        "</div><button>Start</button></form>",
    )


def _chat(site: TelegramSite, person: Person) -> Response:
    lines = "".join(_line(each) for each in site.store.messages(person.chat_id))
    return _page(
        f"{person.first_name} and @{site.name}",
        f'<p class="soft">Chat {person.chat_id}, {_state(person)}. <a href="{site.url}/">All chats</a></p>{lines}'
        '<form method="post"><label for="text">Message</label><input id="text" name="text" autocomplete="off">'
        '<button name="act" value="write">Send</button>'
        '<button class="other" name="act" value="block">Block the bot</button>'
        '<button class="other" name="act" value="delete">Leave Telegram</button></form>',
    )


def _line(said: Said) -> str:
    text = escape(said.text)
    if said.body.get("entities"):  # the first line in bold is all that is sent
        first, _, rest = text.partition("\n")
        text = f"<strong>{first}</strong>\n{rest}"
    rows = said.body.get("reply_markup", {}).get("inline_keyboard", [])
    buttons = "".join(
        f'<p><a href="{escape(each["url"])}">{escape(each["text"])}</a></p>' for row in rows for each in row
    )
    who = "Bot" if said.is_bots else "Person"
    return f'<h2>{who}</h2><div style="white-space:pre-wrap;overflow-wrap:anywhere">{text}</div>{buttons}'


def _state(person: Person) -> str:
    if person.is_deleted:
        return "left Telegram"
    if person.has_blocked:
        return "has blocked the bot"
    return "talks with the bot" if person.has_started else "has not started the bot"


def _page(heading: str, content: str, status: int = 200) -> Response:
    return Response.html(page_frame.page(heading, content, title=TITLE), status)
