"""From a call to its transaction and back, from a payment to its documents and its place in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import Payment, Transaction
from billing.services import bank, refunds, top_ups
from organizations.models import Account, User
from tests.billing.documents.issued import issue_one, make_issuer
from tests.config.admin_rows import charge


def address(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def leads(client: Client, from_row: Model, to_row: Model) -> bool:
    panels = client.get(address(from_row)).context["panels"]
    return any(
        f'"{address(to_row)}"' in str(cell) for one in panels for cells in [*one.rows, [one.note]] for cell in cells
    )


def test_a_call_and_its_transaction_lead_to_each_other(
    make_account: Callable[..., Account], staff_client: Client
) -> None:
    event = charge(make_account("aipbx", paid="25"), "evt-1")
    assert leads(staff_client, event, event.transaction)
    assert leads(staff_client, event.transaction, event)


def test_a_payment_its_refund_their_documents_and_transactions_lead_to_each_other(
    make_account: Callable[..., Account], staff: User, staff_client: Client
) -> None:
    wallet = make_account("aitelier").wallet
    top_up = top_ups.start(
        wallet_id=wallet.pk,
        amount=Decimal(100),
        provider="bank",
        organization_id=None,
        saves_card=False,
        user_id=staff.pk,
    )
    payment = bank.record_transfer(
        top_up_id=top_up.pk,
        amount=Decimal(100),
        received_on=timezone.now().date(),
        bank_reference="B-1",
        user_id=staff.pk,
    )
    receipt = issue_one(wallet, make_issuer(), "receipt", payment=payment, top_up=top_up)
    refund = refunds.refund_payment(payment_id=payment.pk, amount=Decimal(30), reason="Asked", user_id=staff.pk)
    number = Payment.objects.get().transaction_number
    assert number is not None
    credited = Transaction.objects.get(wallet=wallet, number=number)
    taken = Transaction.objects.get(wallet=wallet, key=f"refund:{refund.pk}")
    ways = [(payment, receipt), (top_up, receipt), (payment, credited), (credited, payment), (payment, refund)]
    for start, end in [*ways, (refund, taken), (taken, refund)]:
        assert leads(staff_client, start, end), (start, end)
