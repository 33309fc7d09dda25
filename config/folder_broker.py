"""kombu's filesystem transport, with files that appear whole or not at all.

kombu 5.7 creates a message's file and then writes it: a worker that looks in between reads an empty message, fails to
parse it and stops. The same holds for the file that lists an exchange's queues. Here both are written beside their
place and then put there in one step.
"""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path
from queue import Empty
from time import monotonic_ns
from typing import Any

from kombu.transport import filesystem
from kombu.transport.filesystem import exchange_queue_t
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """As kombu's, and safe against readers at any moment."""

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        try:
            return super()._get(queue)
        except ValueError:  # no message of ours; the file is gone, and the next look finds what lies behind it
            raise Empty from None

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = f"{monotonic_ns() // 1_000_000}_{uuid.uuid4()}"
        unfinished = folder / f"{name}.unfinished"
        unfinished.write_text(dumps(payload))
        unfinished.rename(folder / f"{name}.{queue}.msg")

    def _queue_bind(self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None) -> None:
        file = Path(self.control_folder) / f"{exchange}.exchange"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            whole = file.parent / f"{uuid.uuid4()}.unfinished"
            whole.write_text(dumps([exchange_queue_t(routing_key or "", pattern or "", queue or "")]))
            with suppress(FileExistsError):  # another process was quicker
                os.link(whole, file)
            whole.unlink()
        super()._queue_bind(exchange, routing_key or "", pattern or "", queue or "")


class Transport(filesystem.Transport):
    """What `filesystem://` means in this project."""

    Channel = Channel
