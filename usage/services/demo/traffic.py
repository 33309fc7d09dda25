"""Made-up usage of a project for one day, as its service would report it. The same seed makes the same usage.

What is reported follows from the rate card (models, tiers, provider costs), never from which product it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from usage.models import EventType
from usage.rating.types import CALL, COST, MARGIN, ONE, CardVersion
from usage.services.incoming import IncomingEvent
from usage.services.products.demo_table import DemoAccount, DemoProject

SOURCE = "demo"
HOURS = {8: 2, 9: 5, 10: 7, 11: 7, 12: 4, 13: 5, 14: 7, 15: 6, 16: 6, 17: 4, 18: 3, 19: 2, 20: 1}
CHAT_HOURS = {10: 3, 15: 2}
STATUSES = {"completed": 88, "voicemail": 4, "no_answer": 3, "failed": 2, "rejected": 2, "dropped": 1}
UNANSWERED = ("failed", "rejected", "no_answer", "dropped")
WEEKEND = 0.45
PHONES = {"US": "+1 {area} 555 01{line:02d}", "IN": "+91 22 5550 {area}{line:02d}"}
AREAS = (212, 312, 415, 503, 628, 646, 917)
# How a voice call's provider cost divides (letustalk.md, 'What a call actually costs').
SHARES = {"llm": Decimal("0.125"), "stt": Decimal("0.15"), "tts": Decimal("0.55"), "sip": Decimal("0.175")}
CENT_OF_CENT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Prices:
    """What of the card decides which data a service reports."""

    models: tuple[str, ...]
    tiers: tuple[str, ...]
    costs: tuple[str, ...]
    provider_minute: Decimal
    """What providers cost a minute, in the product's currency."""

    @classmethod
    def of(cls, card: CardVersion, cost_per_minute: Decimal) -> Prices:
        """`cost_per_minute` is what customers are expected to pay, margin included."""
        calls = [rate for rate in card.rates if rate.event_type == CALL]
        margin = next((rate.price for rate in calls if rate.method == MARGIN and rate.price), Decimal(0))
        return cls(
            models=("", *sorted({rate.model for rate in calls if rate.model and rate.price is not None})),
            tiers=tuple(sorted({rate.tier for rate in calls if rate.tier})),
            costs=tuple(rate.component for rate in card.rates if rate.method == COST and rate.event_type == CALL),
            provider_minute=cost_per_minute / (ONE + margin),
        )


def events_of(
    day: date, *, account: DemoAccount, project: DemoProject, prices: Prices, rng: Random
) -> Iterator[IncomingEvent]:
    """The project's events of one of the account's days, in no order."""
    busy = (WEEKEND if day.weekday() >= 5 else 1.0) * rng.uniform(0.8, 1.2)
    makers = (
        (project.calls_per_day, EventType.CALL, _call),
        (project.chats_per_day, EventType.CHAT_MESSAGE, _chat),
        (project.llm_requests_per_day, EventType.LLM, _llm_request),
        (project.crawls_per_month / 30, EventType.CRAWL, _crawl),
    )
    for per_day, event_type, make in makers:
        count = int(per_day * busy + rng.random())
        for _ in range(count):
            hours = CHAT_HOURS if event_type == EventType.CHAT_MESSAGE else HOURS
            started_at = _moment(day, account.timezone, hours, rng)
            data = {"project": project.external_id, **make(account, project, prices, rng)}
            ended_at = started_at + timedelta(seconds=float(data.get("duration_seconds", 0)))
            if event_type == EventType.CALL:
                data["started_at"] = started_at
            yield _event(account, project, event_type.value, ended_at, data, rng)


def _moment(day: date, timezone: str, hours: dict[int, int], rng: Random) -> datetime:
    hour = rng.choices(list(hours), list(hours.values()))[0]
    clock = time(hour, rng.randrange(60), rng.randrange(60), tzinfo=ZoneInfo(timezone))
    return datetime.combine(day, clock)


def _event(
    account: DemoAccount, project: DemoProject, event_type: str, ended_at: datetime, data: dict[str, Any], rng: Random
) -> IncomingEvent:
    event_id = f"evt-{rng.getrandbits(48):012x}"
    body = {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": event_type,
        "time": ended_at,
        "subject": account.external_id,
        "data": data,
    }
    encoded = msgspec.json.encode(body)
    return IncomingEvent(
        SOURCE, event_id, event_type, ended_at, account.external_id, project.external_id, data, encoded
    )


