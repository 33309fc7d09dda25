"""The calls that a simulated telephony service has: who is called, how long it lasts, what it uses.

What a call reports follows from the product's rate card, as for the demo customers; ids look like a SIP stack's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.utils import timezone

from organizations.models import Account, Project
from usage.models import EventType
from usage.selectors.cards import load_cards
from usage.services.demo.traffic import UNANSWERED, Prices, events_of
from usage.services.products.demo_table import DemoAccount, DemoProject

SOURCE = "simulator"
HOSTS = ("198.51.100.7", "203.0.113.24", "sip.carrier.example")
CALLS_AHEAD = 100
CHANNELS = ("phone", "phone", "phone", "web", "whatsapp")
SELECTORS = ("channel", "direction", "model", "tier")
RELEASED_SHARE = 0.5


@dataclass(slots=True)
class SimulatedCall:
    """One call: what is known when it starts, and what its service will report."""

    account: str
    project: str
    call_id: str
    event_id: str
    data: dict[str, Any]
    is_released: bool

    @property
    def seconds(self) -> int:
        """How long it lasts, were it not cut."""
        return int(self.data["duration_seconds"])

    def authorization(self) -> dict[str, Any]:
        """The question whether it may start."""
        question: dict[str, Any] = {"account": self.account, "project": self.project, "call_id": self.call_id}
        return question | {name: self.data[name] for name in SELECTORS if name in self.data}

    def event(self, ended_at: datetime) -> dict[str, Any]:
        """What is reported at its end."""
        started_at = ended_at - timedelta(seconds=self.seconds)
        data = {**self.data, "call_id": self.call_id, "project": self.project, "started_at": started_at.isoformat()}
        return {
            "specversion": "1.0",
            "id": self.event_id,
            "source": SOURCE,
            "type": EventType.CALL.value,
            "time": ended_at.isoformat(),
            "subject": self.account,
            "data": data,
        }


def calls(accounts: Sequence[Account], rng: Random) -> Iterator[SimulatedCall]:
    """Calls without end, of any project of the accounts, which are of one product.

    Everything that is needed is read at once: the calls themselves can be made where no database may be asked.
    """
    places = [(_customer(account), project) for account in accounts for project in account.projects.all()]
    return _endless(places, _prices(accounts[0]), rng)


def _endless(places: Sequence[tuple[DemoAccount, Project]], prices: Prices, rng: Random) -> Iterator[SimulatedCall]:
    while True:
        customer, project = rng.choice(places)
        usage = DemoProject(
            external_id=project.external_id,
            name=project.name,
            mode=project.mode,
            service="",
            channels=(rng.choice(CHANNELS),),
            calls_per_day=CALLS_AHEAD,
            chats_per_day=0,
            llm_requests_per_day=0,
            crawls_per_month=0,
        )
        events = list(events_of(timezone.now().date(), account=customer, project=usage, prices=prices, rng=rng))
        for event in events[: rng.randint(1, 3)]:
            yield _call(event.subject, project.external_id, event.data, rng)


def _call(account: str, project: str, data: dict[str, Any], rng: Random) -> SimulatedCall:
    number = f"{rng.getrandbits(64):016x}"
    never_connected = data["status"] in UNANSWERED and not data["duration_seconds"]
    return SimulatedCall(
        account=account,
        project=project,
        call_id=f"{number}@{rng.choice(HOSTS)}",
        event_id=f"sim-{number}",
        data={name: _plain(value) for name, value in data.items() if name not in ("call_id", "started_at")},
        is_released=never_connected and rng.random() < RELEASED_SHARE,
    )


def _plain(value: Any) -> Any:
    """A value as JSON carries it; amounts and quantities as decimal strings."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value if isinstance(value, (str, bool)) else f"{value:f}"


def _customer(account: Account) -> DemoAccount:
    return DemoAccount(
        external_id=account.external_id,
        name=account.name,
        email=account.email,
        country=account.country,
        timezone=account.timezone,
        balance=account.product.terms.floor.amount,
        top_up=account.product.terms.floor.amount,
        projects=(),
        members=(),
    )


def _prices(account: Account) -> Prices:
    product = account.product
    card = load_cards(product.pk, product.rates_revision).version_for(account.pk, timezone.now())
    return Prices.of(card, product.terms.cost_per_minute.amount)
