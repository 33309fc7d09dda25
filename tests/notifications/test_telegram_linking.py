"""Linking a chat: by a deep link that works once, for half an hour, for the member who asked for it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from notifications.models import EndReason, TelegramLink
from notifications.selectors.telegram import last_link
from notifications.services.telegram import start_linking, unlink
from organizations.models import Account, Membership, User
from tests.billing.threads import at_once
from tests.factories import make_member, make_user
from tests.notifications.telegram import PATH, SECRET, TelegramWorld

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
LINKED = (
    "Linked to Acme (AI PBX). Its alerts about balance, limits and payments now come to this chat. "
    "Send /stop to end them."
)
PAGE = "https://billing.example/billing/limits/#telegram"
EXPIRED = f"This link has expired or was used before. Make a new one here: {PAGE}"


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    settings.SITE_URL = "https://billing.example"


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


def states() -> list[tuple[int | None, str]]:
    """Each link's chat and how it ended, oldest first."""
    return list(TelegramLink.objects.order_by("id").values_list("chat_id", "ended_reason"))


def token_of(link: str) -> str:
    return link.rpartition("=")[2]


@pytest.mark.django_db
def test_the_deep_link_carries_a_token_that_only_its_hash_is_kept_of(
    telegram: TelegramWorld, account: Account, anna: User
) -> None:
    link = start_linking(account=account, user=anna)
    found = re.fullmatch(r"https://t\.me/StandInBot\?start=([A-Za-z0-9_-]{43})", link)
    assert found
    row = TelegramLink.objects.get()
    assert row.token_hash == hashlib.sha256(found[1].encode()).hexdigest()
    assert not row.is_linked
    assert timedelta(minutes=29) < row.expires_at - timezone.now() <= timedelta(minutes=30)


@pytest.mark.django_db
def test_opening_the_link_links_the_chat_and_says_what_will_come(
    telegram: TelegramWorld, account: Account, anna: User
) -> None:
    chat = telegram.site.person("Анна", username="anna")
    assert telegram.deliver(telegram.site.open_link(start_linking(account=account, user=anna), chat)) == 200
    assert telegram.said(chat) == [LINKED]
    link = last_link(account=account, user=anna)
    assert link is not None
    assert (link.is_linked, link.chat_id, link.chat_name) == (True, chat, "@anna")
    assert chat > 2**32


@pytest.mark.django_db
def test_the_answer_is_in_the_members_language(telegram: TelegramWorld, account: Account) -> None:
    chat = telegram.link(account, make_member(account, language="hi", name="Asha"))
    (said,) = telegram.said(chat)
    assert said.startswith("Acme (AI PBX) से जोड़ा गया।")
    stranger = telegram.site.person("Борис", language="ru")
    assert telegram.deliver(telegram.site.write(stranger, "/start nothing")) == 200
    assert telegram.said(stranger)[0].startswith("Срок ссылки истёк")


@pytest.mark.django_db
def test_a_repeated_update_changes_nothing_and_is_answered_alike(
    telegram: TelegramWorld, account: Account, anna: User
) -> None:
    chat = telegram.site.person()
    telegram.deliver(telegram.site.open_link(start_linking(account=account, user=anna), chat), times=3)
    assert (telegram.said(chat), states()) == ([LINKED] * 3, [(chat, "")])


@pytest.mark.django_db
def test_a_link_works_for_one_chat(telegram: TelegramWorld, account: Account, anna: User) -> None:
    link = start_linking(account=account, user=anna)
    first, second = telegram.site.person("Anna"), telegram.site.person("Mallory")
    telegram.deliver(telegram.site.open_link(link, first))
    telegram.deliver(telegram.site.open_link(link, second))
    assert (telegram.said(second), states()) == ([EXPIRED], [(first, "")])


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "works"), [(29, True), (30, False)])
def test_a_link_expires_after_half_an_hour(
    telegram: TelegramWorld, account: Account, anna: User, clock: Any, minutes: int, works: bool
) -> None:
    link, chat = start_linking(account=account, user=anna), telegram.site.person()
    clock.shift(timedelta(minutes=minutes))
    telegram.deliver(telegram.site.open_link(link, chat))
    assert telegram.said(chat) == [LINKED if works else EXPIRED]
    assert states() == [(chat if works else None, "")]


