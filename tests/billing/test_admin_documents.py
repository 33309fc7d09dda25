"""Documents, issuers and series in the back office: what staff see of them, and the little that they may do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from billing.documents.content import Line, Tax
from billing.models import Document, DocumentFailure, DocumentFile, DocumentKind, Issuer, NumberSeries
from notifications.models import Event, Notice
from organizations.models import Account
from tests.billing.documents.filed import filed
from tests.billing.documents.issued import issue_one, make_issuer
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import act

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aitelier", name="Northwind", paid="25")


@pytest.fixture
def receipt(account: Account) -> Document:
    """A receipt of $100.00 and $8.00 tax, with its file."""
    return filed(
        issue_one(
            account.wallet, make_issuer(), "receipt", lines=(Line("Balance top-up", Decimal(100)),),
            taxes=(Tax("Sales tax", Decimal(8), Decimal(100), Decimal(8)),), treatment="us_state",
        )
    )  # fmt: skip


def page(row: Any, action: str = "change") -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{action}", args=[row.pk])


def issuer_form(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    """The issuer's form as the browser sends it."""
    known = {
        each.name: getattr(issuer, each.name) for each in Issuer._meta.fields if each.name not in ("id", "created_at")
    }
    sent = {name: value for name, value in {**known, **changes}.items() if value is not False}
    return {**sent, "series-TOTAL_FORMS": "0", "series-INITIAL_FORMS": "0"}


def test_the_page_shows_what_stands_on_the_document_and_proves_its_file(
    receipt: Document, staff_client: Client
) -> None:
    html = staff_client.get(page(receipt)).content.decode()
    for words in ("Balance top-up", "Sales tax", "$108.00", "us state", receipt.file.sha256, "match it"):
        assert words in html, words
    assert "do not match it" not in html
    with connection.cursor() as cursor:  # what no trigger lets through, as a broken disk would
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE billing_documentfile SET pdf = %s", [b"%PDF of another document"])
    assert "do not match it" in staff_client.get(page(receipt)).content.decode()


def test_nobody_edits_or_deletes_a_document(receipt: Document, staff_client: Client) -> None:
    assert staff_client.post(page(receipt), {"label": "RCP-2026-9999"}).status_code == 403
    assert staff_client.post(page(receipt, "delete"), {"post": "yes"}).status_code == 403
    assert Document.objects.get().label == "RCP-2026-0001"


def test_documents_are_found_by_number_account_and_amount(receipt: Document, staff_client: Client) -> None:
    address = reverse("admin:billing_document_changelist")
    for term, found in (("RCP-2026-0001", 1), ("Northwind", 1), ("108", 1), ("108.00", 1), ("107", 0), ("ACT", 0)):
        assert staff_client.get(address, {"q": term}).context["cl"].result_count == found, term


def test_staff_open_the_pdf(receipt: Document, staff_client: Client) -> None:
    answer = staff_client.get(page(receipt, "pdf"))
    assert (answer["Content-Type"], answer.content) == ("application/pdf", b"%PDF-1.7 a file")
    assert answer["ETag"] == f'"{hashlib.sha256(b"%PDF-1.7 a file").hexdigest()}"'


def test_a_document_is_sent_again_each_time_it_is_asked_for(receipt: Document, staff_client: Client) -> None:
    for _time in range(2):
        asked, done, _sent = act(staff_client, page(receipt, "resend"), reason="The first went to spam")
        assert "Send RCP-2026-0001 again?" in asked
        assert done.status_code == 302
    assert Notice.objects.filter(event=Event.DOCUMENT_READY).count() == 2


def test_only_an_invoice_is_credited_and_never_by_more_than_is_left(
    receipt: Document, account: Account, staff_client: Client
) -> None:
    assert page(receipt, "credit") not in staff_client.get(page(receipt)).content.decode()
    invoice = issue_one(
        account.wallet, make_issuer(), "invoice", kind=DocumentKind.INVOICE, lines=(Line("Calls", Decimal(100)),),
        taxes=(Tax("Sales tax", Decimal(8), Decimal(100), Decimal(8)),),
    )  # fmt: skip
    address = page(invoice, "credit")
    assert address in staff_client.get(page(invoice)).content.decode()
    _asked, refused, _sent = act(staff_client, address, total="108.01", reason="Spam calls")
    assert "Only $108.00 of this invoice is left to credit." in refused.content.decode()
    asked, done, _sent = act(staff_client, address, total="54", reason="Spam calls")
    assert "Credit INV-2026-0001 of Northwind?" in asked and "$54.00" in asked
    assert done.status_code == 302
    note = Document.objects.get(kind=DocumentKind.CREDIT_NOTE)
    assert (note.corrects, note.net.amount, note.tax.amount) == (invoice, Decimal(50), Decimal(4))
    assert note.content["reason"] == "Spam calls"
    assert note.label in staff_client.get(page(invoice)).content.decode()


