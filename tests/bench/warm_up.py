"""The first requests to every process: they fill caches and give the references a charged event to imitate."""

from __future__ import annotations

from tests.bench import events, load
from tests.bench.world import BATCH, World

CONNECTIONS = 8
SECONDS = 1.0


def warm_up(port: int, world: World) -> None:
    """Send events and authorisations over so many connections that every web process has had some."""
    for path, body, bad in (
        ("/api/v1/events", events.event_body, b'"rejected"'),
        ("/api/v1/calls/authorize", events.authorize_body, b'"allowed":false'),
    ):

        def request(client: int, count: int, path: str = path, body: object = body) -> bytes:
            assert callable(body)
            name = f"warm{path}-{client}-{count}"
            return load.request(path, world.key, body(name, events.account_name(count % BATCH)).encode())

        load.drive(port, clients=CONNECTIONS, seconds=SECONDS, next_request=request, bad=bad)
