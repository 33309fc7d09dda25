"""`python -m tests.fakes --port 8001 --data DIR --site http://127.0.0.1:8000`: all stand-ins on one port.

Stripe answers at the root, Robokassa under `/robokassa`, Telegram under `/telegram`, VIES under `/vies`; what they know
stays in DIR, so that a restart of the site keeps customers, cards, payments and chats. `/` says what this is and lets
the banks' side be played: disputes, refunds that fail, months that pass. Only the standard library is needed.
"""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from tests.fakes.desk import Desk, Sign
from tests.fakes.http import Server, Site
from tests.fakes.robokassa import RobokassaSite
from tests.fakes.stripe import StripeSite
from tests.fakes.telegram import TelegramSite
from tests.fakes.vies import ViesSite


def sites(data: Path, site: str, *, plays_stripe: bool = True) -> dict[str, Site]:
    """The stand-ins for the site at this address, by their prefix; Stripe's only where the site has no keys for it."""
    data.mkdir(parents=True, exist_ok=True)
    robokassa = RobokassaSite(data / "robokassa.sqlite3")
    webhooks = f"{site.rstrip('/')}/billing/webhooks/robokassa"
    robokassa.result_url = f"{webhooks}/result/"
    robokassa.success_url, robokassa.fail_url = f"{webhooks}/success/", f"{webhooks}/fail/"
    desk = Desk(StripeSite(data / "stripe.sqlite3"), robokassa) if plays_stripe else Sign()
    telegram = TelegramSite(data / "telegram.sqlite3")
    return {"/robokassa": robokassa, "/telegram": telegram, "/vies": ViesSite(), "": desk}


def main() -> None:
    """Serve until the process is told to end."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fakes", description="Stand-ins of Stripe, Robokassa, Telegram and VIES."
    )
    parser.add_argument("--port", type=int, required=True, help="where to listen, on 127.0.0.1")
    parser.add_argument("--data", type=Path, required=True, help="the folder that keeps what they know")
    parser.add_argument("--site", required=True, help="the address of the site that is paid")
    parser.add_argument("--without-stripe", action="store_true", help="play the others only")
    given = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    server = Server(sites(given.data, given.site, plays_stripe=not given.without_stripe), port=given.port)
    played = f"{'' if given.without_stripe else 'Stripe, '}Robokassa, Telegram and VIES"
    with server:
        print(f"Stand-ins of {played} at {server.url}: no money moves.", flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
