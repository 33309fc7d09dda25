"""Asking for a refund, and the history of money that is in flight, came, or never did."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Payment, Refund, RefundStatus, TopUp
from billing.services import refunds, top_ups
from organizations.models import Account
from tests.billing.topups.paying import begin, open_page, press_pay

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld


@pytest.fixture
def account(make_account: Callable[..., Account], stripe: StripeWorld) -> Account:
    """An account that has paid 50, closed one page, and has another one open."""
    account = make_account("aipbx", name="TechMaster", promo="3")
    paid, closed = open_page(account), open_page(account, "25")
    press_pay(paid)
    top_ups.check(top_up_id=paid.pk)
    top_ups.give_up(top_up_id=closed.pk)
    open_page(account, "10")
    return account


def offered(client: Client) -> list[str]:
    """The types that the history can be narrowed to."""
    return [value for value, _label in client.get(reverse("history")).context["query"].kind.options]


def statuses(client: Client, **query: Any) -> list[tuple[str, Decimal, str]]:
    """The history's rows: kind, amount, status."""
    lines = client.get(reverse("history"), query).context["lines"]
    return [(line.row.kind, line.row.amount, line.status) for line in lines]


def test_a_request_is_shown_before_it_is_sent(account: Account, reader: Callable[..., Client]) -> None:
    client = reader(account)
    assert client.get(reverse("refund")).context["found"].total == Decimal(50)
    sent = {"amount": "20", "reason": "We close the office."}
    asked = client.post(reverse("refund"), sent)
    assert [(part.amount, part.charge_amount) for part in asked.context["parts"]] == [(Decimal(20), Decimal(20))]
    assert not Refund.objects.exists()
    response = client.post(reverse("refund"), {**sent, "agreed": asked.context["agreement"]})
    assert (response.status_code, response["Location"]) == (303, reverse("refund"))
    row = Refund.objects.get()
    assert (row.amount.amount, row.status, row.reason) == (Decimal(20), RefundStatus.REQUESTED, sent["reason"])
    assert "Waiting for a decision" in client.get(reverse("refund")).content.decode()


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"amount": "50.01", "reason": "Too much"}, "amount"),
        ({"amount": "", "reason": "Nothing"}, "amount"),
        ({"amount": "20.001", "reason": "Finer than a bank can send"}, "amount"),
        ({"amount": "20", "reason": "  "}, "reason"),
    ],
)
def test_what_cannot_be_asked_for_says_why(
    account: Account, reader: Callable[..., Client], sent: dict[str, str], wrong: str
) -> None:
    response = reader(account).post(reverse("refund"), {**sent, "agreed": sent["amount"]})
    assert (response.status_code, set(response.context["form"].errors)) == (422, {wrong})
    assert not Refund.objects.exists()


def test_the_history_shows_what_came_what_failed_and_what_is_open(
    account: Account, reader: Callable[..., Client]
) -> None:
    client = reader(account)
    expected = [
        ("top_up", Decimal(10), "Processing"),
        ("top_up", Decimal(25), "Error"),
        ("top_up", Decimal(50), "Successful"),
        ("promo", Decimal(3), "Successful"),
    ]
    for view in ("", "each"):
        assert sorted(statuses(client, view=view)) == sorted(expected)
        assert sorted(statuses(client, view=view, type="top_up")) == sorted(expected[:3])
    assert statuses(client, type="auto_top_up") == []
    assert statuses(client, project=account.projects.get().pk) == []
    assert statuses(client, when="other", to="2020-01-01") == []
    assert offered(client) == ["", "top_up", "promo"]


def test_every_top_up_of_the_history_leads_to_its_page(account: Account, reader: Callable[..., Client]) -> None:
    client = reader(account)
    lines = client.get(reverse("history"), {"type": "top_up"}).context["lines"]
    pages = {reverse("top_up_result", args=[each.reference]) for each in TopUp.objects.all()}
    assert {line.href for line in lines} == pages
    assert all(client.get(page).status_code == 200 for page in pages)


def test_paging_shows_every_row_once_both_ways(
    account: Account, reader: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        begin(account, "10")
    monkeypatch.setattr("usage.views.history.PAGE_SIZE", 2)
    client = reader(account)
    for view in ("", "each"):
        pages, query = [], {"view": view}
        while True:
            page = client.get(reverse("history"), query).context["page"]
            pages.append([(row.stream, row.key) for row in page.rows])
            if page.older is None:
                break
            query["before"] = page.older
        forth = [row for rows in pages for row in rows]
        assert (len(forth), len(set(forth))) == (8, 8)
        back = []
        while page.newer is not None:
            page = client.get(reverse("history"), {"view": view, "after": page.newer}).context["page"]
            back.append([(row.stream, row.key) for row in page.rows])
        assert [row for rows in reversed(back) for row in rows] == forth[: len(forth) - len(pages[-1])]


def test_a_refund_is_processing_until_it_has_arrived(account: Account, reader: Callable[..., Client]) -> None:
    client = reader(account)
    (row,) = refunds.request(wallet_id=account.wallet.pk, amount=Decimal(20), reason="Closing", user_id=None)
    asked = [("refund", Decimal(-20), "Processing")]
    assert statuses(client, type="refund") == asked
    assert offered(client) == ["", "top_up", "refund", "promo"]
    refunds.approve(refund_id=row.pk, user_id=None, decision="Agreed")
    assert statuses(client, type="refund") == asked
    refunds.submit(refund_id=row.pk)
    assert statuses(client, type="refund") == [("refund", Decimal(-20), "Successful")]


def test_the_csv_says_the_same(account: Account, reader: Callable[..., Client]) -> None:
    response = reader(account).get(reverse("history_csv"), {"type": "top_up"})
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = [(row["amount"], row["status"]) for row in csv.DictReader(io.StringIO(text))]
    assert sorted((Decimal(amount), status) for amount, status in rows) == [
        (Decimal(10), "processing"),
        (Decimal(25), "error"),
        (Decimal(50), "successful"),
    ]


def test_the_pages_ask_the_database_little(
    account: Account, reader: Callable[..., Client], statements: Callable[[], Any]
) -> None:
    client, payment = reader(account), Payment.objects.get()
    assert payment.top_up is not None
    addresses = [
        reverse("history"),
        reverse("history") + "?view=each",
        reverse("top_up"),
        reverse("auto_top_up"),
        reverse("refund"),
        reverse("top_up_result", args=[payment.top_up.reference]),
    ]
    for address in addresses:
        with statements() as sent:
            assert client.get(address).status_code == 200
        assert len(sent) <= 15, (address, sent)
