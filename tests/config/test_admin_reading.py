"""How the back office writes what people read: days, moments, numbers and codes look alike on every page."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from notifications.services.incidents import open_incident
from organizations.models import Account, Product, Project
from tests.factories import open_test_account
from usage.models import DailyComponent, EventType


@pytest.fixture
def account(products: dict[str, Product]) -> Account:
    return open_test_account(products["aipbx"], name="Acme")


def test_days_and_moments_of_forms_are_iso_with_their_zone(account: Account, staff_client: Client) -> None:
    Project.objects.filter(account=account).update(created_at=datetime(2026, 3, 14, 9, 5, tzinfo=UTC))
    page = reverse("admin:organizations_project_change", args=[account.projects.get().pk])
    assert "2026-03-14 09:05:00 UTC" in staff_client.get(page).content.decode()


def test_lists_leave_out_the_zeros_that_fill_a_number_up(account: Account, staff_client: Client) -> None:
    DailyComponent.objects.create(
        account=account, project=account.projects.get(), currency="USD", day="2026-03-14", event_type=EventType.CALL,
        component="llm", unit="token", is_simulated=False, count=1, quantity=Decimal("2340.5"), amount=1,
    )  # fmt: skip
    page = staff_client.get(reverse("admin:usage_dailycomponent_changelist")).content.decode()
    assert '<span class="bo-money">2,340.5</span>' in page
    assert '<span class="bo-time">2026-03-14</span>' in page


def test_incidents_are_said_in_words(account: Account, staff_client: Client) -> None:
    open_incident(account_id=account.pk, kind="auto_top_up", reason="card_declined")
    page = staff_client.get(reverse("admin:notifications_incident_changelist")).content.decode()
    assert ("Auto top up" in page, "Card declined" in page, ">card_declined<" in page) == (True, True, False)
