"""Charges without a page: what each test card does, on and off session, and what is told of it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from tests.fakes.http import Server
from tests.fakes.stripe import StripeSite
from tests.fakes_tests.stripe.conftest import LIVE_KEY, charge_of, client_of

DECLINES = [
    ("pm_card_chargeDeclined", "card_declined", "generic_decline", "Your card was declined."),
    (
        "pm_card_chargeDeclinedInsufficientFunds",
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds.",
    ),
    ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card", "Your card has expired."),
    ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    (
        "pm_card_chargeDeclinedProcessingError",
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    (
        "pm_card_authenticationRequired",
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
]


def types(site: StripeSite) -> list[str]:
    return [event["type"] for event in site.events()]


def test_an_automatic_charge_succeeds_and_is_told(
    client: stripe.StripeClient, site: StripeSite, customer: stripe.Customer, card: stripe.PaymentMethod
) -> None:
    paid: Any = client.v1.payment_intents.create(
        charge_of(customer.id, card.id, metadata={"payment": "7"}, expand=["latest_charge"])
    )
    charge = paid.latest_charge
    assert (paid.status, paid.amount_received, charge.amount, charge.paid) == ("succeeded", 2000, 2000, True)
    assert dict(charge.metadata) == {"payment": "7"}
    assert (charge.payment_method_details.card.brand, charge.payment_method_details.card.last4) == ("visa", "4242")
    assert types(site) == [
        "customer.created",
        "payment_method.attached",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]
    (movement,) = site.journal()
    assert (movement.kind, movement.object, movement.payment_intent) == ("payment", charge.id, paid.id)
    assert (movement.customer, movement.amount, movement.currency) == (customer.id, 2000, "usd")
    assert movement.metadata == {"payment": "7"}
    assert site.totals() == {(customer.id, "usd"): 2000}
    assert httpx.get(charge.receipt_url).status_code == 200


@pytest.mark.parametrize(("token", "code", "decline_code", "message"), DECLINES)
def test_a_decline_says_why_and_takes_nothing(
    client: stripe.StripeClient, site: StripeSite, token: str, code: str, decline_code: str, message: str
) -> None:
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create(
            {"amount": 2000, "currency": "usd", "payment_method": token, "confirm": True, "off_session": True}
        )
    error: Any = caught.value.error
    assert (caught.value.http_status, error.code, error.decline_code, error.message) == (
        402,
        code,
        decline_code,
        message,
    )
    intent = client.v1.payment_intents.retrieve(error.payment_intent.id)
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.decline_code == decline_code
    assert types(site) == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    assert site.journal() == []


def test_a_card_that_is_saved_may_decline_later(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    saved = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create(charge_of(customer.id, saved.id))
    assert caught.value.code == "card_declined"


def test_a_declined_card_is_not_saved(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer.id})
    assert caught.value.code == "card_declined"
    assert client.v1.customers.payment_methods.list(customer.id).data == []


def test_a_card_that_wants_the_payer_once_works_after_it_was_set_up(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    def charged() -> stripe.PaymentIntent:
        return client.v1.payment_intents.create(charge_of(customer.id, saved.id))

    saved = client.v1.payment_methods.attach("pm_card_authenticationRequiredOnSetup", {"customer": customer.id})
    with pytest.raises(stripe.CardError) as caught:
        charged()
    assert caught.value.code == "authentication_required"
    intent: Any = client.v1.setup_intents.create(
        {"customer": customer.id, "payment_method": saved.id, "confirm": True, "return_url": "http://shop.test/back"}
    )
    assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")
    answer = httpx.post(intent.next_action.redirect_to_url.url, data={"answer": "confirm"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"http://shop.test/back?setup_intent={intent.id}&")
    assert answer.headers["location"].endswith("&redirect_status=succeeded")
    assert client.v1.setup_intents.retrieve(intent.id).status == "succeeded"
    assert charged().status == "succeeded"


@pytest.mark.parametrize(("answer", "status", "moved"), [("confirm", "succeeded", [2000]), ("refuse", "failed", [])])
def test_the_payer_confirms_or_refuses_at_the_bank(
    client: stripe.StripeClient, site: StripeSite, answer: str, status: str, moved: list[int]
) -> None:
    intent: Any = client.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "usd",
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
            "return_url": "http://shop.test/back?a=1",
        }
    )
    assert intent.status == "requires_action"
    page = intent.next_action.redirect_to_url.url
    assert "Confirm it is you" in httpx.get(page).text
    told = httpx.post(page, data={"answer": answer}).headers["location"]
    assert told.startswith("http://shop.test/back?a=1&payment_intent=pi_")
    assert told.endswith(f"&redirect_status={status}")
    httpx.post(page, data={"answer": "confirm"})  # a second press does nothing
    assert [movement.amount for movement in site.journal()] == moved
    if answer == "refuse":
        error = client.v1.payment_intents.retrieve(intent.id).last_payment_error
        assert error is not None
        assert error.code == "payment_intent_authentication_failure"
        assert site.objects("charge") == []


def test_an_intent_is_charged_once(client: stripe.StripeClient, site: StripeSite) -> None:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "eur", "payment_method": "pm_card_visa"})
    assert intent.status == "requires_confirmation"
    assert client.v1.payment_intents.confirm(intent.id).status == "succeeded"
    for act in (client.v1.payment_intents.confirm, client.v1.payment_intents.cancel):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            act(intent.id)
        assert caught.value.code == "payment_intent_unexpected_state"
    assert [(movement.amount, movement.currency) for movement in site.journal()] == [(500, "eur")]


def test_a_cancelled_intent_takes_nothing(client: stripe.StripeClient, site: StripeSite) -> None:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd", "payment_method": "pm_card_visa"})
    gone = client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    assert (gone.status, gone.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.confirm(intent.id)
    assert types(site) == ["payment_intent.created", "payment_intent.canceled"]
    assert site.journal() == []


def test_a_card_is_its_customers_alone(
    client: stripe.StripeClient, customer: stripe.Customer, card: stripe.PaymentMethod
) -> None:
    other = client.v1.customers.create({})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(charge_of(other.id, card.id))
    assert caught.value.param == "payment_method"
    client.v1.payment_methods.detach(card.id)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(charge_of(customer.id, card.id))
    assert "was detached from a Customer" in str(caught.value.user_message)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.attach(card.id, {"customer": customer.id})


def test_detaching_the_default_card_clears_the_default(
    client: stripe.StripeClient, site: StripeSite, customer: stripe.Customer, card: stripe.PaymentMethod
) -> None:
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card.id}})
    client.v1.payment_methods.detach(card.id)
    settings = client.v1.customers.retrieve(customer.id).invoice_settings
    assert settings is not None
    assert settings.default_payment_method is None
    assert types(site)[-3:] == ["customer.updated", "payment_method.detached", "customer.updated"]
    assert site.events("payment_method.detached")[0]["data"]["previous_attributes"] == {"customer": customer.id}


def test_a_deleted_customer_is_only_that(
    client: stripe.StripeClient, customer: stripe.Customer, card: stripe.PaymentMethod
) -> None:
    client.v1.customers.delete(customer.id)
    gone = client.v1.customers.retrieve(customer.id)
    assert gone.deleted is True
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(charge_of(customer.id, card.id))
    assert caught.value.code == "resource_missing"
    assert client.v1.customers.list().data == []


def test_a_live_key_knows_no_test_cards(server: Server) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client_of(server, LIVE_KEY).v1.payment_intents.create(
            {"amount": 500, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
        )
    assert caught.value.code == "resource_missing"


def test_lists_are_newest_first_in_pages_and_filtered(
    client: stripe.StripeClient, site: StripeSite, customer: stripe.Customer, card: stripe.PaymentMethod
) -> None:
    began = int(site.clock())
    made = []
    for number in range(5):
        site.clock = lambda number=number: began + number * 100  # type: ignore[misc]
        made.append(client.v1.payment_intents.create(charge_of(customer.id, card.id, 1000 + number)).id)
    client.v1.payment_intents.create({"amount": 100, "currency": "usd"})
    newest_first = made[::-1]

    def ids(**params: Any) -> list[str]:
        wanted: Any = {"customer": customer.id, **params}
        return [each.id for each in client.v1.payment_intents.list(wanted).data]

    assert ids() == newest_first
    first = client.v1.payment_intents.list({"customer": customer.id, "limit": 2})
    assert ([each.id for each in first.data], first.has_more) == (newest_first[:2], True)
    assert ids(limit=2, starting_after=newest_first[1]) == newest_first[2:4]
    assert ids(limit=2, ending_before=newest_first[3]) == newest_first[1:3]
    assert ids(created={"gte": began + 100, "lt": began + 300}) == newest_first[2:4]
    assert [
        each.id for each in client.v1.payment_intents.list({"customer": customer.id}).auto_paging_iter()
    ] == newest_first
    (charge,) = client.v1.charges.list({"payment_intent": made[0]}).data
    assert charge.amount == 1000
    (moved,) = client.v1.balance_transactions.list({"source": charge.id}).data
    assert (moved.amount, moved.fee, moved.net) == (1000, 59, 941)
