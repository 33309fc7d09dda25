"""Ten thousand calls at one time across a wallet's levels: each level is told of once, and once to each address."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from decimal import Decimal as D
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from billing.models import Wallet
from billing.services import calls
from billing.services.limits import set_alerts, set_limits
from billing.services.wallets import set_frozen
from billing.verification import alerts
from billing.verification.run import verify
from notifications.models import AlertAddress, Delivery, TelegramLink, WebhookEndpoint
from notifications.services.fan_out import expand_due
from organizations.database import run
from organizations.models import Account, Role, Service
from organizations.services.accounts import set_status
from tests.billing.news import News
from tests.billing.threads import PATIENCE, at_once
from tests.factories import make_member
from tests.usage.events import charge, event

pytestmark = pytest.mark.django_db(transaction=True)
TENTH = 10  # STT at $0.006 a minute: so many seconds are a tenth of a cent
PAYERS = (Role.OWNER, Role.BILLING)
RULES = [rule.name for rule in alerts.INVARIANTS]
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
THREADS, BATCHES, EVENTS = 10, 5, 200


def with_everybody_who_hears(account: Account) -> None:
    """Two who pay, one of them with Telegram, a viewer, an address, and a service that listens."""
    owner, _billing = (make_member(account, role, email=f"{role}@acme.example") for role in PAYERS)
    make_member(account, Role.VIEWER, email="viewer@acme.example")
    AlertAddress.objects.create(
        account=account, email="alerts@acme.example", token_hash="a" * 64, confirmed_at=timezone.now()
    )
    TelegramLink.objects.create(
        account=account, user=owner, token_hash="b" * 64, expires_at=timezone.now(), chat_id=7, linked_at=timezone.now()
    )
    WebhookEndpoint.objects.create(
        service=Service.objects.get(slug=account.product.slug), url="https://pbx.example/hook", secret="whsec_x"
    )


def busy(account: Account, *, batches: int, events: int, seconds: int) -> None:
    """One client: so many requests with so many calls each."""
    for _number in range(batches):
        charge("aipbx", *[event(account, stt_seconds=seconds) for _each in range(events)])


def test_ten_thousand_calls_across_every_level_tell_of_each_once(make_account: Callable[..., Account]) -> None:
    account = make_account("aipbx", paid="10")
    news = News(account.wallet)
    with_everybody_who_hears(account)
    set_alerts(wallet_id=account.wallet.pk, alert_below=D(5), user_id=None)
    set_limits(wallet_id=account.wallet.pk, daily_cap=D(9), concurrency_limit=None, user_id=None)
    client = partial(busy, account, batches=BATCHES, events=EVENTS, seconds=TENTH)
    assert at_once([client] * THREADS) == [None] * THREADS
    wallet = Wallet.objects.get(account=account)
    assert (wallet.paid.amount, wallet.debt.amount, wallet.spent_today.amount) == (D(0), D(0), D(10))
    assert news() == [
        "low_balance",
        "cap_near",
        "cap_reached",
        "calls_refused to services: daily_limit_reached",
        "calls_refused to people: insufficient_balance",
    ]
    assert sum(count for count in at_once([expand_due] * 4) if isinstance(count, int)) == 6
    people = [("email", "alerts@acme.example"), *[("email", f"{name}@acme.example") for name in PAYERS]]
    people.append(("telegram", "7"))
    service = [("webhook", "https://pbx.example/hook")]
    assert delivered("low_balance") == sorted(people + service)
    assert delivered("cap_near") == delivered("cap_reached") == sorted(people)
    assert delivered("calls_refused") == sorted(people + service)
    assert verify(RULES) == []


def test_single_calls_in_the_same_moment_tell_once(make_account: Callable[..., Account]) -> None:
    account = make_account("aipbx", paid="5")
    set_alerts(wallet_id=account.wallet.pk, alert_below=D(4), user_id=None)
    news = News(account.wallet)
    client = partial(busy, account, batches=1, events=1, seconds=1_000)
    assert at_once([client] * 32) == [None] * 32
    assert news() == ["low_balance"]
    assert Wallet.objects.get(account=account).paid.amount == D("1.8")


def test_a_call_that_waited_while_the_account_was_suspended_does_not_say_that_calls_start(
    make_account: Callable[..., Account],
) -> None:
    """It read the account's status before it waited for the wallet."""
    account = make_account("aipbx", paid="5")
    news = News(account.wallet)
    has_locked = threading.Event()

    def suspend() -> None:
        with transaction.atomic():
            set_status(account_id=account.pk, status=Account.Status.SUSPENDED)
            has_locked.set()
            _wait_for_a_waiter()

    def call() -> None:
        assert has_locked.wait(PATIENCE)
        busy(account, batches=1, events=1, seconds=TENTH)

    assert at_once([suspend, call]) == [None, None]
    assert news() == ["calls_refused: account_suspended"]
    assert verify(RULES) == []


def test_calls_while_staff_freeze_and_suspend_leave_services_with_the_truth(
    make_account: Callable[..., Account],
) -> None:
    account = make_account("aipbx", paid="5")
    news = News(account.wallet)
    wallet_id = account.wallet.pk

    def freeze() -> None:
        for number in range(1, 12):
            set_frozen(wallet_id=wallet_id, is_frozen=bool(number % 2))

    def suspend() -> None:
        for number in range(1, 11):
            status = Account.Status.SUSPENDED if number % 2 else Account.Status.ACTIVE
            set_status(account_id=account.pk, status=status)

    def sweep() -> None:
        for _number in range(10):
            calls.settle_due()

    client = partial(busy, account, batches=5, events=1, seconds=TENTH)
    work: list[Callable[[], None]] = [freeze, suspend, sweep, client, client, client]
    assert at_once(work) == [None] * 6
    told = [line for line in news() if "people" not in line]
    assert [line.split(":")[0] for line in told] == ["calls_refused", "calls_accepted"] * (len(told) // 2) + [
        "calls_refused"
    ]
    assert verify(RULES) == []
    set_frozen(wallet_id=wallet_id, is_frozen=False)
    assert news() == ["calls_accepted"]


def delivered(event: str) -> list[tuple[str, str]]:
    return sorted(Delivery.objects.filter(notice__event=event).values_list("channel", "recipient"))


def _wait_for_a_waiter() -> None:
    """Until another connection waits for a lock."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        ((waiting,),) = run((WAITING, []))[0]
        if waiting:
            return
    raise TimeoutError
