"""A small HTTP/1.1 server on loopback that hosts the stand-ins, each under a prefix of its own.

A site answers a `Request` with a `Response`, or with None to close the connection without a word, as a network does
that fails at the worst moment. `Server.stop` ends kept-alive connections too: a stopped provider answers nobody.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

BODY_BYTES_MAX = 1_000_000


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Stripe's form encoding as dicts and lists: `a[b][0][c]=1` is `{"a": {"b": [{"c": "1"}]}}`; `a[]` appends."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head, *rest = name.replace("]", "").split("[")
        node = tree
        steps = [head, *rest]
        for step, following in zip(steps, [*steps[1:], None], strict=True):
            key = str(len(node)) if step == "" else step
            if following is None:
                node[key] = value
            else:
                child = node.get(key)
                node = child if isinstance(child, dict) else node.setdefault(key, {}) if child is None else {}
    return {key: _lists(value) for key, value in tree.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdecimal() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(each) for key, each in value.items()}


@dataclass(frozen=True, slots=True)
class Request:
    """What a site is asked. `path` is without the site's prefix; header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def form(self) -> dict[str, Any]:
        """The form of a POST, or the query of anything else, with Stripe's nesting."""
        return nested(self.pairs())

    def pairs(self) -> list[tuple[str, str]]:
        """The same, flat and in the order sent."""
        source = self.body.decode(errors="replace") if self.method == "POST" else self.query
        return parse_qsl(source, keep_blank_values=True)

    def json(self) -> Any:
        """The body as JSON; an empty body is an empty object."""
        return json.loads(self.body or b"{}")


@dataclass(frozen=True, slots=True)
class Response:
    """What a site answers."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def json(cls, value: Any, status: int = 200, **headers: str) -> Response:
        """An object as JSON; header names are given with underscores."""
        named = {name.replace("_", "-"): each for name, each in headers.items()}
        return cls(status, {"Content-Type": "application/json", **named}, json.dumps(value, indent=2).encode())

    @classmethod
    def html(cls, page: str, status: int = 200) -> Response:
        """A page, never kept by the browser: it shows a state that changes."""
        return cls(status, {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}, page.encode())

    @classmethod
    def text(cls, words: str, status: int = 200) -> Response:
        """Plain text."""
        return cls(status, {"Content-Type": "text/plain; charset=utf-8"}, words.encode())

    @classmethod
    def redirect(cls, url: str) -> Response:
        """To another page, by GET."""
        return cls(303, {"Location": url})


class Site:
    """One provider. `start` and `stop` frame its life on a server; a site without threads needs neither."""

    def handle(self, request: Request) -> Response | None:
        """Answer, or None: the connection closes without an answer."""
        raise NotImplementedError

    def start(self, url: str) -> None:
        """The server is up; `url` is where this site is reached, without a slash at the end."""

    def stop(self) -> None:
        """The server is about to go away: end threads and waits."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sites: Mapping[str, Site]) -> None:
        self.sites = sorted(sites.items(), key=lambda item: -len(item[0]))
        self.open: set[socket.socket] = set()
        self.opening = threading.Lock()
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; a mistake of a stand-in's own is."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        super().setup()
        with self.server.opening:
            self.server.open.add(self.connection)

    def finish(self) -> None:
        with self.server.opening:
            self.server.open.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the sites keep their own records."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_BYTES_MAX or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._send(Response.text("Send at most one megabyte, with its length.", 413))
            return
        body = self.rfile.read(length)
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        for prefix, site in self.server.sites:
            if parts.path == prefix or parts.path.startswith(f"{prefix}/"):
                path = parts.path.removeprefix(prefix) or "/"
                self._send(site.handle(Request(self.command, path, parts.query, headers, body)))
                return
        self._send(Response.text("Nothing is here.", 404))

    def __getattr__(self, name: str) -> Any:
        """`do_GET` and its like: every method is answered alike."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _send(self, response: Response | None) -> None:
        if response is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
        headers = {**response.headers, "Content-Length": str(len(response.body))}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.close_connection:
            lines.append("Connection: close")
        body = b"" if self.command == "HEAD" else response.body
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


class Server:
    """The sites on one port of loopback; port 0 takes a free one. A context manager that starts and stops."""

    def __init__(self, sites: Mapping[str, Site], *, port: int = 0, host: str = "127.0.0.1") -> None:
        self.sites = dict(sites)
        self._listener = _Listener((host, port), self.sites)
        self.url = f"http://{host}:{self._listener.server_address[1]}"
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> Server:
        """Begin to answer, from threads of its own."""
        for prefix, site in self.sites.items():
            site.start(f"{self.url}{prefix}")
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answer no more, on open connections either."""
        for site in self.sites.values():
            site.stop()
        self._listener.shutdown()
        self._listener.server_close()
        with self._listener.opening:
            for connection in self._listener.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *args: object) -> None:
        self.stop()
