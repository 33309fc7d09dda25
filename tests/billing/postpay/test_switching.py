"""An account is switched to postpay with terms that can be kept, and calls go down to its credit limit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from billing.models import BillingPeriod, PostpayTerms, ProductTerms, Wallet
from billing.selectors.balance import balance_of
from billing.verification.run import verify
from organizations.models import Account
from tests.billing.postpay.accounts import at, call, running, switched
from tests.factories import open_test_account
from tests.usage.events import key_of, question
from usage.services.authorize import authorize

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]


def test_calls_go_below_zero_to_the_limit_and_not_beyond(postpay_account: Make) -> None:
    account = postpay_account(limit="1.50")
    for number in ("one", "two"):
        assert authorize(key=key_of("aitelier"), request=question(account, number))["allowed"]
        call(account, call_id=number)
    refused = authorize(key=key_of("aitelier"), request=question(account, "three"))
    assert (refused["allowed"], refused["reason"]) == (False, "credit_limit_reached")
    balance = balance_of(Wallet.objects.get()).as_dict()
    assert (balance["mode"], balance["credit_limit"], balance["paid"]) == ("postpay", "1.500000", "-1.800000")
    assert (balance["accepting_calls"], balance["reason"]) == (False, "credit_limit_reached")


def test_switching_again_changes_the_terms_and_not_the_running_period(postpay_account: Make) -> None:
    with at("2026-02-10 12:00"):
        account = postpay_account()
    first = running(account)
    with at("2026-02-12 12:00"):
        switched(account, credit_limit=D(50), net_days=14)
    terms = PostpayTerms.objects.get()
    wallet = Wallet.objects.get()
    assert (running(account), terms.net_days, str(terms.starts_on)) == (first, 14, "2026-02-10")
    assert (wallet.mode, wallet.credit_limit.amount) == ("postpay", D(50))
    assert BillingPeriod.objects.count() == 1
    assert verify() == []


@pytest.mark.parametrize(
    ("product", "changes", "message"),
    [
        ("aitelier", {"credit_limit": D(0)}, "Enter an amount above zero."),
        ("aitelier", {"collects_by": "robokassa"}, "This way to pay is not available."),
        ("aitelier", {"organization_id": 999999}, "This organization is not the account's."),
        ("aitelier", {"reason": " "}, "Say why: the log keeps it."),
        ("atllasx", {}, "A product that sells credits has no postpay"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused(
    products: dict[str, Any], product: str, changes: dict[str, Any], message: str
) -> None:
    account = open_test_account(products[product])
    with pytest.raises(ValidationError) as refused:
        switched(account, **changes)
    assert any(message in words for words in refused.value.messages)
    account.wallet.refresh_from_db()
    assert account.wallet.mode == "prepaid"
    assert not BillingPeriod.objects.exists()


def test_a_product_without_an_issuer_has_no_postpay(products: dict[str, Any]) -> None:
    account = open_test_account(products["aitelier"])
    ProductTerms.objects.update(issuer=None)
    with pytest.raises(ValidationError, match="no issuer"):
        switched(account)