@pytest.mark.django_db
def test_only_the_newest_link_works(telegram: TelegramWorld, account: Account, anna: User) -> None:
    old, new = start_linking(account=account, user=anna), start_linking(account=account, user=anna)
    chat = telegram.site.person()
    telegram.deliver(telegram.site.open_link(old, chat))
    telegram.deliver(telegram.site.open_link(new, chat))
    assert (telegram.said(chat), states()) == ([EXPIRED, LINKED], [(None, "replaced"), (chat, "")])


@pytest.mark.django_db
def test_linking_again_replaces_the_chat_once_the_new_one_is_there(
    telegram: TelegramWorld, account: Account, anna: User
) -> None:
    first = telegram.link(account, anna)
    link = start_linking(account=account, user=anna)
    assert states() == [(first, ""), (None, "")]
    second = telegram.site.person("Anna's other phone")
    telegram.deliver(telegram.site.open_link(link, second))
    assert states() == [(first, "replaced"), (second, "")]


@pytest.mark.django_db
@pytest.mark.parametrize("gone", ["membership", "user"])
def test_whoever_has_left_the_account_links_nothing(
    telegram: TelegramWorld, account: Account, anna: User, gone: str
) -> None:
    link, chat = start_linking(account=account, user=anna), telegram.site.person()
    if gone == "membership":
        Membership.objects.filter(user=anna).delete()
    else:
        User.objects.filter(pk=anna.pk).update(is_active=False)
    telegram.deliver(telegram.site.open_link(link, chat))
    assert (telegram.said(chat), states()) == ([EXPIRED], [(None, "")])


@pytest.mark.django_db
def test_a_stranger_cannot_begin_to_link(telegram: TelegramWorld, account: Account) -> None:
    with pytest.raises(Membership.DoesNotExist):
        start_linking(account=account, user=make_user())
    assert states() == []


@pytest.mark.django_db
def test_a_chat_may_hear_of_several_accounts(
    telegram: TelegramWorld, account: Account, anna: User, make_account: Callable[..., Account]
) -> None:
    other = make_account("osmtalk", name="Branch")
    Membership.objects.create(account=other, user=anna, role="owner")
    chat = telegram.link(account, anna)
    assert telegram.link(other, anna, chat) == chat
    telegram.deliver(telegram.site.write(chat, "hello?"))
    assert telegram.said(chat)[-1] == (
        "The alerts of Acme (AI PBX) and Branch (osmTalk) come to this chat. Send /stop to end them."
    )
    assert unlink(account=account, user=anna)
    assert states() == [(chat, "unlinked"), (chat, "")]


@pytest.mark.django_db
def test_stop_ends_all_links_of_the_chat_and_says_so(
    telegram: TelegramWorld, account: Account, anna: User, make_account: Callable[..., Account]
) -> None:
    other = make_account("osmtalk", name="Branch")
    Membership.objects.create(account=other, user=anna, role="owner")
    boris = make_member(account, name="Boris")
    chat, his = telegram.link(account, anna), telegram.link(account, boris)
    telegram.link(other, anna, chat)
    telegram.deliver(telegram.site.write(chat, "/stop"), times=2)
    assert telegram.said(chat)[-2:] == [
        f"The alerts of Acme (AI PBX) and Branch (osmTalk) no longer come to this chat. Link it again here: "
        f"https://billing.example/billing/limits/?of_account={account.pk}#telegram",
        "No account is linked to this chat, so nothing comes here.",
    ]
    assert states() == [(chat, "stopped"), (his, ""), (chat, "stopped")]


@pytest.mark.django_db
def test_a_stop_that_comes_once_more_after_linking_anew_ends_nothing(
    telegram: TelegramWorld, account: Account, anna: User, clock: Any
) -> None:
    chat = telegram.link(account, anna)
    clock.shift(60)
    stop = telegram.site.write(chat, "/stop")
    telegram.deliver(stop)
    clock.shift(60)
    telegram.link(account, anna, chat)
    telegram.deliver(stop)
    assert states() == [(chat, "stopped"), (chat, "")]


@pytest.mark.django_db
def test_a_start_that_comes_once_more_after_a_stop_links_nothing(
    telegram: TelegramWorld, account: Account, anna: User
) -> None:
    chat = telegram.site.person()
    start = telegram.site.open_link(start_linking(account=account, user=anna), chat)
    telegram.deliver(start)
    telegram.deliver(telegram.site.write(chat, "/stop"))
    telegram.deliver(start)
    assert (telegram.said(chat)[-1], states()) == (EXPIRED, [(chat, "stopped")])


