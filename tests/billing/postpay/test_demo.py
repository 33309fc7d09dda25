"""The demo customer that pays by invoice has a paid month, one to pay and one that runs."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from billing.models import BillingPeriod
from billing.verification.run import verify

pytestmark = pytest.mark.django_db


def test_the_demo_agency_pays_by_invoice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usage.services.demo.accounts.DAYS", 2)
    call_command("load_products", "aitelier", "--demo", stdout=StringIO())
    periods = BillingPeriod.objects.filter(wallet__account__external_id="northwind-agency").order_by("id")
    states = [period.status for period in periods]
    assert (states[0], states[-1]) == ("paid", "draft")
    assert all(period.documents.filter(kind="invoice").count() == 1 for period in periods[: len(states) - 1])
    assert verify() == []
