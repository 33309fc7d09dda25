"""Endpoints in the back office: added with a secret shown once, tried, replayed, rotated, switched off and on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.admin import endpoint as endpoint_admin
from notifications.models import Delivery, Event, WebhookEndpoint
from notifications.services.deliveries import send_due
from notifications.services.fan_out import expand_due
from notifications.services.notices import Told, tell
from organizations.models import Product, Service
from tests.config.admin_steps import act
from tests.fakes.http import Response
from tests.fakes.receiver import Receiver, receiver
from tests.notifications.webhooks import endpoint, message, signatures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("products")]
ADD = "/admin/notifications/webhookendpoint/add/"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


@pytest.fixture
def service() -> Iterator[tuple[Receiver, str]]:
    with receiver() as listening:
        yield listening


def page(of: WebhookEndpoint) -> str:
    return reverse("admin:notifications_webhookendpoint_change", args=[of.pk])


def action(of: WebhookEndpoint, name: str) -> str:
    return reverse(f"admin:notifications_webhookendpoint_{name}", args=[of.pk])


def test_a_new_endpoints_secret_is_shown_once_and_signs(staff_client: Client, service: tuple[Receiver, str]) -> None:
    site, url = service
    aipbx = Service.objects.get(slug="aipbx")
    sent = {"service": aipbx.pk, "url": f" {url} ", "types": ["wallet.low", "wallet.blocked"]}
    shown = staff_client.post(ADD, sent, follow=True).content.decode()
    made = WebhookEndpoint.objects.get()
    assert (made.service, made.url, made.types, made.is_active) == (
        aipbx,
        url,
        ["wallet.low", "wallet.blocked"],
        True,
    )
    assert set(SECRET.findall(shown)) == {made.secret}
    for address in (
        page(made),
        reverse("admin:notifications_webhookendpoint_changelist"),
        f"{page(made)[:-7]}history/",
    ):
        assert "whsec_" not in staff_client.get(address).content.decode(), address
    message(made)
    assert send_due("webhook") == 1
    assert site.got[0].headers["webhook-signature"].split() == signatures(site.got[0], made.secret)


def test_an_address_that_is_not_public_is_refused_when_it_is_saved(staff_client: Client, settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    aipbx = Service.objects.get(slug="aipbx")
    refused = staff_client.post(ADD, {"service": aipbx.pk, "url": "https://169.254.169.254/latest/"})
    assert "169.254.169.254 is 169.254.169.254, which is no public address." in refused.content.decode()
    assert not WebhookEndpoint.objects.exists()
    known = endpoint("https://hooks.example/")
    refused = staff_client.post(page(known), {"url": "http://localhost/"})
    assert "The address has to begin with https://." in refused.content.decode()
    known.refresh_from_db()
    assert known.url == "https://hooks.example/"
    kept = staff_client.post(page(known), {"url": "https://hooks.example/", "types": ["wallet.low"]})
    assert kept.status_code == 302, "an address that stays is not asked about again"
    known.refresh_from_db()
    assert known.types == ["wallet.low"]


@pytest.mark.django_db(transaction=True)
def test_a_name_is_looked_up_outside_the_transaction(
    staff_client: Client, products: dict[str, Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def look(url: str) -> str:
        seen.append(connection.in_atomic_block)
        return ""

    monkeypatch.setattr(endpoint_admin, "fault_of", look)
    aipbx = Service.objects.get(slug="aipbx")
    assert staff_client.post(ADD, {"service": aipbx.pk, "url": "https://hooks.example/"}).status_code == 302
    assert seen == [False]


def test_the_same_address_twice_for_a_service_is_refused(staff_client: Client) -> None:
    known = endpoint("http://127.0.0.1:9000/")
    again = staff_client.post(ADD, {"service": known.service_id, "url": known.url})
    assert (again.status_code, WebhookEndpoint.objects.count()) == (200, 1)


def test_a_test_shows_what_the_endpoint_answers(staff_client: Client, service: tuple[Receiver, str]) -> None:
    site, url = service
    site.answer = Response.text("<b>not yet</b>", 503)
    to = endpoint(url)
    opened = staff_client.get(action(to, "send_test"))
    assert f"Send {url} a test?" in opened.content.decode()
    _, answer, _ = act(staff_client, action(to, "send_test"))
    assert answer.status_code == 302
    send_due("webhook")
    shown = staff_client.get(page(to)).content.decode()
    assert "503 &lt;b&gt;not yet&lt;/b&gt;" in shown
    assert re.search(r"\d+\N{NO-BREAK SPACE}ms", shown)
    assert "Failing" in shown


def test_a_rotated_secret_is_shown_once(staff_client: Client) -> None:
    to = endpoint("https://hooks.example/")
    old = to.secret
    asked, answer, _ = act(staff_client, action(to, "rotate_secret"), reason="It leaked")
    assert "whsec_" not in asked
    to.refresh_from_db()
    assert set(SECRET.findall(staff_client.get(answer["Location"]).content.decode())) == {to.secret}
    assert "whsec_" not in staff_client.get(page(to)).content.decode()
    assert (to.previous_secret, to.secret != old) == (old, True)
    assert timedelta(hours=23) < (to.previous_until or timezone.now()) - timezone.now() <= timedelta(hours=24)
    assert "It leaked" in LogEntry.objects.get().get_change_message()


def test_what_is_switched_off_shows_why_and_is_switched_on_with_what_it_missed(
    staff_client: Client, service: tuple[Receiver, str], make_account: Any
) -> None:
    site, url = service
    to = endpoint(url)
    act(staff_client, action(to, "switch_off"), reason="It moves to another machine")
    assert "It moves to another machine" in staff_client.get(page(to)).content.decode()
    account = make_account("aipbx")
    tell(Told(account.pk, Event.CALLS_ACCEPTED, "missed", facts={"balance": "5", "currency": "USD"}))
    expand_due()
    assert not Delivery.objects.filter(channel="webhook").exists()
    shown, _, _ = act(staff_client, action(to, "switch_on"), reason="It is there", sends_missed="on")
    assert "Send what it missed" in shown
    to.refresh_from_db()
    assert to.is_active
    assert send_due("webhook") == 1
    assert len(site.got) == 1


def test_a_replay_goes_back_to_the_moment_that_was_chosen(
    staff_client: Client, service: tuple[Receiver, str], make_account: Any
) -> None:
    account, now = make_account("aipbx"), timezone.now()
    for hours in (1, 5):
        facts = {"balance": "5", "currency": "USD"}
        tell(Told(account.pk, Event.CALLS_ACCEPTED, f"{hours}", facts=facts, at=now - timedelta(hours=hours)))
    expand_due()
    to = endpoint(service[1])
    since = now - timedelta(hours=2)
    moment = {"since_0": f"{since:%Y-%m-%d}", "since_1": f"{since:%H:%M:%S}"}
    asked, answer, _ = act(staff_client, action(to, "replay"), reason="Their database was lost", **moment)
    assert f"{since:%Y-%m-%d %H:%M:%S}" in asked
    assert "1 message is being sent." in staff_client.get(answer["Location"]).content.decode()
    assert send_due("webhook") == 1
