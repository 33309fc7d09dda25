"""Messages to Telegram: what stands in them, how fast they leave, and what becomes of those that do not arrive."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from notifications import words
from notifications.channels.telegram import TEXT_MAX, cut, length
from notifications.models import Attempt, Channel, Delivery, Event, TelegramLink
from notifications.services import telegram_pace
from notifications.services.deliveries import queue, send_due
from notifications.services.fan_out import expand_due
from notifications.services.notices import Told, tell
from notifications.services.telegram import unlink
from notifications.services.telegram_pace import take_turn
from notifications.words import Message
from organizations.models import Account, User
from tests.billing.threads import at_once
from tests.config.processes import eventually, own_environment, running
from tests.factories import make_member
from tests.notifications.telegram import TelegramWorld

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
TELEGRAM = Channel.TELEGRAM.value


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aipbx", external_id="acme")


@pytest.fixture
def anna(account: Account) -> User:
    return make_member(account, name="Anna")


@pytest.fixture
def chat(telegram: TelegramWorld, account: Account, anna: User) -> int:
    """Anna's chat, linked; what the bot said in it so far is forgotten."""
    chat = telegram.link(account, anna)
    telegram.site.store._run("DELETE FROM messages")
    telegram.site.api.calls.clear()
    return chat


def message(chat: int, key: str = "it", **fields: Any) -> Delivery:
    link = TelegramLink.objects.get(chat_id=chat, ended_at=None)
    given = {"subject": "Low balance", "body": f"Low balance\n\n{key}", "next_attempt_at": timezone.now(), **fields}
    queue([Delivery(key=key, channel=TELEGRAM, telegram=link, account=link.account, recipient=str(chat), **given)])
    return Delivery.objects.get(key=key)


def state(key: str = "it") -> tuple[str, int, str]:
    row = Delivery.objects.get(key=key)
    return row.status, row.attempts, row.last_error


def log() -> list[tuple[str, str]]:
    return list(Attempt.objects.order_by("id").values_list("outcome", "said"))


# What stands in it


@pytest.mark.django_db
def test_a_notice_arrives_with_its_figures_whose_it_is_and_a_button(
    telegram: TelegramWorld, account: Account, chat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def say(notice: Any) -> Message:
        figures = (("Balance", "$4.00"), ("Threshold", "$10.00"))
        return Message(
            "Low balance", ("Calls go on.", "Then they stop."), figures, "Top up", "https://b.example/top-up/"
        )

    monkeypatch.setitem(words._words, Event.LOW_BALANCE, say)
    tell(Told(account.pk, Event.LOW_BALANCE, "low:1"))
    expand_due()
    assert send_due(TELEGRAM) == 1
    ((method, given),) = telegram.site.api.calls
    assert (method, given) == (
        "sendMessage",
        {
            "chat_id": chat,
            "text": (
                "Low balance\n\nCalls go on.\n\nThen they stop.\n\nBalance: $4.00\nThreshold: $10.00\n\nAcme · AI PBX"
            ),
            "entities": [{"type": "bold", "offset": 0, "length": 11}],
            "link_preview_options": {"is_disabled": True},
            "reply_markup": {"inline_keyboard": [[{"text": "Top up", "url": "https://b.example/top-up/"}]]},
        },
    )
    (said,) = telegram.site.messages(chat)
    assert log() == [("sent", f"message {said.id}")]


@pytest.mark.django_db
def test_what_looks_like_markup_is_text(telegram: TelegramWorld, chat: int) -> None:
    text = "<b>Low</b> & _balance_ *of* [Acme](tg://user?id=1)"
    message(chat, subject=text, body=text)
    assert send_due(TELEGRAM) == 1
    assert telegram.said(chat) == [text]
    assert "parse_mode" not in telegram.site.api.calls[0][1]


@pytest.mark.django_db
def test_an_address_that_telegram_takes_for_no_button_stands_in_the_text(telegram: TelegramWorld, chat: int) -> None:
    message(chat, button="Top up", button_url="http://localhost:8000/billing/top-up/")
    assert send_due(TELEGRAM) == 1
    assert telegram.said(chat) == ["Low balance\n\nit\n\nTop up: http://localhost:8000/billing/top-up/"]


@pytest.mark.django_db
def test_a_long_text_is_cut_to_what_telegram_takes(telegram: TelegramWorld, chat: int) -> None:
    message(chat, body="Low balance\n" + "слово 😀 " * 1000, button="Top up", button_url="http://localhost/")
    assert send_due(TELEGRAM) == 1
    (text,) = telegram.said(chat)
    assert text.endswith(" слово…\n\nTop up: http://localhost/")
    assert TEXT_MAX - 9 <= length(text) <= TEXT_MAX


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        (" as it is \n", 10, "as it is"),
        ("0123456789", 10, "0123456789"),
        ("0123456789X", 10, "012345678…"),
        ("one two three", 10, "one two…"),
        ("one\ntwo three", 10, "one\ntwo…"),
        ("a bcdefghijklm", 10, "a bcdefgh…"),
        ("😀😀😀", 5, "😀😀…"),
        ("😀😀😀", 4, "😀…"),
    ],
)
def test_a_text_is_cut_at_a_word_and_never_inside_a_character(text: str, most: int, kept: str) -> None:
    assert cut(text, most) == kept
    assert length(kept) <= most


