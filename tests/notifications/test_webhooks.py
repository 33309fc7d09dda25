"""Webhooks out (API.md, 'Webhooks out'): signed, sent again until taken, over real HTTP to services good and bad."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from config.settings import BASE_DIR
from notifications.channels import webhook
from notifications.channels.signing import new_secret, sign
from notifications.models import Attempt, Delivery, WebhookEndpoint
from notifications.services.deliveries import LEASE, PAUSES, send_due
from notifications.services.endpoints import OVERLAP, rotate_secret
from organizations.models import Product, Service
from tests.billing.threads import at_once
from tests.config.processes import eventually, own_environment, running
from tests.fakes.http import Response
from tests.fakes.receiver import Receiver, receiver, wire
from tests.notifications.webhooks import due_again, endpoint, message, said, signatures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("products")]


@pytest.fixture
def service() -> Iterator[tuple[Receiver, str]]:
    with receiver() as listening:
        yield listening


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "SECONDS_MAX", 0.5)


def log() -> list[tuple[str, str]]:
    return list(Attempt.objects.values_list("outcome", "said"))


def test_a_message_is_posted_signed_and_taken(service: tuple[Receiver, str]) -> None:
    site, url = service
    to = endpoint(url)
    row = message(to, body='{"type":"wallet.low","data":{"account":"Ромашка"}}')
    assert send_due() == 1
    (got,) = site.got
    assert (got.method, got.path, got.query) == ("POST", "/billing", "for=us")
    assert said(got) == {"type": "wallet.low", "data": {"account": "Ромашка"}}
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-id"] == f"msg_{row.uid.hex}"
    assert abs(int(got.headers["webhook-timestamp"]) - time.time()) < 60
    assert got.headers["webhook-signature"].split() == signatures(got, to.secret)
    row.refresh_from_db()
    assert (row.status, row.attempts, log()) == ("sent", 1, [("sent", "200 taken")])


def test_signatures_are_those_of_the_published_scheme() -> None:
    """Made with standardwebhooks 1.1.0."""
    secret, message_id = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    ascii_signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    other_signature = "v1,PoAiVYQ5z5GD+eJh+OlR99w8j8AM10nbPU04vEJr7A0="
    assert sign([secret], message_id, 1614265330, b'{"test": 2432232314}') == ascii_signature
    assert sign([secret], message_id, 1614265330, '{"Имя": "नमस्ते"}'.encode()) == other_signature
    assert sign([secret] * 2, message_id, 1614265330, b'{"test": 2432232314}') == " ".join([ascii_signature] * 2)


def test_the_receivers_code_of_the_readme_takes_what_we_send_and_nothing_else(service: tuple[Receiver, str]) -> None:
    found = re.search(r"```python\n(import base64.*?)```", (BASE_DIR / "README.md").read_text(), re.DOTALL)
    assert found is not None
    own: dict[str, Any] = {}
    exec(found[1], own)
    message_of = own["message_of"]
    site, url = service
    to = endpoint(url)
    message(to)
    assert send_due() == 1
    (got,) = site.got
    assert message_of(to.secret, got.headers, got.body) == {"type": "wallet.low"}
    with pytest.raises(ValueError, match="somebody else"):
        message_of(to.secret, got.headers, got.body + b" ")
    with pytest.raises(ValueError, match="somebody else"):
        message_of(new_secret(), got.headers, got.body)
    with pytest.raises(ValueError, match="too old"), time_machine.travel(timezone.now() + timedelta(minutes=6)):
        message_of(to.secret, got.headers, got.body)
    rotate_secret(endpoint=to)
    message(to, "two")
    assert send_due() == 1
    for secret in (to.secret, WebhookEndpoint.objects.get().secret):
        assert message_of(secret, site.got[1].headers, site.got[1].body) == {"type": "wallet.low"}


def test_every_secret_is_another() -> None:
    assert len({new_secret() for _ in range(100)}) == 100


def test_while_a_secret_is_rotated_both_sign(service: tuple[Receiver, str]) -> None:
    site, url = service
    to = endpoint(url)
    old, new = to.secret, rotate_secret(endpoint=to)
    start = timezone.now()
    for number, moment in enumerate((start, start + OVERLAP - timedelta(minutes=1), start + OVERLAP)):
        with time_machine.travel(moment):
            message(to, str(number))
            assert send_due() == 1
    by_both, by_both_yet, by_new = ([*request.headers["webhook-signature"].split()] for request in site.got)
    assert by_both == signatures(site.got[0], new, old)
    assert by_both_yet == signatures(site.got[1], new, old)
    assert by_new == signatures(site.got[2], new)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_means_taken(status: int) -> None:
    with wire(lambda line: line.sendall(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % status)) as url:
        message(endpoint(url))
        assert send_due() == 1
    assert log() == [("sent", str(status))]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 400, 401, 404, 409, 422, 500, 502, 503])
def test_anything_else_is_tried_again(status: int, service: tuple[Receiver, str]) -> None:
    site, url = service
    site.answer = Response(status, {"Location": url}, b"not now")
    to = endpoint(url)
    row = message(to)
    assert send_due() == 0
    row.refresh_from_db()
    assert (row.status, row.attempts, row.last_error) == ("pending", 1, f"{status} not now")
    assert len(site.got) == 1, "a redirect is not followed"
    to.refresh_from_db()
    assert (to.is_active, to.failing_since is not None) == (True, True)


def test_an_attempt_has_the_same_id_and_body_and_its_own_timestamp(service: tuple[Receiver, str]) -> None:
    site, url = service
    site.answer = Response.text("busy", 503)
    to = endpoint(url)
    message(to)
    start = datetime(2026, 3, 15, 12, tzinfo=UTC)
    Delivery.objects.update(next_attempt_at=start)
    with time_machine.travel(start, tick=False) as clock:
        send_due()
        clock.shift(PAUSES["webhook"][0])
        site.answer = Response.text("taken")
        assert send_due() == 1
    first, second = site.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    stamps = [int(request.headers["webhook-timestamp"]) for request in site.got]
    assert stamps == [int(start.timestamp()), int(start.timestamp()) + 5]
    assert second.headers["webhook-signature"].split() == signatures(second, to.secret)
    to.refresh_from_db()
    assert to.failing_since is None


@pytest.mark.parametrize(
    ("asked", "pause"),
    [
        ("120", timedelta(seconds=120)),
        ("1", timedelta(seconds=5)),
        ("99999999999999999999", timedelta(days=1)),
        (format_datetime(datetime(2026, 3, 15, 12, 30, tzinfo=UTC), usegmt=True), timedelta(minutes=30)),
        (format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True), timedelta(seconds=5)),
        ("soon", timedelta(seconds=5)),
        ("-5", timedelta(seconds=5)),
        ("Sun, 15 Mar 2026 12:30:00", timedelta(seconds=5)),  # no timezone
    ],
)
def test_the_pause_that_a_service_asks_for_is_kept(asked: str, pause: timedelta, service: tuple[Receiver, str]) -> None:
    site, url = service
    site.answer = Response(429, {"Retry-After": asked}, b"too many")
    start = datetime(2026, 3, 15, 12, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        message(endpoint(url))
        send_due()
    assert Delivery.objects.get().next_attempt_at == start + pause


def test_a_service_that_hangs_up_is_sent_the_same_message_again(service: tuple[Receiver, str]) -> None:
    site, url = service
    site.answer = None
    message(endpoint(url))
    assert send_due() == 0
    assert Delivery.objects.get().last_error.startswith("No answer: ")
    site.answer = Response.text("taken")
    due_again()
    assert send_due() == 1
    assert len(site.got) == 2
    assert len(set(site.ids())) == 1


@pytest.mark.usefixtures("impatient")
def test_a_service_that_hangs_is_waited_for_no_longer_than_its_time(service: tuple[Receiver, str]) -> None:
    site, url = service
    site.may_answer.clear()
    message(endpoint(url))
    assert send_due() == 0
    assert Delivery.objects.get().last_error == "No answer within 0.5 seconds."
    site.may_answer.set()
    due_again()
    assert send_due() == 1
    assert len(set(site.ids())) == 1, "taken twice, known by one id"


def test_a_late_answer_is_an_answer(service: tuple[Receiver, str]) -> None:
    site, url = service
    site.may_answer.clear()
    threading.Timer(0.3, site.may_answer.set).start()
    message(endpoint(url))
    assert send_due() == 1


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    message(endpoint(f"http://127.0.0.1:{port}/"))
    assert send_due() == 0
    assert "refused" in Delivery.objects.get().last_error


def dripping(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        line.sendall(b"x")
        time.sleep(0.02)


def endless_continue(line: socket.socket) -> None:
    while True:
        line.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.02)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "talk",
    [
        dripping,
        endless_continue,
        lambda line: line.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"),
        lambda line: line.sendall(b"HTTP/1.1 200 OK\r\n"),
        lambda line: line.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500_000),
        lambda line: line.sendall(b"HTTP/1.1 999999999 OK\r\n\r\n"),
    ],
    ids=["drips", "endless", "no web server", "half an answer", "no end of a header", "no status"],
)
def test_a_service_that_answers_nonsense_has_not_taken_it(talk: Callable[[socket.socket], None]) -> None:
    with wire(talk) as url:
        message(endpoint(url))
        begun = time.monotonic()
        assert send_due() == 0
        assert time.monotonic() - begun < 5
    row = Delivery.objects.get()
    assert (row.status, row.last_error[:9]) == ("pending", "No answer")


def endless_body(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        line.sendall(b"all right " * 1000)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("talk", "kept"),
    [
        (endless_body, ("200 " + "all right " * 200)[:2000]),
        (lambda line: line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nall r"), "200 all r"),
        (lambda line: line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xff\x00!"), "200 �!"),
    ],
    ids=["without end", "cut off", "bytes"],
)
def test_the_status_counts_and_the_beginning_of_what_is_said_is_kept(
    talk: Callable[[socket.socket], None], kept: str
) -> None:
    with wire(talk) as url:
        message(endpoint(url))
        assert send_due() == 1
    assert log() == [("sent", kept)]


def test_a_message_that_is_too_large_is_given_up_and_not_sent(service: tuple[Receiver, str]) -> None:
    site, url = service
    to = endpoint(url)
    message(to, "fits", json.dumps("x" * (64 * 1024 - 2)))
    message(to, "does not", json.dumps("x" * (64 * 1024 - 1)))
    assert send_due() == 1
    assert Delivery.objects.get(status="dead").last_error == "The message is larger than 64 KiB."
    assert len(site.got) == 1


@pytest.mark.parametrize("is_service", [True, False])
def test_what_is_switched_off_is_sent_nothing(is_service: bool, service: tuple[Receiver, str]) -> None:
    site, url = service
    to = endpoint(url)
    message(to)
    if is_service:
        Service.objects.filter(pk=to.service_id).update(is_active=False)
    else:
        type(to).objects.update(is_active=False)
    assert send_due() == 0
    row = Delivery.objects.get()
    assert (row.status, row.last_error, site.got) == ("dead", "The endpoint is switched off.", [])
    to.refresh_from_db()
    assert to.failing_since is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_message_once(products: dict[str, Product], service: tuple[Receiver, str]) -> None:
    site, url = service
    to = endpoint(url)
    rows = [message(to, str(number)) for number in range(30)]
    assert sum(answer for answer in at_once([partial(send_due, "webhook")] * 3) if isinstance(answer, int)) == 30
    assert sorted(site.ids()) == sorted(f"msg_{row.uid.hex}" for row in rows)


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_before_it_heard_the_answer_sends_again_under_the_same_id(
    products: dict[str, Product], service: tuple[Receiver, str], tmp_path: Path
) -> None:
    site, url = service
    site.may_answer.clear()
    row, log_file = message(endpoint(url)), tmp_path / "log"
    environment: dict[str, Any] = own_environment(tmp_path)
    with running(["manage.py", "run_sweep", "send_deliveries"], environment, log_file) as worker:
        eventually(lambda: len(site.got) == 1, log_file)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    site.may_answer.set()
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("pending", 1)
    assert send_due() == 0, "the lease lasts"
    Delivery.objects.update(next_attempt_at=row.next_attempt_at - LEASE)
    assert send_due() == 1
    assert site.ids() == [f"msg_{row.uid.hex}"] * 2
    assert log() == [("", ""), ("sent", "200 taken")]
