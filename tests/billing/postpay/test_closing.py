"""A period is closed into one invoice that asks for what its usage left owed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D

import pytest

from billing.models import Document, PeriodStatus
from billing.verification.run import verify
from organizations.models import Account
from tests.billing.postpay.accounts import at, call, close_running, running

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]


def test_a_month_becomes_one_invoice_for_what_it_cost(postpay_account: Make) -> None:
    with at("2026-02-10 12:00"):
        account = postpay_account()
        for outcome in ("success", "success", "conversation"):
            call(account, outcome)
    with at("2026-03-04 00:00"):
        period = close_running(account)
    assert (period.status, period.net.amount, period.tax.amount, period.due) == (
        PeriodStatus.OPEN,
        D("2.40"),
        0,
        D("2.40"),
    )
    document = Document.objects.get()
    assert (document.label, document.total.amount, document.period_id) == ("INV-2026-0001", D("2.40"), period.pk)
    lines = [
        (line["description"], line["quantity"], line["unit_price"], line["amount"])
        for line in document.content["lines"]
    ]
    assert lines == [
        ("Real conversation · Standard", "1", "0.6", "0.60"),
        ("Success · Standard", "2", "0.9", "1.80"),
    ]
    assert (str(running(account).starts_on), str(running(account).ends_on)) == ("2026-03-01", "2026-03-31")
    assert verify() == []
