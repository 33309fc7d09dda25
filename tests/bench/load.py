"""HTTP load from one thread: raw sockets that stay open, each sending its next prebuilt body when it has its answer.

It costs some twenty microseconds a request, so that on the cores it shares with server and database it is a guest.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.bench.pgbench import Timed, quantile

RECEIVE = 1 << 20
CHUNKED_END = b"\r\n0\r\n\r\n"


class BadAnswerError(Exception):
    """The server answered other than the benchmark expects."""


@dataclass
class _Client:
    """One connection and the answer that is coming in on it."""

    number: int
    socket: socket.socket
    sent_at: float = 0.0
    count: int = 0
    received: bytearray = field(default_factory=bytearray)


def request(path: str, key: str, body: bytes) -> bytes:
    """A POST in the bytes that go over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(
    port: int, *, clients: int, seconds: float, next_request: Callable[[int, int], bytes], bad: bytes = b'"rejected"'
) -> Timed:
    """Keep `clients` connections busy for so many seconds; `next_request(client, count)` gives each its next request.

    Raises BadAnswerError for a status other than 200 and 201 and for an answer that holds the bytes `bad`.
    """
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        busy = 0
        started = time.perf_counter()
        for number in range(clients):
            client = _Client(number, socket.create_connection(("127.0.0.1", port)))
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(client.socket, selectors.EVENT_READ, client)
            _send(client, next_request)
            busy += 1
        deadline = started + seconds
        last = started
        while busy:
            for chosen, _events in selector.select(timeout=60) or [_fail()]:
                client = chosen.data
                if not _receive(client, bad):
                    continue
                last = time.perf_counter()
                latencies.append((last - client.sent_at) * 1000)
                if last < deadline:
                    _send(client, next_request)
                else:
                    selector.unregister(client.socket)
                    client.socket.close()
                    busy -= 1
    latencies.sort()
    return Timed(len(latencies) / (last - started), quantile(latencies, 0.5), quantile(latencies, 0.99), len(latencies))


def _fail() -> tuple[selectors.SelectorKey, int]:
    raise BadAnswerError("The server did not answer for a minute.")


def _send(client: _Client, next_request: Callable[[int, int], bytes]) -> None:
    wanted = next_request(client.number, client.count)
    client.count += 1
    client.received.clear()
    client.sent_at = time.perf_counter()
    client.socket.sendall(wanted)


def _receive(client: _Client, bad: bytes) -> bool:
    """Take in what has come; true when the answer is complete."""
    piece = client.socket.recv(RECEIVE)
    if not piece:
        raise BadAnswerError(f"The server closed the connection: {bytes(client.received[:300])!r}")
    client.received += piece
    head_end = client.received.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    head = bytes(client.received[:head_end]).lower()
    at = head.find(b"content-length:")
    if at >= 0:
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(client.received) < head_end + 4 + length:
            return False
    elif not client.received.endswith(CHUNKED_END):
        return False
    if not client.received.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")) or bad in client.received:
        raise BadAnswerError(bytes(client.received[:1000]).decode(errors="replace"))
    return True
