"""The notification threshold on the limits page (aipbx.md, 'Limits and notifications')."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from billing.models import Wallet
from billing.services.limits import set_alerts
from organizations.models import Account, Role
from tests.billing.news import News
from tests.usage.conftest import bare_account
from tests.usage.events import charge, event

__all__ = ["bare_account"]


@pytest.fixture
def account(bare_account: Callable[..., Account]) -> Account:
    return bare_account("aipbx", paid="50", daily_cap=D(20), concurrency_limit=5)


def threshold_of(account: Account) -> D | None:
    wallet = Wallet.objects.get(account=account)
    return wallet.alert_below.amount if wallet.alert_below is not None else None


def save(client: Client, threshold: str, **more: str) -> Any:
    body = {"alert_below": threshold, "daily_cap": "20", "concurrency_limit": "5", **more}
    return client.post(reverse("limits"), body, follow=True)


def test_the_threshold_stands_beside_todays_balance_and_tells_at_the_crossing(
    account: Account, reader: Callable[..., Client]
) -> None:
    client, news = reader(account), News(account.wallet)
    html = save(client, "$49.50").content.decode()
    assert "Saved." in html
    assert 'value="49.50"' in html
    assert client.get(reverse("limits")).context["balance_now"] == D(50)
    assert threshold_of(account) == D("49.5")
    charge("aipbx", event(account, stt_seconds=10_000))
    assert news() == ["low_balance"]
    again = client.get(reverse("limits"))
    assert again.context["balance_now"] == D(49)
    assert "Below the threshold: the next notification comes when it falls below it again." in again.content.decode()


def test_a_threshold_above_the_balance_is_kept_and_the_page_says_what_it_means(
    account: Account, reader: Callable[..., Client]
) -> None:
    client, news = reader(account), News(account.wallet)
    html = save(client, "100").content.decode()
    assert "Saved. The balance is below $100.00 already: you are told when it falls below it again." in html
    assert (threshold_of(account), news()) == (D(100), [])
    assert "you are told when" not in save(client, "100").content.decode(), "the second time nothing is new"


def test_an_empty_field_ends_it(account: Account, reader: Callable[..., Client]) -> None:
    client = reader(account)
    save(client, "10")
    save(client, " ")
    assert threshold_of(account) is None


def test_the_question_about_a_cap_keeps_what_was_typed(account: Account, reader: Callable[..., Client]) -> None:
    charge("aipbx", event(account, stt_seconds=20_000))
    asked = save(reader(account), "10.5", daily_cap="1")
    assert '<input type="hidden" name="alert_below" value="10.5">' in asked.content.decode()
    assert threshold_of(account) is None
    save(reader(account), "10.5", daily_cap="1", agreed=asked.context["agreement"])
    assert threshold_of(account) == D("10.5")


def test_what_is_wrong_stands_beside_the_field_and_nothing_is_saved(
    account: Account, reader: Callable[..., Client]
) -> None:
    response = save(reader(account), "ten", daily_cap="7")
    assert response.status_code == 422
    assert response.context["form"].errors == {"alert_below": "Not an amount. Write it as 50 or 50.00."}
    assert 'value="ten"' in response.content.decode()
    wallet = Wallet.objects.get(account=account)
    assert (wallet.daily_cap, wallet.alert_below) == (account.wallet.daily_cap, None)


def test_credits_are_whole(bare_account: Callable[..., Account], reader: Callable[..., Client]) -> None:
    account = bare_account("atllasx", paid="100")
    wrong = save(reader(account), "1.5", daily_cap="", concurrency_limit="")
    assert wrong.context["form"].errors == {"alert_below": "Credits are whole."}
    html = save(reader(account), "120", daily_cap="", concurrency_limit="").content.decode()
    assert "Saved. The balance is below 120 credits already" in html


def test_who_pays_later_has_a_credit_limit_in_its_place(account: Account, reader: Callable[..., Client]) -> None:
    Wallet.objects.filter(account=account).update(mode="postpay", credit_limit=D(100), alert_below=D(5))
    html = save(reader(account), "").content.decode()
    assert "Notification threshold" not in html
    assert threshold_of(account) == D(5)


def test_a_viewer_changes_nothing(account: Account, reader: Callable[..., Client]) -> None:
    assert save(reader(account, Role.VIEWER), "10").status_code == 403
    assert threshold_of(account) is None


@pytest.mark.parametrize("amount", [D("NaN"), D(0), D(-1), D(10) ** 14])
def test_the_service_keeps_no_threshold_that_cannot_be(account: Account, amount: D) -> None:
    with pytest.raises(ValidationError) as raised:
        set_alerts(wallet_id=account.wallet.pk, alert_below=amount, user_id=None)
    assert set(raised.value.message_dict) == {"alert_below"}
    assert threshold_of(account) is None