# What goes wrong


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("mode", "arrives", "why"),
    [
        ("lost", False, "Telegram gave no answer: RemoteProtocolError."),
        ("cut", True, "Telegram gave no answer: RemoteProtocolError."),
        ("500", False, "Telegram's answer, 502, makes no sense."),
        ("500-after", True, "Telegram's answer, 504, makes no sense."),
    ],
)
def test_without_an_answer_it_is_sent_again_and_may_come_twice(
    telegram: TelegramWorld, chat: int, clock: Any, mode: str, arrives: bool, why: str
) -> None:
    message(chat)
    telegram.site.fail_next("sendMessage", mode)
    assert send_due(TELEGRAM) == 0
    assert state() == ("pending", 1, why)
    assert len(telegram.said(chat)) == (1 if arrives else 0)
    clock.shift(30)
    assert send_due(TELEGRAM) == 1
    assert telegram.said(chat) == ["Low balance\n\nit"] * (2 if arrives else 1)
    assert log() == [("failed", why), ("sent", log()[1][1])]


@pytest.mark.django_db
def test_a_telegram_that_hangs_is_waited_for_so_long_and_no_longer(
    telegram: TelegramWorld, chat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx

    from notifications.channels import bot_api

    monkeypatch.setattr(bot_api, "_client", lambda: httpx.Client(timeout=0.2))
    message(chat)
    fault = telegram.site.fail_next("sendMessage", "hang")
    assert send_due(TELEGRAM) == 0
    assert state() == ("pending", 1, "Telegram gave no answer: ReadTimeout.")
    fault.release()


def test_the_time_outs_end_well_within_the_lease() -> None:
    from notifications.channels.bot_api import TIMEOUTS
    from notifications.services.deliveries import LEASE

    steps = [TIMEOUTS.connect, TIMEOUTS.read, TIMEOUTS.write, TIMEOUTS.pool]
    assert sum(each for each in steps if each) < LEASE.total_seconds() / 4
    assert None not in steps


@pytest.mark.django_db
def test_a_telegram_that_cannot_be_reached_is_tried_again(telegram: TelegramWorld, chat: int, settings: Any) -> None:
    settings.TELEGRAM_API_URL = "http://127.0.0.1:9"
    message(chat)
    assert send_due(TELEGRAM) == 0
    assert state() == ("pending", 1, "Telegram cannot be reached.")


@pytest.mark.django_db
def test_a_blocked_bot_ends_every_link_of_the_chat_at_once(
    telegram: TelegramWorld, account: Account, anna: User, chat: int, make_account: Callable[..., Account]
) -> None:
    other = make_account("osmtalk")
    boris = make_member(other)
    telegram.link(other, boris, chat)
    telegram.site.api.calls.clear()
    telegram.site.block(chat)  # its update comes later
    for link in TelegramLink.objects.all():
        queue(
            [
                Delivery(
                    key=f"{link.pk}",
                    channel=TELEGRAM,
                    telegram=link,
                    recipient=str(chat),
                    body="x",
                    next_attempt_at=timezone.now(),
                )
            ]
        )
    assert send_due(TELEGRAM) == 0
    assert set(TelegramLink.objects.values_list("ended_reason", flat=True)) == {"blocked"}
    assert set(Delivery.objects.values_list("status", flat=True)) == {"dead"}
    assert log() == [
        ("refused", "403 Forbidden: bot was blocked by the user"),
        ("refused", "The chat is not linked any more."),
    ]
    assert len(telegram.site.api.calls) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("what", "why"),
    [("forget", "400 Bad Request: chat not found"), ("delete", "403 Forbidden: user is deactivated")],
)
def test_a_chat_that_is_gone_ends_its_link(telegram: TelegramWorld, chat: int, what: str, why: str) -> None:
    message(chat)
    getattr(telegram.site, what)(chat)
    assert send_due(TELEGRAM) == 0
    assert state() == ("dead", 1, why)
    assert TelegramLink.objects.get().ended_reason == "blocked"


