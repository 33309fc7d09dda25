"""The two stand-ins on one port: the process that `make run` starts, and its page to play the banks."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from config import stand_ins
from config.settings import BASE_DIR
from tests.fakes.__main__ import sites
from tests.fakes.desk import Desk
from tests.fakes.http import Server
from tests.fakes.robokassa import RobokassaSite
from tests.fakes_tests.stripe.conftest import charge_of, client_of


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Server, Desk]]:
    played = sites(tmp_path / "stand-ins", "http://127.0.0.1:9/")
    desk, robokassa = played[""], played["/robokassa"]
    assert isinstance(desk, Desk) and isinstance(robokassa, RobokassaSite)
    assert robokassa.result_url == "http://127.0.0.1:9/billing/webhooks/robokassa/result/"
    with Server(played) as server:
        yield server, desk


def press(server: Server, words: str) -> int:
    """Press the first button with these words; the status of the answer."""
    page = httpx.get(f"{server.url}/").text
    found = re.search(rf'name="do" value="([^"]+)">{words}<', page)
    assert found, f"there is no button {words}"
    return httpx.post(f"{server.url}/", data={"do": found[1]}).status_code


def paid(server: Server) -> stripe.PaymentIntent:
    client = client_of(server)
    customer = client.v1.customers.create({"email": "payer@example.com"})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    return client.v1.payment_intents.create(charge_of(customer.id, method.id))


def test_the_page_lists_cards_and_says_that_no_money_moves(desk: tuple[Server, Desk]) -> None:
    page = httpx.get(f"{desk[0].url}/")
    assert page.status_code == 200
    assert "no money moves" in page.text and "4242 4242 4242 4242" in page.text
    assert httpx.get(f"{desk[0].url}/robokassa/_control/orders").json() == []


def test_with_keys_for_stripe_robokassa_alone_is_played(tmp_path: Path) -> None:
    with Server(sites(tmp_path / "stand-ins", "http://127.0.0.1:9/", plays_stripe=False)) as server:
        assert "only Robokassa is played" in httpx.get(f"{server.url}/").text
        assert httpx.get(f"{server.url}/v1/account").status_code == 404
        assert httpx.get(f"{server.url}/robokassa/_control/orders").json() == []
    assert not (tmp_path / "stand-ins" / "stripe.sqlite3").exists()


@pytest.mark.parametrize("is_played", [True, False])
def test_the_site_starts_a_stand_in_of_stripe_only_without_its_keys(settings: Any, is_played: bool) -> None:
    settings.STRIPE_IS_STAND_IN = is_played
    assert ("--without-stripe" in stand_ins.command("http://127.0.0.1:9")) is not is_played


def test_a_charge_is_disputed_and_won(desk: tuple[Server, Desk]) -> None:
    server, board = desk
    paid(server)
    assert press(server, "Dispute this charge") == 303
    assert [each["status"] for each in board.stripe.objects("dispute")] == ["needs_response"]
    assert press(server, "The shop wins") == 303
    assert [each["status"] for each in board.stripe.objects("dispute")] == ["won"]


def test_a_refund_fails(desk: tuple[Server, Desk]) -> None:
    server, board = desk
    intent = paid(server)
    client_of(server).v1.refunds.create({"payment_intent": intent.id})
    assert press(server, "It fails") == 303
    assert [each["status"] for each in board.stripe.objects("refund")] == ["failed"]


def test_webhooks_are_held_and_sent_again(desk: tuple[Server, Desk]) -> None:
    server, board = desk
    assert press(server, "Hold") == 303
    assert board.stripe.courier.mode == "held"
    assert press(server, "Send each twice") == 303
    assert board.stripe.courier.mode == "twice"


def test_an_order_that_makes_no_sense_is_refused(desk: tuple[Server, Desk]) -> None:
    for order in ("dispute ch_none", "rob bank", ""):
        assert httpx.post(f"{desk[0].url}/", data={"do": order}).status_code == 400


def test_the_process_needs_only_the_standard_library_says_what_it_is_and_ends_when_told(tmp_path: Path) -> None:
    # -S: without the packages that are installed here, as where only the project's own requirements are
    command = [sys.executable, "-S", "-m", "tests.fakes", "--port", "0", "--data", str(tmp_path), "--site", "http://x"]
    process = subprocess.Popen(command, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert re.fullmatch(
            r"Stand-ins of Stripe, Robokassa, Telegram and VIES at http://127\.0\.0\.1:\d+: no money moves\.\n", said
        )
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    assert {path.name for path in tmp_path.glob("*.sqlite3")} == {
        "stripe.sqlite3",
        "robokassa.sqlite3",
        "telegram.sqlite3",
    }
