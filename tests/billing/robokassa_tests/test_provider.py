"""The provider against the stand-in: the page's address, look-ups, refunds, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from billing.providers.base import (
    UNANSWERED,
    BadNoticeError,
    ChargeRequest,
    Notice,
    Outcome,
    Payer,
    ProviderError,
    ProviderUnavailableError,
    RefundRequest,
)
from billing.providers.robokassa import orders
from billing.providers.robokassa.provider import RobokassaProvider
from tests.billing.robokassa import RobokassaWorld

NOW = datetime.now(UTC)
TOP_UP = "0b3c8f52-9c55-4e59-8d56-5f0a2f3c1d11"
REQUEST = ChargeRequest(
    reference=TOP_UP,
    order=42,
    amount=Decimal("4500.50"),
    currency="RUB",
    description="AI PBX: top-up 42",
    payer=Payer(7, "Acme", "owner@acme.example"),
    asked_at=NOW,
    expires_at=NOW + timedelta(hours=1),
)
STATE = "/Merchant/WebService/Service.asmx/OpStateExt"
CREATE = "/RefundService/Refund/Create"
provider = RobokassaProvider()


def refund_request(robokassa: RobokassaWorld, amount: str, **changes: Any) -> RefundRequest:
    """A refund of the one paid order."""
    key = robokassa.site.order(42).operation
    request = RefundRequest("refund-1", "42", Decimal(amount), "RUB", NOW, {"OpKey": key})
    return replace(request, **changes)


def pay(robokassa: RobokassaWorld) -> None:
    assert robokassa.pay(provider.charge(REQUEST).redirect_url) == 42


def test_the_page_is_a_signed_address_and_no_call(robokassa: RobokassaWorld) -> None:
    facts = provider.charge(replace(REQUEST, description="x" * 120, language="ru-RU"))
    assert (facts.outcome, facts.provider_reference, facts.expires_at) == ("pending", "42", REQUEST.expires_at)
    assert robokassa.site.orders() == []
    fields = {name: value for name, (value,) in parse_qs(urlsplit(facts.redirect_url).query).items()}
    assert (fields["OutSum"], fields["InvId"], fields["Shp_top_up"]) == ("4500.50", "42", TOP_UP)
    assert (fields["Culture"], fields["Email"], len(fields["Description"])) == ("ru", "owner@acme.example", 100)
    assert "IsTest" not in fields
    assert robokassa.site.open_page(facts.redirect_url) == 42


@pytest.mark.parametrize(
    "changes",
    [
        {"currency": "USD"},
        {"amount": Decimal("10.005")},
        {"amount": Decimal(0)},
        {"order": 0},
        {"card_reference": "pm_1"},
        {"saves_card": True},
    ],
)
def test_what_robokassa_cannot_take_is_refused(robokassa: RobokassaWorld, changes: dict[str, Any]) -> None:
    with pytest.raises(ProviderError):
        provider.charge(replace(REQUEST, **changes))


def test_a_page_that_nobody_opened_waits_and_then_is_over(robokassa: RobokassaWorld) -> None:
    assert provider.look_up(REQUEST).outcome == Outcome.PENDING
    late = replace(REQUEST, expires_at=NOW - timedelta(minutes=20))
    assert provider.look_up(late).outcome == Outcome.EXPIRED
    robokassa.site.open_page(provider.charge(REQUEST).redirect_url)
    assert provider.give_up(REQUEST).outcome == Outcome.PENDING


def test_a_paid_order_is_told_with_its_sum_and_its_operation(robokassa: RobokassaWorld) -> None:
    pay(robokassa)
    facts = provider.look_up(REQUEST)
    assert (facts.outcome, facts.amount, facts.currency) == (Outcome.SUCCEEDED, Decimal("4500.50"), "RUB")
    assert (facts.provider_reference, facts.payment_reference, facts.top_up_reference) == ("42", "42", TOP_UP)
    assert facts.account_id is None and facts.is_live and facts.paid_at is not None
    key = robokassa.site.order(42).operation
    assert facts.details == {"OpKey": key, "method": "BankCard", "account": "220220******1234"}


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (5, Outcome.PENDING),
        (10, Outcome.EXPIRED),
        (20, Outcome.PENDING),
        (50, Outcome.PENDING),
        (60, Outcome.FAILED),
        (80, Outcome.PENDING),
        (100, Outcome.SUCCEEDED),
    ],
)
def test_every_state_of_an_order_is_understood(robokassa: RobokassaWorld, state: int, outcome: Outcome) -> None:
    robokassa.site.open_page(provider.charge(REQUEST).redirect_url)
    robokassa.site.set_state(42, state)
    assert provider.look_up(REQUEST).outcome == outcome


@pytest.mark.parametrize("mode", ["cut", "lost", "500", "429"])
def test_a_look_up_without_an_answer_says_so(robokassa: RobokassaWorld, mode: str) -> None:
    robokassa.site.fail_next(STATE, mode)
    with pytest.raises(ProviderUnavailableError):
        provider.look_up(REQUEST)


def test_a_look_up_with_a_wrong_password_says_so(robokassa: RobokassaWorld, settings: Any) -> None:
    settings.ROBOKASSA_PASSWORD2 = "another"
    with pytest.raises(ProviderUnavailableError, match="1 Wrong signature"):
        provider.look_up(REQUEST)


def test_a_notice_is_believed_only_after_the_order_was_looked_up(robokassa: RobokassaWorld) -> None:
    pay(robokassa)
    notice = provider.parse_webhook(robokassa.site.prepared(42).body, {})
    facts = provider.facts_of(notice)
    assert facts is not None and (facts.outcome, facts.amount) == (Outcome.SUCCEEDED, Decimal("4500.50"))
    robokassa.site.forget(42)
    with pytest.raises(ProviderUnavailableError):
        provider.facts_of(notice)


def test_a_forged_notice_is_refused(robokassa: RobokassaWorld) -> None:
    pay(robokassa)
    for changes in ({"password": "stand-in-1"}, {"changes": {"OutSum": "9999.000000"}}):
        with pytest.raises(BadNoticeError):
            provider.parse_webhook(robokassa.site.prepared(42, **changes).body, {})


def test_a_refund_is_asked_for_once_and_looked_at_until_it_is_finished(robokassa: RobokassaWorld) -> None:
    pay(robokassa)
    robokassa.site.hold_refunds()
    facts = provider.refund(refund_request(robokassa, "1000.25"))
    assert (facts.outcome, facts.amount, facts.currency) == (Outcome.PENDING, Decimal("1000.25"), "RUB")
    known = refund_request(robokassa, "1000.25", provider_reference=facts.provider_reference)
    assert provider.refund(known).outcome == Outcome.PENDING
    robokassa.site.settle_refund(facts.provider_reference)
    assert provider.look_up_refund(known).outcome == Outcome.SUCCEEDED
    assert [(each.kind, each.amount) for each in robokassa.site.journal()] == [
        ("payment", Decimal("4500.50")),
        ("refund", Decimal("-1000.25")),
    ]


def test_a_refund_that_the_bank_sends_back_has_failed(robokassa: RobokassaWorld) -> None:
    pay(robokassa)
    robokassa.site.hold_refunds()
    facts = provider.refund(refund_request(robokassa, "4500.50"))
    robokassa.site.fail_refund(facts.provider_reference)
    known = refund_request(robokassa, "4500.50", provider_reference=facts.provider_reference)
    told = provider.look_up_refund(known)
    assert (told.outcome, told.failure_message) == (Outcome.FAILED, "The payer's bank did not take it.")
    assert robokassa.site.totals() == {42: Decimal("4500.50")}


def test_a_refund_beyond_what_is_left_is_refused(robokassa: RobokassaWorld) -> None:
    pay(robokassa)
    provider.refund(refund_request(robokassa, "4000"))
    with pytest.raises(ProviderError, match=r"more than what is left, 500\.50"):
        provider.refund(refund_request(robokassa, "501"))


def test_a_refund_finds_its_operation_when_the_payment_has_none(robokassa: RobokassaWorld) -> None:
    pay(robokassa)
    assert provider.refund(refund_request(robokassa, "10", details={})).outcome == Outcome.PENDING


@pytest.mark.parametrize("mode", ["cut", "500-after", "lost", "500"])
def test_a_refund_without_an_answer_is_never_asked_for_again(robokassa: RobokassaWorld, mode: str) -> None:
    pay(robokassa)
    robokassa.site.fail_next(CREATE, mode)
    facts = provider.refund(refund_request(robokassa, "1000"))
    assert (facts.outcome, facts.provider_reference) == (Outcome.UNKNOWN, UNANSWERED)
    again = refund_request(robokassa, "1000", provider_reference=UNANSWERED)
    assert provider.refund(again).outcome == provider.look_up_refund(again).outcome == Outcome.UNKNOWN
    assert len(robokassa.site.refunds()) == (mode in ("cut", "500-after"))


def test_a_refund_that_never_left_may_be_asked_for_again(robokassa: RobokassaWorld, settings: Any) -> None:
    pay(robokassa)
    settings.ROBOKASSA_SERVICES_URL = "http://127.0.0.1:9"
    facts = provider.refund(refund_request(robokassa, "1000"))
    assert (facts.outcome, facts.provider_reference) == (Outcome.UNKNOWN, "")
    settings.ROBOKASSA_SERVICES_URL = robokassa.url
    assert provider.refund(refund_request(robokassa, "1000")).outcome == Outcome.PENDING


def test_refunds_need_the_third_password(robokassa: RobokassaWorld, settings: Any) -> None:
    pay(robokassa)
    settings.ROBOKASSA_PASSWORD3 = ""
    with pytest.raises(ProviderError, match="ROBOKASSA_PASSWORD3"):
        provider.refund(refund_request(robokassa, "1000"))
    settings.ROBOKASSA_PASSWORD3 = "another"
    with pytest.raises(ProviderError, match="signature"):
        provider.refund(refund_request(robokassa, "1000"))


def test_a_test_payment_is_known_by_its_notice_alone(robokassa: RobokassaWorld, settings: Any) -> None:
    settings.ROBOKASSA_TEST = True
    settings.ROBOKASSA_PASSWORD1, settings.ROBOKASSA_PASSWORD2 = robokassa.site.shop.test_passwords
    pay(robokassa)
    assert provider.look_up(REQUEST).outcome == Outcome.PENDING
    notice = provider.parse_webhook(robokassa.site.prepared(42).body, {})
    facts = provider.facts_of(notice)
    assert facts is not None and not facts.is_live and not provider.is_live()
    assert (facts.outcome, facts.amount, facts.top_up_reference) == (Outcome.SUCCEEDED, Decimal("4500.50"), TOP_UP)
    altered = replace(notice, event_id=notice.event_id.replace("4500.500000", "9500.500000"))
    assert provider.facts_of(altered) is None
    settings.ROBOKASSA_TEST = False
    assert provider.facts_of(notice) is None


def test_it_is_offered_only_with_a_login_its_passwords_and_a_known_hash(
    robokassa: RobokassaWorld, settings: Any
) -> None:
    assert provider.is_ready() and provider.is_live() and not provider.is_stand_in()
    settings.ROBOKASSA_IS_STAND_IN = True
    assert provider.is_stand_in() and not provider.is_live()
    for name, value in (("PASSWORD2", ""), ("HASH", "crc32"), ("LOGIN", "")):
        setattr(settings, f"ROBOKASSA_{name}", value)
        assert not provider.is_ready()
    with pytest.raises(ProviderError):
        provider.charge(REQUEST)
    assert list(provider.payments_since(NOW)) == []


def test_a_notice_of_another_kind_is_nothing(robokassa: RobokassaWorld) -> None:
    assert provider.facts_of(Notice("robokassa", "42:1:x:y", "result.test", "order", "42")) is None


@pytest.mark.parametrize("written", ["2026-11-21T15:00:00.1234567+03:00", "2026-11-21T15:00:00.1234567"])
def test_a_moment_without_a_zone_is_by_moscows_clock(written: str) -> None:
    order = orders.parse(
        f"<R><Result><Code>0</Code></Result><State><Code>100</Code><StateDate>{written}</StateDate></State></R>".encode()
    )
    assert order is not None
    assert order.changed_at == datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
