"""From a notice to its deliveries: who hears of it and where, once, whatever happens to the workers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language

from notifications import words
from notifications.models import (
    AlertAddress,
    Channel,
    Delivery,
    Event,
    Notice,
    Preference,
    TelegramLink,
    WebhookEndpoint,
    WebhookType,
)
from notifications.rules import RULES
from notifications.services import fan_out
from notifications.services.fan_out import expand_due
from notifications.services.notices import Told, tell
from notifications.words import Message
from organizations.models import Account, Role, Service, User
from tests.billing.threads import at_once
from tests.factories import make_member

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
# The defaults, as the pages of the products promise them: roles, by e-mail, by Telegram, to further addresses.
PAYERS, EVERYBODY = {"owner", "billing"}, {"owner", "billing", "viewer"}
DEFAULTS: dict[str, tuple[set[str], bool, bool, bool]] = {
    "low_balance": (PAYERS, True, True, True),
    "calls_refused": (PAYERS, True, True, True),
    "calls_accepted": (PAYERS, False, False, False),
    "cap_near": (PAYERS, True, True, True),
    "cap_reached": (PAYERS, True, True, True),
    "credit_near": (PAYERS, True, True, True),
    "credit_reached": (PAYERS, True, True, True),
    "topped_up": (PAYERS, True, False, False),
    "auto_top_up_done": (PAYERS, True, False, False),
    "auto_top_up_failed": (PAYERS, True, True, True),
    "auto_top_up_disabled": (PAYERS, True, True, True),
    "auto_top_up_ceiling": (PAYERS, True, True, False),
    "card_expiring": (PAYERS, True, True, False),
    "refund": (PAYERS, True, False, False),
    "dispute": (PAYERS, True, True, False),
    "subscription": (PAYERS, True, False, False),
    "document_ready": (PAYERS, True, False, False),
    "invoice_due": (PAYERS, True, True, False),
    "invoice_overdue": (PAYERS, True, True, False),
    "export_ready": (PAYERS, True, False, False),
    "coupon_redeemed": (PAYERS, True, False, False),
    "grant_expiring": (PAYERS, True, True, False),
    "allotment_reset": (PAYERS, False, False, False),
    "project_mode": (EVERYBODY, True, False, False),
    "spending_spike": (PAYERS, True, True, True),
    "service_silent": (PAYERS, True, True, True),
}


@pytest.fixture(autouse=True)
def spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every event says its own name, and in which language."""

    def say(notice: Notice) -> Message:
        text = f"{notice.event} in {get_language()}"
        return Message(text, ("What follows.",), (("Balance", "$4.00"),), "Top up", "https://site.example/top-up/")

    for event in Event:
        monkeypatch.setitem(words._words, event, say)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    account = make_account("aipbx", external_id="acme")
    account.email = "office@acme.example"  # only now: opened with it, the account would be sent an invitation
    account.save()
    return account


def told(account: Account, event: Event = Event.LOW_BALANCE, key: str = "", **facts: str) -> Notice:
    key = key or f"{event}:{Notice.objects.count()}"
    tell(Told(account.pk, event, key, facts=facts, at=timezone.now()))
    return Notice.objects.get(key=key)


def linked(account: Account, user: User, chat: int, **fields: Any) -> TelegramLink:
    fields = {"chat_id": chat, "token_hash": str(chat), "expires_at": NOW, **fields}
    return TelegramLink.objects.create(account=account, user=user, **fields)


def address(account: Account, email: str, **fields: Any) -> AlertAddress:
    fields = {"confirmed_at": NOW, **fields}
    return AlertAddress.objects.create(account=account, email=email, token_hash=email, **fields)


def endpoint(service: str, url: str = "https://hooks.example/", **fields: Any) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(service=Service.objects.get(slug=service), url=url, secret="s", **fields)


def reached(notice: Notice | None = None) -> set[tuple[str, str]]:
    """Who hears of it, as (channel, address)."""
    rows = Delivery.objects.filter(notice=notice) if notice else Delivery.objects.all()
    return set(rows.values_list("channel", "recipient"))


@pytest.mark.django_db
@pytest.mark.parametrize("event", [event for event in Event if event != Event.TEST])
def test_who_hears_of_an_event_unless_they_chose_otherwise(account: Account, event: Event) -> None:
    assert set(RULES) == {*Event}
    roles, by_email, by_telegram, to_addresses = DEFAULTS[event]
    wanted = set()
    for chat, role in enumerate(Role, start=1):
        linked(account, make_member(account, role, email=f"{role}@acme.example"), chat)
        if role in roles:
            wanted |= {("email", f"{role}@acme.example")} if by_email else set()
            wanted |= {("telegram", str(chat))} if by_telegram else set()
    address(account, "ops@acme.example")
    wanted |= {("email", "ops@acme.example")} if to_addresses else set()
    notice = told(account, event)
    assert expand_due() == 1
    assert reached() == wanted
    notice.refresh_from_db()
    assert notice.expanded_at is not None
    assert (notice.is_quiet, notice.failures) == (False, 0)


