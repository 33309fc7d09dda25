"""`robokassa`: `robokassa.site` is the stand-in of Robokassa, `robokassa.deliver()` posts what it held back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.fakes.http import Server
from tests.fakes.robokassa import RobokassaSite

SITE_URL = "http://testserver/billing/webhooks/robokassa"
RESULT_PATH = "/billing/webhooks/robokassa/result/"


@dataclass
class RobokassaWorld:
    """A Robokassa that holds its notices back until the test delivers them."""

    site: RobokassaSite
    url: str

    def pay(self, address: str, method: str = "card") -> int:
        """Open a payment page and pay; the order's number."""
        number = self.site.open_page(address)
        self.site.pay(number, method=method)
        return number

    def deliver(self, *numbers: int, times: int = 1, **changes: Any) -> list[tuple[int, str]]:
        """Post the notices of these orders (of all paid ones if none is named) through Django's test client, each
        `times` times; the answers' statuses and words. `out_sum`, `password` and `changes` alter them."""
        named = numbers or [order.number for order in self.site.orders() if order.operation]
        prepared = [self.site.prepared(number, **changes) for number in named for _ in range(times)]
        return [self.post(each.body) for each in prepared]

    def post(self, body: bytes, path: str = RESULT_PATH) -> tuple[int, str]:
        """Post any form to an address of ours; the answer's status and words."""
        from django.test import Client

        client = Client(raise_request_exception=False, enforce_csrf_checks=True)
        answer = client.post(path, data=body, content_type="application/x-www-form-urlencoded")
        return answer.status_code, answer.content.decode()

    def get(self, address: str) -> Any:
        """Follow an address that the stand-in sends a payer to; the answer."""
        from django.test import Client

        parts = urlsplit(address)
        return Client().get(f"{parts.path}?{parts.query}")


@pytest.fixture
def robokassa(db: None, settings: Any) -> Iterator[RobokassaWorld]:
    """A running stand-in wired into the settings, as a real shop's would be; its notices wait for `deliver()`."""
    site = RobokassaSite(deliveries="held")
    site.result_url, site.success_url, site.fail_url = (f"{SITE_URL}/{name}/" for name in ("result", "success", "fail"))
    with Server({"/robokassa": site}) as server:
        settings.ROBOKASSA_LOGIN = site.shop.login
        settings.ROBOKASSA_PASSWORD1, settings.ROBOKASSA_PASSWORD2, settings.ROBOKASSA_PASSWORD3 = site.shop.passwords
        settings.ROBOKASSA_HASH, settings.ROBOKASSA_TEST = site.shop.algorithm, False
        settings.ROBOKASSA_IS_STAND_IN = False
        settings.ROBOKASSA_BASE_URL = settings.ROBOKASSA_SERVICES_URL = f"{server.url}/robokassa"
        yield RobokassaWorld(site, f"{server.url}/robokassa")
