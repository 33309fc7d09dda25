"""Sends calls at a steady mean rate, each as a telephony service would: authorize, heartbeats, the event at its end.

A minute of a call passes in half a second here. Calls start at random moments (Poisson) whatever the answers, up to
the wanted concurrency. What fails on the way is sent again with the same ids, as the contract allows.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx
from django.utils import timezone

from usage.simulation.calls import SimulatedCall
from usage.simulation.tally import Tally

HEARTBEAT_SECONDS = 60
HEARTBEATS_MAX = 5
PASSING = 0.5 / HEARTBEAT_SECONDS  # seconds here for a second of a call
RESENT_SHARE = 0.03  # answers that get lost, so that their event comes again
SENDINGS = 4
BACKOFF_SECONDS = 0.2
TIMEOUT_SECONDS = 15
TRANSIENT = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Load:
    """How much traffic: calls a second, for how many seconds, at most so many calls at once."""

    rate: float
    duration_seconds: float
    concurrency: int


class Traffic:
    """One run. `tally` is complete at every moment, so that an interrupted run can be summed up."""

    def __init__(self, client: httpx.AsyncClient, calls: Iterator[SimulatedCall], tally: Tally, rng: Random) -> None:
        self.client = client
        self.calls = calls
        self.tally = tally
        self.rng = rng

    async def run(self, load: Load, progress: Callable[[float], None]) -> None:
        """Start calls until the time is over, then wait for those in progress to end."""
        started = time.monotonic()
        room = asyncio.Semaphore(load.concurrency)
        async with asyncio.TaskGroup() as group:
            due = started
            while True:
                due += self.rng.expovariate(load.rate)
                if due - started >= load.duration_seconds:
                    break
                await asyncio.sleep(max(due - time.monotonic(), 0))
                await room.acquire()
                progress(time.monotonic() - started)
                if time.monotonic() - started >= load.duration_seconds:
                    break
                group.create_task(self._live(next(self.calls), room))
        progress(load.duration_seconds)

    async def _live(self, call: SimulatedCall, room: asyncio.Semaphore) -> None:
        try:
            self.tally.calls["started"] += 1
            answer = await self._authorize(call)
            if answer is not None:
                await self._go_on(call, is_held=answer["hold"] is not None)
        finally:
            room.release()

    async def _authorize(self, call: SimulatedCall) -> dict[str, Any] | None:
        """The answer to a call that may start, None for one that may not."""
        self.tally.in_progress.add(call.call_id)
        answer = await self._post("calls/authorize", call.authorization())
        if answer is None:
            return None
        if not answer["allowed"]:
            self.tally.denials[answer["reason"]] += 1
            self.tally.in_progress.discard(call.call_id)
            return None
        return answer

    async def _go_on(self, call: SimulatedCall, *, is_held: bool) -> None:
        if call.is_released:
            if await self._post("calls/release", {"call_id": call.call_id}) is not None:
                self.tally.calls["released"] += 1
                self.tally.in_progress.discard(call.call_id)
            return
        if is_held:  # in the sandbox nothing is, and there is nothing to keep alive
            await self._talk(call)
        event = call.event(timezone.now())
        answer = await self._post("events", event)
        if answer is None:
            return
        self.tally.in_progress.discard(call.call_id)
        self.tally.count_event(answer["results"][0])
        if self.rng.random() < RESENT_SHARE:
            again = await self._post("events", event)
            if again is not None:
                self.tally.count_event(again["results"][0])

    async def _talk(self, call: SimulatedCall) -> None:
        """Let the call pass, with a heartbeat a minute; one that may not go on is cut there."""
        beats = min(call.seconds // HEARTBEAT_SECONDS, HEARTBEATS_MAX)
        for minute in range(1, beats + 1):
            await asyncio.sleep(HEARTBEAT_SECONDS * PASSING)
            body = {"call_id": call.call_id, "elapsed_seconds": minute * HEARTBEAT_SECONDS}
            answer = await self._post("calls/extend", body)
            if answer is not None and not answer["proceed"]:
                self.tally.calls["cut"] += 1
                call.data["duration_seconds"] = str(minute * HEARTBEAT_SECONDS)
                return
        await asyncio.sleep(call.seconds % HEARTBEAT_SECONDS * PASSING)

    async def _post(self, endpoint: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """The answer, {} where it has no body; None when it was refused or never came. Sends again what may pass."""
        for sending in range(SENDINGS):
            started = time.perf_counter()
            try:
                response = await self.client.post(endpoint, json=body)
            except httpx.TransportError as error:
                self.tally.errors[endpoint, type(error).__name__] += 1
                wait = BACKOFF_SECONDS * 2**sending
            else:
                self.tally.latencies[endpoint].append((time.perf_counter() - started) * 1000)
                if response.is_success:
                    return response.json() if response.content else {}
                self.tally.errors[endpoint, _words(response)] += 1
                if response.status_code not in TRANSIENT:
                    return None
                wait = float(response.headers.get("Retry-After") or BACKOFF_SECONDS * 2**sending)
            await asyncio.sleep(wait)
        return None


def _words(response: httpx.Response) -> str:
    try:
        return f"{response.status_code} {response.json()['code']}"
    except (ValueError, KeyError, TypeError):
        return str(response.status_code)
