"""Limits: what a customer sets, what it means for the next call, and what is said before it is saved."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from billing.models import Wallet
from billing.services.limits import set_limits
from organizations.models import Account, Role
from tests.factories import ApiClient
from tests.usage.conftest import bare_account
from tests.usage.events import charge, event

__all__ = ["bare_account"]

QUERIES_AT_MOST = 15
D = Decimal


@pytest.fixture
def account(bare_account: Callable[..., Account]) -> Account:
    return bare_account("aipbx", paid="50", timezone="America/New_York", daily_cap=D(20), concurrency_limit=5)


def limits_of(account: Account) -> tuple[Decimal | None, int | None]:
    wallet = Wallet.objects.get(account=account)
    return (wallet.daily_cap.amount if wallet.daily_cap is not None else None, wallet.concurrency_limit)


def spend(account: Account, cents: int) -> None:
    """One call of so many cents: analytics at $0.002 and STT at $0.006 a minute."""
    charge("aipbx", event(account, stt_seconds=cents * 100))


def ask(api: Callable[..., ApiClient], account: Account, call_id: str) -> Any:
    body = {"account": account.external_id, "project": "main", "call_id": call_id, "channel": "phone"}
    return api("aipbx").post("/api/v1/calls/authorize", {**body, "direction": "inbound"}).json()


def save(client: Client, cap: str, calls: str = "5", **more: str) -> Any:
    return client.post(reverse("limits"), {"daily_cap": cap, "concurrency_limit": calls, **more}, follow=True)


def test_the_page_shows_what_counts_towards_the_cap(
    account: Account, api: Callable[..., ApiClient], reader: Callable[..., Client]
) -> None:
    spend(account, 200)
    assert ask(api, account, "c-1")["hold"]["amount"] == "0.250000"
    response = reader(account).get(reverse("limits"))
    assert response["Cache-Control"] == "private, no-store"
    html = response.content.decode()
    assert "$2.00 of $20.00" in html
    assert (response.context["cap_share"], response.context["left"]) == (D("0.1125"), D("17.75"))
    assert "$2.25 of the daily cap of $20.00 spent or held" in html
    assert "1 call in progress now." in html
    assert "until midnight in New York or a higher cap" in html
    assert 'value="20.00"' in html


def test_raising_the_cap_lets_the_next_call_start(
    account: Account, api: Callable[..., ApiClient], reader: Callable[..., Client]
) -> None:
    Wallet.objects.filter(account=account).update(daily_cap=D("0.1"))
    spend(account, 10)
    client = reader(account)
    assert ask(api, account, "c-1")["reason"] == "daily_limit_reached"
    assert "Reached: no new call starts until midnight in New York." in client.get(reverse("limits")).content.decode()
    response = save(client, "$1,000.50")
    assert response.redirect_chain == [(reverse("limits"), 303)]
    assert "Saved. Calls start again." in response.content.decode()
    assert limits_of(account) == (D("1000.5"), 5)
    assert ask(api, account, "c-2")["allowed"] is True


def test_midnight_on_the_accounts_clock_resumes_on_the_page_as_in_the_api(
    bare_account: Callable[..., Account], api: Callable[..., ApiClient], reader: Callable[..., Client]
) -> None:
    with time_machine.travel(datetime(2026, 11, 2, 4, 59, tzinfo=UTC), tick=False):  # the day had 25 hours
        account = bare_account("aipbx", paid="50", timezone="America/New_York", daily_cap=D("0.1"))
        client = reader(account)
        spend(account, 10)
        assert client.get(reverse("limits")).context["left"] == 0
        assert ask(api, account, "c-1")["reason"] == "daily_limit_reached"
    with time_machine.travel(datetime(2026, 11, 2, 5, 0, tzinfo=UTC), tick=False):
        assert client.get(reverse("limits")).context["left"] == D("0.1")
        assert ask(api, account, "c-2")["allowed"] is True


def test_a_cap_that_is_reached_already_is_asked_about_first(
    account: Account, api: Callable[..., ApiClient], reader: Callable[..., Client]
) -> None:
    spend(account, 200)
    client = reader(account)
    asked = save(client, "2")
    html = asked.content.decode()
    assert "A daily cap of $2.00 is reached already: no new call starts until midnight in New York" in html
    assert limits_of(account) == (D(20), 5)
    other = save(client, "1.50", agreed=asked.context["agreement"])
    assert "A daily cap of $1.50 is reached already" in other.content.decode()
    saved = save(client, "2", "3", agreed=asked.context["agreement"])
    assert "Saved. No new call starts until midnight in New York or a higher cap." in saved.content.decode()
    assert limits_of(account) == (D(2), 3)
    assert ask(api, account, "c-1")["reason"] == "daily_limit_reached"
    again = save(client, "2", "4")
    assert (again.redirect_chain, limits_of(account)) == ([(reverse("limits"), 303)], (D(2), 4))


def test_calls_in_progress_count_as_spent_before_a_cap_is_saved(
    account: Account, api: Callable[..., ApiClient], reader: Callable[..., Client]
) -> None:
    ask(api, account, "c-1")
    assert "Stop new calls for today?" in save(reader(account), "0.25").content.decode()
    assert "Saved." in save(reader(account), "0.26").content.decode()
    assert limits_of(account) == (D("0.26"), 5)


def test_empty_fields_are_no_limits(account: Account, reader: Callable[..., Client]) -> None:
    html = save(reader(account), " ", "").content.decode()
    assert limits_of(account) == (None, None)
    assert "no cap" in html


def test_calls_beyond_the_limit_are_refused_until_it_is_raised(
    account: Account, api: Callable[..., ApiClient], reader: Callable[..., Client]
) -> None:
    client = reader(account)
    save(client, "20", "1")
    assert ask(api, account, "c-1")["allowed"] is True
    assert ask(api, account, "c-2")["reason"] == "concurrency_limit_reached"
    assert "Saved. Calls start again." in save(client, "20", "2").content.decode()
    assert ask(api, account, "c-2")["allowed"] is True


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"daily_cap": "ten"}, {"daily_cap": "Not an amount. Write it as 50 or 50.00."}),
        ({"daily_cap": "0"}, {"daily_cap": "Enter an amount above zero."}),
        ({"daily_cap": "-1"}, {"daily_cap": "Not an amount. Write it as 50 or 50.00."}),
        (
            {"concurrency_limit": "0"},
            {"concurrency_limit": "Write a whole number from 1 to 100000, or leave it empty."},
        ),
        (
            {"concurrency_limit": "2.5", "daily_cap": "0"},
            {
                "concurrency_limit": "Write a whole number from 1 to 100000, or leave it empty.",
                "daily_cap": "Enter an amount above zero.",
            },
        ),
        (
            {"concurrency_limit": "100001"},
            {"concurrency_limit": "Write a whole number from 1 to 100000, or leave it empty."},
        ),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(
    account: Account, reader: Callable[..., Client], sent: dict[str, str], said: dict[str, str]
) -> None:
    body = {"daily_cap": "7", "concurrency_limit": "7", **sent}
    response = reader(account).post(reverse("limits"), body)
    assert (response.status_code, response.context["form"].errors) == (422, said)
    html = response.content.decode()
    assert all(f'value="{typed}"' in html for typed in body.values())
    assert limits_of(account) == (D(20), 5)


def test_credits_are_capped_whole(bare_account: Callable[..., Account], reader: Callable[..., Client]) -> None:
    account = bare_account("atllasx", paid="100")
    client = reader(account)
    wrong = client.post(reverse("limits"), {"daily_cap": "1.5", "concurrency_limit": ""})
    assert (wrong.status_code, wrong.context["form"].errors) == (422, {"daily_cap": "Credits are whole."})
    html = save(client, "40", "").content.decode()
    assert limits_of(account) == (D(40), None)
    assert 'value="40"' in html
    assert "0 credits of 40 credits" in html


def test_a_product_that_ends_calls_says_so(bare_account: Callable[..., Account], reader: Callable[..., Client]) -> None:
    finishing = reader(bare_account("letustalk")).get(reverse("limits")).content.decode()
    ending = reader(bare_account("atllasx")).get(reverse("limits")).content.decode()
    assert "Calls in progress finish." in finishing
    assert "A call in progress ends when what the cap leaves it is used up." in ending


def test_a_viewer_sees_and_changes_nothing(account: Account, reader: Callable[..., Client]) -> None:
    client = reader(account, Role.VIEWER)
    html = client.get(reverse("limits")).content.decode()
    assert "Owners and billing members of the account can change the limits." in html
    assert ">Save<" not in html
    assert client.post(reverse("limits"), {"daily_cap": "1"}).status_code == 403
    assert limits_of(account) == (D(20), 5)
    assert save(reader(account, Role.BILLING), "21").redirect_chain == [(reverse("limits"), 303)]
    assert limits_of(account) == (D(21), 5)


def test_a_reader_sets_only_the_own_accounts_limits(
    account: Account, bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    save(reader(bare_account("aipbx")), "3", "3")
    assert limits_of(account) == (D(20), 5)


def test_the_overview_leads_payers_to_a_higher_cap(account: Account, reader: Callable[..., Client]) -> None:
    Wallet.objects.filter(account=account).update(daily_cap=D("0.1"))
    spend(account, 10)
    assert "Raise the cap" in reader(account).get(reverse("overview")).content.decode()
    assert "Raise the cap" not in reader(account, Role.VIEWER).get(reverse("overview")).content.decode()


def test_a_change_is_logged_with_who_made_it(
    account: Account,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with caplog.at_level(logging.INFO, "billing.services.limits"), django_capture_on_commit_callbacks(execute=True):
        assert set_limits(wallet_id=account.wallet.pk, daily_cap=D(30), concurrency_limit=None, user_id=7)
        assert not set_limits(wallet_id=account.wallet.pk, daily_cap=D(30), concurrency_limit=None, user_id=7)
    (message,) = caplog.messages
    assert message == (
        f"wallet {account.wallet.pk}: user 7 set the daily cap from 20.000000 to 30, calls from 5 to None"
    )


@pytest.mark.parametrize(
    ("cap", "calls", "field"),
    [(D("NaN"), 1, "daily_cap"), (D(0), 1, "daily_cap"), (D(10) ** 14, 1, "daily_cap"), (None, 0, "concurrency_limit")],
)
def test_the_service_keeps_no_limit_that_cannot_be(account: Account, cap: Any, calls: int, field: str) -> None:
    with pytest.raises(ValidationError) as raised:
        set_limits(wallet_id=account.wallet.pk, daily_cap=cap, concurrency_limit=calls, user_id=None)
    assert set(raised.value.message_dict) == {field}
    assert limits_of(account) == (D(20), 5)


def test_the_page_takes_few_queries(
    account: Account, reader: Callable[..., Client], statements: Callable[[], Any]
) -> None:
    client = reader(account)
    with statements() as sent:
        assert client.get(reverse("limits")).status_code == 200
    assert len(sent) <= QUERIES_AT_MOST
