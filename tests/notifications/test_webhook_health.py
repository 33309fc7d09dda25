"""Endpoints that fail: they keep nobody else waiting, are switched off in the end, and get what they missed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from notifications import words
from notifications.channels import webhook
from notifications.models import Attempt, Audience, Delivery, Event, Notice, WebhookEndpoint
from notifications.services.deliveries import PAUSES, send_due
from notifications.services.endpoints import change, switch_off, switch_on
from notifications.services.fan_out import expand_due
from notifications.services.notices import Told, tell
from notifications.services.webhooks import replay, send_test
from notifications.words import Message
from organizations.models import Account, Product
from tests.factories import make_user
from tests.fakes.http import Response
from tests.fakes.receiver import Receiver, receiver
from tests.notifications.webhooks import due_again, endpoint, message, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("products")]
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BUSY = Response.text("busy", 503)
TAKEN = Response.text("taken")


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def service() -> Iterator[tuple[Receiver, str]]:
    with receiver() as listening:
        yield listening


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aipbx", external_id="acme")


@pytest.fixture(autouse=True)
def spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    for event in Event:
        monkeypatch.setitem(words._words, event, lambda notice: Message(notice.event, ("What follows.",)))


def low(account: Account, key: str, **fields: Any) -> Notice:
    """The balance is low, and whoever listens now is told."""
    facts = {"balance": "4.25", "threshold": "10", "currency": "USD"}
    tell(Told(account.pk, Event.LOW_BALANCE, key, facts=facts, at=datetime.now(UTC), **fields))
    expand_due()
    return Notice.objects.get(key=key)


def letters() -> list[tuple[str, str, str]]:
    return list(Delivery.objects.filter(channel="email").values_list("recipient", "subject", "body"))


def test_an_endpoint_that_fails_for_three_days_is_switched_off_and_staff_are_told_once(
    service: tuple[Receiver, str], clock: Any
) -> None:
    staff = make_user(is_staff=True, email="staff@billing.example")
    make_user(email="customer@acme.example")
    site, url = service
    site.answer = BUSY
    to = endpoint(url)
    message(to, "first")
    message(to, "second")
    for pause in PAUSES["webhook"]:
        assert send_due("webhook") == 0
        assert WebhookEndpoint.objects.get().is_active
        assert letters() == []
        clock.shift(pause)
    send_due("webhook")
    to.refresh_from_db()
    assert (to.is_active, to.disabled_at, to.failing_since) == (False, datetime.now(UTC), NOW)
    assert to.disabled_reason == "It has failed for three days. Lately: 503 busy"
    assert set(Delivery.objects.filter(endpoint=to).values_list("status", flat=True)) == {"dead"}
    ((recipient, subject, text),) = letters()
    assert (recipient, subject) == (staff.email, "Webhooks to AI PBX are switched off")
    assert text.startswith(f"{url} is sent nothing any more.\n\nIt has failed for three days. Lately: 503 busy\n\n")
    assert f"/admin/notifications/webhookendpoint/{to.pk}/change/" in text
    assert len(site.got) == 19, "ten attempts of one, nine of the other"


def test_one_message_taken_ends_the_failing(service: tuple[Receiver, str], clock: Any) -> None:
    site, url = service
    to = endpoint(url)
    site.answer = BUSY
    message(to, "bad")
    send_due("webhook")
    clock.shift(2 * DAY)
    site.answer = TAKEN
    message(to, "good")
    assert send_due("webhook") == 2
    site.answer = BUSY
    message(to, "bad again")
    clock.shift(2 * DAY)
    send_due("webhook")
    to.refresh_from_db()
    assert (to.is_active, to.failing_since) == (True, NOW + 4 * DAY)


def test_one_that_says_it_is_gone_is_switched_off_at_once(service: tuple[Receiver, str], clock: Any) -> None:
    make_user(is_staff=True)
    site, url = service
    site.answer = Response.text("moved out", 410)
    to = endpoint(url)
    message(to, "first")
    message(to, "second")
    assert send_due("webhook") == 0
    to.refresh_from_db()
    assert (to.is_active, to.disabled_at) == (False, NOW)
    assert to.disabled_reason == "It answered that it is gone: 410 moved out"
    assert dict(Delivery.objects.filter(endpoint=to).values_list("key", "last_error")) == {
        "first": "410 moved out",
        "second": "The endpoint is switched off.",
    }
    assert (len(site.got), len(letters())) == (1, 1)


def test_one_that_hangs_rests_while_others_are_told(
    service: tuple[Receiver, str], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "SECONDS_MAX", 0.2)
    site, url = service
    with receiver() as (hangs, hanging_url):
        hangs.may_answer.clear()
        silent, works = endpoint(hanging_url), endpoint(url)
        for number in range(20):
            message(silent, f"silent {number}")
        message(works, "works")
        assert send_due("webhook") == 1
        assert (len(hangs.got), len(site.got)) == (2, 1), "the second failure in a row makes it rest"
        silent.refresh_from_db()
        assert silent.rests_until == NOW + MINUTE
        waiting = Delivery.objects.filter(endpoint=silent, attempts=0)
        assert (waiting.count(), set(waiting.values_list("next_attempt_at"))) == (18, {(NOW + MINUTE,)})
        assert Attempt.objects.count() == 3, "to wait is no attempt"
        clock.shift(MINUTE)
        send_due("webhook")
        assert len(hangs.got) == 3
        clock.shift(8 * HOUR)
        send_due("webhook")
        silent.refresh_from_db()
        assert (len(hangs.got), silent.rests_until) == (4, NOW + MINUTE + 8 * HOUR + 30 * MINUTE)
        hangs.may_answer.set()
        clock.shift(30 * MINUTE)
        assert send_due("webhook") == 20
        assert set(WebhookEndpoint.objects.values_list("failing_since", "rests_until")) == {(None, None)}
        assert len(set(hangs.ids())) == 20


def test_what_it_missed_is_sent_when_it_is_asked_for(
    account: Account, service: tuple[Receiver, str], clock: Any
) -> None:
    """What happened before it existed, was given up, came while it was off; not what it took or does not listen to."""
    site, url = service
    low(account, "too long ago")
    clock.shift(DAY)
    low(account, "before it existed")
    to = endpoint(url, types=["wallet.low"])
    taken = low(account, "taken")
    assert send_due("webhook") == 1
    site.answer = Response.text("gone", 410)
    given_up = low(account, "given up")
    send_due("webhook")
    low(account, "while it was off")
    low(account, "for people", audience=Audience.PEOPLE)
    tell(Told(account.pk, Event.CALLS_ACCEPTED, "another type"))
    expand_due()
    site.answer = TAKEN
    assert switch_on(endpoint=to)
    first_id = Delivery.objects.get(notice=given_up, channel="webhook").uid
    del site.got[:]

    assert replay(endpoint=to, since=NOW + DAY) == 3
    assert send_due("webhook") == 3
    assert replay(endpoint=to, since=NOW + DAY) == 0
    sent = Delivery.objects.filter(channel="webhook", endpoint=to, status="sent")
    assert set(sent.values_list("notice__key", flat=True)) == {
        "before it existed",
        "taken",
        "given up",
        "while it was off",
    }
    assert f"msg_{first_id.hex}" in site.ids(), "under the id that it had"
    assert f"msg_{Delivery.objects.get(notice=taken, channel='webhook').uid.hex}" not in site.ids()

    del site.got[:]
    assert replay(endpoint=to, since=NOW + DAY, with_taken=True) == 4
    assert send_due("webhook") == 4
    assert sorted(site.ids()) == sorted(f"msg_{uid.hex}" for uid in sent.values_list("uid", flat=True))


def test_a_replay_writes_a_bounded_number_at_once(
    account: Account, service: tuple[Receiver, str], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.services.webhooks.REPLAYED_MAX", 2)
    for number in range(3):
        low(account, f"low {number}")
    to = endpoint(service[1])
    assert [replay(endpoint=to, since=NOW) for _ in range(3)] == [2, 1, 0]


def test_a_replay_reaches_no_other_products_accounts(
    account: Account, make_account: Callable[..., Account], service: tuple[Receiver, str], clock: Any
) -> None:
    low(make_account("osmtalk", external_id="acme"), "of osmTalk")
    low(account, "of AI PBX")
    assert replay(endpoint=endpoint(service[1]), since=NOW) == 1
    send_due("webhook")
    assert [said(request)["data"]["product"] for request in service[0].got] == ["aipbx"]


def test_a_test_message_tells_of_nothing_but_its_service(service: tuple[Receiver, str], clock: Any) -> None:
    site, url = service
    to = endpoint(url, types=["project.mode_changed"])
    first, second = send_test(endpoint=to), send_test(endpoint=to)
    assert send_due("webhook") == 2
    assert site.ids() == [f"msg_{first.uid.hex}", f"msg_{second.uid.hex}"]
    assert said(site.got[0]) == {
        "type": "webhook.test",
        "timestamp": "2026-03-15T12:00:00+00:00",
        "data": {"service": "aipbx", "message": "A test. Nothing happened."},
    }
    assert replay(endpoint=to, since=NOW, with_taken=True) == 0


def test_what_waits_goes_to_the_new_address(service: tuple[Receiver, str], clock: Any) -> None:
    site, url = service
    site.answer = BUSY
    to = endpoint(url)
    message(to)
    send_due("webhook")
    with receiver() as (moved, new_url):
        to.url = new_url
        change(endpoint=to)
        due_again()
        assert send_due("webhook") == 1
        assert (len(site.got), len(moved.got)) == (1, 1)
        assert Delivery.objects.get().recipient == new_url


def test_switching_on_forgets_what_failed(products: dict[str, Product], clock: Any) -> None:
    to = endpoint("https://hooks.example/", failing_since=NOW - 9 * DAY, rests_until=NOW + HOUR)
    assert switch_off(endpoint=to, reason="It moves")
    assert not switch_off(endpoint=to, reason="Again")
    to.refresh_from_db()
    assert (to.is_active, to.disabled_at, to.disabled_reason) == (False, NOW, "It moves")
    assert (switch_on(endpoint=to), switch_on(endpoint=to)) == (True, False)
    to.refresh_from_db()
    assert (to.is_active, to.disabled_at, to.disabled_reason) == (True, None, "")
    assert (to.failing_since, to.rests_until) == (None, None)


def test_only_what_the_contract_names_leaves_the_house(account: Account, clock: Any) -> None:
    endpoint("https://hooks.example/")
    facts = {"amount": "25", "balance": "30", "currency": "USD", "top_up": "9f8e", "card": "Visa ending 4242"}
    tell(Told(account.pk, Event.TOPPED_UP, "payment:1", facts=facts, at=NOW))
    expand_due()
    body = json.loads(Delivery.objects.get(channel="webhook").body)
    assert body == {
        "type": "wallet.topped_up",
        "timestamp": "2026-03-15T12:00:00+00:00",
        "data": {
            "product": "aipbx",
            "account": "acme",
            "top_up": "9f8e",
            "amount": "25.000000",
            "balance": "30.000000",
            "currency": "USD",
        },
    }
