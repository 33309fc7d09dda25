"""Refunds, disputes and differences in the back office: what staff see and decide, each with its words."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.admin import reconciliation as reconciliation_admin
from billing.models import Dispute, Payment, PaymentDifference, Refund
from billing.providers.base import DisputeFacts
from billing.services import disputes, reconciliation, refunds
from organizations.models import Account, User
from tests.billing.refunds.paid import balance, pay_by_bank, spend
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import act

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aitelier", email="owner@acme.example")


@pytest.fixture
def payment(account: Account) -> Payment:
    return pay_by_bank(account, "50")


def address(name: str, pk: int) -> str:
    return reverse(f"admin:billing_{name}", args=[pk])


def asked(account: Account, amount: str = "20") -> Refund:
    (refund,) = refunds.request(wallet_id=account.wallet.pk, amount=D(amount), reason="Closing", user_id=None)
    return refund


def actions_of(client: Client, refund: Refund) -> set[str]:
    html = client.get(address("refund_change", refund.pk)).content.decode()
    names = ("approve", "decline", "mark_sent", "mark_returned", "look_up")
    return {name for name in names if address(f"refund_{name}", refund.pk) in html}


def test_a_payments_page_shows_what_is_refundable_of_the_wallet(
    account: Account, payment: Payment, staff_client: Client
) -> None:
    spend(account, "12.5")
    page = staff_client.get(address("payment_change", payment.pk))
    (panel,) = [each for each in page.context["panels"] if each.title == "Refundable now, payment by payment"]
    assert "$37.50" in str(panel.rows[0][3]) and "$37.50" in str(panel.total[3])


def test_the_pages_are_read_only_and_take_few_queries(account: Account, payment: Payment, staff_client: Client) -> None:
    refund = asked(account)
    facts = DisputeFacts("dp_1", payment.reference, "", D(30), "USD", "won", "fraudulent", timezone.now())
    dispute = disputes.settle(facts=facts, provider="bank")
    assert dispute is not None
    pages = (("refund_change", refund.pk), ("payment_change", payment.pk), ("dispute_change", dispute.pk))
    for name, pk in pages:
        with CaptureQueriesContext(connection) as queries:
            page = staff_client.get(address(name, pk))
        assert b'name="_save"' not in page.content, name
        assert len(queries) <= 20, name


def test_staff_refund_a_payment_from_its_page_once(
    account: Account, payment: Payment, staff_client: Client, staff: User
) -> None:
    refund_page = address("payment_refund", payment.pk)
    assert "Refundable now: 50" in staff_client.get(refund_page).content.decode()
    confirmation, done, sent = act(staff_client, refund_page, amount="20", reason="Goodwill")
    assert "The payer gets" in confirmation and "$20.00" in confirmation
    assert done.status_code == 302
    staff_client.post(refund_page, {**sent, "step": "confirm"})
    refund = Refund.objects.get()
    assert (refund.status, refund.requested_by, balance(account)) == ("approved", staff, (D(30), D(0)))
    assert {"Goodwill" in entry.change_message for entry in LogEntry.objects.all()} == {True}


def test_more_than_is_unspent_is_refused_in_words(account: Account, payment: Payment, staff_client: Client) -> None:
    spend(account, "45")
    _, answer, _ = act(staff_client, address("payment_refund", payment.pk), amount="20", reason="Goodwill")
    assert b"Only $5.00 of this payment is unspent and can be refunded." in answer.content
    assert not Refund.objects.exists()


def test_a_request_is_approved_for_less(account: Account, payment: Payment, staff_client: Client) -> None:
    refund = asked(account)
    assert actions_of(staff_client, refund) == {"approve", "decline"}
    _, done, _ = act(staff_client, address("refund_approve", refund.pk), amount="15", reason="Five were used")
    assert done.status_code == 302
    assert list(Refund.objects.order_by("pk").values_list("status", "amount")) == [
        ("declined", D(20)), ("approved", D(15)),
    ]  # fmt: skip
    assert balance(account) == (D(35), D(0))


def test_a_request_is_declined(account: Account, payment: Payment, staff_client: Client) -> None:
    refund = asked(account)
    _, done, _ = act(staff_client, address("refund_decline", refund.pk), reason="It was a gift")
    refund.refresh_from_db()
    assert (done.status_code, refund.status, refund.decision) == (302, "declined", "It was a gift")
    assert actions_of(staff_client, refund) == set()


def test_a_bank_refund_is_marked_as_sent_and_as_returned(
    account: Account, payment: Payment, staff_client: Client
) -> None:
    refund = refunds.approve(refund_id=asked(account).pk, user_id=None, decision="")
    assert actions_of(staff_client, refund) == {"mark_sent", "mark_returned"}
    act(staff_client, address("refund_mark_sent", refund.pk), bank_reference="SEPA 5")
    refund.refresh_from_db()
    assert (refund.status, refund.provider_reference) == ("succeeded", "SEPA 5")
    act(staff_client, address("refund_mark_returned", refund.pk), reason="Account closed")
    refund.refresh_from_db()
    assert (refund.status, balance(account)) == ("failed", (D(50), D(0)))


def test_whoever_may_only_look_decides_nothing(account: Account, payment: Payment) -> None:
    refund = asked(account)
    client = Client()
    client.force_login(make_clerk("billing.view_refund", "billing.view_payment", "billing.change_payment"))
    assert client.get(address("refund_change", refund.pk)).status_code == 200
    for name, pk in (("refund_approve", refund.pk), ("refund_decline", refund.pk), ("payment_refund", payment.pk)):
        assert client.get(address(name, pk)).status_code == 403
        assert client.post(address(name, pk), {"step": "confirm"}).status_code == 403
    assert balance(account) == (D(50), D(0))


def test_a_dispute_shows_its_movements(account: Account, payment: Payment, staff_client: Client) -> None:
    now = timezone.now()
    facts = DisputeFacts("dp_1", payment.reference, "", D(30), "USD", "opened", "fraudulent", now)
    dispute = disputes.settle(facts=facts, provider="bank")
    assert dispute == Dispute.objects.get()
    page = staff_client.get(address("dispute_change", dispute.pk))
    panel, documents = page.context["panels"]
    assert (documents.title, list(documents.rows)) == ("Documents", [])
    assert "$30.00" in str(panel.rows[0][3])


def test_a_difference_is_explained(staff_client: Client, staff: User) -> None:
    found = reconciliation.note_difference(
        provider="stripe", kind="unknown_payment", reference="pi_1", wallet_id=None, expected="", found="7 USD"
    )
    page = address("paymentdifference_explain", found.pk)
    assert page in staff_client.get(address("paymentdifference_change", found.pk)).content.decode()
    _, done, _ = act(staff_client, page, explanation="Paid for a workshop")
    closed = PaymentDifference.objects.get()
    assert (done.status_code, closed.explanation, closed.explained_by) == (302, "Paid for a workshop", staff)
    assert page not in staff_client.get(address("paymentdifference_change", found.pk)).content.decode()


def test_staff_ask_for_a_reconciliation_and_a_worker_makes_it(
    staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(reconciliation_admin.current_app, "send_task", sent.append)
    page = reverse("admin:billing_reconciliationrun_run_now")
    assert staff_client.get(page).status_code == 200
    done = staff_client.post(page, {"token": "6f0a1f4e-6d7c-4f6e-9f0c-0a4a4e1d2c3b", "step": "confirm"})
    assert (done.status_code, sent) == (302, ["sweeps.reconcile_payments"])


def test_a_broker_that_does_not_answer_is_said(staff_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(task: str) -> None:
        raise OSError(task)

    monkeypatch.setattr(reconciliation_admin.current_app, "send_task", deaf)
    page = reverse("admin:billing_reconciliationrun_run_now")
    answer = staff_client.post(page, {"token": "6f0a1f4e-6d7c-4f6e-9f0c-0a4a4e1d2c3b", "step": "confirm"})
    assert b"the broker does not answer" in answer.content
