"""Failures on demand: the next request to a path is cut, lost, refused, broken or kept waiting."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.fakes.http import Request

MODES = {
    "cut": "the work is done, the connection closes without an answer",
    "lost": "nothing is done, the connection closes without an answer",
    "500": "nothing is done, 500 is answered and kept under the key",
    "500-after": "the work is done, 500 is answered and kept under the key",
    "429": "nothing is done, 429 is answered and not kept",
    "hang": "the work is done, the answer waits until the fault is released",
    "stall": "the request begins, its key is in use, and waits for the release before it works",
}
WAITING = ("hang", "stall")
WAIT_SECONDS_MAX = 120.0


@dataclass(eq=False)
class Fault:
    """One failure to come. `reached` is set when a request met it or waits by it; `release` ends the wait."""

    path: str
    mode: str
    method: str = "*"
    times: int = 1
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        """Let the request that hangs go on."""
        self.released.set()

    def wait(self) -> None:
        """Hold the request. Ends by itself after two minutes, so that a forgotten fault holds nobody for ever."""
        self.reached.set()
        self.released.wait(WAIT_SECONDS_MAX)


class Faults:
    """The failures to come, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._coming: list[Fault] = []
        self._met: list[Fault] = []

    def add(self, path: str, mode: str, *, method: str = "*", times: int = 1) -> Fault:
        """Fail the next `times` requests whose path matches (`*` is any run of characters)."""
        if mode not in MODES:
            raise ValueError(f"{mode} is none of {', '.join(MODES)}")
        fault = Fault(path, mode, method, times)
        with self._lock:
            self._coming.append(fault)
        return fault

    def take(self, request: Request) -> Fault | None:
        """The failure that this request meets."""
        with self._lock:
            for fault in self._coming:
                if fault.method in ("*", request.method) and fnmatchcase(request.path, fault.path):
                    fault.times -= 1
                    if not fault.times:
                        self._coming.remove(fault)
                    self._met.append(fault)
                    if fault.mode not in WAITING:
                        fault.reached.set()
                    return fault
        return None

    def clear(self) -> None:
        """Forget what is to come, and let go what waits."""
        with self._lock:
            waiting = self._coming + self._met
            self._coming, self._met = [], []
        for fault in waiting:
            fault.release()