def _call(account: DemoAccount, project: DemoProject, prices: Prices, rng: Random) -> dict[str, Any]:
    channel = rng.choices(project.channels, [3] + [1] * (len(project.channels) - 1))[0]
    status = rng.choices(list(STATUSES), list(STATUSES.values()))[0] if channel == "phone" else "completed"
    seconds = _seconds(channel, status, rng)
    phone = PHONES.get(account.country, PHONES["US"]).format(area=rng.choice(AREAS), line=rng.randrange(100))
    data: dict[str, Any] = {
        "call_id": f"c-{rng.getrandbits(32):08x}",
        "channel": channel,
        "direction": "inbound" if rng.random() < 0.85 else "outbound",
        "status": status,
        "duration_seconds": Decimal(seconds),
        "caller": "Website visitor" if channel in ("web", "chat") else phone,
        "assistant": project.name,
    }
    if prices.tiers:
        data |= _scenario(seconds, prices.tiers, rng)
        data["duration_seconds"] = min(data["duration_seconds"], data.get("duration_cap_seconds", Decimal(300)))
    if status not in UNANSWERED or seconds:
        data |= _quantities(data, prices, rng)
    return data


def _seconds(channel: str, status: str, rng: Random) -> int:
    if channel == "chat":
        return 0
    if status in UNANSWERED:
        return rng.choice((0, 0, 0, 6, 12))
    if status == "voicemail":
        return rng.randrange(2, 30)
    if rng.random() < 0.02:
        return rng.randrange(1, 3)  # a connection error
    return max(8, min(900, int(rng.lognormvariate(4.7, 0.7))))


def _scenario(seconds: int, tiers: tuple[str, ...], rng: Random) -> dict[str, Any]:
    """What a scenario that is charged by outcome reports."""
    scenario: dict[str, Any] = {
        "tier": "standard" if "standard" in tiers and rng.random() < 0.7 else rng.choice(tiers),
        "user_turns": Decimal(int(seconds / rng.uniform(9, 18))),
        "goal_reached": seconds > 45 and rng.random() < 0.5,
        "spam": rng.random() < 0.04,
    }
    if rng.random() < 0.2:
        scenario["duration_cap_seconds"] = Decimal(600)
    return scenario


def _quantities(data: dict[str, Any], prices: Prices, rng: Random) -> dict[str, Any]:
    seconds = data["duration_seconds"]
    talk = seconds or Decimal(rng.randrange(40, 200))  # a chat has no length, but words
    quantities: dict[str, Any] = {
        "llm_input_tokens": Decimal(int(talk * rng.randrange(10, 18))),
        "llm_output_tokens": Decimal(int(talk * rng.randrange(2, 5))),
    }
    heard, spoken = int(seconds * Decimal("0.5")), int(seconds * Decimal("0.45"))
    model = rng.choice(prices.models)
    if model:
        quantities |= {"model": model, "audio_input_seconds": Decimal(heard), "audio_output_seconds": Decimal(spoken)}
    elif data["channel"] != "chat":
        quantities |= {"stt_seconds": Decimal(heard), "tts_seconds": Decimal(spoken)}
    if data["channel"] == "phone":
        quantities["sip_seconds"] = seconds
    if not prices.costs and rng.random() < 0.4:
        quantities["analytics"] = True
    if prices.costs:
        minutes = talk / 60 * Decimal(rng.randrange(85, 115)) / 100
        parts = {"chat": ("llm",), "phone": prices.costs}.get(data["channel"], ("llm", "stt", "tts"))
        quantities["provider_costs"] = {
            part: max(CENT_OF_CENT, (prices.provider_minute * minutes * SHARES.get(part, ONE)).quantize(CENT_OF_CENT))
            for part in parts
        }
    return quantities


def _chat(account: DemoAccount, project: DemoProject, prices: Prices, rng: Random) -> dict[str, Any]:
    return {
        "llm_input_tokens": Decimal(rng.randrange(2000, 60000)),
        "llm_output_tokens": Decimal(rng.randrange(200, 9000)),
    }


def _crawl(account: DemoAccount, project: DemoProject, prices: Prices, rng: Random) -> dict[str, Any]:
    pages = rng.choice((24, 60, 100, 140, 320, 870))
    return {"pages": Decimal(pages), "crawler_seconds": Decimal(pages * rng.randrange(4, 9))}


def _llm_request(account: DemoAccount, project: DemoProject, prices: Prices, rng: Random) -> dict[str, Any]:
    tokens = rng.randrange(500, 20000)
    cost = (prices.provider_minute * tokens / 20000).quantize(CENT_OF_CENT)
    return {
        "service": project.service,
        "model": rng.choice(("gpt-4o", "claude-sonnet", "gpt-4o-mini")),
        "llm_input_tokens": Decimal(tokens),
        "llm_output_tokens": Decimal(tokens // 5),
        "provider_costs": {"llm": cost},
    }