@pytest.mark.django_db
def test_blocking_the_bot_ends_the_link_and_the_page_can_tell(
    telegram: TelegramWorld, account: Account, anna: User
) -> None:
    chat = telegram.link(account, anna)
    telegram.deliver(telegram.site.block(chat))
    link = last_link(account=account, user=anna)
    assert link is not None
    assert (link.is_linked, link.ended_reason) == (False, EndReason.BLOCKED)
    telegram.link(account, anna, chat)
    link = last_link(account=account, user=anna)
    assert link is not None
    assert link.is_linked


@pytest.mark.django_db
def test_unlinking_ends_the_chat_and_a_link_that_waits(telegram: TelegramWorld, account: Account, anna: User) -> None:
    assert not unlink(account=account, user=anna)
    assert last_link(account=account, user=anna) is None
    chat = telegram.link(account, anna)
    waiting = start_linking(account=account, user=anna)
    assert unlink(account=account, user=anna)
    telegram.deliver(telegram.site.open_link(waiting, chat))
    assert (telegram.said(chat)[-1], states()) == (EXPIRED, [(chat, "unlinked"), (None, "unlinked")])


@pytest.mark.django_db
def test_whoever_writes_without_a_link_is_told_where_to_begin(telegram: TelegramWorld) -> None:
    chat = telegram.site.person()
    for text in ("/start", "hello"):
        telegram.deliver(telegram.site.write(chat, text))
    assert telegram.said(chat) == [f"No account is linked to this chat. Link one here: {PAGE}"] * 2


@pytest.mark.django_db(transaction=True)
def test_one_of_many_who_open_a_link_at_once_is_linked(telegram: TelegramWorld, account: Account, anna: User) -> None:
    link = start_linking(account=account, user=anna)
    chats = [telegram.site.person(f"P{number}") for number in range(6)]
    updates = [telegram.site.open_link(link, chat) for chat in chats]
    assert at_once([partial(telegram.deliver, update) for update in updates]) == [200] * 6
    assert sorted(telegram.said(chat)[0] for chat in chats) == sorted([LINKED] + [EXPIRED] * 5)
    assert TelegramLink.objects.filter(chat_id__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_links_begun_opened_and_ended_at_once_leave_one_at_most(
    telegram: TelegramWorld, account: Account, anna: User
) -> None:
    chat = telegram.link(account, anna)
    for _ in range(5):
        update = telegram.site.open_link(start_linking(account=account, user=anna), chat)
        stop = telegram.site.write(chat, "/stop")
        calls: list[Callable[[], Any]] = [
            partial(telegram.deliver, update),
            partial(telegram.deliver, stop),
            partial(start_linking, account=account, user=anna),
            partial(unlink, account=account, user=anna),
        ]
        answers = at_once(calls)
        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        assert answers[:2] == [200, 200]


@pytest.mark.django_db
def test_the_database_keeps_one_chat_and_one_waiting_link_of_a_member(account: Account, anna: User) -> None:
    for chat_id in (5, None):
        with pytest.raises(IntegrityError, match="telegram_one"), transaction.atomic():
            for number in (1, 2):
                TelegramLink.objects.create(
                    account=account, user=anna, token_hash=f"{number}", expires_at=NOW, chat_id=chat_id
                )


# The address


def sent(chat: Any = 5, **message: Any) -> bytes:
    """An update as no person's Telegram sends it; `chat` is the chat, or its number."""
    where = chat if isinstance(chat, dict) else {"id": chat, "type": "private"}
    message = {"chat": where, "date": 0, "text": "/stop", **message}
    return json.dumps({"update_id": 1, "message": message}).encode()


HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


@pytest.mark.django_db
@pytest.mark.parametrize("secret", ["", "wrong", f"{SECRET}x", SECRET[:-1]])
def test_without_the_secret_nothing_happens(telegram: TelegramWorld, account: Account, anna: User, secret: str) -> None:
    update = telegram.site.open_link(start_linking(account=account, user=anna), telegram.site.person())
    assert telegram.deliver(update, secret=secret) == 403
    assert states() == [(None, "")]


@pytest.mark.django_db
def test_without_a_secret_of_ours_nobody_is_believed(telegram: TelegramWorld, settings: Any) -> None:
    settings.TELEGRAM_WEBHOOK_SECRET = ""
    assert telegram.post(sent(), {"X-Telegram-Bot-Api-Secret-Token": ""})[0] == 403


@pytest.mark.django_db
def test_without_a_bot_there_is_no_such_address(telegram: TelegramWorld, settings: Any) -> None:
    settings.TELEGRAM_BOT_TOKEN = ""
    assert telegram.post(sent(), HEADERS)[0] == 404


@pytest.mark.django_db
def test_only_posts_of_a_bounded_size_are_read(telegram: TelegramWorld) -> None:
    assert Client().get(PATH).status_code == 405
    assert telegram.post(sent(text="x" * 65536), HEADERS)[0] == 413
    assert telegram.post(sent(text="x" * 65000), HEADERS)[0] == 200


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
def test_what_is_no_json_is_refused(telegram: TelegramWorld, body: bytes) -> None:
    assert telegram.post(body, HEADERS) == (400, b"")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"update_id": 1}',
        b'{"update_id": 1, "edited_message": {"text": "/stop"}}',
        sent(chat=2**63),
        sent(chat="5"),
        sent(date=2**60),
        sent(text=["/stop"]),
        sent(chat={"id": -100123, "type": "supergroup"}),
    ],
    ids=["list", "empty", "other kind", "64 bits", "text as chat", "moment", "list as text", "group"],
)
def test_what_is_not_for_us_is_taken_without_an_answer(telegram: TelegramWorld, body: bytes) -> None:
    assert telegram.post(body, HEADERS) == (200, b"")


