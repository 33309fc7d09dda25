"""The back office's search: by whatever a customer may quote, through indexes, only what the person may view."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.models import BillingPeriod, Card, Coupon, CouponBatch, Payment, PaymentProvider, ProviderEvent, TopUp
from billing.services import bank, top_ups
from config.searching.terms import Term
from organizations.models import Account, Invitation, Organization, User
from tests.billing.documents.issued import issue_one, make_issuer
from tests.config.admin_rows import charge, make_clerk
from tests.factories import make_member
from tests.statements import sent_statements

QUERIES_MOST = 40
BIG = (
    "usage_usageevent",
    "billing_transaction",
    "billing_transfer",
    "billing_hold",
    "billing_payment",
    "billing_topup",
)


@pytest.fixture
def acme(make_account: Callable[..., Account]) -> Account:
    return make_account("aitelier", name="Acme Telephony", external_id="acme-7", email="Owner@Acme.example", paid="25")


@pytest.fixture
def paid(acme: Account, staff: User) -> Payment:
    top_up = top_ups.start(
        wallet_id=acme.wallet.pk,
        amount=Decimal(100),
        provider="bank",
        organization_id=None,
        saves_card=False,
        user_id=staff.pk,
    )
    return bank.record_transfer(
        top_up_id=top_up.pk,
        amount=Decimal(100),
        received_on=timezone.now().date(),
        bank_reference="Sepa 88-x",
        user_id=staff.pk,
    )


def found(client: Client, term: str) -> list[str]:
    """The titles of what the page of all answers shows as exactly this."""
    groups = dict(client.get(reverse("admin:search"), {"s": term}).context["groups"])
    return [one.title for one in groups.get("Exactly this", [])]


def begun(client: Client, term: str) -> list[str]:
    groups = dict(client.get(reverse("admin:search"), {"s": term}).context["groups"])
    return [one.title for one in groups.get("Begins like it", [])]


def test_people_and_accounts_are_found_by_address_name_and_identifier(acme: Account, staff_client: Client) -> None:
    member = make_member(acme, name="Ada Byron")
    assert "Acme Telephony" in found(staff_client, "owner@acme.EXAMPLE")
    assert "Acme Telephony" in found(staff_client, "ACME-7")
    assert begun(staff_client, "teleph") == ["Acme Telephony"]
    assert begun(staff_client, "acme tel") == ["Acme Telephony"]
    assert found(staff_client, member.email.upper()) == [member.email, member.email]  # the member and the person
    assert member.email in begun(staff_client, member.email[:6])
    assert begun(staff_client, "byron") == [member.email]


def test_invitations_and_organizations_are_found(acme: Account, staff_client: Client) -> None:
    later = timezone.now() + timedelta(days=3)
    Invitation.objects.create(account=acme, email="New@acme.example", token_hash="a" * 64, expires_at=later)
    Organization.objects.create(account=acme, name="Acme GmbH", tax_id="DE811128135", email="ap@acme.example")
    assert found(staff_client, "new@acme.example") == ["New@acme.example"]
    assert found(staff_client, "de 811 128 135") == ["Acme GmbH"]
    assert found(staff_client, "ap@acme.example") == ["Acme GmbH"]
    assert begun(staff_client, "gmbh") == ["Acme GmbH"]


def test_calls_are_found_by_call_id_event_id_and_caller(acme: Account, staff_client: Client) -> None:
    charge(acme, "evt-1", call_id="Ab-1@198.51.100.7", caller="+1 (212) 555-0199")
    assert found(staff_client, "Ab-1@198.51.100.7") == ["Ab-1@198.51.100.7"]
    assert found(staff_client, "ab-1@198.51.100.7") == []  # ids keep their case
    assert found(staff_client, "evt-1") == ["Ab-1@198.51.100.7"]
    assert begun(staff_client, "+12125550199") == ["Ab-1@198.51.100.7"]


def test_transactions_are_found_by_whose_and_number_and_by_key(acme: Account, staff_client: Client) -> None:
    event = charge(acme, "evt-1")
    number = event.transaction.number
    shown = [f"No. {number}"]
    assert found(staff_client, f"acme {number}") == shown
    assert found(staff_client, f"acme-7 No. {number}") == shown
    assert found(staff_client, event.transaction.key) == shown
    assert f"No. {number}" in [*found(staff_client, str(number)), *begun(staff_client, f"No. {number}")]


def test_payments_are_found_by_the_banks_reference_and_documents_by_their_number(
    paid: Payment, staff_client: Client
) -> None:
    assert str(paid) in found(staff_client, "sepa 88-X")
    label = issue_one(paid.wallet, make_issuer(), "receipt", payment=paid).label
    for quoted in (label, label.lower(), label.replace("-", "")):
        assert label in found(staff_client, quoted)
    assert label in begun(staff_client, label[:-1])
    assert str(TopUp.objects.get()) in found(staff_client, str(TopUp.objects.get().reference))


def test_what_is_quoted_on_a_transfer_is_found(paid: Payment, staff_client: Client) -> None:
    top_up = TopUp.objects.get()
    TopUp.objects.update(provider_reference="")  # as on invoices from before it was written down
    now = timezone.now()
    period = BillingPeriod.objects.create(
        wallet=paid.wallet, currency="USD", starts_on=now.date(), ends_on=now.date(), starts_at=now,
        ends_at=now + timedelta(days=1), closes_at=now + timedelta(days=2),
    )  # fmt: skip
    assert found(staff_client, f"tu-{top_up.pk:06d}") == [str(top_up)]
    assert found(staff_client, f"IN-{period.pk:06d}") == [f"{period.starts_on} to {period.ends_on}"]


def test_cards_and_card_payments_are_found_by_the_last_four(paid: Payment, staff_client: Client) -> None:
    facts: dict[str, Any] = {"brand": "Visa", "exp_month": 4, "exp_year": 2030}
    Card.objects.create(wallet=paid.wallet, reference="pm_1", last4="4242", **facts)
    Payment.objects.update(card="Visa ending 4242")
    for quoted in ("4242", "•••• 4242", "ending in 4242"):
        assert found(staff_client, quoted) == [str(paid), "Visa ending 4242"]
    assert found(staff_client, "pm_1") == ["Visa ending 4242"]


def test_what_stripe_calls_something_is_found(paid: Payment, staff_client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # a payment stays what it was
    Payment.objects.update(provider=PaymentProvider.STRIPE, reference="pi_3Abc", charge_reference="ch_3Abc")
    paid.refresh_from_db()
    ProviderEvent.objects.create(
        provider="stripe",
        event_id="evt_9",
        kind="charge.updated",
        object_kind="charge",
        object_id="ch_3Abc",
        received_at=timezone.now(),
    )
    assert found(staff_client, "pi_3Abc") == [str(paid)]
    assert found(staff_client, "ch_3Abc") == [str(paid), "charge.updated ch_3Abc"]
    assert found(staff_client, "evt_9") == ["charge.updated ch_3Abc"]


def test_coupons_keep_their_case(acme: Account, staff_client: Client) -> None:
    batch = CouponBatch.objects.create(
        product=acme.product, currency="USD", name="Fair", amount=5, valid_from=timezone.now()
    )
    Coupon.objects.create(batch=batch, code="Fair26")
    assert found(staff_client, "Fair26") == ["Fair26"]
    assert found(staff_client, "FAIR26") == []
    assert begun(staff_client, "Fair2") == ["Fair26"]


def test_each_answer_says_what_it_is_whose_and_where(acme: Account, staff_client: Client) -> None:
    event = charge(acme, "evt-1", call_id="c-1")
    (answer,) = staff_client.get(reverse("admin:search"), {"s": "c-1"}).context["found"]
    assert (answer.kind, answer.whose) == ("Call or event", "Acme Telephony, Aitelier")
    assert answer.facts.startswith("$0.10, ")
    assert answer.link == reverse("admin:usage_usageevent_change", args=[event.pk])


def test_nothing_found_says_what_can_be_searched(acme: Account, staff_client: Client) -> None:
    for extended in ({}, {"extended": "1"}):
        page = staff_client.get(reverse("admin:search"), {"s": "nosuchthing", **extended}).content.decode()
        assert "the last four digits" in page


def test_only_what_one_may_view_is_found(acme: Account) -> None:
    charge(acme, "evt-1", call_id="acme-7")
    client = Client()
    client.force_login(make_clerk("usage.view_usageevent"))
    assert found(client, "acme-7") == ["acme-7"]
    stranger = Client()
    stranger.force_login(make_clerk())
    assert found(stranger, "acme-7") == []


@pytest.mark.parametrize(
    "term",
    [
        "acme-7",
        "owner@acme.example",
        "4242",
        "No. 2",
        "acme 2",
        "pi_3Abc",
        "charge:evt-1",
        "INV-2026-0214",
        "TU-000001",
        "00000000-0000-4000-8000-000000000000",
        "+12125550199",
    ],
)
def test_no_big_table_is_read_through(acme: Account, staff_client: Client, term: str) -> None:
    """With sequential scans priced out, one is left only where no index serves."""
    with sent_statements() as sent, CaptureQueriesContext(connection) as queries:
        staff_client.get(reverse("admin:search"), {"s": term})
    assert len(sent) <= QUERIES_MOST, len(sent)
    plans = []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in queries.captured_queries:
            if query["sql"].lstrip().upper().startswith(("SELECT", "WITH")):
                cursor.execute("EXPLAIN " + query["sql"])
                plans += [(line[0], query["sql"]) for line in cursor.fetchall()]
    read_through = [sql for line, sql in plans for table in BIG if f"Seq Scan on {table}" in line]
    assert read_through == []


@pytest.mark.parametrize(
    ("typed", "shape", "value"),
    [
        ("  Acme\0  7 ", "text", "Acme 7"),
        ("no. 0012", "number", 12),
        ("99999999999999999999", "number", None),
        ("acme corp #12", "number_of", ("acme corp", 12)),
        ("**** 1881", "last_four", "1881"),
        ("inv 2026-0214", "label", "INV20260214"),
        ("0'; drop table", "words", "'0':* & 'drop':* & 'table':*"),
        ("12-34-56", "phone", ""),
    ],
)
def test_a_term_is_read_for_what_it_can_be(typed: str, shape: str, value: Any) -> None:
    assert getattr(Term.of(typed), shape) == value
