"""No page shows a byte of another account, whoever asks and however."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import Card, TopUp, TopUpStatus
from billing.urls import urlpatterns as money_urls
from notifications.models import Incident
from organizations.models import Account, Organization, Role
from organizations.urls import urlpatterns as own_urls
from tests.usage.events import charge, event, question
from usage.models import UsageEvent
from usage.urls import urlpatterns as page_urls

SECRET = "+1 999 555 0000"
ELSEWHERE = {"switch_account", "accept_invitation"}  # tested in tests/organizations/test_pages.py
# What is only posted to, and what only products with plans have: tests/billing holds the same of them.
POSTED = {"auto_top_up_retry", "cards_add", "cards_default", "incident_dismiss", "organization_default"}
MODES = {"project_live", "project_sandbox"}  # asked and answered in tests/usage/views/test_projects.py
PLANS = {str(each.name) for each in money_urls if str(each.name).startswith("subscription")}
OWNED = {"call", "top_up_result", "top_up_status", "cards_remove", "organization_edit", "organization_remove"}
# Questions and forms that a viewer may not answer.
PAYERS_ONLY = {"cards_remove", "organization_add", "organization_edit", "organization_remove"}


@pytest.fixture
def secretive(bare_account: Callable[..., Account]) -> Account:
    """An account with a call that names its caller."""
    account = bare_account("letustalk", name="Secretive Ltd", paid="10", projects={"hush": "live"})
    costs = {"llm": "0.005", "stt": "0.006", "tts": "0.022", "sip": "0.007"}
    charge("letustalk", event(account, caller=SECRET, call_id="secret-call", provider_costs=costs))
    now = timezone.now()
    TopUp.objects.create(
        wallet=account.wallet,
        currency="USD",
        amount=77,
        provider="stripe",
        price_currency="USD",
        net=77,
        tax=0,
        total=77,
        charge_currency="USD",
        charge_amount=77,
        status=TopUpStatus.FAILED,
        failure_message="secret-failure",
        created_at=now,
        finished_at=now,
    )
    Card.objects.create(
        wallet=account.wallet, reference="pm_secret", brand="Visa", last4="9999", exp_month=1, exp_year=2030
    )
    Incident.objects.create(
        account=account, kind="auto_top_up", reason="card_declined", details={"card": "secret-card"}, opened_at=now
    )
    Organization.objects.create(account=account, name="Secretive GmbH", tax_id="secret-tax", is_default=True)
    return account


@pytest.fixture
def stranger(bare_account: Callable[..., Account]) -> Account:
    """Another customer of the same product."""
    return bare_account("letustalk", name="Stranger", projects={"own": "live"})


def addresses(account: Account) -> dict[str, str]:
    """Every customer page, with the account's own ids."""
    top_up = TopUp.objects.get(wallet__account=account).reference
    organization = Organization.objects.get(account=account).pk
    known: dict[str, list[object]] = {
        "call": [UsageEvent.objects.get(account=account).pk],
        "top_up_result": [top_up],
        "top_up_status": [top_up],
        "cards_remove": [Card.objects.get(wallet__account=account).pk],
        "organization_edit": [organization],
        "organization_remove": [organization],
    }
    names = {str(each.name) for each in [*page_urls, *own_urls, *money_urls]} - ELSEWHERE - POSTED - PLANS - MODES
    return {name: reverse(name, args=known.get(name, [])) for name in names}


def body_of(client: Client, address: str) -> tuple[int, str]:
    response = client.get(address)
    content = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    return response.status_code, content.decode()


def test_whoever_is_not_signed_in_is_sent_to_sign_in(secretive: Account, client: Client) -> None:
    for address in addresses(secretive).values():
        response = client.get(address)
        assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/accounts/login/"), address


def test_another_account_finds_no_byte(secretive: Account, stranger: Account, reader: Callable[..., Client]) -> None:
    client = reader(stranger)
    for name, address in addresses(secretive).items():
        status, body = body_of(client, address)
        assert status == (404 if name in OWNED else 200), address
        for trace in (
            SECRET,
            "Secretive",
            "secret-call",
            "secret-failure",
            "secret-card",
            "secret-tax",
            "9999",
            "Hush",
        ):
            assert trace not in body, (address, trace)


def test_another_accounts_project_does_not_exist(
    secretive: Account, stranger: Account, reader: Callable[..., Client]
) -> None:
    client = reader(stranger)
    foreign = secretive.projects.get().pk
    for name, address in addresses(secretive).items():
        assert client.get(address, {"project": foreign}).status_code == 404, name


@pytest.mark.parametrize("role", list(Role))
def test_every_role_may_read(secretive: Account, reader: Callable[..., Client], role: Role) -> None:
    client = reader(secretive, role)
    for name, address in addresses(secretive).items():
        asks_viewer = name in PAYERS_ONLY and role == Role.VIEWER
        assert body_of(client, address)[0] == (403 if asks_viewer else 200), address


def test_a_call_in_progress_of_another_account_is_not_shown(
    secretive: Account, stranger: Account, reader: Callable[..., Client]
) -> None:
    from tests.usage.events import key_of
    from usage.services.authorize import authorize

    authorize(key=key_of("letustalk"), request=question(secretive, "live-secret", caller=SECRET))
    assert "live-secret" not in body_of(reader(stranger), reverse("calls"))[1]
    assert SECRET in body_of(reader(secretive), reverse("calls"))[1]


def test_no_page_is_kept_by_a_cache(secretive: Account, reader: Callable[..., Client]) -> None:
    client = reader(secretive)
    for address in addresses(secretive).values():
        assert client.get(address)["Cache-Control"] == "private, no-store", address