def test_who_may_only_look_does_not_act(receipt: Document) -> None:
    client = Client()
    client.force_login(make_clerk("billing.view_document"))
    assert client.get(page(receipt)).status_code == 200
    assert client.get(page(receipt, "pdf")).status_code == 200
    assert client.get(page(receipt, "resend")).status_code == 403
    assert client.get(page(receipt, "credit")).status_code == 403


def test_the_accounts_and_the_wallets_pages_name_the_last_documents(receipt: Document, staff_client: Client) -> None:
    for row in (receipt.wallet, receipt.wallet.account):
        assert page(receipt) in staff_client.get(page(row)).content.decode()


def test_a_prefix_is_chosen_before_the_first_number_and_stays(account: Account, staff_client: Client) -> None:
    issuer = make_issuer()
    add = reverse("admin:billing_numberseries_add")
    sent = {"issuer": issuer.pk, "kind": "receipt", "year": 2026, "prefix": "R/"}
    assert "Write letters and digits" in staff_client.post(add, sent).content.decode()
    assert staff_client.post(add, {**sent, "prefix": "R"}).status_code == 302
    series = NumberSeries.objects.get()
    assert staff_client.post(page(series), {"prefix": "REC"}).status_code == 302
    assert issue_one(account.wallet, issuer, "receipt").label == "REC-2026-0001"
    staff_client.post(page(series), {"prefix": "NEW"})
    series.refresh_from_db()
    assert (series.prefix, series.last_number) == ("REC", 1)


def test_a_series_names_the_numbers_that_are_missing(account: Account, staff_client: Client) -> None:
    issuer = make_issuer()
    for n in range(6):
        issue_one(account.wallet, issuer, f"receipt:{n}")
    series = NumberSeries.objects.get()
    html = staff_client.get(page(series)).content.decode()
    assert ">none<" in html and "RCP-2026-0007" in html
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM billing_document WHERE number IN (1, 3, 4, 6)")
    assert ">1, 3 to 4, 6<" in staff_client.get(page(series)).content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"country": "ZZ"}, "country", "There is no such country."),
        ({"timezone": "Mars/Olympus"}, "timezone", "There is no such timezone."),
        ({"tax_id": "12-345"}, "tax_id", "An EIN has 9 digits"),
        ({"upi_id": "nobody"}, "upi_id", "Write it like name@bank."),
        ({"correspondent_account": "123"}, "correspondent_account", "20 digits"),
        ({"country": "RU", "region": "", "tax_registration_code": "1"}, "tax_registration_code", "A KPP has 9"),
        ({"country": "RU", "region": "", "registration_number": "12"}, "registration_number", "An OGRN has 13"),
        ({"country": "DE", "region": "", "bank_account": "DE1"}, "bank_account", "An IBAN begins"),
    ],
)
def test_an_issuers_identifiers_have_the_form_of_its_country(
    staff_client: Client, changes: dict[str, str], field: str, words: str
) -> None:
    issuer = make_issuer()
    refused = staff_client.post(page(issuer), issuer_form(issuer, **changes))
    assert refused.status_code == 200
    assert words in str(refused.context["adminform"].form.errors[field])


def test_a_doubtful_check_digit_of_an_issuer_is_said_and_saved(staff_client: Client) -> None:
    issuer = make_issuer(country="RU", region="")
    done = staff_client.post(page(issuer), issuer_form(issuer, tax_id="7701234567"), follow=True)
    issuer.refresh_from_db()
    assert issuer.tax_id == "7701234567"
    assert "The last digit does not match the others." in done.content.decode()


def test_the_dashboard_counts_documents_that_could_not_be_made(staff_client: Client) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    DocumentFailure.objects.create(cause="receipt:1", error="x", failures=1, next_attempt_at=now)
    stats = staff_client.get(reverse("admin:index")).context["stats"]
    (found,) = [each for each in stats if each["label"] == "Documents not made"]
    assert (found["figure"], found["is_bad"]) == ("1", True)


def test_the_list_says_whose_file_is_to_be_made(receipt: Document, staff_client: Client) -> None:
    issue_one(receipt.wallet, receipt.issuer, "second", supplied_from=date(2026, 2, 1))
    html = staff_client.get(reverse("admin:billing_document_changelist")).content.decode()
    assert html.count(">made<") == 1 and html.count(">to be made<") == 1
    assert DocumentFile.objects.count() == 1
