"""What services are told is what the API's document says that they are told, from the causes themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from billing.models import Wallet
from notifications.models import Delivery, WebhookEndpoint
from notifications.services.fan_out import expand_due
from notifications.services.webhooks import send_test
from organizations.models import Account, Mode
from organizations.services.projects import set_mode
from tests.billing.auto.rules import DECLINING, attempt, behave, cool_down, retry, set_rule, spend, with_card
from tests.factories import make_user
from tests.usage.api.test_schema import document

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld


def messages() -> dict[str, list[dict[str, Any]]]:
    """What was told to services, by type."""
    expand_due()
    found: dict[str, list[dict[str, Any]]] = {}
    for row in Delivery.objects.filter(channel="webhook").order_by("id"):
        assert json.loads(row.body)["type"] == row.subject
        found.setdefault(row.subject, []).append(json.loads(row.body))
    return found


def schema_of(webhook: str) -> dict[str, Any]:
    """How the document describes the message."""
    body = document()["webhooks"][webhook]["post"]["requestBody"]["content"]["application/json"]
    schema: dict[str, Any] = document()["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
    return schema


@pytest.fixture
def account(stripe: StripeWorld, make_account: Callable[..., Account]) -> Account:
    account = make_account("aitelier", external_id="acme", paid="9", projects=[("front-desk", "sandbox")])
    Wallet.objects.filter(account=account).update(alert_below=5)
    expand_due()  # its first money is news, and nobody listens yet
    return account


@pytest.mark.django_db
def test_every_message_is_as_the_document_describes_it(stripe: StripeWorld, account: Account) -> None:
    listening = WebhookEndpoint.objects.create(
        service=account.product.services.get(), url="https://hooks.example/", secret="whsec_aG9va3M="
    )
    send_test(endpoint=listening)
    set_mode(
        account_id=account.pk, project_id=account.projects.get().pk, mode=Mode.LIVE, user_id=make_user(name="Anna").pk
    )
    spend(account, "6", "low")
    spend(account, "3", "blocked")
    card = with_card(stripe, account, DECLINING)
    behave(stripe, card, decline="insufficient_funds")
    set_rule(account)
    for _ in range(3):
        attempt(account)
        cool_down(account)
    behave(stripe, card, decline="")
    retry(account)
    found = messages()
    assert {name: len(bodies) for name, bodies in found.items()} == {
        "webhook.test": 1,
        "project.mode_changed": 1,
        "wallet.low": 1,
        "wallet.blocked": 1,
        "auto_top_up.failed": 2,
        "auto_top_up.disabled": 1,
        "wallet.topped_up": 1,
        "wallet.unblocked": 1,
    }
    assert set(found) == set(document()["webhooks"])
    for name, bodies in found.items():
        schema = schema_of(name)
        for body in bodies:
            jsonschema_rs.validate(schema, body)
            assert set(body["data"]) <= set(schema["properties"]["data"]["properties"]), name


@pytest.mark.django_db
def test_a_message_names_the_account_and_project_as_the_service_knows_them(account: Account) -> None:
    WebhookEndpoint.objects.create(
        service=account.product.services.get(), url="https://hooks.example/", secret="whsec_aG9va3M="
    )
    set_mode(account_id=account.pk, project_id=account.projects.get().pk, mode=Mode.LIVE, user_id=None)
    ((body,),) = messages().values()
    assert body["data"] == {"product": "aitelier", "account": "acme", "project": "front-desk", "mode": "live"}
