"""The folder broker: a message is seen whole or not at all, by as many readers as there are."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

import config.celery  # noqa: F401  (the transport's name is given there)

MESSAGES = 300


@pytest.fixture
def broker(tmp_path: Path) -> Connection:
    """A connection to an empty folder, as the settings make it."""
    for name in ("messages", "control"):
        (tmp_path / name).mkdir()
    return connect(tmp_path)


# Queues carry the folder's name: kombu remembers per process, not per folder, which of them it has declared.
def connect(folder: Path) -> Connection:
    return Connection(
        "filesystem://localhost",
        transport_options={
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
        },
    )


def test_the_transport_is_the_projects_own(broker: Connection) -> None:
    from config.folder_broker import Transport

    assert isinstance(broker.transport, Transport)


def test_an_unfinished_message_is_not_seen(broker: Connection, tmp_path: Path) -> None:
    (tmp_path / "messages" / "1_a.unfinished").write_text("")
    with broker.SimpleQueue(tmp_path.name) as queue, pytest.raises(queue.Empty):
        queue.get(block=False)


def test_a_file_that_is_no_message_is_dropped_and_stops_nobody(broker: Connection, tmp_path: Path) -> None:
    (tmp_path / "messages" / f"0_a.{tmp_path.name}.msg").write_text("")  # sorts before every message
    with broker.SimpleQueue(tmp_path.name) as queue:
        queue.put("after")
        with pytest.raises(queue.Empty):
            queue.get(block=False)
        message = queue.get(block=False)
        message.ack()
        assert message.payload == "after"


def test_readers_at_any_moment_get_every_message_once(broker: Connection, tmp_path: Path) -> None:
    seen: list[int] = []
    failed: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        with connect(tmp_path) as own, own.SimpleQueue(tmp_path.name) as queue:
            while True:
                was_done = done.is_set()
                try:
                    message = queue.get(block=False)
                except queue.Empty:
                    if was_done:
                        return
                except (ValueError, OperationalError) as error:  # what an empty message raises
                    failed.append(error)
                    return
                else:
                    seen.append(message.payload)
                    message.ack()

    readers = [threading.Thread(target=read) for _ in range(2)]
    with broker.SimpleQueue(tmp_path.name) as queue:
        for reader in readers:
            reader.start()
        for number in range(MESSAGES):
            queue.put(number)
    done.set()
    for reader in readers:
        reader.join()
    assert failed == []
    assert sorted(seen) == list(range(MESSAGES))
