"""The Robokassa stand-in by itself: strict addresses, notices until they are taken, faults, state that outlives it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import httpx
import pytest

from tests.fakes.http import Request, Response, Server, Site
from tests.fakes.robokassa import RobokassaSite
from tests.fakes.robokassa.orders import PageError

TOP_UP = "0b3c8f52-9c55-4e59-8d56-5f0a2f3c1d11"


class Shop(Site):
    """A shop's ResultURL: keeps what it gets, and answers as it was told to, then rightly."""

    def __init__(self) -> None:
        self.received: list[dict[str, str]] = []
        self.answers: list[Response] = []

    def handle(self, request: Request) -> Response:
        fields = dict(request.pairs())
        self.received.append(fields)
        return self.answers.pop(0) if self.answers else Response.text(f"OK{fields['InvId']}")


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def query(number: int = 7, total: str = "150.00", **changes: str) -> dict[str, str]:
    """The parameters of a page, signed by hand."""
    is_test = changes.get("IsTest") == "1"
    password = "stand-in-test-1" if is_test else "stand-in-1"
    fields = {
        "MerchantLogin": "stand-in",
        "OutSum": total,
        "InvId": str(number),
        "Description": "Top-up",
        "SignatureValue": sha(f"stand-in:{total}:{number}:{password}:Shp_top_up={TOP_UP}"),
        "Shp_top_up": TOP_UP,
    }
    return fields | changes


@pytest.fixture
def site() -> RobokassaSite:
    return RobokassaSite(deliveries="held", pauses=(0.01, 0.01))


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def server(site: RobokassaSite, shop: Shop) -> Iterator[Server]:
    with Server({"/robokassa": site, "/shop": shop}) as running:
        site.result_url = f"{running.url}/shop/result/"
        site.success_url, site.fail_url = f"{running.url}/shop/success/", f"{running.url}/shop/fail/"
        yield running


def opened(site: RobokassaSite, **fields: Any) -> int:
    return site.open_page(f"http://x/?{urlencode(query(**fields))}")


def state(server: Server, number: int, password: str = "stand-in-2") -> tuple[str, str]:
    """Result and state of a look-up."""
    asked = {"MerchantLogin": "stand-in", "InvoiceID": str(number), "Signature": sha(f"stand-in:{number}:{password}")}
    url = f"{server.url}/robokassa/Merchant/WebService/Service.asmx/OpStateExt"
    root = ElementTree.fromstring(httpx.get(url, params=asked).content)
    codes = [root.findtext(f"{{*}}{name}/{{*}}Code") or "" for name in ("Result", "State")]
    return codes[0], codes[1]


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"SignatureValue": "0" * 64}, 29),
        ({"SignatureValue": ""}, 29),
        ({"MerchantLogin": "another"}, 26),
        ({"OutSum": "151.00"}, 29),
        ({"OutSum": "0"}, 31),
        ({"OutSum": "1e3"}, 31),
        ({"InvId": ""}, 33),
        ({"Description": "x" * 101}, 32),
        ({"Amount": "1"}, 30),
        ({"ExpirationDate": "tomorrow"}, 34),
        ({"ExpirationDate": "2020-01-01T00:00:00+00:00"}, 41),
    ],
)
def test_a_page_with_a_wrong_address_is_not_shown(site: RobokassaSite, changes: dict[str, str], number: int) -> None:
    with pytest.raises(PageError, match=f"Error {number}"):
        opened(site, **changes)
    assert site.orders() == []


def test_the_page_takes_a_choice_and_leads_back_with_a_signed_address(server: Server, site: RobokassaSite) -> None:
    with httpx.Client() as browser:
        page = browser.get(f"{server.url}/robokassa/Merchant/Index.aspx", params=query(), follow_redirects=True)
        assert page.status_code == 200 and "150.00 RUB" in page.text and "SBP" in page.text
        there = browser.post(str(page.url), data={"method": "sbp", "act": "pay"}).headers["Location"]
        assert browser.post(str(page.url), data={"act": "pay"}).headers["Location"] == there
        assert "This order has been paid." in browser.get(str(page.url)).text
    fields = {name: value for name, (value,) in parse_qs(urlsplit(there).query).items()}
    expected = sha(f"150.00:7:stand-in-1:Shp_top_up={TOP_UP}")
    assert (fields["OutSum"], fields["InvId"], fields["SignatureValue"].lower()) == ("150.00", "7", expected)
    assert [(each.kind, each.amount, each.top_up) for each in site.journal()] == [("payment", Decimal(150), TOP_UP)]


def test_an_order_is_paid_once_and_its_number_is_used_up(site: RobokassaSite) -> None:
    opened(site)
    site.pay(7)
    site.pay(7)
    assert site.totals() == {7: Decimal("150.00")}
    with pytest.raises(PageError, match="Error 40"):
        opened(site)
    opened(site, number=8)
    with pytest.raises(PageError, match="Error 40"):
        opened(site, number=8, total="99.00")


