"""The wallet's page: its figures, its settings, and what staff do to it by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import Grant, GrantKind, Hold, HoldStatus, Transaction, Wallet
from billing.verification.run import verify
from organizations.models import Account, User
from tests.billing.news import News
from tests.config.admin_rows import charge
from tests.config.admin_steps import act, token_of


@pytest.fixture
def wallet(make_account: Callable[..., Account]) -> Wallet:
    """An AI PBX wallet with 25 dollars paid and 1 promo."""
    return make_account("aipbx", name="TechMaster", paid="25", promo="1").wallet


def page(wallet: Wallet) -> str:
    return reverse("admin:billing_wallet_change", args=[wallet.pk])


def action(wallet: Wallet, name: str) -> str:
    return reverse(f"admin:billing_wallet_{name}", args=[wallet.pk])


def settings_of(wallet: Wallet, **changes: Any) -> dict[str, Any]:
    """The settings form as the browser sends it."""
    return {
        "daily_cap": "",
        "concurrency_limit": "",
        "alert_below": "",
        "monthly_allotment": "0",
        "allotment_anchor": "",
        **changes,
    }


def errors_of(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def test_the_page_shows_balances_that_add_up_grants_holds_and_the_last_transactions(
    wallet: Wallet, staff_client: Client
) -> None:
    charge(wallet.account, "evt-1")
    html = staff_client.get(page(wallet)).content.decode()
    panels = {panel.title: panel for panel in staff_client.get(page(wallet)).context["panels"]}
    assert [str(row[0]) for row in panels["Balance"].rows][:3] == ["Monthly allotment", "Promo", "Paid"]
    assert "$25.98" in str(panels["Balance"].total[1])  # 25 + 1 - 0.014 = 25.986
    assert len(panels["Grants with something left, in the order of spending"].rows) == 2
    assert len(panels["Last 20 transactions"].rows) == 3
    assert "call-evt-1" in html


def test_an_adjustment_becomes_a_transaction_with_reason_and_actor(
    wallet: Wallet, staff_client: Client, staff: User
) -> None:
    asked, done, _ = act(
        staff_client, action(wallet, "adjust"), direction="debit", amount="5.5", reason="Charged twice by hand"
    )
    assert "$26.00" in asked and "\N{MINUS SIGN}$5.50" in asked and "$20.50" in asked
    assert done.status_code == 302 and done["Location"] == page(wallet)
    row = Transaction.objects.get(wallet=wallet, kind="adjustment")
    assert (row.amount.amount, row.reason, row.actor) == (Decimal("-5.5"), "Charged twice by hand", staff)
    entry = LogEntry.objects.get()
    assert "Charged twice by hand" in entry.change_message and entry.user == staff


def test_nothing_happens_before_the_confirmation(wallet: Wallet, staff_client: Client) -> None:
    opened = staff_client.get(action(wallet, "adjust")).content.decode()
    data = {"direction": "credit", "amount": "5", "reason": "x", "step": "check"}
    assert staff_client.post(action(wallet, "adjust"), {**data, "token": token_of(opened)}).status_code == 200
    assert not Transaction.objects.filter(kind="adjustment").exists()
    assert not LogEntry.objects.exists()


def test_a_confirmation_sent_twice_adjusts_once(wallet: Wallet, staff_client: Client) -> None:
    address = action(wallet, "adjust")
    _, _, data = act(staff_client, address, direction="credit", amount="5", reason="Goodwill")
    again = staff_client.post(address, {**data, "step": "confirm"}, follow=True)
    assert Transaction.objects.filter(wallet=wallet, kind="adjustment").count() == 1
    assert "nothing happened twice" in again.content.decode()


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("", "This field is required"),
        ("0", "above 0"),
        ("-1", "above 0"),
        ("1.0000001", "at most six decimals"),
        ("NaN", "plain number"),
        ("1e3", "plain number"),
        ("1_000", "plain number"),
        ("\u0661\u0662", "plain number"),
        ("999", "allows a debit of"),
    ],
)
def test_an_amount_that_cannot_be_is_refused_beside_its_field(
    amount: str, words: str, wallet: Wallet, staff_client: Client
) -> None:
    _, answer, _ = act(staff_client, action(wallet, "adjust"), direction="debit", amount=amount, reason="x")
    assert answer.status_code == 200
    assert words in " ".join(answer.context["form"].errors["amount"])
    assert not Transaction.objects.filter(kind="adjustment").exists()


def test_an_adjustment_without_a_reason_is_refused(wallet: Wallet, staff_client: Client) -> None:
    _, answer, _ = act(staff_client, action(wallet, "adjust"), direction="credit", amount="5", reason="  ")
    assert "Say why" in answer.context["form"].errors["reason"][0]
    assert not Transaction.objects.filter(kind="adjustment").exists()


def test_credits_are_adjusted_in_whole_numbers(make_account: Callable[..., Account], staff_client: Client) -> None:
    wallet = make_account("atllasx", paid="10").wallet
    _, answer, _ = act(staff_client, action(wallet, "adjust"), direction="credit", amount="1.5", reason="x")
    assert answer.context["form"].errors["amount"] == ["Credits are whole: leave the decimals out."]


def test_promo_is_granted_with_its_expiry(wallet: Wallet, staff_client: Client) -> None:
    _, done, _ = act(
        staff_client,
        action(wallet, "grant_promo"),
        amount="3",
        expires_at_0="2999-01-31",
        expires_at_1="12:00:00",
        reason="Sorry for the outage",
    )
    assert done.status_code == 302
    grant = Grant.objects.filter(wallet=wallet, kind=GrantKind.PROMO).latest("id")
    assert (grant.amount.amount, grant.remaining.amount) == (Decimal(3), Decimal(3))
    assert grant.expires_at is not None and f"{grant.expires_at:%Y-%m-%d %H:%M}" == "2999-01-31 12:00"


def test_promo_that_is_already_over_is_not_granted(wallet: Wallet, staff_client: Client) -> None:
    fields = {"amount": "3", "expires_at_0": "2020-01-31", "expires_at_1": "12:00:00", "reason": "x"}
    _, answer, _ = act(staff_client, action(wallet, "grant_promo"), **fields)
    assert "This moment has passed" in answer.context["form"].errors["expires_at"][0]
    assert Grant.objects.filter(wallet=wallet, kind=GrantKind.PROMO).count() == 1


def test_holds_are_released_and_their_money_is_available_again(wallet: Wallet, staff_client: Client) -> None:
    now = timezone.now()
    Hold.objects.create(
        service=wallet.account.product.services.get(),
        call_id="c-1",
        wallet=wallet,
        currency="USD",
        amount=Decimal("0.25"),
        created_at=now,
        expires_at=now + timedelta(minutes=5),
    )
    Wallet.objects.filter(pk=wallet.pk).update(held=Decimal("0.25"), held_calls=1)
    asked, done, _ = act(staff_client, action(wallet, "release_holds"), reason="The PBX crashed")
    assert "$0.25" in asked
    assert done.status_code == 302
    wallet.refresh_from_db()
    assert (wallet.held.amount, wallet.held_calls) == (Decimal(0), 0)
    assert Hold.objects.get(call_id="c-1").status == HoldStatus.RELEASED


def test_a_wallet_is_frozen_and_unfrozen(wallet: Wallet, staff_client: Client) -> None:
    assert "Unfreeze" not in staff_client.get(page(wallet)).content.decode()
    act(staff_client, action(wallet, "freeze"), reason="Dispute opened")
    wallet.refresh_from_db()
    assert wallet.is_frozen
    assert "Unfreeze" in staff_client.get(page(wallet)).content.decode()
    act(staff_client, action(wallet, "unfreeze"), reason="Dispute won")
    assert not Wallet.objects.get(pk=wallet.pk).is_frozen
    assert LogEntry.objects.count() == 2


def test_saving_settings_writes_nothing_but_settings(wallet: Wallet, staff_client: Client) -> None:
    """A balance that moved between opening the page and saving it stays as it moved."""
    original = Wallet.save

    def save(self: Wallet, *args: Any, **kwargs: Any) -> None:
        Wallet.objects.filter(pk=self.pk).update(promo=Decimal("0.5"), held_calls=7)
        original(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Wallet, "save", save)
        response = staff_client.post(page(wallet), settings_of(wallet, daily_cap="12.5", concurrency_limit="4"))
    assert response.status_code == 302
    wallet = Wallet.objects.get(pk=wallet.pk)
    assert wallet.daily_cap is not None and wallet.daily_cap.amount == Decimal("12.5")
    assert wallet.concurrency_limit == 4
    assert (wallet.promo.amount, wallet.held_calls) == (Decimal("0.5"), 7)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"is_frozen": "on"}, ["calls_refused: wallet_frozen"]),
        ({"daily_cap": "0.001"}, ["calls_refused to services: daily_limit_reached"]),
        ({"alert_below": "1000"}, []),
    ],
)
def test_a_setting_that_stops_calls_is_told_and_what_it_moved_is_not(
    changes: dict[str, str], told: list[str], wallet: Wallet, staff_client: Client
) -> None:
    charge(wallet.account, "evt-1")
    news = News(wallet)
    assert staff_client.post(page(wallet), settings_of(wallet, **changes)).status_code == 302
    assert news() == told
    assert staff_client.post(page(wallet), settings_of(wallet)).status_code == 302
    assert news() == ["calls_accepted"] * len(told)
    assert verify(["alerts_agree_with_balances"]) == []


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"daily_cap": "0"}, "daily_cap", "Write an amount above 0."),
        ({"daily_cap": "ten"}, "daily_cap", "Write a plain number with at most six decimals, such as 25 or 0.125."),
        ({"monthly_allotment": "-5"}, "monthly_allotment", "Write 0 or more."),
        (
            {"concurrency_limit": "0"},
            "concurrency_limit",
            "Write 1 or more, or leave it empty. To stop all calls, freeze the wallet.",
        ),
    ],
)
def test_a_setting_that_cannot_be_is_refused_beside_its_field(
    changes: dict[str, str], field: str, words: str, wallet: Wallet, staff_client: Client
) -> None:
    response = staff_client.post(page(wallet), settings_of(wallet, **changes))
    assert errors_of(response) == {field: [words]}
    assert words in response.content.decode().replace("&#x27;", "'")


def test_whole_credits_only_for_a_wallet_of_credits(make_account: Callable[..., Account], staff_client: Client) -> None:
    wallet = make_account("atllasx").wallet
    response = staff_client.post(page(wallet), settings_of(wallet, monthly_allotment="100", daily_cap="1.5"))
    assert errors_of(response) == {"daily_cap": ["Credits are whole: leave the decimals out."]}


def test_a_first_allotment_is_given_when_it_is_set(wallet: Wallet, staff_client: Client) -> None:
    assert staff_client.post(page(wallet), settings_of(wallet, monthly_allotment="10")).status_code == 302
    wallet.refresh_from_db()
    assert wallet.allotment.amount == Decimal(10)
    assert wallet.allotment_resets_at is not None


def test_a_wallet_is_neither_added_nor_deleted(wallet: Wallet, staff_client: Client) -> None:
    assert staff_client.get(reverse("admin:billing_wallet_add")).status_code == 403
    address = reverse("admin:billing_wallet_delete", args=[wallet.pk])
    assert staff_client.post(address, {"post": "yes"}).status_code == 403