@pytest.mark.django_db
def test_names_that_the_database_cannot_keep_do_no_harm(telegram: TelegramWorld, account: Account, anna: User) -> None:
    token = token_of(start_linking(account=account, user=anna))
    chat = {"id": 7, "type": "private", "first_name": "An\0na" + "x" * 200}
    assert telegram.post(sent(chat=chat, text=f"/start {token}\0"), HEADERS)[0] == 200
    assert telegram.post(sent(chat=chat, text=f"/start {token}"), HEADERS)[0] == 200
    assert TelegramLink.objects.get().chat_name == "Anna" + "x" * 96


# Registering


@pytest.mark.django_db
def test_the_command_registers_the_webhook_and_again_changes_nothing(
    telegram: TelegramWorld, command_line: Callable[..., Any]
) -> None:
    for _ in range(2):
        assert command_line("telegram_webhook", "--url", "https://billing.example/") == (
            0,
            "https://billing.example/billing/webhooks/telegram/\n",
            "",
        )
    webhook = telegram.site.webhook()
    assert (webhook.url, webhook.secret) == ("https://billing.example/billing/webhooks/telegram/", SECRET)
    assert webhook.allowed == ["message", "my_chat_member"]


@pytest.mark.django_db
def test_the_command_tells_what_telegram_complains_of(
    telegram: TelegramWorld, command_line: Callable[..., Any]
) -> None:
    update = telegram.site.write(telegram.site.person(), "hello")
    telegram.site.taken(update, 502, b"")
    done = command_line("telegram_webhook", "--url", "https://billing.example")
    wrong = "Updates wait for the webhook: 1. The last one failed: Wrong response from the webhook: 502\n"
    assert (done.code, done.err) == (0, wrong)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"TELEGRAM_BOT_NAME": "OtherBot"}, "The token is that of @StandInBot, but TELEGRAM_BOT_NAME is OtherBot."),
        ({"TELEGRAM_BOT_TOKEN": "1:wrong"}, "401 Unauthorized"),
        ({"TELEGRAM_API_URL": "http://127.0.0.1:9"}, "Telegram cannot be reached."),
        ({"TELEGRAM_WEBHOOK_SECRET": "with space"}, "400 Bad Request: secret token contains unallowed characters"),
    ],
)
def test_the_command_says_in_one_line_why_not(
    telegram: TelegramWorld, command_line: Callable[..., Any], settings: Any, change: dict[str, str], words: str
) -> None:
    for name, value in change.items():
        setattr(settings, name, value)
    done = command_line("telegram_webhook", "--url", "https://billing.example")
    assert (done.code, done.out, done.err) == (2, "", f"CommandError: No webhook was registered: {words}\n")


@pytest.mark.django_db
def test_the_command_wants_a_bot(telegram: TelegramWorld, command_line: Callable[..., Any], settings: Any) -> None:
    settings.TELEGRAM_BOT_TOKEN = ""
    done = command_line("telegram_webhook")
    assert (done.code, done.err) == (
        2,
        "CommandError: Telegram is not set up: TELEGRAM_BOT_TOKEN, TELEGRAM_BOT_NAME or TELEGRAM_WEBHOOK_SECRET is "
        "missing.\n",
    )
