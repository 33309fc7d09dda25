"""Checkout: a real page that is paid, declined, abandoned, confirmed at the bank, or left until it expires."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
import stripe

from tests.fakes.stripe import StripeSite
from tests.fakes_tests.stripe.conftest import charge_of

DONE = "http://shop.test/done?session={CHECKOUT_SESSION_ID}"
BACK = "http://shop.test/back"


def typed(number: str, **more: str) -> dict[str, str]:
    """What a payer types, and the press of Pay."""
    return {"number": number, "expiry": "12 / 34", "cvc": "123", "name": "Ada Payer", "act": "pay"} | more


def order(amount: int = 2500, **more: Any) -> Any:
    item = {"price_data": {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Top-up"}}, "quantity": 1}
    return {"mode": "payment", "line_items": [item], "success_url": DONE, "cancel_url": BACK} | more


def types(site: StripeSite) -> list[str]:
    return [event["type"] for event in site.events()]


def moved(site: StripeSite) -> list[int]:
    return [movement.amount for movement in site.journal()]


@pytest.fixture
def session(client: stripe.StripeClient, customer: stripe.Customer) -> Any:
    data = {"metadata": {"payment": "7"}, "setup_future_usage": "off_session", "description": "Top-up of 25"}
    return client.v1.checkout.sessions.create(
        order(customer=customer.id, client_reference_id="7", metadata={"own": "1"}, payment_intent_data=data)
    )


def test_a_session_that_is_paid_is_complete(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client, session: Any, customer: stripe.Customer
) -> None:
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_total, session.currency) == (2500, "usd")
    page = browser.get(session.url)
    assert page.status_code == 200
    assert "Stripe stand-in — no money moves" in page.text
    assert "$25.00 USD" in page.text
    assert re.findall(r'name="(\w+)"', page.text) == ["viewport", "number", "expiry", "cvc", "name", "act", "act"]
    answer = browser.post(session.url, data=typed("4242 4242 4242 4242"))
    assert (answer.status_code, answer.headers["location"]) == (303, f"http://shop.test/done?session={session.id}")
    done: Any = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge", "line_items"]}
    )
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert dict(done.payment_intent.metadata) == {"payment": "7"}
    assert dict(done.metadata) == {"own": "1"}
    assert (done.payment_intent.latest_charge.amount, done.line_items.data[0].description) == (2500, "Top-up")
    assert (done.customer_details.email, done.customer_details.name) == ("payer@example.com", "Ada Payer")
    assert types(site)[-5:] == [
        "payment_intent.created",
        "payment_method.attached",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    (saved,) = client.v1.customers.payment_methods.list(customer.id).data
    assert saved.card is not None
    assert (saved.card.last4, saved.card.exp_month, saved.card.exp_year) == ("4242", 12, 2034)
    assert client.v1.payment_intents.create(charge_of(customer.id, saved.id, 700)).status == "succeeded"
    assert moved(site) == [2500, 700]


def test_pressing_pay_twice_pays_once(site: StripeSite, browser: httpx.Client, session: Any) -> None:
    first, second = (browser.post(session.url, data=typed("4242424242424242")) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert moved(site) == [2500]
    closed = browser.get(session.url)
    assert (closed.status_code, "already finished" in closed.text) == (200, True)


def test_a_declined_payer_tries_another_card(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client, session: Any
) -> None:
    declined = browser.post(session.url, data=typed("4000 0000 0000 9995"))
    assert (declined.status_code, "Your card has insufficient funds." in declined.text) == (402, True)
    assert 'value="Ada Payer"' in declined.text
    assert 'value="123"' not in declined.text
    between = client.v1.checkout.sessions.retrieve(session.id)
    assert (between.status, between.payment_status) == ("open", "unpaid")
    assert str(between.payment_intent).startswith("pi_")
    browser.post(session.url, data=typed("4242424242424242"))
    assert client.v1.checkout.sessions.retrieve(session.id).payment_intent == between.payment_intent
    assert [charge["status"] for charge in site.objects("charge")] == ["failed", "succeeded"]
    assert moved(site) == [2500]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"number": "4242424242424241"}, "Your card number is invalid."),
        ({"number": ""}, "Your card number is missing."),
        ({"expiry": "13/30"}, "expiration date is invalid"),
        ({"cvc": "1"}, "security code is incomplete"),
        ({"number": "4111111111111111"}, "used a non test (live) card"),
    ],
)
def test_what_is_typed_wrong_is_said(
    site: StripeSite, browser: httpx.Client, session: Any, changes: dict[str, str], said: str
) -> None:
    answer = browser.post(session.url, data=typed("4242424242424242") | changes)
    assert (answer.status_code, said in answer.text) == (402, True)
    assert moved(site) == []


def test_a_payer_who_goes_back_leaves_it_open(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client, session: Any
) -> None:
    answer = browser.post(session.url, data={"act": "back"})
    assert (answer.status_code, answer.headers["location"]) == (303, BACK)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert moved(site) == []


def test_the_bank_asks_and_the_payer_confirms_after_refusing_once(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client, session: Any, customer: stripe.Customer
) -> None:
    bank = browser.post(session.url, data=typed("4000 0025 0000 3155")).headers["location"]
    assert "Confirm it is you" in browser.get(bank).text
    assert moved(site) == []
    again = browser.post(bank, data={"answer": "refuse"}).headers["location"]
    assert again == session.url
    assert "We are unable to authenticate your payment method." in browser.get(again).text
    bank = browser.post(session.url, data=typed("4000 0025 0000 3155")).headers["location"]
    assert browser.post(bank, data={"answer": "confirm"}).headers["location"].startswith("http://shop.test/done")
    assert types(site)[-7:] == [
        "payment_intent.requires_action",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_method.attached",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    (saved,) = client.v1.customers.payment_methods.list(customer.id).data
    assert client.v1.payment_intents.create(charge_of(customer.id, saved.id, 700)).status == "succeeded"
    assert moved(site) == [2500, 700]


def test_a_saved_card_is_shown_where_it_may_be_and_pays(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client, customer: stripe.Customer, card: Any
) -> None:
    client.v1.payment_methods.update(card.id, {"allow_redisplay": "limited"})
    hidden = client.v1.checkout.sessions.create(order(customer=customer.id))
    assert "Your cards" not in browser.get(str(hidden.url)).text
    options: Any = {"allow_redisplay_filters": ["always", "limited", "unspecified"]}
    shown = client.v1.checkout.sessions.create(order(customer=customer.id, saved_payment_method_options=options))
    assert "Visa •••• 4242, 12/34" in browser.get(str(shown.url)).text
    declined = browser.post(str(shown.url), data=typed("4000000000000002", saved=card.id))
    assert (declined.status_code, "Your card was declined." in declined.text) == (402, True)  # what is typed wins
    assert browser.post(str(shown.url), data={"saved": card.id, "number": "", "act": "pay"}).status_code == 303
    assert browser.post(str(hidden.url), data={"saved": card.id, "act": "pay"}).status_code == 402
    assert moved(site) == [2500]


def test_a_card_is_saved_without_a_payment(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client, customer: stripe.Customer
) -> None:
    given: Any = {"mode": "setup", "currency": "usd", "customer": customer.id, "success_url": DONE, "cancel_url": BACK}
    session = client.v1.checkout.sessions.create(given | {"setup_intent_data": {"metadata": {"account": "7"}}})
    assert session.payment_status == "no_payment_required"
    assert browser.post(str(session.url), data=typed("4000000000000002")).status_code == 402
    assert browser.post(str(session.url), data=typed("5454545454545454")).status_code == 303
    intent: Any = client.v1.setup_intents.retrieve(str(session.setup_intent))
    assert (intent.status, dict(intent.metadata)) == ("succeeded", {"account": "7"})
    (saved,) = client.v1.customers.payment_methods.list(customer.id).data
    assert saved.card is not None
    assert (saved.id, saved.card.brand, saved.card.last4) == (intent.payment_method, "mastercard", "5454")
    assert types(site)[1:] == [
        "setup_intent.created",
        "setup_intent.setup_failed",
        "payment_method.attached",
        "setup_intent.succeeded",
        "checkout.session.completed",
    ]
    assert moved(site) == []


def test_a_guest_gives_an_email_and_becomes_a_customer_when_asked(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client
) -> None:
    guest = client.v1.checkout.sessions.create(order())
    browser.post(str(guest.url), data=typed("4242424242424242", email="g@example.com"))
    done = client.v1.checkout.sessions.retrieve(guest.id)
    assert done.customer_details is not None
    assert (done.customer, done.customer_details.email) == (None, "g@example.com")
    named = client.v1.checkout.sessions.create(order(customer_creation="always", customer_email="n@example.com"))
    browser.post(str(named.url), data=typed("4242424242424242"))
    (made,) = site.objects("customer")
    assert (made["email"], made["name"]) == ("n@example.com", "Ada Payer")
    assert site.totals() == {(None, "usd"): 2500, (made["id"], "usd"): 2500}


def test_a_session_expires_at_its_time_and_takes_nothing_more(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client
) -> None:
    began = int(site.clock())
    session = client.v1.checkout.sessions.create(order(expires_at=began + 1800))
    browser.post(str(session.url), data=typed("4000000000000002"))
    site.clock = lambda: began + 1801
    answer = browser.post(str(session.url), data=typed("4242424242424242"))
    assert (answer.status_code, "This page has expired" in answer.text) == (410, True)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    (intent,) = site.objects("payment_intent")
    assert intent["status"] == "canceled"
    assert types(site)[-2:] == ["payment_intent.canceled", "checkout.session.expired"]
    assert moved(site) == []


def test_a_session_is_expired_once_and_never_after_it_was_paid(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client, session: Any
) -> None:
    other = client.v1.checkout.sessions.create(order())
    assert site.expire_session(other.id)["status"] == "expired"
    browser.post(session.url, data=typed("4242424242424242"))
    for id in (other.id, session.id):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.checkout.sessions.expire(id)
    assert types(site).count("checkout.session.expired") == 1


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"success_url": None}, "success_url"),
        ({"line_items": []}, "line_items"),
        ({"setup_intent_data": {"description": "x"}}, "setup_intent_data"),
        ({"customer": "cus_no"}, "customer"),
        ({"locale": "xx"}, "locale"),
        ({"mode": "setup"}, "line_items"),
        ({"expires_at": 60}, "expires_at"),
        ({"expires_at": 90_000_000_000}, "expires_at"),
        ({"line_items": [{"price": "price_no", "quantity": 1}]}, "line_items[0][price]"),
        ({"mode": "subscription"}, "line_items[0]"),
    ],
)
def test_a_session_that_stripe_would_refuse_is_refused(
    client: stripe.StripeClient, site: StripeSite, changes: dict[str, Any], param: str
) -> None:
    given = {name: value for name, value in (order() | changes).items() if value is not None}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(given)  # type: ignore[arg-type]
    assert (caught.value.http_status, caught.value.param) == (400, param)
    assert site.objects("checkout.session") == []


def test_an_intent_of_checkout_is_left_to_checkout(
    client: stripe.StripeClient, browser: httpx.Client, session: Any
) -> None:
    browser.post(session.url, data=typed("4000000000000002"))
    intent = str(client.v1.checkout.sessions.retrieve(session.id).payment_intent)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.cancel(intent)
    assert caught.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("succeeded", "told", "status", "money"),
    [
        (True, "checkout.session.async_payment_succeeded", "paid", [2500]),
        (False, "checkout.session.async_payment_failed", "unpaid", []),
    ],
)
def test_a_payment_that_takes_days_completes_the_session_before_it_is_paid(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client, session: Any,
    succeeded: bool, told: str, status: str, money: list[int],
) -> None:  # fmt: skip
    site.delay_next_payment()
    assert browser.post(session.url, data=typed("4242424242424242")).status_code == 303
    waiting = client.v1.checkout.sessions.retrieve(session.id)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    assert types(site)[-2:] == ["payment_intent.processing", "checkout.session.completed"]
    assert moved(site) == []
    site.settle_payment(str(waiting.payment_intent), succeeded=succeeded)
    with pytest.raises(ValueError, match="This payment is"):
        site.settle_payment(str(waiting.payment_intent))
    assert types(site)[-1] == told
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == status
    assert moved(site) == money


def test_zero_decimal_money_is_shown_whole(client: stripe.StripeClient, browser: httpx.Client) -> None:
    item = {"price_data": {"currency": "jpy", "unit_amount": 1500, "product_data": {"name": "Top-up"}}, "quantity": 2}
    session = client.v1.checkout.sessions.create(order(line_items=[item]))
    assert session.amount_total == 3000
    assert "3,000 JPY" in browser.get(str(session.url)).text


def test_pages_that_are_not_there_are_404(browser: httpx.Client, customer: stripe.Customer) -> None:
    for path in (
        "/c/pay/cs_test_no",
        f"/c/pay/{customer.id}",
        f"/c/authenticate/{customer.id}",
        "/c/receipt/x",
        "/c/x",
    ):
        assert browser.get(path).status_code == 404


def test_what_a_payer_types_is_shown_as_text(client: stripe.StripeClient, browser: httpx.Client, session: Any) -> None:
    answer = browser.post(session.url, data=typed("4000000000000002", name='"><script>alert(1)</script>'))
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_a_file_remembers_everything_over_a_restart(tmp_path: Any) -> None:
    path = tmp_path / "stripe.sqlite3"
    first = StripeSite(path, deliveries="held")
    first.add_endpoint("http://127.0.0.1:9/hook", secret="whsec_kept")
    with first.world.writing() as call:
        made = call.new("customer", "cus", email="a@example.com", metadata={})
        call.emit("customer.created", made)
    first.store.close()
    second = StripeSite(path, deliveries="held")
    assert second.account["id"] == first.account["id"]
    assert second.object(made["id"])["email"] == "a@example.com"
    assert [each["type"] for each in second.undelivered()] == ["customer.created"]
    second.store.close()
