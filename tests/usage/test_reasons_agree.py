"""What the customer sees and what the API answers agree, for every reason that keeps a call from starting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from billing.models import GrantKind, TransactionKind, Wallet
from billing.services.credits import credit
from organizations.models import Account
from tests.usage.test_caps_and_days import Site, open_site
from tests.usage.views.conftest import reader

__all__ = ["open_site", "reader"]


@dataclass(frozen=True)
class Case:
    """A state of the account, the API's reason, the banner, and what the limits page says of it."""

    reason: str
    banner: str
    note: str
    product: str = "aipbx"
    options: dict[str, Any] = field(default_factory=dict)
    calls_first: int = 0
    mended: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case(
        "insufficient_balance",
        "The balance is used up",
        "The balance is too low. Top up and calls start again.",
        options={"paid": "0"},
    ),
    Case(
        "insufficient_balance",
        "No call starts: the balance is too low",
        "The balance is too low. Top up and calls start again.",
        product="letustalk",  # calls start from $0.10 on
        options={"paid": "0.09"},
    ),
    Case(
        "balance_reserved",
        "Calls in progress hold the rest of the balance",
        "Calls in progress hold the rest of the balance. Try again shortly.",
        options={"paid": "0.20"},
        calls_first=1,
    ),
    Case(
        "daily_limit_reached",
        "The daily cap of $0.20 is reached",
        "The daily cap is reached. Calls start again at midnight.",
        options={"daily_cap": D("0.20")},
        calls_first=1,
        mended={"daily_cap": D(5)},
    ),
    Case(
        "concurrency_limit_reached",
        "1 call is in progress, the most you allow",
        "As many calls as allowed are in progress already.",
        options={"concurrency_limit": 1},
        calls_first=1,
        mended={"concurrency_limit": 2},
    ),
    Case(
        "credit_limit_reached",
        "The credit limit is reached",
        "The credit limit is reached. Pay an invoice or ask for a higher one.",
        options={"paid": "0", "mode": "postpay"},
        mended={"credit_limit": D(10)},
    ),
    Case(
        "wallet_frozen",
        "The balance is frozen",
        "The balance is frozen while a payment is disputed.",
        options={"is_frozen": True},
        mended={"is_frozen": False},
    ),
    Case(
        "payment_overdue",
        "An invoice is overdue",
        "An invoice is overdue. Pay it and calls start again.",
        options={"is_overdue": True},
        mended={"is_overdue": False},
    ),
]


def seen(site: Site) -> tuple[list[str], str]:
    """The banners, which are the same on the overview and on the limits page, and the words of the latter."""
    page = site.browser.get(reverse("limits"))
    assert [each.title for each in page.context["banners"]] == site.banners()
    refusal = page.context["spending"].refusal
    if refusal is not None:
        assert refusal.message in page.content.decode()
    return site.banners(), refusal.message if refusal else ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.reason}, {case.product}")
def test_each_reason_is_the_same_everywhere(open_site: Callable[..., Site], case: Case) -> None:
    site = open_site(case.product, **case.options)
    for number in range(case.calls_first):
        assert site.ask(f"before-{number}") is None
    assert (site.ask("c-1"), site.balance()) == (case.reason, (False, case.reason))
    assert seen(site) == ([case.banner], case.note)
    if case.mended:
        Wallet.objects.filter(account=site.account).update(**case.mended)
    else:
        give(site.account, "5")
    assert (site.balance(), seen(site)) == ((True, None), ([], ""))
    assert site.ask("c-2") is None


def test_a_suspended_account_is_told_so(open_site: Callable[..., Site]) -> None:
    site = open_site()
    Account.objects.filter(pk=site.account.pk).update(status=Account.Status.SUSPENDED)
    assert (site.ask("c-1"), site.balance()) == ("account_suspended", (False, "account_suspended"))
    assert seen(site) == (["The account is suspended"], "This account is suspended. Ask support to reactivate it.")


def test_of_several_reasons_the_api_gives_the_first_and_the_page_all(open_site: Callable[..., Site]) -> None:
    site = open_site(paid="0", is_frozen=True, is_overdue=True)
    assert (site.ask("c-1"), site.balance()) == ("wallet_frozen", (False, "wallet_frozen"))
    assert site.banners() == ["The balance is frozen", "An invoice is overdue", "The balance is used up"]


def test_a_price_on_request_is_the_models_and_keeps_no_other_call_from_starting(open_site: Callable[..., Site]) -> None:
    site = open_site()
    assert site.ask("c-1", model="yandex-realtime") == "price_on_request"
    assert (site.balance(), seen(site)) == ((True, None), ([], ""))
    assert site.ask("c-2", model="qwen-realtime") is None


def test_credit_that_has_expired_counts_nowhere_before_its_sweep(open_site: Callable[..., Site]) -> None:
    site = open_site(paid="0")
    give(site.account, "5", kind=GrantKind.PROMO, expires_at=timezone.now() + timedelta(minutes=5))
    assert (site.balance(), site.banners()) == ((True, None), [])
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        assert site.browser.get(reverse("overview")).context["balance"].available == 0
        assert site.banners() == ["The balance is used up"]
        assert (site.balance(), site.ask("c-1")) == ((False, "insufficient_balance"), "insufficient_balance")


def test_a_credit_limit_counts_for_postpay_only(open_site: Callable[..., Site]) -> None:
    site = open_site(paid="2", credit_limit=D(10))
    assert site.browser.get(reverse("overview")).context["balance"].available == D(2)
    Wallet.objects.filter(account=site.account).update(mode="postpay")
    page = site.browser.get(reverse("overview"))
    assert page.context["balance"].available == D(12)
    assert ("Credit limit", D(10)) in page.context["parts"]


def give(account: Account, amount: str, kind: GrantKind = GrantKind.PAID, **options: Any) -> None:
    credit(
        wallet_id=account.wallet.pk,
        kind=kind,
        amount=D(amount),
        key=f"given-{kind}",
        transaction_kind=TransactionKind.CREDIT,
        description="Test credit",
        **options,
    )