@pytest.mark.django_db
def test_a_message_that_telegram_will_never_take_is_given_up_and_the_chat_stays(
    telegram: TelegramWorld, chat: int
) -> None:
    message(chat, subject="", body=" ")
    assert send_due(TELEGRAM) == 0
    assert state() == ("dead", 1, "400 Bad Request: message text is empty")
    assert TelegramLink.objects.get().is_linked


@pytest.mark.django_db
def test_a_token_that_is_no_longer_ours_is_ours_to_mend(telegram: TelegramWorld, chat: int) -> None:
    message(chat)
    telegram.site.token = "1000000001:another"
    assert send_due(TELEGRAM) == 0
    assert state() == ("pending", 1, "401 Unauthorized")
    assert TelegramLink.objects.get().is_linked


@pytest.mark.django_db
def test_the_token_is_never_kept(telegram: TelegramWorld, chat: int, settings: Any, caplog: Any) -> None:
    for url in ("http://127.0.0.1:9", "ftp://x", "nonsense", telegram.site.url + "/nowhere"):
        settings.TELEGRAM_API_URL = url
        message(chat, key=url)
    send_due(TELEGRAM)
    for url in ("http://127.0.0.1:9", "ftp://x", "nonsense"):
        settings.TELEGRAM_API_URL = url
        Delivery.objects.filter(status="pending").update(next_attempt_at=timezone.now())
        telegram_pace.TelegramPace.objects.all().delete()
        send_due(TELEGRAM)
    assert Attempt.objects.exclude(said="").exists()
    kept = [*Attempt.objects.values_list("said", flat=True), *Delivery.objects.values_list("last_error", flat=True)]
    assert not [each for each in [*kept, caplog.text] if telegram.site.token in each]


@pytest.mark.django_db
def test_to_an_unlinked_chat_nothing_leaves(telegram: TelegramWorld, account: Account, anna: User, chat: int) -> None:
    message(chat)
    unlink(account=account, user=anna)
    assert send_due(TELEGRAM) == 0
    assert (state(), telegram.site.api.calls) == (("dead", 1, "The chat is not linked any more."), [])


@pytest.mark.django_db
def test_without_a_bot_messages_wait(telegram: TelegramWorld, chat: int, settings: Any) -> None:
    message(chat)
    settings.TELEGRAM_BOT_TOKEN = ""
    assert send_due(TELEGRAM) == 0
    assert state() == ("pending", 1, "There is no bot: TELEGRAM_BOT_TOKEN and TELEGRAM_BOT_NAME are not set.")
    assert telegram.site.api.calls == []


# How fast


@pytest.mark.django_db
def test_a_chat_gets_a_message_a_second_and_waiting_costs_no_attempt(
    telegram: TelegramWorld, chat: int, clock: Any
) -> None:
    for number in range(3):
        message(chat, key=f"m{number}")
    for second in range(3):
        assert send_due(TELEGRAM) == 1, f"at {second} seconds"
        clock.shift(0.999)
        assert send_due(TELEGRAM) == 0
        clock.shift(0.001)
    assert telegram.said(chat) == [f"Low balance\n\nm{number}" for number in range(3)]
    assert set(Delivery.objects.values_list("status", "attempts")) == {("sent", 1)}
    assert telegram.site.api.refused == []


@pytest.mark.django_db
def test_all_chats_get_thirty_a_second_at_most(telegram: TelegramWorld, clock: Any) -> None:
    turns = []
    for number in range(400):
        if not take_turn(1 + number):
            turns.append(timezone.now())
        clock.shift(0.01)
    assert len(turns) == 10 + 4 * 20 - 1
    second = timedelta(seconds=1)
    assert max(sum(1 for other in turns if turn <= other < turn + second) for turn in turns) <= 30


@pytest.mark.django_db
def test_who_has_to_wait_is_told_how_long(telegram: TelegramWorld, clock: Any) -> None:
    assert take_turn(5) == timedelta(0)
    clock.shift(0.3)
    assert take_turn(5) == timedelta(seconds=0.7)
    assert [take_turn(chat) for chat in range(10, 20)].count(timedelta(0)) == 10
    assert take_turn(20) == timedelta(seconds=0.05)


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_keep_the_pace_together(telegram: TelegramWorld, clock: Any) -> None:
    def take() -> list[timedelta]:
        return [take_turn(7), *(take_turn(chat) for chat in range(100, 110))]

    answers = at_once([take] * 6)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    taken = [wait for answer in answers if isinstance(answer, list) for wait in answer if not wait]
    assert len(taken) == 10
    clock.shift(60)
    alone = at_once([lambda: take_turn(7)] * 6)
    assert sorted(alone, key=str).count(timedelta(0)) == 1


