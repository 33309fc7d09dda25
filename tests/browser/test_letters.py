"""Letters as mail programs show them: nothing sticks out, everything can be read, on light and on dark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.utils import translation
from playwright.sync_api import Page

from notifications.models import Event, Notice
from notifications.services.letters import FILLS, Letter, letter_of
from notifications.words import Message
from organizations.models import Account
from tests.browser import axe
from tests.browser.shots import SCHEMES, SIDEWAYS
from tests.factories import make_member

WIDTHS = (320, 375, 600, 1000)
PLAIN = Message(
    "The balance is below $10.00",
    ("When the balance is used up, no new call starts. Top up in time and nothing is missed.",),
    (("Balance", "$4.25"), ("Threshold", "$10.00")),
    "Top up",
    "https://billing.example.com/billing/top-up/",
)
MESSAGES = {
    "plain": PLAIN,
    "bare": Message("Calls start again", ()),
    "long": replace(
        PLAIN,
        subject="Refund of the payment for " + "Donaudampfschifffahrtsgesellschaft" * 4,
        paragraphs=("One.", "Two, with a link-like-word " + "x" * 200, "Three."),
        pairs=(("What the payment was for, as it stands on the receipt", "Y" * 90), ("Amount", "$1,234,567.891234")),
        action="Look at the refund and at the payment that it goes back to",
    ),
    "ru": replace(
        PLAIN,
        subject="Баланс ниже 10,00 $",
        paragraphs=("Когда баланс закончится, новые звонки не начнутся. Пополните баланс вовремя.",),
        pairs=(("Баланс", "4,25 $"), ("Порог", "10,00 $")),
        action="Пополнить баланс",
    ),
    "hi": replace(
        PLAIN,
        subject="बैलेंस ₹500.00 से कम है",
        paragraphs=("बैलेंस खत्म होने पर कोई नई कॉल शुरू नहीं होगी। समय पर टॉप अप करें।",),
        pairs=(("बैलेंस", "₹425.00"), ("सीमा", "₹500.00")),
        action="टॉप अप करें",
    ),
}
FAULTS = """async () => (await axe.run({resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag22aa']}))
    .violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target}: ${node.failureSummary}`))"""


@pytest.fixture
def letter(make_account: Callable[..., Account]) -> Callable[..., Letter]:
    """A letter of this message to a member of an account of the product."""

    def write(name: str, product: str = "aipbx") -> Letter:
        account = make_account(product, name="Acme" if name != "long" else "W" * 120)
        user = make_member(account)
        with translation.override(name if name in ("ru", "hi") else "en"):
            return letter_of(
                Notice(account=account, event=Event.LOW_BALANCE),
                MESSAGES[name],
                user=user,
                address=None,
                is_essential=False,
            )

    return write


@pytest.mark.parametrize("name", list(MESSAGES))
def test_nothing_sticks_out_of_a_letter(
    letter: Callable[..., Letter], open_page: Callable[..., Page], complaints: list[str], name: str
) -> None:
    page = open_page(scripts=False)
    page.set_content(letter(name).html)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert not page.evaluate(SIDEWAYS), f"{width} px"
        panel = page.locator(".panel").bounding_box()
        assert panel is not None and panel["width"] == min(width - 24, 600)
        for each in page.locator("h1, p, th, td.ink, a").all():
            box = each.bounding_box()
            assert box is not None and box["x"] >= 12 and box["x"] + box["width"] <= width - 12 + 0.5
    assert complaints == []


def test_what_is_pressed_is_large_enough_and_leads_there(
    letter: Callable[..., Letter], open_page: Callable[..., Page]
) -> None:
    page = open_page(width=375, scripts=False)
    page.set_content(letter("plain").html)
    button = page.get_by_role("link", name="Top up")
    assert button.get_attribute("href") == "https://billing.example.com/billing/top-up/"
    box = button.bounding_box()
    assert box is not None and box["height"] >= 44


@pytest.mark.parametrize("product", ["aipbx", "letustalk", "osmtalk", "aitelier", "atllasx"])
def test_a_letter_wears_its_products_accent_on_light_and_on_dark(
    letter: Callable[..., Letter], open_page: Callable[..., Page], products: dict[str, Any], product: str
) -> None:
    page = open_page(scripts=False)
    page.set_content(letter("plain", product).html)
    scheme: Any
    for scheme, fill, panel in zip(
        SCHEMES, FILLS[products[product].accent], ("rgb(255, 255, 255)", "rgb(21, 24, 28)"), strict=True
    ):
        page.emulate_media(color_scheme=scheme)
        colours = page.evaluate(
            "[...document.querySelectorAll('.fill, .panel')].map(each => getComputedStyle(each).backgroundColor)"
        )
        rgb = f"rgb({', '.join(str(int(fill[start : start + 2], 16)) for start in (1, 3, 5))})"
        assert colours == [rgb, panel, rgb]


@pytest.mark.parametrize("name", list(MESSAGES))
def test_everybody_can_read_a_letter(letter: Callable[..., Letter], open_page: Callable[..., Page], name: str) -> None:
    script = axe.source()
    page = open_page()
    page.set_content(letter(name).html)
    page.evaluate(f"() => {{ {script} }}")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(FAULTS) == []
