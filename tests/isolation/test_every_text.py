"""Every word that a customer reads goes through gettext, or is somebody's data.

Each page is shown in a language that turns every translated letter into one of another alphabet. What is left in Latin
letters was not translated, unless it is a name, a code or one of the few words that all our languages share.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import trans_real

from config.catalogues.sources import source_texts
from organizations.models import Product, Role
from tests.factories import make_member, open_test_account
from tests.isolation.conftest import Worlds
from tests.isolation.matrix import ROWS, Row
from tests.isolation.worlds import MARK
from tests.usage.events import charge, event
from usage.models import UsageEvent

FILES = ("_csv", "_file", "_pdf", "_zip")
PAGES = [row for row in ROWS if Role.OWNER in row.get and row.read == 200 and not row.name.endswith(FILES)]
ENTRANCE = ["account_login", "account_reset_password", "account_reset_password_done", "account_signup"]
OWN_PAGES = [
    *("overview", "history", "calls", "usage", "prices", "projects"),
    *("top_up", "auto_top_up", "refund", "limits", "coupons"),
]
OUTSIDE_TEXT = re.compile(r"<(script|style|head|datalist|pre|code)\b.*?</\1>|<!--.*?-->", re.DOTALL)
SAID_ATTRIBUTES = re.compile(r'\s(?:aria-label|title|alt|placeholder)="([^"]*)"')
TAGS = re.compile(r"<[^>]*>")
KEPT = re.compile(r"%\(\w+\)[a-z]|%[sd%]|\{\w*\}|<[^>]*>|&\w+;")
EDGE = " | "
# What somebody typed: marked words with all that follows them in the same letters, and addresses; documents' numbers.
DATA = re.compile(rf"\S*{MARK}\S*[ A-Za-z,.-]*|\S+@\S+|[A-Z]{{3}}-[0-9]{{4}}-[0-9]+", re.IGNORECASE)
WORD = re.compile(r"[A-Za-z][A-Za-z'-]+")
# Names and codes that are written alike in all our languages.
SHARED = {
    *("AI", "PBX", "Aitelier", "Receptionist", "osmTalk", "osmAPI", "letustalk", "ai"),
    *("Stripe", "Robokassa", "Visa"),
    *(
        "WhatsApp",
        "Telegram",
        "StandInBot",
        "Apple",
        "Google",
        "Pay",
        "CSV",
        "PDF",
        "ZIP",
        "LLM",
        "STT",
        "TTS",
        "SIP",
        "UTC",
        "English",
    ),
    *("ASAP", "Research", "Laboratories", "LLC"),  # the product's issuer
    *("gpt-realtime", "qwen-realtime", "yandex-realtime", "TU-", "WY"),
    *(
        "Acme",
        "Main",
        "main",
        "Test",
        "credit",
        "default",
        "Default",
        "Starter",
        "Practice",
        "Plus",
    ),  # the tests' own data
}


def in_another_alphabet(text: str) -> str:
    """The text with each letter as ж, but for placeholders, tags and entities."""
    parts, end = [], 0
    for kept in KEPT.finditer(text):
        parts += [re.sub("[A-Za-z]", "ж", text[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*parts, re.sub("[A-Za-z]", "ж", text[end:])])


@pytest.fixture(scope="module")
def known() -> set[str]:
    """The texts that catalogues have: ours, and those of Django and allauth."""
    own = {text for message in source_texts() for text in ([message.id] if isinstance(message.id, str) else message.id)}
    theirs = trans_real.translation("ru")._catalog.keys()  # type: ignore[attr-defined]
    return own | {key if isinstance(key, str) else key[0] for key in theirs}


@pytest.fixture(autouse=True)
def _another_alphabet(known: set[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def one(message: str) -> str:
        return in_another_alphabet(message) if message in known else message

    def one_or_many(singular: str, plural: str, number: int) -> str:
        return one(singular if number == 1 else plural)

    real = translation._trans  # type: ignore[attr-defined]
    real.gettext("")  # so that it holds the functions which are replaced
    monkeypatch.setattr(real, "gettext", one)
    monkeypatch.setattr(real, "ngettext", one_or_many)
    monkeypatch.setattr(real, "pgettext", lambda _context, message: one(message))
    monkeypatch.setattr(real, "npgettext", lambda _context, *message: one_or_many(*message))
    yield


def words_left(response: Any) -> list[str]:
    """What a reader sees or hears in Latin letters, but for names."""
    page = OUTSIDE_TEXT.sub(" ", response.content.decode())
    text = html.unescape(EDGE.join([*SAID_ATTRIBUTES.findall(page), TAGS.sub(EDGE, page)]))
    text = DATA.sub(" ", text.replace(" ending ", f"{EDGE}ending "))  # of a card, said by us
    return sorted({word for word in WORD.findall(text) if word not in SHARED})


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.name)
def test_every_word_of_a_page_can_be_translated(row: Row, worlds: Worlds, browser: Callable[..., Client]) -> None:
    owner = worlds.secretive.members[Role.OWNER]
    owner.language = "ru"
    owner.save(update_fields=["language"])
    arguments = [worlds.secretive.ids[name] for name in row.args]
    response = browser(owner).get(reverse(row.name, args=arguments))
    assert response.status_code in (200, 286)  # 286 ends a poll
    assert words_left(response) == []


@pytest.mark.parametrize("slug", ["aipbx", "atllasx", "letustalk", "osmtalk"])
def test_every_word_of_each_products_own_pages_can_be_translated(slug: str, browser: Callable[..., Client]) -> None:
    account = open_test_account(Product.objects.get(slug=slug), paid="1000", promo="5")
    owner = make_member(account, Role.OWNER, name="", email=f"{MARK}@example.com", language="ru")
    costs = {"llm": "0.005", "stt": "0.006", "tts": "0.022", "sip": "0.007"}
    charge(
        slug,
        event(account, provider_costs=costs, llm_input_tokens=900, stt_seconds=30, tts_seconds=30, analytics=1),
        event(account, provider_costs=costs, status="failed"),
    )
    call = UsageEvent.objects.filter(account=account).order_by("id")[0]
    pages = {name: reverse(name) for name in OWN_PAGES} | {"call": reverse("call", args=[call.pk])}
    left = {name: words_left(browser(owner).get(address)) for name, address in pages.items()}
    assert {name: words for name, words in left.items() if words} == {}


@pytest.mark.parametrize("name", ENTRANCE)
def test_every_word_of_the_entrance_can_be_translated(name: str, browser: Callable[..., Client]) -> None:
    response = browser(headers={"Accept-Language": "ru"}).get(reverse(name))
    assert words_left(response) == []
