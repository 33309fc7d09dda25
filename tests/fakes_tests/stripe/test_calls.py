"""What the stand-in lets in: its keys, its version, its parameters, and the references between objects."""

from __future__ import annotations

import ast
import inspect
import pkgutil
from typing import Any

import httpx
import pytest
import stripe

from tests.fakes.http import Server, nested
from tests.fakes.stripe import API_VERSION
from tests.fakes.stripe.resources import MODULES
from tests.fakes_tests.stripe.conftest import LIVE_KEY, TEST_KEY, charge_of, client_of


def test_a_form_is_decoded_into_hashes_and_lists() -> None:
    pairs = [("a[b][0][c]", "1"), ("a[b][1][c]", "2"), ("expand[]", "x"), ("expand[]", "y"), ("m[k]", "")]
    assert nested(pairs) == {"a": {"b": [{"c": "1"}, {"c": "2"}]}, "expand": ["x", "y"], "m": {"k": ""}}


@pytest.mark.parametrize(("headers", "said"), [({}, "You did not provide"), ({"Authorization": "Bearer x"}, "Invalid")])
def test_no_key_or_a_wrong_one_is_refused(server: Server, headers: dict[str, str], said: str) -> None:
    answer = httpx.get(f"{server.url}/v1/account", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["message"].startswith(said)


def test_a_key_of_the_right_form_that_is_not_ours_is_refused(server: Server) -> None:
    with pytest.raises(stripe.AuthenticationError):
        client_of(server, "sk_test_999999999999999999999999").v1.accounts.retrieve_current()


def test_another_version_of_the_api_is_refused(server: Server) -> None:
    headers = {"Authorization": f"Bearer {TEST_KEY}", "Stripe-Version": "2020-08-27"}
    answer = httpx.get(f"{server.url}/v1/account", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Invalid Stripe API version: 2020-08-27"
    assert answer.headers["stripe-version"] == API_VERSION
    assert answer.headers["request-id"].startswith("req_")


def test_an_unknown_call_is_404(server: Server) -> None:
    answer = httpx.get(f"{server.url}/v1/nothing", headers={"Authorization": f"Bearer {TEST_KEY}"})
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].startswith("Unrecognized request URL (GET: /v1/nothing)")


REFUSED: list[tuple[dict[str, Any], str | None, str, str]] = [
    ({"amount": 100, "currency": "usd", "amont": 1}, "parameter_unknown", "amont", "Received unknown parameter: amont"),
    ({"currency": "usd"}, "parameter_missing", "amount", "Missing required param: amount."),
    ({"amount": 49, "currency": "usd"}, "amount_too_small", "amount", "Amount must be at least $0.50 usd"),
    ({"amount": "12.5", "currency": "usd"}, "parameter_invalid_integer", "amount", "Invalid integer: 12.5"),
    ({"amount": 100, "currency": "dollars"}, None, "currency", "Invalid currency: dollars."),
    (
        {"amount": 100, "currency": "usd", "customer": "cus_no"},
        "resource_missing",
        "customer",
        "No such customer: 'cus_no'",
    ),
    ({"amount": 100, "currency": "usd", "capture_method": "manual"}, "parameter_unknown", "capture_method", "Received"),
    ({"amount": 100, "currency": "usd", "metadata": {"k": "v" * 501}}, None, "metadata[k]", "Metadata values must be"),
    ({"amount": 100, "currency": "usd", "off_session": True}, None, "off_session", "The parameter off_session cannot"),
]


@pytest.mark.parametrize(("params", "code", "param", "message"), REFUSED)
def test_a_parameter_that_is_wrong_is_named(
    client: stripe.StripeClient, params: Any, code: str | None, param: str, message: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(params)
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (400, code, param)
    assert str(caught.value.user_message).startswith(message)
    assert client.v1.payment_intents.list().data == []


def test_an_unknown_name_within_a_hash_is_named_with_its_path(client: stripe.StripeClient) -> None:
    given: Any = {"mode": "payment", "success_url": "http://x.test/", "payment_intent_data": {"setup_usage": "x"}}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(given)
    assert (caught.value.code, caught.value.param) == ("parameter_unknown", "payment_intent_data[setup_usage]")


def test_what_is_not_there_is_404(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.retrieve("cus_missing")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_modes_do_not_see_each_other(server: Server, customer: stripe.Customer) -> None:
    live = client_of(server, LIVE_KEY)
    assert live.v1.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as caught:
        live.v1.customers.retrieve(customer.id)
    assert "a similar object exists in test mode, but a live mode key was used" in str(caught.value.user_message)
    assert live.v1.customers.create({}).livemode is True


def test_metadata_is_merged_and_unset_by_key(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    changed: Any = client.v1.customers.update(made.id, {"metadata": {"b": "", "c": "3"}})
    assert dict(changed.metadata) == {"a": "1", "c": "3"}
    emptied: Any = client.v1.customers.update(made.id, {"metadata": ""})
    assert dict(emptied.metadata) == {}


def test_references_are_expanded_at_any_depth(
    client: stripe.StripeClient, customer: stripe.Customer, card: stripe.PaymentMethod
) -> None:
    paid = client.v1.payment_intents.create(charge_of(customer.id, card.id))
    seen: Any = client.v1.payment_intents.retrieve(
        paid.id, {"expand": ["latest_charge.balance_transaction", "customer"]}
    )
    assert seen.latest_charge.balance_transaction.net == 2000 - 88
    assert seen.customer.email == "payer@example.com"
    listed: Any = client.v1.payment_intents.list({"expand": ["data.latest_charge"]})
    assert listed.data[0].latest_charge.amount == 2000
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.retrieve(paid.id, {"expand": ["currency"]})
    assert caught.value.user_message == "This property cannot be expanded (currency)."


def _declared() -> dict[str, set[str]]:
    """The parameters of every call in Stripe's own library: class name to field names."""
    found = {}
    for package in (stripe.params, stripe.params.checkout):
        for module in pkgutil.iter_modules(package.__path__):
            if module.ispkg:
                continue
            source = inspect.getsource(__import__(f"{package.__name__}.{module.name}", fromlist=["x"]))
            for node in ast.parse(source).body:
                if isinstance(node, ast.ClassDef):
                    fields = {item.target.id for item in node.body if isinstance(item, ast.AnnAssign)}  # type: ignore[union-attr]
                    found[node.name] = fields
    return found


WORDS = {
    "create": "Create", "update": "Update", "list_all": "List", "confirm": "Confirm", "cancel": "Cancel",
    "attach": "Attach", "detach": "Detach", "expire": "Expire", "close": "Close", "retrieve": "Retrieve",
}  # fmt: skip
NAMES = {
    "balance": "BalanceTransaction", "charges": "Charge", "checkout_sessions": "Session", "customers": "Customer",
    "disputes": "Dispute", "events": "Event", "payment_intents": "PaymentIntent", "payment_methods": "PaymentMethod",
    "refunds": "Refund", "setup_intents": "SetupIntent", "webhook_endpoints": "WebhookEndpoint",
}  # fmt: skip


def test_every_parameter_is_one_of_stripes_own() -> None:
    declared, checked = _declared(), 0
    for module in MODULES:
        name = module.__name__.rpartition(".")[2]
        for route in module.ROUTES:
            word = WORDS.get(route.work.__name__)
            if name in NAMES and word:
                theirs = declared[f"{NAMES[name]}{word}Params"]
                assert set(route.accepted.fields) - theirs == set(), route.path
                checked += 1
    assert checked == 46
