"""The outbox: a message is one row, sent once, tried again with growing pauses, and given up in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction

from notifications.channels import SENDERS
from notifications.channels.base import Later, Never, NotYet
from notifications.models import Attempt, Channel, Delivery
from notifications.services import deliveries
from notifications.services.deliveries import LEASE, PAUSES, queue, queue_email, send_again, send_due
from tests.billing.threads import at_once

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
SCHEDULES = {
    "email": (30, 60, 120, 300, 900, 3600, 7200, 14400, 21600, 21600),
    "telegram": (30, 60, 120, 300, 900, 3600, 7200, 14400, 21600, 21600),
    "webhook": (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
}


class Wire:
    """Stands in for a channel: notes what was sent, and answers what it is told to."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.answer: Callable[[Delivery], str] = lambda delivery: "taken"

    def __call__(self, delivery: Delivery) -> str:
        self.sent.append(delivery.key)
        return self.answer(delivery)

    def raises(self, error: BaseException) -> None:
        def answer(delivery: Delivery) -> str:
            raise error

        self.answer = answer


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    for channel in Channel:
        monkeypatch.setitem(SENDERS, channel.value, wire)
    return wire


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def letter(key: str = "welcome:1", subject: str = "Hello") -> None:
    queue_email(key=key, recipient="anna@example.com", subject=subject, body="Text")


def message(channel: str) -> Delivery:
    queue([Delivery(key="it", channel=channel, recipient="there", body="Text", next_attempt_at=datetime.now(UTC))])
    return Delivery.objects.get(key="it")


def log() -> list[tuple[str, str]]:
    return list(Attempt.objects.values_list("outcome", "said"))


@pytest.mark.django_db
def test_a_message_is_sent_once(wire: Wire) -> None:
    letter()
    assert (send_due(), send_due()) == (1, 0)
    assert wire.sent == ["welcome:1"]
    row = Delivery.objects.get()
    assert (row.status, row.attempts, row.last_error) == ("sent", 1, "")
    assert row.sent_at is not None
    assert log() == [("sent", "taken")]


@pytest.mark.django_db
def test_the_same_key_is_queued_once() -> None:
    letter(subject="First")
    letter(subject="Second")
    assert list(Delivery.objects.values_list("subject", flat=True)) == ["First"]


@pytest.mark.django_db(transaction=True)
def test_a_message_of_a_transaction_that_fails_is_never_sent(wire: Wire) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        letter()
        raise RuntimeError
    assert (send_due(), wire.sent) == (0, [])
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_doorbell_rings_after_the_commit_once_for_each_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    from notifications.tasks import send

    rung: list[tuple[str, int]] = []
    monkeypatch.setattr(send, "delay", lambda channel: rung.append((channel, Delivery.objects.count())))
    with transaction.atomic():
        queue(
            [
                Delivery(key=f"{channel}:{number}", channel=channel, recipient="x", body="x", next_attempt_at=NOW)
                for channel in ("webhook", "email")
                for number in (1, 2)
            ]
        )
        assert rung == []
    assert rung == [("email", 4), ("webhook", 4)]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_gone_loses_nothing(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> None:
    from notifications.tasks import send

    def gone(channel: str) -> None:
        raise OSError("no broker")

    monkeypatch.setattr(send, "delay", gone)
    letter()
    assert send_due() == 1  # as the sweep does


@pytest.mark.django_db
@pytest.mark.parametrize("channel", list(SCHEDULES))
def test_a_failure_is_tried_again_after_a_growing_pause_and_given_up_in_the_end(
    channel: str, wire: Wire, clock: Any
) -> None:
    assert set(PAUSES) == set(SCHEDULES)
    wire.raises(Later("nobody answers"))
    message(channel)
    for number, pause in enumerate(SCHEDULES[channel], start=1):
        assert send_due() == 0
        row = Delivery.objects.get()
        assert (row.status, row.last_error, row.attempts) == ("pending", "nobody answers", number)
        assert row.next_attempt_at == datetime.now(UTC) + timedelta(seconds=pause)
        clock.shift(pause - 1)
        assert send_due() == 0
        assert Delivery.objects.get().attempts == number, "not before its time"
        clock.shift(1)
    attempts = len(SCHEDULES[channel]) + 1
    send_due()
    row = Delivery.objects.get()
    assert (row.status, row.attempts, row.last_error) == ("dead", attempts, "nobody answers")
    assert log() == [("failed", "nobody answers")] * attempts
    clock.shift(timedelta(days=30))
    assert (send_due(), len(wire.sent)) == (0, attempts)


def test_webhooks_are_tried_for_three_days() -> None:
    assert timedelta(days=3) < sum(PAUSES["webhook"], timedelta(0)) < timedelta(days=3, hours=4)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "pause"),
    [
        (timedelta(seconds=10), timedelta(seconds=30)),
        (timedelta(minutes=10), timedelta(minutes=10)),
        (timedelta(days=400), timedelta(days=1)),
    ],
)
def test_a_pause_that_the_other_side_asks_for_is_kept_up_to_a_day(
    asked: timedelta, pause: timedelta, wire: Wire, clock: Any
) -> None:
    wire.raises(Later("busy", after=asked))
    letter()
    send_due()
    assert Delivery.objects.get().next_attempt_at == NOW + pause


