"""The top-up page: what it comes to is shown first, what was shown is what is charged, and by whom."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import TopUp, TopUpStatus
from billing.services import bank, top_ups
from billing.views.amounts import typed_amount
from organizations.models import Account, Organization, Role
from tests.billing.topups.paying import DECLINED, VISA, open_page, press_pay

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld

NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture
def account(make_account: Callable[..., Account], stripe: StripeWorld) -> Account:
    account = make_account("aipbx", name="TechMaster", paid="142.50")
    Organization.objects.create(
        account=account, name="TechMaster LLC", country="US", region="NY", tax_id="7701234567", is_default=True
    )
    return account


def pay(client: Client, total: str = "54.44 USD", **sent: Any) -> Any:
    return client.post(reverse("top_up"), {"amount": "50.00", "provider": "stripe", "shown_total": total, **sent})


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("50", "50"),
        (" 50.00 ", "50"),
        ("$50", "50"),
        ("50,00", "50"),
        ("1,000", "1000"),
        ("1,000.50", "1000.50"),
        ("1.000,50", "1000.50"),
        (f"1{NBSP}000", "1000"),
        ("12,34,567", "1234567"),
        (".5", "0.5"),
    ],
)
def test_amounts_are_understood_as_people_write_them(typed: str, amount: str) -> None:
    assert typed_amount(typed) == Decimal(amount)


@pytest.mark.parametrize("typed", ["", "  ", "fifty", "5e3", "NaN", "-5", "0", "0.00", "1.2.3", "9" * 20, "\u0665"])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        typed_amount(typed)


def test_the_total_with_tax_is_shown_before_paying(account: Account, reader: Callable[..., Client]) -> None:
    response = reader(account).get(reverse("top_up"))
    quote, body = response.context["quote"], response.content.decode()
    assert (quote.net, quote.tax, quote.total) == (Decimal(50), Decimal("4.44"), Decimal("54.44"))
    assert response.context["after"] == Decimal("192.50")
    assert "Pay $54.44" in body
    assert "Test payments: no money moves." in body
    assert TopUp.objects.count() == 0


def test_without_scripts_a_quick_amount_counts_unless_the_field_was_typed_in(
    account: Account, reader: Callable[..., Client]
) -> None:
    client = reader(account)
    untouched = {"amount": "50.00", "shown_amount": "50.00", "quick": "100.00", "organization": "none"}
    assert client.get(reverse("top_up"), untouched).context["quote"].total == Decimal(100)
    typed = {**untouched, "amount": "70"}
    assert client.get(reverse("top_up"), typed).context["quote"].total == Decimal(70)


def test_while_typing_only_the_total_is_sent(account: Account, reader: Callable[..., Client]) -> None:
    response = reader(account).get(reverse("top_up"), {"amount": "5"}, headers={"HX-Request": "true"})
    body = response.content.decode()
    assert "The smallest top-up is $10.00." in body
    assert "<html" not in body
    assert 'hx-swap-oob="innerHTML"' in body


def test_paying_leads_to_the_providers_page(
    account: Account, reader: Callable[..., Client], stripe: StripeWorld
) -> None:
    response = pay(reader(account), save_card="on")
    top_up = TopUp.objects.get()
    assert (response.status_code, response["Location"]) == (303, top_up.redirect_url)
    assert response["Location"].startswith(stripe.url)
    assert (top_up.status, top_up.total.amount, top_up.saves_card) == (TopUpStatus.PENDING, Decimal("54.44"), True)
    assert top_up.organization is not None


def test_a_total_that_was_not_shown_is_not_charged(account: Account, reader: Callable[..., Client]) -> None:
    response = pay(reader(account), total="50.00 USD")
    assert response.status_code == 422
    assert "The total is not the one you saw." in response.content.decode()
    assert TopUp.objects.count() == 0


def test_a_viewer_sees_the_page_and_may_not_pay(account: Account, reader: Callable[..., Client]) -> None:
    client = reader(account, Role.VIEWER)
    body = client.get(reverse("top_up")).content.decode()
    assert "Pay $54.44" not in body
    assert pay(client).status_code == 403
    assert TopUp.objects.count() == 0


def test_an_organization_of_another_account_is_nobodys(
    account: Account, make_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    foreign = Organization.objects.create(account=make_account("aipbx"), name="Secret", tax_id="1")
    response = pay(reader(account), organization=foreign.pk)
    assert response.status_code == 303  # the account's own default takes its place
    assert TopUp.objects.get().organization != foreign


def test_the_result_page_asks_the_provider_itself(
    account: Account, reader: Callable[..., Client], stripe: StripeWorld
) -> None:
    top_up = open_page(account)
    assert press_pay(top_up, VISA) == 303
    response = reader(account).get(reverse("top_up_result", args=[top_up.reference]))
    received = response.context["received"]
    assert response.context["top_up"].status == TopUpStatus.SUCCEEDED
    assert [(each.before, each.after) for each in received] == [(Decimal("142.50"), Decimal("192.50"))]
    assert "Payment received" in response.content.decode()


def test_a_receipt_that_is_issued_after_the_page_was_shown_appears_on_it(
    account: Account, reader: Callable[..., Client], stripe: StripeWorld
) -> None:
    top_up = open_page(account)
    press_pay(top_up, VISA)
    page = reader(account).get(reverse("top_up_result", args=[top_up.reference])).content.decode()
    assert 'hx-trigger="moved from:body"' in page and 'hx-select-oob="#result"' in page


def test_it_asks_once_in_a_few_seconds_however_often_it_is_read(
    account: Account, reader: Callable[..., Client], stripe: StripeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    top_up = open_page(account)
    asked: list[int] = []

    def check(*, top_up_id: int) -> TopUp:
        asked.append(top_up_id)
        return top_up

    monkeypatch.setattr(top_ups, "check", check)
    client = reader(account)
    for _ in range(5):
        client.get(reverse("top_up_status", args=[top_up.reference]))
    assert asked == [top_up.pk]


def test_coming_back_without_having_paid_closes_the_page(
    account: Account, reader: Callable[..., Client], stripe: StripeWorld
) -> None:
    top_up = open_page(account)
    body = reader(account).get(reverse("top_up_result", args=[top_up.reference]), {"closed": "1"}).content.decode()
    assert "The payment page was closed. Nothing was charged." in body
    assert "Try again" in body
    top_up.refresh_from_db()
    assert top_up.status == TopUpStatus.EXPIRED


def test_a_refused_card_is_told_while_another_may_be_tried(
    account: Account, reader: Callable[..., Client], stripe: StripeWorld
) -> None:
    top_up = open_page(account)
    assert press_pay(top_up, DECLINED) == 402
    body = reader(account).get(reverse("top_up_result", args=[top_up.reference])).content.decode()
    assert "Go on to the payment page" in body
    assert "Processing" in body


def test_the_total_is_shown_without_scripts_and_starts_nothing(
    account: Account, reader: Callable[..., Client], stripe: StripeWorld
) -> None:
    response = reader(account, Role.VIEWER).post(
        reverse("top_up"), {"amount": "25", "provider": "stripe", "count": "1"}
    )
    assert (response.status_code, response.context["form"].total) == (200, "27.22 USD")
    assert not TopUp.objects.exists()


def test_an_invoice_says_what_to_transfer_and_where(account: Account, reader: Callable[..., Client]) -> None:
    client = reader(account)
    response = pay(client, provider="bank", total="54.44 USD")
    top_up = TopUp.objects.get()
    assert response["Location"] == reverse("top_up_result", args=[top_up.reference])
    body = client.get(response["Location"]).content.decode()
    assert f"TU-{top_up.pk:06d}" in body
    assert "BIK: 044599999" in body
    assert reverse("top_up_status", args=[top_up.reference]) not in body  # nobody asks a bank every few seconds
    bank.record_transfer(
        top_up_id=top_up.pk,
        amount=Decimal("20.00"),
        received_on=top_up.created_at.date(),
        bank_reference="B1",
        user_id=None,
    )
    context = client.get(response["Location"]).context
    assert (context["paid"], context["open_amount"]) == (Decimal(20), Decimal("34.44"))


def test_an_overpaid_invoice_shows_what_was_credited_and_received(
    account: Account, reader: Callable[..., Client]
) -> None:
    client = reader(account)
    address = pay(client, provider="bank", total="54.44 USD")["Location"]
    for reference in ("B1", "B2"):
        bank.record_transfer(
            top_up_id=TopUp.objects.get().pk,
            amount=Decimal("54.44"),
            received_on=timezone.now().date(),
            bank_reference=reference,
            user_id=None,
        )
    response = client.get(address)
    body = response.content.decode()
    assert (response.context["credited"], response.context["paid"]) == (Decimal(100), Decimal("108.88"))
    assert "$108.88" in body
    figure = body.partition('class="figure in"')[2].partition("</p>")[0]
    assert "100" in figure


def test_another_accounts_top_up_does_not_exist(
    account: Account, make_account: Callable[..., Account], reader: Callable[..., Client], stripe: StripeWorld
) -> None:
    top_up = open_page(account)
    stranger = reader(make_account("aipbx"))
    for name in ("top_up_result", "top_up_status"):
        assert stranger.get(reverse(name, args=[top_up.reference])).status_code == 404
    assert stranger.get(reverse("top_up_result", args=[top_up.reference]), {"closed": "1"}).status_code == 404
    assert stranger.post(reverse("top_up_result", args=[top_up.reference])).status_code == 404
    top_up.refresh_from_db()
    assert top_up.status == TopUpStatus.PENDING


def test_a_viewer_closes_no_page(account: Account, reader: Callable[..., Client], stripe: StripeWorld) -> None:
    top_up = open_page(account)
    client, address = reader(account, Role.VIEWER), reverse("top_up_result", args=[top_up.reference])
    assert client.get(address, {"closed": "1"}).status_code == 200
    assert client.post(address).status_code == 403
    top_up.refresh_from_db()
    assert top_up.status == TopUpStatus.PENDING


def test_a_suspended_account_is_told_why_it_cannot_pay(account: Account, reader: Callable[..., Client]) -> None:
    Account.objects.filter(pk=account.pk).update(status=Account.Status.SUSPENDED)
    response = pay(reader(account))
    assert response.status_code == 422
    assert "The account is suspended." in response.content.decode()
    assert TopUp.objects.count() == 0


def test_an_empty_balance_offers_the_way_to_more(
    make_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    empty = make_account("aipbx")
    (notice,) = reader(empty).get(reverse("overview")).context["banners"]
    assert [(action.label, action.href) for action in notice.actions] == [("Top up", reverse("top_up"))]
    (seen,) = reader(empty, Role.VIEWER).get(reverse("overview")).context["banners"]
    assert seen.actions == ()
