"""The charge path with 32 clients at once: each event once, exact balances, every retry answered."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from billing.models import Hold, Transaction
from billing.verification.run import verify
from organizations.models import Account
from tests.billing.threads import at_once
from tests.usage.events import charge, event, key_of, question
from usage.models import UsageEvent
from usage.services import authorize
from usage.services.incoming import IncomingEvent
from usage.services.void import void_event

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 32
PRICE = Decimal("0.005")  # of a thousand tokens in (aipbx.md, 'Component prices')

Make = Callable[..., Account]


def call(account: Account, name: str, **data: Any) -> IncomingEvent:
    return event(account, event_id=name, llm_input_tokens=1000, **data)


def send(events: list[IncomingEvent]) -> Callable[[], list[dict[str, Any]]]:
    return lambda: charge("aipbx", *events)


def balance(account: Account) -> Decimal:
    wallet = account.wallet
    wallet.refresh_from_db()
    return Decimal(wallet.paid.amount + wallet.promo.amount - wallet.debt.amount)


def answered(answers: list[Any]) -> list[dict[str, Any]]:
    """All answers to all clients; fails on the first that was not answered."""
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return [result for answer in answers for result in answer]


def test_the_same_event_from_all_clients_is_charged_once(make_account: Make) -> None:
    account = make_account("aipbx", paid="5")
    sent = call(account, "once")
    results = answered(at_once([send([sent])] * CLIENTS))
    assert Counter(result["status"] for result in results) == {"accepted": 1, "duplicate": CLIENTS - 1}
    first = {**next(result for result in results if result["status"] == "accepted"), "status": "duplicate"}
    assert [result for result in results if result["status"] == "duplicate"] == [first] * (CLIENTS - 1)
    assert balance(account) == 5 - PRICE
    assert verify() == []


def test_different_events_on_one_wallet_are_all_charged(make_account: Make) -> None:
    account = make_account("aipbx", paid="0.1", promo="0.02")
    results = answered(at_once([send([call(account, f"e{n}")]) for n in range(CLIENTS)]))
    assert {result["status"] for result in results} == {"accepted"}
    assert balance(account) == Decimal("0.12") - CLIENTS * PRICE
    assert verify() == []


def test_different_wallets_are_charged_side_by_side(make_account: Make) -> None:
    accounts = [make_account("aipbx", paid="1") for _ in range(CLIENTS)]
    answered(at_once([send([call(account, f"e-{account.pk}")]) for account in accounts]))
    assert {balance(account) for account in accounts} == {1 - PRICE}
    assert verify() == []


def test_the_same_key_with_different_bodies_is_charged_once_and_refused_otherwise(make_account: Make) -> None:
    account = make_account("aipbx", paid="5")
    clients = [send([call(account, "once", duration_seconds=60 + n)]) for n in range(CLIENTS)]
    results = answered(at_once(clients))
    assert Counter(result["status"] for result in results) == {"accepted": 1, "rejected": CLIENTS - 1}
    assert {r["error"]["code"] for r in results if r["status"] == "rejected"} == {"idempotency_conflict"}
    assert balance(account) == 5 - PRICE


def test_the_same_key_for_different_accounts_is_charged_to_one_of_them(make_account: Make) -> None:
    accounts = [make_account("aipbx", paid="1") for _ in range(CLIENTS)]
    results = answered(at_once([send([call(account, "once")]) for account in accounts]))
    assert Counter(result["status"] for result in results) == {"accepted": 1, "rejected": CLIENTS - 1}
    assert sum(balance(account) for account in accounts) == CLIENTS - PRICE
    assert verify() == []


def test_overlapping_batches_in_any_order_are_charged_once_each(make_account: Make) -> None:
    """Every client's array shares events with many others', over the same wallets: most lose several races."""
    accounts = [make_account("aipbx", paid="1") for _ in range(4)]
    events = [call(accounts[n % 4], f"e{n}") for n in range(64)]
    shuffled = random.Random(7)
    batches = [shuffled.sample(events, 16) for _ in range(CLIENTS)]
    results = answered(at_once([send(batch) for batch in batches]))
    sent = Counter(one.event_id for batch in batches for one in batch)
    accepted = Counter(result["id"] for result in results if result["status"] == "accepted")
    assert set(accepted.values()) == {1} and accepted.keys() == sent.keys()
    assert Counter(result["id"] for result in results) == sent
    assert UsageEvent.objects.count() == Transaction.objects.filter(kind="call").count() == len(sent)
    assert sum(balance(account) for account in accounts) == 4 - PRICE * len(sent)
    assert verify() == []


def test_a_voided_event_is_reversed_once_however_many_ask(make_account: Make) -> None:
    account = make_account("aipbx", paid="5")
    charge("aipbx", call(account, "wrong"))
    key = key_of("aipbx")
    asked = [lambda: void_event(key=key, source="pbx", event_id="wrong", reason="Twice") for _ in range(CLIENTS)]
    answers = at_once(asked)
    assert [answer["status"] for answer in answers] == ["void"] * CLIENTS  # type: ignore[index]
    assert Transaction.objects.filter(kind="void").count() == 1
    assert balance(account) == 5
    assert verify() == []


def test_calls_that_ask_at_once_never_share_the_same_money(make_account: Make) -> None:
    """A balance of one dollar covers four holds of a quarter: the fifth call waits for one of them."""
    account = make_account("aipbx", paid="1")
    key = key_of("aipbx")
    asked = [lambda n=n: authorize.authorize(key=key, request=question(account, f"c{n}")) for n in range(CLIENTS)]
    answers = at_once(asked)
    assert Counter(answer["allowed"] for answer in answers) == {True: 4, False: CLIENTS - 4}  # type: ignore[index]
    refused = {answer["reason"] for answer in answers if not answer["allowed"]}  # type: ignore[index]
    assert refused == {"balance_reserved"}
    account.wallet.refresh_from_db()
    assert (account.wallet.held.amount, Hold.objects.count()) == (1, 4)
    assert verify() == []


def test_one_call_that_asks_from_all_sides_gets_one_hold_and_one_answer(make_account: Make) -> None:
    account = make_account("aipbx", paid="5")
    key = key_of("aipbx")
    answers = at_once([lambda: authorize.authorize(key=key, request=question(account, "c"))] * CLIENTS)
    assert answers == [answers[0]] * CLIENTS
    assert answers[0]["allowed"] is True  # type: ignore[index]
    assert Hold.objects.count() == 1
    assert verify() == []


def test_whole_calls_voids_and_repetitions_mix(make_account: Make) -> None:
    accounts = [make_account("aipbx", paid="20", promo="0.02") for _ in range(3)]
    key = key_of("aipbx")

    def client(number: int) -> list[dict[str, Any]]:
        """Authorise, hang up or report twice, report in a batch with others' events, and take every fourth back."""
        account = accounts[number % 3]
        call_id = f"c{number}"
        allowed = authorize.authorize(key=key, request=question(account, call_id))
        assert allowed["allowed"], allowed
        if number % 8 == 7:
            authorize.release(key=key, call_id=call_id)
            return []
        authorize.extend(key=key, call_id=call_id, elapsed_seconds=60)
        own = call(account, f"own-{number}", call_id=call_id)
        shared = [call(accounts[n % 3], f"shared-{n}") for n in range(number % 5, number % 5 + 4)]
        results = charge("aipbx", *shared, own) + charge("aipbx", own, *shared[::-1])
        if number % 4 == 0:
            void_event(key=key, source="pbx", event_id=f"own-{number}", reason="A test")
        return results

    def watch() -> list[dict[str, Any]]:
        """Verify again and again until the calls are over."""
        while len(ended) < CLIENTS:
            assert verify() == []
        return []

    def until_it_ends(number: int) -> list[dict[str, Any]]:
        try:
            return client(number)
        finally:
            ended.append(number)

    ended: list[int] = []
    answered(at_once([watch, *[partial(until_it_ends, n) for n in range(CLIENTS)]]))
    kept = [n for n in range(CLIENTS) if n % 8 != 7 and n % 4 != 0]
    charged = len(kept) + 8  # and the shared events, 0 to 7
    assert sum(balance(account) for account in accounts) == 3 * Decimal("20.02") - charged * PRICE
    assert UsageEvent.objects.filter(status="accepted").count() == charged
    assert Transaction.objects.filter(kind="void").count() == CLIENTS // 4
    assert Counter(Hold.objects.values_list("status", flat=True)) == {"captured": 28, "released": 4}
    for account in accounts:
        account.wallet.refresh_from_db()
        assert (account.wallet.held.amount, account.wallet.held_calls) == (0, 0)
    assert verify() == []
