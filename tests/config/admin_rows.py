"""Thirty rows and more of every model that the back office shows, made through the services where money moves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from billing.models import AutoTopUp, Card, Hold, LedgerVerification, ProductTerms
from billing.providers.base import Notice
from billing.services import bank, inbox, top_ups
from notifications.models import AlertAddress, Delivery, Event, Preference, SweepRun, TelegramLink, WebhookEndpoint
from notifications.services.incidents import open_incident
from notifications.services.notices import Told, tell
from organizations.models import Account, Invitation, Membership, Product, Service, ServiceKey, User
from organizations.selectors.keys import KeyContext
from tests.config.approval_rows import approval_rows
from tests.config.blocked_rows import blocked_rows
from tests.config.coupon_rows import offer_rows, setting_rows
from tests.config.document_rows import document_rows
from tests.config.export_rows import export_rows
from tests.config.postpay_rows import postpay_rows
from tests.config.refund_rows import refund_rows
from tests.config.report_rows import report_rows
from tests.config.rerating_rows import rerating_rows
from tests.config.stripe_rows import stripe_rows
from tests.config.support_rows import support_rows
from tests.config.what_if_rows import what_if_rows
from tests.factories import make_user, open_test_account
from usage.models import ChatHour, EventType, IdempotentRequest, RateCard, RateCardVersion, RejectedEvent
from usage.services.charge import charge_events
from usage.services.incoming import IncomingEvent

ROWS = 32


def make_clerk(*permissions: str) -> User:
    """Somebody of the staff with these permissions and no others, such as billing.view_wallet."""
    user = make_user()
    user.is_staff = True
    user.save()
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def key_context(service: Service) -> KeyContext:
    """What a key with every scope says about its bearer."""
    product = Product.objects.get(pk=service.product_id)
    scopes = frozenset({"authorize", "usage", "read", "manage"})
    return KeyContext(
        "key", service.pk, service.slug, product.pk, product.slug, product.currency, scopes, product.rates_revision
    )


def call(account: Account, event_id: str, **data: Any) -> IncomingEvent:
    """A finished AI PBX call of three minutes: 2,340 LLM tokens cost 0.012, in all 0.014 with analytics."""
    now = timezone.now()
    facts = {"channel": "phone", "status": "completed", "call_id": f"call-{event_id}", **data}
    sent = {**facts, "duration_seconds": 180, "llm_input_tokens": 2340, "analytics": True}
    numbers = {"duration_seconds": Decimal(180), "llm_input_tokens": Decimal(2340), "analytics": True}
    body = {"id": event_id, "source": "pbx", "type": EventType.CALL.value, "data": sent}
    return IncomingEvent(
        source="pbx",
        event_id=event_id,
        event_type=EventType.CALL.value,
        occurred_at=now,
        subject=account.external_id,
        project=account.projects.get().external_id,
        data={**facts, **numbers},
        body=json.dumps(body).encode(),
    )


def charge(account: Account, event_id: str, **data: Any) -> Any:
    """Charge one call of the account; returns its row."""
    service = account.product.services.get()
    (result,) = charge_events(key=key_context(service), items=[call(account, event_id, **data)])
    assert result["status"] == "accepted", result
    return account.events.get(event_id=event_id)


def fill(products: dict[str, Product]) -> None:
    """At least `ROWS` rows of every registered model."""
    accounts = [open_test_account(products["aipbx"], name=f"Customer {n}", paid="25", promo="1") for n in range(ROWS)]
    service = Service.objects.get(slug="aipbx")
    charge_events(key=key_context(service), items=[call(account, f"e{account.pk}") for account in accounts])
    for number, account in enumerate(accounts):
        _customer(account, number)
        _reader(account, number)
        _auto_top_up(account, number)
        _top_up(account, number)
        refund_rows(account, number)
        approval_rows(account)
        blocked_rows(account)
        document_rows(account, number)
        export_rows(account, number)
        what_if_rows(account, number)
        _usage(account, service, number)
        _product(number)
        offer_rows(account, number)
        stripe_rows(account, number)
        postpay_rows(account)
        rerating_rows(account.events.get())
        support_rows(account)
        _system(number)
    report_rows()


def _customer(account: Account, number: int) -> None:
    Membership.objects.create(account=account, user=make_user())
    now = timezone.now()
    Invitation.objects.create(account=account, email="a@example.com", token_hash=f"{number}", expires_at=now)
    card = RateCard.objects.create(product=account.product, account=account, name=f"Card {number}")
    RateCardVersion.objects.create(card=card, number=1, starts_at=now)
    Hold.objects.create(
        service=account.product.services.get(),
        call_id=f"held-{number}",
        wallet=account.wallet,
        project=account.projects.get(),
        currency="USD",
        amount=0,
        created_at=now,
        expires_at=now + timedelta(minutes=15),
    )


def _reader(account: Account, number: int) -> None:
    user, now = make_user(), timezone.now()
    AlertAddress.objects.create(account=account, email=f"ops{number}@example.com", token_hash=f"address {number}")
    Preference.objects.create(account=account, user=user, event=Event.LOW_BALANCE, channel="email", is_on=False)
    TelegramLink.objects.create(account=account, user=user, token_hash=f"chat {number}", expires_at=now)
    tell(Told(account.pk, Event.AUTO_TOP_UP_FAILED, f"failed:{number}", facts={"reason": "card_declined"}))


def _auto_top_up(account: Account, number: int) -> None:
    AutoTopUp.objects.create(wallet=account.wallet, currency="USD", threshold=20, amount=50)
    Card.objects.create(
        wallet=account.wallet, reference=f"pm_{number}", brand="Visa", last4="4242", exp_month=8, exp_year=2030
    )
    open_incident(account_id=account.pk, kind="auto_top_up", reason="card_declined")


def _top_up(account: Account, number: int) -> None:
    invoice = top_ups.start(
        wallet_id=account.wallet.pk,
        amount=Decimal(50),
        provider="bank",
        organization_id=None,
        saves_card=False,
        user_id=make_user().pk,
    )
    bank.record_transfer(
        top_up_id=invoice.pk,
        amount=Decimal(50),
        received_on=timezone.now().date(),
        bank_reference=f"FT-{number}",
        user_id=None,
    )
    inbox.receive(notice=Notice("stripe", f"evt_{number}", "payment_intent.succeeded", "payment_intent", "pi_1"))


def _usage(account: Account, service: Service, number: int) -> None:
    now = timezone.now()
    RejectedEvent.objects.create(
        service=service, source="pbx", code="unknown_account", detail="None.", body="{}", received_at=now
    )
    IdempotentRequest.objects.create(service=service, key=f"k{number}", fingerprint="f", status=201, answer={"a": 1})
    ChatHour.objects.create(
        service=service,
        account=account,
        project=account.projects.get(),
        is_simulated=False,
        hour=datetime(2026, 1, 1, tzinfo=UTC),
        messages=2,
        llm_input_tokens=1,
        llm_output_tokens=1,
    )


def _product(number: int) -> None:
    product = Product.objects.create(slug=f"p{number}", name=f"Product {number}", currency="USD", mark="mark")
    ProductTerms.objects.create(
        product=product, currency="USD", floor=0, hold=1, cost_per_minute=0, welcome_bonus=0, monthly_allotment=0
    )
    setting_rows(product, number)
    service = Service.objects.create(product=product, slug=f"s{number}", name=f"Service {number}")
    ServiceKey.objects.create_key(service=service, name=f"Key {number}", scopes=["read"])
    WebhookEndpoint.objects.create(service=service, url="https://hooks.example/", secret="whsec_aG9va3M=")


def _system(number: int) -> None:
    now = timezone.now()
    Delivery.objects.create(
        key=f"d{number}", channel="email", recipient="a@example.com", subject="Hello", body="x", next_attempt_at=now
    )
    SweepRun.objects.create(name=f"sweep{number}", started_at=now, finished_at=now, handled=1)
    LedgerVerification.objects.create(started_at=now, finished_at=now, transactions=1, is_sound=True)
    Group.objects.create(name=f"Group {number}")
    interval = IntervalSchedule.objects.create(every=number + 1, period="seconds")
    PeriodicTask.objects.create(name=f"Task {number}", task="sweeps.x", interval=interval)
    CrontabSchedule.objects.create(minute=str(number))
    ClockedSchedule.objects.create(clocked_time=now + timedelta(hours=number))
    SolarSchedule.objects.create(event="sunrise", latitude=number, longitude=0)
