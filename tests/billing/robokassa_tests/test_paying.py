"""A top-up through Robokassa's page: one credit, whatever is repeated, forged, lost or late."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from billing.models import Payment, PaymentDifference, ProviderEvent, TopUp
from billing.providers.robokassa.provider import RobokassaProvider
from billing.services import inbox, top_ups
from organizations.models import Account
from tests.billing.robokassa import RobokassaWorld
from tests.billing.topups.paying import balance, open_page, sweep, time_passes


def _paid(robokassa: RobokassaWorld, account: Account) -> TopUp:
    """A top-up of 50 USD that was paid, of which nobody has heard yet."""
    top_up = open_page(account, provider="robokassa")
    robokassa.pay(top_up.redirect_url)
    return top_up


def test_a_paid_order_becomes_one_credit(robokassa: RobokassaWorld, account: Account) -> None:
    top_up = _paid(robokassa, account)
    assert (top_up.status, top_up.charge_currency) == ("pending", "RUB")
    assert robokassa.deliver() == [(200, f"OK{top_up.pk}")]
    assert balance(account) == 0
    inbox.handle_due()
    top_up.refresh_from_db()
    payment = Payment.objects.get()
    assert (top_up.status, balance(account)) == ("succeeded", Decimal(50))
    assert (payment.provider, payment.reference, payment.is_live) == ("robokassa", str(top_up.pk), True)
    assert payment.charge_amount == top_up.charge_amount
    assert payment.details["OpKey"] == robokassa.site.order(top_up.pk).operation
    assert robokassa.site.totals() == {top_up.pk: top_up.charge_amount.amount}


def test_a_notice_five_times_credits_once(robokassa: RobokassaWorld, account: Account) -> None:
    top_up = _paid(robokassa, account)
    assert robokassa.deliver(times=5) == [(200, f"OK{top_up.pk}")] * 5
    inbox.handle_due()
    robokassa.deliver()
    sweep()
    assert (balance(account), Payment.objects.count(), ProviderEvent.objects.count()) == (Decimal(50), 1, 1)


def test_a_lost_notice_is_made_up_for_by_looking_the_order_up(robokassa: RobokassaWorld, account: Account) -> None:
    _paid(robokassa, account)
    sweep()
    assert balance(account) == 50
    robokassa.deliver()
    inbox.handle_due()
    assert (balance(account), Payment.objects.count()) == (Decimal(50), 1)


def test_a_forged_notice_is_refused_and_leaves_nothing(robokassa: RobokassaWorld, account: Account) -> None:
    top_up = open_page(account, provider="robokassa")
    robokassa.site.open_page(top_up.redirect_url)
    for changes in ({"password": "guessed"}, {"changes": {"InvId": "1"}}, {"changes": {"SignatureValue": ""}}):
        assert robokassa.deliver(top_up.pk, **changes) == [(400, "bad notice")]
    assert (ProviderEvent.objects.count(), balance(account)) == (0, Decimal(0))


def test_a_notice_of_an_order_that_is_not_paid_credits_nothing(robokassa: RobokassaWorld, account: Account) -> None:
    top_up = open_page(account, provider="robokassa")
    robokassa.site.open_page(top_up.redirect_url)
    assert robokassa.deliver(top_up.pk) == [(200, f"OK{top_up.pk}")]
    inbox.handle_due()
    assert balance(account) == 0
    robokassa.site.pay(top_up.pk)
    sweep()
    assert balance(account) == 50


def test_another_sum_credits_nothing_and_staff_see_it(robokassa: RobokassaWorld, account: Account) -> None:
    top_up = _paid(robokassa, account)
    robokassa.site.set_amount(top_up.pk, "1.00")
    robokassa.deliver()
    inbox.handle_due()
    difference = PaymentDifference.objects.get()
    assert (balance(account), difference.kind, difference.found) == (Decimal(0), "wrong_amount", "1.000000 RUB")


def test_another_shops_order_with_our_number_credits_nothing(robokassa: RobokassaWorld, account: Account) -> None:
    top_up = _paid(robokassa, account)
    order = robokassa.site.order(top_up.pk)
    order.shp["Shp_top_up"] = "0b3c8f52-9c55-4e59-8d56-5f0a2f3c1d11"
    robokassa.site.store.keep_order(order)
    time_passes()
    top_ups.check_due()
    assert (balance(account), PaymentDifference.objects.get().kind) == (Decimal(0), "wrong_account")


def test_a_test_payment_is_no_real_money(robokassa: RobokassaWorld, account: Account, settings: Any) -> None:
    top_up = open_page(account, provider="robokassa")
    settings.ROBOKASSA_TEST = True
    settings.ROBOKASSA_PASSWORD1, settings.ROBOKASSA_PASSWORD2 = robokassa.site.shop.test_passwords
    tested = open_page(account, provider="robokassa")
    robokassa.pay(tested.redirect_url)
    settings.ROBOKASSA_TEST = False
    settings.ROBOKASSA_PASSWORD2 = robokassa.site.shop.passwords[1]
    assert robokassa.deliver(tested.pk) == [(400, "bad notice")]
    sweep()
    assert (balance(account), TopUp.objects.get(pk=top_up.pk).status) == (Decimal(0), "pending")


def test_a_test_shop_credits_by_the_signed_notice(robokassa: RobokassaWorld, account: Account, settings: Any) -> None:
    settings.ROBOKASSA_TEST = True
    settings.ROBOKASSA_PASSWORD1, settings.ROBOKASSA_PASSWORD2 = robokassa.site.shop.test_passwords
    _paid(robokassa, account)
    robokassa.deliver(times=2)
    sweep()
    payment = Payment.objects.get()
    assert (balance(account), payment.is_live) == (Decimal(50), False)


def test_a_refused_payment_ends_the_attempt_and_paying_later_still_credits(
    robokassa: RobokassaWorld, account: Account
) -> None:
    top_up = open_page(account, provider="robokassa")
    robokassa.site.open_page(top_up.redirect_url)
    robokassa.site.refuse(top_up.pk)
    top_up = top_ups.give_up(top_up_id=top_up.pk)
    assert (top_up.status, top_up.failure_message) == ("expired", "The payment page was closed. Nothing was charged.")
    robokassa.pay(top_up.redirect_url)
    robokassa.deliver()
    inbox.handle_due()
    top_up.refresh_from_db()
    assert (top_up.status, balance(account)) == ("succeeded", Decimal(50))


def test_the_payer_comes_back_to_the_top_up_and_is_credited_nothing_by_it(
    robokassa: RobokassaWorld, account: Account
) -> None:
    top_up = open_page(account, provider="robokassa")
    robokassa.site.open_page(top_up.redirect_url)
    page = f"/billing/top-ups/{top_up.reference}/"
    assert robokassa.get(robokassa.site.back(top_up.pk)).headers["Location"] == f"{page}?closed=1"
    success = robokassa.site.pay(top_up.pk)
    assert robokassa.get(success).headers["Location"] == page
    assert robokassa.get(success.replace("OutSum=", "OutSum=9")).headers["Location"] == "/billing/top-up/"
    assert robokassa.get("/billing/webhooks/robokassa/fail/?Shp_top_up=x").headers["Location"] == "/billing/top-up/"
    assert (balance(account), ProviderEvent.objects.count()) == (Decimal(0), 0)


def test_the_result_address_takes_a_query_as_well(robokassa: RobokassaWorld, account: Account) -> None:
    top_up = _paid(robokassa, account)
    query = robokassa.site.prepared(top_up.pk).body.decode()
    answer = robokassa.get(f"/billing/webhooks/robokassa/result/?{query}")
    assert (answer.status_code, answer.content.decode()) == (200, f"OK{top_up.pk}")
    assert answer.headers["Content-Type"] == "text/plain"


def test_the_page_works_in_a_browser_without_scripts(robokassa: RobokassaWorld, account: Account) -> None:
    top_up = open_page(account, provider="robokassa")
    page = httpx.get(top_up.redirect_url, follow_redirects=True)
    assert page.status_code == 200 and "Robokassa stand-in — no money moves" in page.text
    there = httpx.post(str(page.url), data={"method": "sbp", "act": "pay"})
    assert there.status_code == 303
    assert there.headers["Location"].startswith("http://testserver/billing/webhooks/robokassa/success/?OutSum=")
    assert robokassa.site.order(top_up.pk).method == "SBPPSR"


@pytest.mark.parametrize("name", ["result", "success", "fail"])
def test_other_methods_are_refused(robokassa: RobokassaWorld, client: Any, name: str) -> None:
    assert client.put(f"/billing/webhooks/robokassa/{name}/").status_code == 405


def test_an_older_order_of_the_shop_with_the_same_number_credits_nothing(
    robokassa: RobokassaWorld, account: Account
) -> None:
    top_up = _paid(robokassa, account)
    found = RobokassaProvider().look_up(top_ups.charge_request(top_up))
    older = replace(found, top_up_reference="", paid_at=top_up.created_at - timedelta(days=30))
    top_ups.settle(top_up_id=top_up.pk, facts=older)
    assert (balance(account), PaymentDifference.objects.get().kind) == (0, "wrong_account")
    top_ups.settle(top_up_id=top_up.pk, facts=replace(found, top_up_reference=""))
    assert balance(account) == 50
