"""A real worker hears the doorbell on each kind of broker, and sends what stands in the outbox."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection

from config.celery import app
from notifications.models import Delivery, SweepRun
from notifications.services.deliveries import queue_email
from tests.config.processes import eventually, free_port, own_environment, running

WORKER = ["-m", "celery", "-A", "config.celery", "worker", "--concurrency", "1", "--queues", "celery,messages"]


@pytest.fixture
def folder_broker(tmp_path: Path) -> Connection:
    """The default: a folder of messages."""
    messages, control = (tmp_path / "broker" / name for name in ("messages", "control"))
    for folder in (messages, control):
        folder.mkdir(parents=True)
    options = {"data_folder_in": str(messages), "data_folder_out": str(messages), "control_folder": str(control)}
    return Connection("filesystem://localhost", transport_options=options)


@pytest.fixture
def redis_broker(tmp_path: Path) -> Iterator[Connection]:
    """A redis-server of the test's own, on loopback."""
    executable = shutil.which("redis-server")
    if executable is None:
        pytest.skip("redis-server is not installed")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with running(options, {}, tmp_path / "redis.log", executable=executable):
        eventually(lambda: "Ready to accept" in (tmp_path / "redis.log").read_text(), tmp_path / "redis.log")
        yield Connection(f"redis://127.0.0.1:{port}/0")


@pytest.mark.parametrize("kind", ["folder_broker", "redis_broker"])
def test_a_worker_hears_the_doorbell(
    transactional_db: None, request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    broker: Connection = request.getfixturevalue(kind)
    queue_email(key="hello", recipient="anna@example.com", subject="Hello", body="Text")
    log = tmp_path / "worker.log"
    with running(WORKER, own_environment(tmp_path, CELERY_BROKER_URL=broker.as_uri()), log), broker:
        for name in ("sweeps.send_deliveries", "sweeps.expire_holds"):
            app.send_task(name, connection=broker)
        eventually(lambda: Delivery.objects.get().status == "sent", log)
        eventually(lambda: SweepRun.objects.filter(name="expire_holds", finished_at__isnull=False).exists(), log)
    (mail,) = (tmp_path / "mail").iterdir()
    assert "Subject: Hello" in mail.read_text()


def test_the_clock_rings_by_the_schedule_in_the_database(transactional_db: None, tmp_path: Path) -> None:
    from django_celery_beat.models import PeriodicTask

    log = tmp_path / "beat.log"
    environment = own_environment(tmp_path)
    with running(["-m", "celery", "-A", "config.celery", "beat", "--loglevel", "WARNING"], environment, log):
        messages = tmp_path / "broker" / "messages"
        eventually(lambda: messages.is_dir() and any("celery" in path.name for path in messages.iterdir()), log)
    assert PeriodicTask.objects.filter(task="sweeps.expire_holds", enabled=True, interval__every=15).exists()
