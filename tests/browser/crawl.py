"""Every page a signed-in reader can reach by links, one of each kind: nobody keeps a list of pages up to date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Page

START = "/billing/"
LINKS = "[...document.querySelectorAll('a[href]')].map(a => new URL(a.getAttribute('href'), location).href)"
NUMBER = re.compile(r"/(\d+|[0-9a-f]{8}-[0-9a-f-]{27})(?=/)")
NO_PAGE = re.compile(r"\.\w+$|^/(?!billing/)|/accounts/logout/")


def pages(page: Page) -> Iterator[str]:
    """The kinds of page (`calls/1` is one with `calls/2`), the window being on each when it is named."""
    waiting, seen = [START], {kind_of(START)}
    while waiting:
        page.goto(waiting.pop(0))
        yield kind_of(page.url)
        for link in page.evaluate(LINKS):
            kind = kind_of(link)
            if kind not in seen and _is_page(link, page.url):
                seen.add(kind)
                waiting.append(urlsplit(link).path)


def kind_of(address: str) -> str:
    """`…/billing/calls/17/?project=2` is a `calls-n`."""
    path = urlsplit(address).path
    return NUMBER.sub("/n", path).removeprefix(START).strip("/").replace("/", "-") or "overview"


def _is_page(link: str, here: str) -> bool:
    return urlsplit(link).netloc == urlsplit(here).netloc and not NO_PAGE.search(urlsplit(link).path)
