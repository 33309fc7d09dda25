"""The outbox: a message is one row, sent once, tried again with growing pauses, and given up in the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection, transaction

from notifications.models import Delivery
from notifications.services import deliveries
from notifications.services.deliveries import ATTEMPTS_MAX, queue_email, send_due

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


def queue(key: str = "welcome:1", subject: str = "Hello") -> None:
    queue_email(key=key, recipient="anna@example.com", subject=subject, body="Text")


class RefusedError(Exception):
    pass


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail server that takes nothing."""

    def send(self: object) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr(deliveries.EmailMessage, "send", send)


@pytest.mark.django_db
def test_a_message_is_sent_once() -> None:
    queue()
    assert (send_due(), send_due()) == (1, 0)
    (message,) = mail.outbox
    assert (message.to, message.subject, message.body) == (["anna@example.com"], "Hello", "Text")
    row = Delivery.objects.get()
    assert (row.status, row.attempts, row.last_error) == ("sent", 1, "")
    assert row.sent_at is not None


@pytest.mark.django_db
def test_the_same_key_is_queued_once() -> None:
    queue(subject="First")
    queue(subject="Second")
    assert list(Delivery.objects.values_list("subject", flat=True)) == ["First"]


@pytest.mark.django_db(transaction=True)
def test_a_message_of_a_transaction_that_fails_is_never_sent() -> None:
    with pytest.raises(RefusedError), transaction.atomic():
        queue()
        raise RefusedError
    assert send_due() == 0
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_doorbell_rings_after_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    from notifications.tasks import send_deliveries

    rung: list[int] = []
    monkeypatch.setattr(send_deliveries, "delay", lambda: rung.append(Delivery.objects.count()))
    with transaction.atomic():
        queue()
        assert rung == []
    assert rung == [1]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_gone_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from notifications.tasks import send_deliveries

    def gone() -> None:
        raise OSError("no broker")

    monkeypatch.setattr(send_deliveries, "delay", gone)
    queue()
    assert send_due() == 1  # as the sweep does


@pytest.mark.django_db
@pytest.mark.usefixtures("refused")
def test_a_failure_is_tried_again_after_a_growing_pause() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        queue()
        for pause in (30, 60, 120, 240):
            assert send_due() == 0
            row = Delivery.objects.get()
            assert (row.status, row.last_error) == ("pending", "connection refused")
            assert row.next_attempt_at == datetime.now(UTC) + timedelta(seconds=pause)
            clock.shift(pause - 1)
            assert send_due() == 0
            assert Delivery.objects.get().attempts == row.attempts, "not before its time"
            clock.shift(1)


@pytest.mark.django_db
@pytest.mark.usefixtures("refused")
def test_a_message_that_always_fails_is_given_up() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        queue()
        for _ in range(ATTEMPTS_MAX + 3):
            send_due()
            clock.shift(timedelta(hours=6))
    row = Delivery.objects.get()
    assert (row.status, row.attempts) == ("dead", ATTEMPTS_MAX)


@pytest.mark.django_db
def test_a_worker_that_dies_while_sending_leaves_a_message_that_is_sent_later() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        queue()
        assert [row.key for row in deliveries._claim()] == ["welcome:1"]
        assert send_due() == 0, "another worker may still be at it"
        clock.shift(deliveries.CLAIM)
        assert send_due() == 1


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_message_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    monkeypatch.setattr(deliveries.EmailMessage, "send", lambda self: seen.append(connection.in_atomic_block))
    queue()
    assert send_due() == 1
    assert seen == [False]


@pytest.mark.django_db
def test_one_bad_message_does_not_stop_the_others() -> None:
    queue("bad", subject="two\nlines")
    queue("good")
    assert send_due() == 1
    assert dict(Delivery.objects.values_list("key", "status")) == {"bad": "pending", "good": "sent"}