@pytest.mark.django_db
def test_what_telegram_asks_for_is_kept_by_the_whole_bot(
    telegram: TelegramWorld, account: Account, chat: int, clock: Any
) -> None:
    other = telegram.link(account, make_member(account, name="Boris"))
    telegram.site.retry_after = 40
    telegram.site.fail_next("sendMessage", "429")
    message(chat, key="first")
    message(other, key="second")
    said = "429 Too Many Requests: retry after 40"
    for seconds in (0, 39):
        clock.move_to(NOW + timedelta(seconds=seconds))
        assert send_due(TELEGRAM) == 0
        assert state("first") == ("pending", 1, said)
        assert state("second") == ("pending", 0, "")
    clock.move_to(NOW + timedelta(seconds=40))
    assert send_due(TELEGRAM) == 1
    clock.shift(0.05)
    assert send_due(TELEGRAM) == 1
    assert telegram.site.api.refused == [said.removeprefix("429 ")]
    assert [call for call, _ in telegram.site.api.calls].count("sendMessage") == 2


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_told_of_what_waits_for_its_turn_unless_the_sweep_comes_first(
    telegram: TelegramWorld, chat: int, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from notifications.tasks import send

    rung: list[tuple[tuple[str], float]] = []
    monkeypatch.setattr(send, "apply_async", lambda args, countdown: rung.append((args, countdown)))
    monkeypatch.setattr(send, "delay", lambda channel: None)
    message(chat, key="first")
    assert (send_due(TELEGRAM), rung) == (1, [])
    for key in ("second", "third"):
        message(chat, key=key)
    clock.shift(0.25)
    assert (send_due(TELEGRAM), rung) == (0, [((TELEGRAM,), 0.75)])
    telegram_pace.pause(timedelta(seconds=40))
    clock.shift(0.75)
    assert (send_due(TELEGRAM), len(rung)) == (0, 1)
    assert set(Delivery.objects.filter(status="pending").values_list("attempts", flat=True)) == {0}


# Whatever happens to the workers


@pytest.mark.django_db(transaction=True)
def test_several_workers_send_each_message_once(telegram: TelegramWorld, account: Account, chat: int) -> None:
    chats = [telegram.link(account, make_member(account, name=f"M{number}")) for number in range(8)]
    for each in chats:
        message(each, key=f"to {each}")
    assert sum(answer for answer in at_once([lambda: send_due(TELEGRAM)] * 4) if isinstance(answer, int)) == 8
    assert [telegram.said(each)[1:] for each in chats] == [[f"Low balance\n\nto {each}"] for each in chats]
    assert telegram.site.api.refused == []


@pytest.mark.django_db
def test_no_transaction_is_open_while_telegram_is_asked(
    telegram: TelegramWorld, chat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from notifications.channels import bot_api

    real, depths = bot_api.ask, []

    def ask(method: str, **given: Any) -> Any:
        depths.append(len(transaction.get_connection().savepoint_ids))
        return real(method, **given)

    monkeypatch.setattr(bot_api, "ask", ask)
    outside = len(transaction.get_connection().savepoint_ids)
    message(chat)
    assert send_due(TELEGRAM) == 1
    assert depths == [outside]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("step", "arrives"), [("stall", 1), ("hang", 2)], ids=["before", "after"])
def test_a_worker_killed_while_telegram_takes_a_message_sends_it_again(
    telegram: TelegramWorld, chat: int, tmp_path: Path, step: str, arrives: int
) -> None:
    message(chat)
    fault = telegram.site.fail_next("sendMessage", step)
    environment = own_environment(
        tmp_path,
        TELEGRAM_BOT_TOKEN=telegram.site.token,
        TELEGRAM_BOT_NAME=telegram.site.name,
        TELEGRAM_API_URL=telegram.site.url,
    )
    log_file = tmp_path / "log"
    with running(["manage.py", "run_sweep", "send_deliveries"], environment, log_file) as worker:
        eventually(fault.reached.is_set, log_file)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    telegram.site.forget(chat)  # what the dead worker asked for, and was not done yet, never is
    fault.release()
    eventually(lambda: len(telegram.site.api.calls) == 1, log_file)
    telegram.site.write(chat, "I am here")
    assert state() == ("pending", 1, "")
    assert send_due(TELEGRAM) == 0, "the lease lasts"
    Delivery.objects.update(next_attempt_at=timezone.now())
    telegram_pace.TelegramPace.objects.all().delete()
    telegram.site.clock = lambda: time.time() + 300  # the lease is over
    assert send_due(TELEGRAM) == 1
    assert telegram.said(chat) == ["Low balance\n\nit"] * arrives
    assert [outcome for outcome, _ in log()] == ["", "sent"]
