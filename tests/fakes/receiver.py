"""A telephony service that listens to webhooks, well or badly, over real HTTP.

`Receiver` is a site of `tests.fakes.http`: it keeps what it was sent and answers as told. `wire` is a bare socket for
what no web server does: half an answer, one that drips, one that never ends.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from tests.fakes.http import Request, Response, Server, Site

TAKEN = Response.text("taken")
Talk = Callable[[socket.socket], None]


class Receiver(Site):
    """What it was sent, and how it answers: by `answer`, once `may_answer` is set. None: it hangs up without a word."""

    def __init__(self) -> None:
        self.got: list[Request] = []
        self.at: list[datetime] = []
        self.answer: Response | None = TAKEN
        self.may_answer = threading.Event()
        self.may_answer.set()

    def handle(self, request: Request) -> Response | None:
        """Keep the request, then answer."""
        self.at.append(datetime.now(UTC))
        self.got.append(request)
        self.may_answer.wait()
        return self.answer

    def stop(self) -> None:
        """Let go whoever still waits."""
        self.may_answer.set()

    def ids(self) -> list[str]:
        """The messages' ids, in the order in which they came."""
        return [request.headers["webhook-id"] for request in self.got]


@contextmanager
def receiver() -> Iterator[tuple[Receiver, str]]:
    """One that listens until the end of the block, and its address."""
    site = Receiver()
    with Server({"/hooks": site}) as server:
        yield site, f"{server.url}/hooks/billing?for=us"


@contextmanager
def wire(talk: Talk) -> Iterator[str]:
    """The address of a socket that reads a request's beginning, then talks, once for each connection."""
    ended = threading.Event()

    def serve(listener: socket.socket) -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    talk(connection)
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