@pytest.mark.django_db
def test_a_delivery_has_one_key_for_each_channel_and_address(account: Account, products: Any) -> None:
    owner = make_member(account)
    link, extra, hook = linked(account, owner, 7), address(account, "ops@acme.example"), endpoint("aipbx")
    notice = told(account)
    assert expand_due() == 1
    assert set(Delivery.objects.values_list("key", flat=True)) == {
        f"notice:{notice.pk}:email:{owner.pk}",
        f"notice:{notice.pk}:telegram:{link.pk}",
        f"notice:{notice.pk}:email:address:{extra.pk}",
        f"notice:{notice.pk}:webhook:{hook.pk}",
    }
    assert set(Delivery.objects.values_list("notice", "account", "status", "attempts")) == {
        (notice.pk, account.pk, "pending", 0)
    }
    assert (expand_due(), Delivery.objects.count()) == (0, 4), "a second time changes nothing"


@pytest.mark.django_db
def test_what_happened_once_is_one_notice_however_often_it_is_told(account: Account) -> None:
    make_member(account)
    for _ in range(3):
        told(account, key="low:1")
    assert (expand_due(), Delivery.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_a_members_choice_goes_before_the_default(account: Account) -> None:
    anna, boris = make_member(account, email="anna@acme.example"), make_member(account, email="boris@acme.example")
    linked(account, anna, 1)
    linked(account, boris, 2)
    for user, channel, is_on in ((anna, "email", False), (boris, "telegram", False)):
        Preference.objects.create(account=account, user=user, event="low_balance", channel=channel, is_on=is_on)
    for user, channel in ((anna, "telegram"), (boris, "email")):
        Preference.objects.create(account=account, user=user, event="allotment_reset", channel=channel, is_on=True)
    low, reset, cap = told(account), told(account, Event.ALLOTMENT_RESET), told(account, Event.CAP_NEAR)
    expand_due()
    assert reached(low) == {("telegram", "1"), ("email", "boris@acme.example")}
    assert reached(reset) == {("telegram", "1"), ("email", "boris@acme.example")}
    assert len(reached(cap)) == 4


@pytest.mark.django_db
def test_what_is_essential_is_told_by_email_whatever_was_chosen(account: Account) -> None:
    anna = make_member(account, email="anna@acme.example")
    linked(account, anna, 1)
    for channel in ("email", "telegram"):
        Preference.objects.create(account=account, user=anna, event="dispute", channel=channel, is_on=False)
    told(account, Event.DISPUTE)
    expand_due()
    assert reached() == {("email", "anna@acme.example")}


@pytest.mark.django_db
def test_only_whoever_has_a_working_address_hears(account: Account) -> None:
    anna = make_member(account, email="anna@acme.example")
    boris = make_member(account, email="boris@acme.example")
    make_member(account, email="gone@acme.example", is_active=False)
    linked(account, anna, 1, ended_at=NOW)
    linked(account, boris, 2, chat_id=None, token_hash="waits")
    address(account, "unconfirmed@acme.example", confirmed_at=None)
    address(account, "unsubscribed@acme.example", unsubscribed_at=NOW)
    told(account)
    expand_due()
    assert reached() == {("email", "anna@acme.example"), ("email", "boris@acme.example")}


@pytest.mark.django_db
def test_an_address_that_is_also_a_members_hears_once(account: Account) -> None:
    make_member(account, email="anna@acme.example")
    address(account, "Anna@Acme.example")
    told(account)
    expand_due()
    assert list(Delivery.objects.values_list("recipient", flat=True)) == ["anna@acme.example"]


@pytest.mark.django_db
def test_an_account_without_anybody_hears_at_its_own_address(account: Account) -> None:
    make_member(account, Role.VIEWER, email="viewer@acme.example")
    notice = told(account)
    expand_due()
    assert set(Delivery.objects.values_list("key", "recipient")) == {
        (f"notice:{notice.pk}:email:account", "office@acme.example")
    }


@pytest.mark.django_db
def test_nobody_hears_of_another_accounts_notices(account: Account, make_account: Callable[..., Account]) -> None:
    other = make_account("aipbx", name="Other")
    member = make_member(other, email="nosy@other.example")
    linked(other, member, 9)
    address(other, "ops@other.example")
    Preference.objects.create(account=other, user=member, event="low_balance", channel="email", is_on=False)
    make_member(account, email="anna@acme.example")
    told(account)
    expand_due()
    assert reached() == {("email", "anna@acme.example")}


@pytest.mark.django_db
def test_each_reader_gets_their_own_language(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(language="hi")
    russian, other = make_member(account, language="ru"), make_member(account)
    linked(account, russian, 1)
    address(account, "ops@acme.example")
    told(account)
    expand_due()
    assert dict(Delivery.objects.values_list("recipient", "subject")) == {
        russian.email: "AI PBX: low_balance in ru",
        "1": "low_balance in ru",
        other.email: "AI PBX: low_balance in hi",
        "ops@acme.example": "AI PBX: low_balance in hi",
    }


@pytest.mark.django_db
def test_a_test_message_reaches_whoever_asked_for_it_and_nobody_else(account: Account) -> None:
    viewer = make_member(account, Role.VIEWER, email="viewer@acme.example")
    owner = make_member(account)
    linked(account, viewer, 1)
    linked(account, owner, 2)
    address(account, "ops@acme.example")
    told(account, Event.TEST, user=str(viewer.pk))
    expand_due()
    assert reached() == {("email", "viewer@acme.example"), ("telegram", "1")}


@pytest.mark.django_db
def test_services_of_the_accounts_product_hear_by_webhook(account: Account, clock: Any) -> None:
    make_member(account)
    Service.objects.create(slug="off", name="Off", product=account.product, is_active=False)
    heard = endpoint("aipbx", types=[WebhookType.WALLET_LOW, WebhookType.WALLET_BLOCKED])
    every = endpoint("aipbx", "https://every.example/")
    endpoint("aipbx", "https://other-types.example/", types=[WebhookType.PROJECT_MODE_CHANGED])
    endpoint("aipbx", "https://switched-off.example/", is_active=False)
    endpoint("osmtalk", "https://another-product.example/")
    endpoint("off", "https://service-is-off.example/")
    told(account, balance="4.25", currency="USD")
    told(account, Event.CAP_NEAR)
    expand_due()
    sent = Delivery.objects.filter(channel=Channel.WEBHOOK)
    assert set(sent.values_list("endpoint", "recipient", "subject")) == {
        (heard.pk, "https://hooks.example/", "wallet.low"),
        (every.pk, "https://every.example/", "wallet.low"),
    }
    assert json.loads(sent[0].body) == {
        "type": "wallet.low",
        "timestamp": "2026-03-15T12:00:00+00:00",
        "data": {"product": "aipbx", "account": "acme", "balance": "4.250000", "currency": "USD"},
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("minutes", "quiet"),
    [
        ([0, 59], [False, True]),
        ([0, 60], [False, False]),
        # What was quiet does not keep the next one quiet.
        ([0, 50, 70, 100, 130], [False, True, False, True, False]),
    ],
)
def test_within_the_cooldown_people_are_not_told_again_but_services_are(
    account: Account, clock: Any, minutes: list[int], quiet: list[bool]
) -> None:
    make_member(account)
    endpoint("aipbx")
    for minute in minutes:
        clock.move_to(NOW + timedelta(minutes=minute))
        told(account)
        expand_due()
    notices = list(Notice.objects.order_by("created_at"))
    assert [notice.is_quiet for notice in notices] == quiet
    channels = [set(notice.deliveries.values_list("channel", flat=True)) for notice in notices]
    assert channels == [{"webhook"} if is_quiet else {"email", "webhook"} for is_quiet in quiet]


@pytest.mark.django_db
def test_the_cooldown_is_one_accounts_and_one_events(
    account: Account, make_account: Callable[..., Account], clock: Any
) -> None:
    other = make_account("aipbx", email="office@other.example")
    for each, event in ((account, Event.LOW_BALANCE), (account, Event.CAP_NEAR), (other, Event.LOW_BALANCE)):
        told(each, event)
    expand_due()
    assert list(Notice.objects.filter(is_quiet=True)) == []


@pytest.mark.django_db
def test_another_reason_is_told_within_the_cooldown(account: Account, clock: Any) -> None:
    make_member(account)
    for reason in ("insufficient_balance", "account_suspended", "insufficient_balance"):
        told(account, Event.CALLS_REFUSED, reason=reason)
        expand_due()
        clock.shift(timedelta(minutes=5))
    assert list(Notice.objects.order_by("id").values_list("is_quiet", flat=True)) == [False, False, True]


@pytest.mark.django_db
def test_a_notice_that_came_in_late_is_quiet_beside_the_one_that_was_told(account: Account, clock: Any) -> None:
    make_member(account)
    told(account)
    expand_due()
    tell(Told(account.pk, Event.LOW_BALANCE, "late", at=NOW - timedelta(minutes=5)))
    tell(Told(account.pk, Event.LOW_BALANCE, "long ago", at=NOW - 2 * HOUR))
    expand_due()
    assert dict(Notice.objects.exclude(key="low_balance:0").values_list("key", "is_quiet")) == {
        "late": True,
        "long ago": False,
    }


@pytest.mark.django_db
def test_receipts_have_no_cooldown(account: Account, clock: Any) -> None:
    make_member(account)
    told(account, Event.TOPPED_UP)
    told(account, Event.TOPPED_UP)
    expand_due()
    assert Delivery.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_people_hear_one_whatever_workers_there_are(
    account: Account, make_account: Callable[..., Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "BATCH", 1)  # so that the workers take turns
    accounts = [account, make_account("aipbx"), make_account("osmtalk")]
    for each in accounts:
        make_member(each)
    for _ in range(8):
        for each in accounts:
            told(each)
    assert sum(answer for answer in at_once([expand_due] * 4) if isinstance(answer, int)) == 24
    assert [Delivery.objects.filter(account=each).count() for each in accounts] == [1, 1, 1]
    assert Notice.objects.filter(is_quiet=True, expanded_at__isnull=False).count() == 21


class Killed(BaseException):
    """The worker's process ends here: whatever is not committed is gone."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["message_of", "write", "ring_for_messages"])
def test_a_worker_killed_at_any_step_leaves_notices_that_are_told_later(
    account: Account, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_member(account)
    told(account)
    told(account, Event.TOPPED_UP)
    calls = []
    real = getattr(fan_out, step)

    def dies_the_second_time(*arguments: Any) -> Any:
        calls.append(step)
        if len(calls) == (1 if step == "ring_for_messages" else 2):
            raise Killed
        return real(*arguments)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(fan_out, step, dies_the_second_time)
        expand_due()
    assert not Delivery.objects.exists()
    assert (expand_due(), Delivery.objects.count()) == (2, 2)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("words raise", "ZeroDivisionError: no price"),
        ("words are missing", "KeyError: Event.LOW_BALANCE"),
        ("no database keeps it", "DataError: PostgreSQL text fields cannot contain NUL (0x00) bytes"),
    ],
)
def test_a_notice_without_words_stops_no_other_and_is_told_once_they_are_mended(
    account: Account, fault: str, error: str, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(notice: Notice) -> Message:
        if fault == "words raise":
            raise ZeroDivisionError("no price")
        return Message("\0", ())

    make_member(account)
    with monkeypatch.context() as patched:
        if fault == "words are missing":
            patched.delitem(words._words, Event.LOW_BALANCE)
        else:
            patched.setitem(words._words, Event.LOW_BALANCE, broken)
        bad, good = told(account), told(account, Event.TOPPED_UP)
        for failures, minutes in enumerate((1, 2, 4, 8, 16, 32, 60, 60), start=1):
            assert expand_due() == (1 if failures == 1 else 0)
            bad.refresh_from_db()
            assert (bad.expanded_at, bad.failures) == (None, failures)
            assert bad.paused_until == datetime.now(UTC) + timedelta(minutes=minutes)
            assert reached(bad) == set()
            clock.shift(timedelta(minutes=minutes) - timedelta(seconds=1))
            expand_due()
            bad.refresh_from_db()
            assert bad.failures == failures, "not before its time"
            clock.shift(1)
    assert bad.last_error == error
    assert len(reached(good)) == 1
    assert expand_due() == 1
    assert len(reached(bad)) == 1


@pytest.mark.django_db
def test_more_notices_than_a_batch_are_all_told(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fan_out, "BATCH", 3)
    make_member(account)
    for _ in range(10):
        told(account, Event.TOPPED_UP)
    assert (expand_due(), Delivery.objects.count()) == (10, 10)


@pytest.mark.django_db(transaction=True)
def test_the_doorbells_ring_after_the_commits(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    from notifications.tasks import expand, send

    rung: list[str] = []
    monkeypatch.setattr(expand, "delay", lambda: rung.append(f"{Notice.objects.count()} notices"))
    monkeypatch.setattr(send, "delay", lambda channel: rung.append(f"{Delivery.objects.count()} by {channel}"))
    linked(account, make_member(account), 1)
    make_member(account)
    with transaction.atomic():
        tell(Told(account.pk, Event.LOW_BALANCE, "low"))
        assert rung == []
    assert rung == ["1 notices"]
    expand_due()
    assert rung == ["1 notices", "3 by email", "3 by telegram"]


@pytest.mark.django_db(transaction=True)
def test_a_happening_of_a_transaction_that_fails_is_never_told(account: Account) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        told(account)
        raise RuntimeError
    assert (expand_due(), Notice.objects.count()) == (0, 0)
