"""verify_ledger on documents: clean on what the services wrote, each rule found by its name once broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.db import connection, transaction

from billing.models import Document
from billing.providers.base import DisputeFacts
from billing.services import disputes, refunds
from billing.services.documents import due
from billing.verification import documents
from billing.verification.run import verify
from tests import products
from tests.billing.documents.issued import issuer_of, order, organization_of, pay
from tests.billing.documents.test_certificates import undo, use
from tests.factories import open_test_account

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

RULES = {rule.name for rule in documents.INVARIANTS}
RECEIPT = "kind = 'receipt' AND corrects_id IS NULL AND tax > 0"
BREAKS = [
    ("document_numbers", "UPDATE billing_numberseries SET last_number = last_number + 1 WHERE kind = 'receipt'"),
    ("document_numbers", "UPDATE billing_document SET number = 70 WHERE kind = 'receipt' AND number = 1"),
    ("document_numbers", "DELETE FROM billing_document WHERE kind = 'proforma'"),
    ("documents_state_what_moved", f"UPDATE billing_document SET net = net + 1, total = total + 1 WHERE {RECEIPT}"),
    ("documents_state_what_moved", f"UPDATE billing_document SET net = net + 1, tax = tax - 1 WHERE {RECEIPT}"),
    ("documents_state_what_moved", f"UPDATE billing_document SET currency = 'EUR' WHERE {RECEIPT}"),
    ("documents_state_what_moved", f"UPDATE billing_document SET payment_id = 0 WHERE {RECEIPT}"),
    ("documents_state_what_moved", "UPDATE billing_document SET key = 'other' WHERE kind = 'proforma'"),
    ("documents_state_what_moved", "UPDATE billing_document SET corrects_id = NULL WHERE key LIKE 'refund_back:%'"),
    ("documents_state_what_moved", "UPDATE billing_refund SET total = total + 1 WHERE status = 'succeeded'"),
    ("documents_state_what_moved", "UPDATE billing_document SET key = 'credit:1:1' WHERE key LIKE 'dispute:%'"),
    (
        "credit_notes_within_document",
        "UPDATE billing_document SET net = 1000, total = 1000 + tax WHERE key LIKE 'refund:%'",
    ),
    ("credit_notes_within_document", "UPDATE billing_document SET currency = 'EUR' WHERE kind = 'credit_note'"),
    (
        "certificates_state_what_was_used",
        "UPDATE billing_document SET net = net + 0.01, total = total + 0.01 WHERE kind = 'certificate'",
    ),
    (
        "certificates_state_what_was_used",
        "UPDATE billing_document SET tax = tax + 0.01, total = total + 0.01 WHERE key LIKE 'reversed:%'",
    ),
    (
        "certificates_state_what_was_used",
        "UPDATE billing_transfer SET amount = amount * 2 WHERE source_id % 16 = 1 AND target_id % 16 = 5",
    ),
    ("documents_are_frozen", f"UPDATE billing_document SET net = net + 1, total = total + 1 WHERE {RECEIPT}"),
    ("documents_are_frozen", "UPDATE billing_document SET label = label || '0'"),
    (
        "documents_are_frozen",
        "UPDATE billing_document SET content = jsonb_set(content, '{lines,0,amount}', '\"7\"') WHERE kind = 'receipt'",
    ),
    ("documents_are_frozen", f"UPDATE billing_document SET tax_lines = '[]' WHERE {RECEIPT}"),
    ("document_files_are_whole", "UPDATE billing_documentfile SET pdf = pdf || '\\x20'::bytea"),
    ("document_files_are_whole", "UPDATE billing_documentfile SET sha256 = repeat('0', 64)"),
    ("document_files_are_whole", "UPDATE billing_documentfile SET size = size + 1"),
    ("documents_of_own_account", "UPDATE organizations_organization SET account_id = account_id + 1"),
    ("documents_of_own_account", "UPDATE billing_payment SET wallet_id = wallet_id + 1"),
    ("documents_of_own_account", "UPDATE billing_document SET wallet_id = wallet_id + 1 WHERE kind = 'certificate'"),
]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Documents of every kind but a period's invoice, written once; never committed."""
    from billing.services.documents import files

    with django_db_blocker.unblock(), transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "_render", lambda document: f"%PDF {document.label}".encode())
        with time_machine.travel(datetime(2026, 1, 5, 12, tzinfo=UTC), tick=False) as clock:
            _write(clock)
        yield
        transaction.set_rollback(True)


def _write(clock: time_machine.Traveller) -> None:
    product = products.load()["aipbx"]
    issuer_of(product)
    account = open_test_account(product)
    organization = organization_of(account, region="NY")
    wallet = account.wallet
    payment = pay(account, "50", organization)
    due.issue_due()
    first = use(wallet, "7.005")
    order(account, "25", organization)
    for amount in ("10", "5"):
        asked = refunds.refund_payment(payment_id=payment.pk, amount=Decimal(amount), reason="Closing", user_id=None)
        refunds.mark_sent(refund_id=asked.pk, bank_reference=f"SEPA {amount}")
    due.issue_due()
    refunds.mark_returned(refund_id=asked.pk, reason="Account closed")
    for number, status in enumerate(("lost", "won")):
        disputed = pay(account, "20", organization)
        facts = [
            DisputeFacts(
                f"dp_{number}", disputed.reference, "", Decimal("21.78"), "USD", each, "fraudulent", wallet.created_at
            )
            for each in ("opened", status)
        ]
        for each in facts:
            disputes.settle(facts=each, provider="bank")
    due.issue_due()
    clock.shift(timedelta(days=40))
    use(wallet, "3")
    due.issue_certificates()
    clock.shift(timedelta(seconds=1))
    undo(wallet, first)
    due.issue_certificates()
    due.render_due()
    kinds = list(Document.objects.order_by("kind").values_list("kind", flat=True))
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "receipt": 4,
        "proforma": 1,
        "credit_note": 4,
        "certificate": 1,
    }


@pytest.fixture
def damage(world: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[[str], None]]:
    """Runs plain SQL with the triggers and foreign keys looking away; undone after the test."""
    with django_db_blocker.unblock(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor.execute
        transaction.set_rollback(True)


def found() -> set[str]:
    return {finding.name for finding in verify(RULES)}


def test_what_the_services_wrote_is_clean(damage: Callable[[str], None]) -> None:
    assert verify(RULES) == []


@pytest.mark.parametrize(("rule", "statement"), BREAKS)
def test_a_broken_rule_is_found_by_its_name(rule: str, statement: str, damage: Callable[[str], None]) -> None:
    damage(statement)
    assert rule in found()
