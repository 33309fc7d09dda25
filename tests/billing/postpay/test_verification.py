"""verify_ledger on postpay: clean on what the services wrote, each rule found by its name once broken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction

from billing.models import BillingPeriod
from billing.services.postpay import ending
from billing.verification.run import verify
from tests import products
from tests.billing.postpay.accounts import at, call, close_running, switched
from tests.billing.postpay.test_closing import taxed
from tests.factories import open_test_account
from tests.usage.events import key_of
from usage.services.void import void_event

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

FIRST = "id = (SELECT min(id) FROM billing_billingperiod)"
BREAKS = [
    ("periods_join", "UPDATE billing_billingperiod SET starts_at = starts_at + interval '1 s' WHERE status = 'draft'"),
    ("periods_join", "UPDATE billing_billingperiod SET starts_on = starts_on + 1 WHERE status = 'draft'"),
    ("periods_join", "DELETE FROM billing_billingperiod WHERE status = 'draft'"),
    ("periods_have_one_invoice", "DELETE FROM billing_document WHERE kind = 'invoice' AND number = 1"),
    ("periods_have_one_invoice", "UPDATE billing_document SET period_id = (SELECT min(id) FROM billing_billingperiod)"),
    ("invoices_are_paid", f"UPDATE billing_billingperiod SET status = 'paid' WHERE {FIRST}"),
    ("invoices_are_paid", f"UPDATE billing_billingperiod SET settled = total WHERE {FIRST}"),
    ("invoiced_tax_is_owed", f"UPDATE billing_billingperiod SET tax = tax + 0.01, total = total + 0.01 WHERE {FIRST}"),
    ("invoiced_tax_is_owed", "DELETE FROM billing_transaction WHERE key LIKE 'tax_back:%'"),
    ("invoiced_tax_is_owed", "UPDATE billing_transaction SET key = 'tax:99' WHERE key LIKE 'tax_back:%'"),
    ("periods_state_their_usage", f"UPDATE billing_billingperiod SET usage = usage + 0.000001 WHERE {FIRST}"),
    ("periods_state_their_usage", "UPDATE billing_billingperiod SET last_number = 1 WHERE status = 'void'"),
    ("periods_state_their_usage", "UPDATE usage_usageevent SET occurred_at = '2026-03-31' WHERE event_id = 'first'"),
]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """An invoice that is open, one that is void, and a month that runs, with reversals and late usage."""
    with django_db_blocker.unblock(), transaction.atomic():
        taxed_products = products.load()
        taxed("10")
        with at("2026-02-10 12:00"):
            account = open_test_account(taxed_products["aitelier"])
            switched(account)
            key = key_of("aitelier")
            for name in ("first", "second", "third"):
                call(account, event_id=name)
            void_event(key=key, source="pbx", event_id="second", reason="Test")
        with at("2026-03-04 00:00"):
            close_running(account)
            void_event(key=key, source="pbx", event_id="third", reason="Test")
            for _ in range(3):
                call(account)
        with at("2026-04-04 00:00"):
            march = close_running(account)
            ending.void(period_id=march.pk, reason="Test", actor_id=None)
            call(account, occurred_at="2026-03-30 12:00")
        yield
        transaction.set_rollback(True)


@pytest.fixture
def broken(world: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Plain SQL with the triggers looking away, undone after the test."""
    with django_db_blocker.unblock(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        transaction.set_rollback(True)


def test_everything_holds_for_what_the_services_wrote(broken: None) -> None:
    assert BillingPeriod.objects.count() == 3
    assert verify() == []


@pytest.mark.parametrize(("name", "damage"), BREAKS)
def test_a_broken_rule_is_found_by_its_name(broken: None, name: str, damage: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(damage)
        assert cursor.rowcount > 0
    (found,) = verify([name])
    assert (found.name, bool(found.rows)) == (name, True)
