"""A notice as a letter: text and HTML that say the same, why the reader gets it, and how to get no more."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core import signing
from django.utils import translation

from notifications.models import AlertAddress, Event, Notice
from notifications.services.letters import FILLS, SALT, Letter, letter_of
from notifications.words import Message
from organizations.models import Account, User
from organizations.models.product import Accent
from tests.factories import make_member

MESSAGE = Message(
    "The balance of <b>R&D</b> is low",
    ("First.", 'Second & "last".'),
    (("Balance", "$4.25"), ("Threshold", "$10.00")),
    "Top up",
    "https://billing.example.com/billing/top-up/?a=1&b=2",
)
PRODUCTS = ("aipbx", "letustalk", "osmtalk", "aitelier", "atllasx")


@pytest.fixture
def account(make_account: Callable[..., Account], settings: Any) -> Account:
    settings.SITE_URL = "https://billing.example.com"
    return make_account("aipbx", name="Acme <& Sons>")


def letter(
    account: Account,
    message: Message = MESSAGE,
    *,
    user: User | None = None,
    address: AlertAddress | None = None,
    is_essential: bool = False,
) -> Letter:
    notice = Notice(account=account, event=Event.LOW_BALANCE)
    return letter_of(notice, message, user=user, address=address, is_essential=is_essential)


def visible(html: str) -> str:
    """The words of the HTML, in one line."""
    body = re.sub(r"<[^>]+>", " ", html[html.index("<body") :])
    return " ".join(body.split())


@pytest.mark.django_db
def test_a_letter_says_the_same_in_text_and_in_html(account: Account) -> None:
    made = letter(account, user=make_member(account))
    assert made.subject == "AI PBX: The balance of <b>R&D</b> is low"
    assert made.text == (
        "The balance of <b>R&D</b> is low\n\n"
        'First.\n\nSecond & "last".\n\n'
        "Balance: $4.25\nThreshold: $10.00\n\n"
        "Top up: https://billing.example.com/billing/top-up/?a=1&b=2\n\n"
        "--\n"
        "You get this letter because you are a member of Acme <& Sons> at AI PBX.\n"
        f"Choose what you are told: https://billing.example.com/billing/notifications/?of_account={account.pk}\n"
        f"No more letters of this kind: {made.unsubscribe_url}\n"
    )
    assert visible(made.html) == (
        "A AI PBX Acme &lt;&amp; Sons&gt; "
        "The balance of &lt;b&gt;R&amp;D&lt;/b&gt; is low "
        "First. Second &amp; &quot;last&quot;. "
        "Balance $4.25 Threshold $10.00 Top up "
        "You get this letter because you are a member of Acme &lt;&amp; Sons&gt; at AI PBX. "
        "Choose what you are told No more letters of this kind"
    )
    links = re.findall(r'href="([^"]+)"', made.html)
    assert links == [
        "https://billing.example.com/billing/top-up/?a=1&amp;b=2",
        f"https://billing.example.com/billing/notifications/?of_account={account.pk}",
        made.unsubscribe_url,
    ]


@pytest.mark.django_db
def test_a_letter_without_figures_and_link_has_no_empty_places(account: Account) -> None:
    made = letter(account, Message("Calls start again", ()), is_essential=True)
    assert made.text == (
        "Calls start again\n\n--\nYou get this letter because this is the address of Acme <& Sons> at AI PBX.\n"
    )
    assert "<a " not in made.html


@pytest.mark.django_db
def test_what_is_not_essential_can_be_ended_by_whoever_reads_it(account: Account) -> None:
    user = make_member(account)
    address = AlertAddress.objects.create(account=account, email="ops@acme.example", token_hash="t")
    claims = {}
    for name, reader in (("user", {"user": user}), ("address", {"address": address})):
        url = letter(account, **reader).unsubscribe_url
        token = url.removeprefix("https://billing.example.com/billing/unsubscribe/").removesuffix("/")
        claims[name] = signing.loads(token, salt=SALT)
        assert len(url) < 500
        made = letter(account, is_essential=True, **reader)
        assert (made.unsubscribe_url, "No more letters" in made.text) == ("", False)
    about = {"account": account.pk, "event": "low_balance"}
    assert claims == {"user": {**about, "user": user.pk}, "address": {**about, "address": address.pk}}


@pytest.mark.django_db
def test_a_further_address_reads_why_it_hears_and_has_no_settings_of_its_own(account: Account) -> None:
    address = AlertAddress.objects.create(account=account, email="ops@acme.example", token_hash="t")
    made = letter(account, address=address)
    assert "because Acme <& Sons> at AI PBX sends its alerts to this address, too." in made.text
    assert "Choose what you are told" not in made.text + made.html


@pytest.mark.django_db
def test_a_subject_is_one_line_of_bounded_length(account: Account) -> None:
    assert letter(account, Message("Two\r\nlines", ())).subject == "AI PBX: Two lines"
    long = letter(account, Message("Щ" * 400, ())).subject
    assert (len(long), long[-2:]) == (255, "Щ…")


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["ru", "hi"])
def test_every_word_of_ours_is_in_the_readers_language(account: Account, language: str) -> None:
    empty = Message("", ())
    with translation.override(language):
        for reader in ({"user": make_member(account)}, {"address": AlertAddress(pk=1)}, {}):
            made = letter(account, empty, **reader)
            said = re.sub(r"https?://\S+|AI PBX|Acme <& Sons>", "", made.text)
            assert re.findall(r"[A-Za-z]+", said) == []
            assert f'<html lang="{language}">' in made.html


def test_letters_fill_with_the_colours_of_the_theme() -> None:
    theme = Path(project.BASE_DIR, "config/static/design/theme.css").read_text()
    stated = re.findall(r'\[data-accent="(\w+)"\] \{ --accent: light-dark\((#\w+), (#\w+)\)', theme)
    assert {name: (light, dark) for name, light, dark in stated} == FILLS
    assert set(FILLS) == set(Accent.values)


@pytest.mark.django_db
@pytest.mark.parametrize("product", PRODUCTS)
def test_every_product_writes_in_its_own_name_and_colour(make_account: Callable[..., Account], product: str) -> None:
    account = make_account(product)
    made = letter(account)
    assert made.subject.startswith(f"{account.product.name}: ")
    light, dark = FILLS[account.product.accent]
    assert (made.html.count(light), made.html.count(dark)) == (2, 1)