def test_a_notice_is_signed_with_six_digits_and_repeated_until_it_is_taken(
    server: Server, site: RobokassaSite, shop: Shop
) -> None:
    shop.answers = [Response.text("no", 500), Response.text("OK8")]
    opened(site)
    site.release()
    site.pay(7)
    while site.undelivered():
        site.drain()
    assert len(shop.received) == 3
    notice = shop.received[0]
    assert (notice["OutSum"], notice["InvId"], notice["IncCurrLabel"]) == ("150.000000", "7", "BankCardPSBR")
    assert notice["SignatureValue"].lower() == sha(f"150.000000:7:stand-in-2:Shp_top_up={TOP_UP}")


def test_notices_wait_come_twice_and_come_altered(server: Server, site: RobokassaSite, shop: Shop) -> None:
    opened(site)
    site.pay(7)
    assert (shop.received, [each["number"] for each in site.undelivered()]) == ([], [7])
    outcomes = site.deliver(times=3, at_once=True)
    assert [each.is_taken for each in outcomes] == [True] * 3 and site.undelivered() == []
    altered = parse_qs(site.prepared(7, out_sum="1.00").body.decode())
    assert altered["SignatureValue"][0].lower() == sha(f"1.00:7:stand-in-2:Shp_top_up={TOP_UP}")


def test_a_look_up_knows_the_state_and_tells_nobody_else(server: Server, site: RobokassaSite) -> None:
    assert state(server, 7) == ("3", "")
    opened(site)
    assert state(server, 7) == ("0", "5")
    assert state(server, 7, password="guessed") == ("1", "")
    site.refuse(7)
    assert state(server, 7) == ("0", "10")
    opened(site)
    site.pay(7)
    assert state(server, 7) == ("0", "100")


def test_a_test_payment_is_signed_by_its_own_passwords_and_is_not_to_be_looked_up(
    server: Server, site: RobokassaSite
) -> None:
    opened(site, IsTest="1")
    site.pay(7)
    notice = {name: value for name, (value,) in parse_qs(site.prepared(7).body.decode()).items()}
    assert notice["IsTest"] == "1"
    assert notice["SignatureValue"].lower() == sha(f"150.000000:7:stand-in-test-2:Shp_top_up={TOP_UP}")
    assert state(server, 7) == ("3", "")


def test_an_order_expires_by_the_clock(server: Server, site: RobokassaSite) -> None:
    opened(site, ExpirationDate="2100-01-01T00:00:00+00:00")
    site.clock = lambda: 4_200_000_000.0
    assert state(server, 7) == ("0", "10")


@pytest.mark.parametrize(("mode", "works"), [("cut", True), ("lost", False), ("500", False), ("500-after", True)])
def test_faults_happen_before_or_after_the_work(server: Server, site: RobokassaSite, mode: str, works: bool) -> None:
    fault = site.fail_next("/Merchant/Index.aspx", mode)
    try:
        answer = httpx.get(f"{server.url}/robokassa/Merchant/Index.aspx", params=query()).status_code
    except httpx.TransportError:
        answer = 0
    assert (answer, fault.reached.is_set(), len(site.orders())) == (500 if "500" in mode else 0, True, works)


def test_another_process_orders_by_json(server: Server, site: RobokassaSite) -> None:
    control = f"{server.url}/robokassa/_control"
    asked = {"address": f"http://x/?{urlencode(query())}"}
    assert httpx.post(f"{control}/open_page", json=asked).json() == 7
    assert httpx.post(f"{control}/pay", json={"number": 7}).status_code == 200
    assert httpx.get(f"{control}/totals").json() == {"7": "150.00"}
    assert httpx.get(f"{control}/order", params={"number": 7}).json()["state"] == 100
    assert httpx.post(f"{control}/pay", json={"number": 8}).status_code == 404
    assert httpx.post(f"{control}/rob", json={}).status_code == 404
    assert httpx.post(f"{control}/open_page", json={"address": "http://x/"}).status_code == 400
    assert httpx.post(f"{control}/settings", json={"fail_url": "http://y/"}).json()["fail_url"] == "http://y/"


def test_what_happened_outlives_the_process(tmp_path: Path) -> None:
    first = RobokassaSite(tmp_path / "robokassa.sqlite3", deliveries="held")
    opened(first)
    first.pay(7)
    first.store.close()
    second = RobokassaSite(tmp_path / "robokassa.sqlite3", deliveries="held")
    assert (second.order(7).state, second.totals(), len(second.undelivered())) == (100, {7: Decimal("150.00")}, 1)
