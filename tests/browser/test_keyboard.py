"""Every page by keyboard alone: each stop is seen, none is a trap, and they follow the order in which they are read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from organizations.models import Account
from tests.browser.demo import demo, stripe
from tests.browser.shots import enter, owner_of

__all__ = ["demo", "stripe"]

STOPS_MAX = 250
PAGES = ("", "top-up/", "auto-top-up/", "calls/", "history/", "limits/", "documents/", "organizations/", "projects/")
# What has the focus: a number that tells it from the others, where it stands, and whether a reader sees that it has it.
FOCUS = """() => {
    const at = document.activeElement;
    if (at === document.body) return null;
    window.stops ??= new Map();
    if (!window.stops.has(at)) window.stops.set(at, window.stops.size);
    // A radio button may be drawn by the words beside it.
    const drawn = [at, at.nextElementSibling, at.parentElement, at.querySelector(".hit")].filter(each => each);
    const rings = drawn.map(each => getComputedStyle(each)).some(style =>
        parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== "none" || style.boxShadow !== "none"
        || style.stroke !== "none" && parseFloat(style.strokeWidth) >= 2);
    const box = at.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + Math.min(box.width, innerWidth) / 2, box.top + box.height / 2);
    const covers = at.closest(".bar, .tabs-bottom, .side") ? null : top?.closest(".bar, .tabs-bottom");
    return {
        number: window.stops.get(at),
        name: at.tagName + " " + (at.getAttribute("aria-label") || at.name || at.textContent).trim().slice(0, 40),
        inMain: at.closest("main .page") !== null,
        seen: rings && !covers && box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    };
}"""
# A banner's dismissal stands in its corner and comes last.
OUT_OF_ORDER = """() => {
    const stops = [...document.querySelectorAll("main :is(a[href], button, input, select, summary)")]
        .filter(each => each.checkVisibility() && !each.disabled && each.type !== "hidden" && !each.matches(".dismiss"))
        .filter(each => !each.closest("svg"));
    const late = [];
    for (let place = 1; place < stops.length; place += 1) {
        const [before, after] = [stops[place - 1], stops[place]].map(each => each.getBoundingClientRect());
        const isAbove = after.bottom <= before.top, isColumn = after.left >= before.right;
        if (isAbove && !isColumn) late.push(stops[place].outerHTML.slice(0, 80));
    }
    return late;
}"""


def walk(page: Page, key: str = "Tab") -> list[dict[str, object]]:
    """Every stop from here until the browser's own, each once."""
    stops: list[dict[str, object]] = []
    for _ in range(STOPS_MAX):
        page.keyboard.press(key)
        stop = page.evaluate(FOCUS)
        if stop is None or (stops and stop["number"] in {each["number"] for each in stops}):
            return stops
        stops.append(stop)
    raise AssertionError(f"The focus did not come round: {stops[-3:]}")


@pytest.mark.parametrize("width", [375, 1440])
def test_every_stop_is_seen_and_none_is_a_trap(
    demo: Callable[[str], Account], open_page: Callable[..., Page], width: int
) -> None:
    demo("aitelier")
    page = enter(open_page(width=width), owner_of("aitelier"))
    page.emulate_media(reduced_motion="reduce")  # or the page still scrolls to a stop when the next key is pressed
    for address in PAGES:
        page.goto(f"/billing/{address}")
        stops = walk(page)
        assert stops[0]["name"] == "A Skip to content", address
        assert [stop for stop in stops if not stop["seen"]] == [], address
        assert any(stop["inMain"] for stop in stops), address
        assert page.evaluate(OUT_OF_ORDER) == [], address


def test_the_skip_link_leads_past_the_navigation(
    demo: Callable[[str], Account], open_page: Callable[..., Page]
) -> None:
    demo("aitelier")
    page = enter(open_page(width=1440), owner_of("aitelier"))
    page.goto("/billing/calls/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["inMain"]


def test_nothing_moves_for_readers_who_asked_for_that(
    demo: Callable[[str], Account], open_page: Callable[..., Page]
) -> None:
    demo("aitelier")
    page = enter(open_page(), owner_of("aitelier"))
    page.emulate_media(reduced_motion="reduce")
    page.goto("/billing/top-up/")
    moving = "[...document.querySelectorAll('*')].filter(e => e.getAnimations().length > 0).length"
    page.get_by_label("Amount", exact=True).fill("300")
    expect(page.get_by_role("button", name="Pay $300.00")).to_be_visible()
    assert page.evaluate(moving) == 0


def test_a_part_that_does_not_come_is_said_in_words_and_the_page_stays(
    demo: Callable[[str], Account], open_page: Callable[..., Page]
) -> None:
    demo("aitelier")
    page = enter(open_page(), owner_of("aitelier"))
    page.goto("/billing/top-up/")
    page.route("**/top-up/?*", lambda route: route.abort())
    page.get_by_label("Amount", exact=True).fill("300")
    expect(page.get_by_role("status").get_by_text("No answer.")).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.unroute("**/top-up/?*")
    page.get_by_label("Amount", exact=True).fill("400")
    expect(page.get_by_role("button", name="Pay $400.00")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_role("status").get_by_text("You are offline.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("status").get_by_text("You are offline.")).to_have_count(0)