@pytest.mark.django_db
def test_what_is_refused_for_good_is_given_up_at_once(wire: Wire, clock: Any) -> None:
    wire.raises(Never("no such mailbox"))
    letter()
    send_due()
    row = Delivery.objects.get()
    assert (row.status, row.attempts, row.last_error, row.sent_at) == ("dead", 1, "no such mailbox", None)
    assert log() == [("refused", "no such mailbox")]


@pytest.mark.django_db
def test_waiting_for_its_turn_costs_no_attempt(wire: Wire, clock: Any) -> None:
    wire.raises(NotYet("one a second", after=timedelta(seconds=1)))
    letter()
    for _ in range(20):
        assert send_due() == 0
        row = Delivery.objects.get()
        assert (row.status, row.attempts) == ("pending", 0)
        assert row.next_attempt_at == datetime.now(UTC) + timedelta(seconds=1)
        clock.shift(1)
    assert log() == []
    wire.answer = lambda delivery: "taken"
    assert send_due() == 1


@pytest.mark.django_db
def test_a_sender_with_a_fault_of_its_own_stops_no_other_message(wire: Wire, clock: Any) -> None:
    def answer(delivery: Delivery) -> str:
        if delivery.key == "bad":
            raise ZeroDivisionError("by nothing")
        return "taken"

    wire.answer = answer
    letter("bad")
    letter("good")
    assert send_due() == 1
    assert dict(Delivery.objects.values_list("key", "status")) == {"bad": "pending", "good": "sent"}
    assert Delivery.objects.get(key="bad").last_error == "ZeroDivisionError: by nothing"


@pytest.mark.django_db
def test_what_the_other_side_says_is_kept_as_far_as_it_can_be(wire: Wire) -> None:
    wire.answer = lambda delivery: "\0" + "x" * 3000
    letter()
    assert send_due() == 1
    assert log() == [("sent", "x" * 2000)]


@pytest.mark.django_db
def test_one_channel_does_not_wait_for_another(wire: Wire) -> None:
    letter()
    message("webhook")
    assert (send_due("webhook"), wire.sent) == (1, ["it"])
    assert (send_due("email"), wire.sent) == (1, ["it", "welcome:1"])


@pytest.mark.django_db
def test_a_run_takes_up_nothing_new_after_its_time(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.0, 0.0, 19.9, 20.0])
    monkeypatch.setattr(deliveries.time, "monotonic", lambda: next(seconds))
    for number in range(5):
        letter(str(number))
    assert send_due("email") == 2
    assert wire.sent == ["0", "1"]


class Killed(BaseException):
    """The worker's process ends here: whatever is not committed is gone."""


def killed(*arguments: Any, **options: Any) -> None:
    raise Killed


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("step", "times_sent", "attempts"),
    [
        ("before the claim is committed", 1, 1),
        ("after the claim", 1, 2),
        ("while sending", 2, 2),
        ("before the outcome is written", 2, 2),
        ("before the outcome is committed", 2, 2),
    ],
)
def test_a_worker_killed_at_any_step_leaves_a_message_that_is_sent_later(
    step: str, times_sent: int, attempts: int, wire: Wire, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter()
    uid = Delivery.objects.get().uid
    with monkeypatch.context() as patched, pytest.raises(Killed):
        match step:
            case "before the claim is committed":
                patched.setattr(Attempt.objects, "create", killed)
            case "after the claim":
                patched.setattr(deliveries, "_send", killed)
            case "while sending":
                wire.raises(Killed())
            case "before the outcome is written":
                patched.setattr(deliveries, "_close", killed)
            case _:
                patched.setattr(deliveries, "_end", killed)
        send_due()
    wire.answer = lambda delivery: "taken"
    if step != "before the claim is committed":
        assert (send_due(), Delivery.objects.get().status) == (0, "pending"), "another worker may still be at it"
        clock.shift(LEASE)
    assert (send_due(), send_due()) == (1, 0)
    row = Delivery.objects.get()
    assert (row.status, row.attempts, row.uid) == ("sent", attempts, uid)
    assert wire.sent == ["welcome:1"] * times_sent
    assert log() == [("", "")] * (attempts - 1) + [("sent", "taken")]


@pytest.mark.django_db(transaction=True)
def test_a_message_that_kills_every_worker_is_given_up(wire: Wire, clock: Any) -> None:
    letter()
    wire.raises(Killed())
    for _ in range(11):
        with pytest.raises(Killed):
            send_due()
        clock.shift(LEASE)
    assert send_due() == 0
    row = Delivery.objects.get()
    assert (row.status, row.attempts, len(wire.sent)) == ("dead", 11, 11)
    assert row.last_error == "The worker died at the last attempt."


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_never_send_a_message_twice(wire: Wire) -> None:
    for number in range(40):
        letter(f"letter:{number}")
    assert sum(answer for answer in at_once([partial(send_due, "email")] * 4) if isinstance(answer, int)) == 40
    assert sorted(wire.sent) == sorted(f"letter:{number}" for number in range(40))
    assert Attempt.objects.count() == 40


@pytest.mark.django_db
@pytest.mark.parametrize("late_answer", [Later("no answer"), Never("refused"), NotYet("wait", after=LEASE)])
def test_a_failure_that_comes_after_the_lease_says_nothing(late_answer: Exception, wire: Wire, clock: Any) -> None:
    letter()

    def slow(delivery: Delivery) -> str:
        clock.shift(LEASE)
        wire.answer = lambda delivery: "taken"
        assert send_due() == 1, "another worker takes it up"
        raise late_answer

    wire.answer = slow
    assert send_due() == 0
    row = Delivery.objects.get()
    assert (row.status, row.attempts, row.last_error) == ("sent", 2, "")


@pytest.mark.django_db
@pytest.mark.parametrize("late_answer", [Later("no answer"), Never("refused"), NotYet("wait", after=LEASE)])
def test_a_failure_that_comes_after_the_lease_takes_nothing_from_the_next_worker(
    late_answer: Exception, wire: Wire, clock: Any
) -> None:
    letter()

    def slow(delivery: Delivery) -> str:
        clock.shift(LEASE)
        assert deliveries._claim("email") is not None, "another worker is at it"
        raise late_answer

    wire.answer = slow
    assert send_due() == 0
    row = Delivery.objects.get()
    assert (row.status, row.attempts, row.next_attempt_at) == ("pending", 2, NOW + 2 * LEASE)


@pytest.mark.django_db
def test_a_success_that_comes_after_the_lease_is_the_last_word(wire: Wire, clock: Any) -> None:
    letter()

    def slow(delivery: Delivery) -> str:
        clock.shift(LEASE)
        wire.raises(Never("refused"))
        assert send_due() == 0
        return "taken"

    wire.answer = slow
    assert send_due() == 1
    assert Delivery.objects.get().status == "sent"
    assert log() == [("sent", "taken"), ("refused", "refused")]


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_message_is_sent(wire: Wire) -> None:
    seen: list[bool] = []

    def answer(delivery: Delivery) -> str:
        seen.append(connection.in_atomic_block)
        return "taken"

    wire.answer = answer
    letter()
    assert send_due() == 1
    assert seen == [False]


@pytest.mark.django_db
@pytest.mark.parametrize("answer", ["taken", Never("refused")])
def test_staff_send_again_what_was_given_up_or_sent(answer: str | Exception, wire: Wire) -> None:
    letter()
    if isinstance(answer, Exception):
        wire.raises(answer)
    send_due()
    first = Delivery.objects.get()
    assert send_again(first)
    waiting = Delivery.objects.get()
    assert (waiting.status, waiting.attempts, waiting.uid) == ("pending", 0, first.uid)
    assert not send_again(first), "it waits already"
    wire.answer = lambda delivery: "taken"
    assert send_due() == 1
    row = Delivery.objects.get()
    assert (row.status, row.attempts, row.last_error, row.uid) == ("sent", 1, "", first.uid)
    assert Attempt.objects.count() == 2
