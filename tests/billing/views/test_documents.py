"""Documents as customers see them: what each is, how it stands, its PDF, and all of them as one ZIP."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.documents.content import Line
from billing.models import BillingPeriod, Document, DocumentFile, DocumentKind, Issuer, PeriodStatus, TopUp, Wallet
from billing.services import refunds, top_ups
from billing.templatetags.moments import day_short
from organizations.models import Account, Organization, Role
from tests.billing.documents.filed import filed
from tests.billing.documents.issued import issue_one, make_issuer
from tests.billing.refunds.paid import pay_by_bank
from tests.factories import make_user

pytestmark = pytest.mark.django_db
PAGE = "/billing/documents/"
MARCH = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aitelier", name="Northwind")


@pytest.fixture
def issuer(account: Account) -> Issuer:
    """The product's issuer."""
    made = make_issuer(name="Voice Labs LLC")
    account.product.terms.issuer = made
    account.product.terms.save(update_fields=["issuer"])
    return made


@pytest.fixture
def client(account: Account, reader: Callable[..., Client]) -> Client:
    return reader(account)


def period(account: Account, month: int, **fields: Any) -> BillingPeriod:
    """A closed month of 2026, with an invoice of $100.00 and tax of $8.00."""
    starts, ends = date(2026, month, 1), date(2026, month + 1, 1)
    known = {
        "status": PeriodStatus.OPEN, "net": Decimal(100), "tax": Decimal(8), "total": Decimal(108),
        "due_on": date(2026, month + 1, 28), "closed_at": MARCH,
    }  # fmt: skip
    return BillingPeriod.objects.create(
        wallet=account.wallet, currency="USD", starts_on=starts, ends_on=date.fromordinal(ends.toordinal() - 1),
        starts_at=datetime(2026, month, 1, tzinfo=UTC), ends_at=datetime(2026, month + 1, 1, tzinfo=UTC),
        closes_at=datetime(2026, month + 1, 4, tzinfo=UTC), **{**known, **fields},
    )  # fmt: skip


def invoice(account: Account, issuer: Issuer, of: BillingPeriod, **fields: Any) -> Document:
    """The period's invoice."""
    return issue_one(
        account.wallet, issuer, f"invoice:{of.pk}", kind=DocumentKind.INVOICE, period=of,
        lines=(Line("Calls", Decimal(108)),), supplied_from=of.starts_on, supplied_until=of.ends_on,
        **fields,
    )  # fmt: skip


def asked_by_bank(account: Account, amount: str) -> TopUp:
    """A top-up that waits for its bank transfer."""
    return top_ups.start(
        wallet_id=account.wallet.pk, amount=Decimal(amount), provider="bank", organization_id=None, saves_card=False,
        user_id=make_user().pk,
    )  # fmt: skip


def shown(client: Client, **query: Any) -> list[tuple[str, str, str, str]]:
    """Number, title, status and total of each line."""
    lines = client.get(PAGE, query).context["lines"]
    return [(each.document.label, each.title, each.status, f"{each.total.amount:f}") for each in lines]


def test_each_kind_says_what_it_is_and_how_it_stands(account: Account, issuer: Issuer, client: Client) -> None:
    wallet = account.wallet
    paid_on = {"status": PeriodStatus.PAID, "settled": Decimal(108), "paid_at": datetime(2026, 2, 24, tzinfo=UTC)}
    receipt = issue_one(wallet, issuer, "receipt", payment=pay_by_bank(account, "50"))
    invoice(account, issuer, period(account, 1, **paid_on))
    invoice(account, issuer, period(account, 2))
    waiting = asked_by_bank(account, "70")
    issue_one(wallet, issuer, "proforma", kind=DocumentKind.PROFORMA, top_up=waiting)
    issue_one(
        wallet, issuer, "act", kind=DocumentKind.CERTIFICATE,
        supplied_from=date(2026, 2, 14), supplied_until=date(2026, 2, 28),
    )  # fmt: skip
    issue_one(
        wallet, issuer, "credit", kind=DocumentKind.CREDIT_NOTE, corrects=receipt, reason="Spam calls",
        lines=(Line("Spam calls", Decimal("18.40")),),
    )  # fmt: skip
    with time_machine.travel(MARCH, tick=False):
        assert shown(client) == [
            ("CRN-2026-0001", "Credit note to RCP-2026-0001", "Applied", "-18.400000"),
            (
                "ACT-2026-0001",
                "Completion certificate, Feb 14\N{THIN SPACE}\N{EN DASH}\N{THIN SPACE}28, 2026",
                "Issued",
                "1.000000",
            ),
            ("PRO-2026-0001", "Invoice for a top-up", "Waiting for payment", "1.000000"),
            ("INV-2026-0002", "Invoice, February 2026", "Due Mar 28", "108.000000"),
            ("INV-2026-0001", "Invoice, January 2026", "Paid Feb 24", "108.000000"),
            ("RCP-2026-0001", "Receipt, top-up", "Paid", "1.000000"),
        ]
    body = client.get(PAGE).content.decode()
    assert "Issuer: Voice Labs LLC" in body
    assert "Spam calls" in body and "\N{MINUS SIGN}$18.40" in body


@pytest.mark.parametrize(
    ("status", "words", "tone"),
    [
        (PeriodStatus.OVERDUE, "Overdue", "bad"),
        (PeriodStatus.UNCOLLECTIBLE, "Unpaid", "bad"),
        (PeriodStatus.VOID, "Closed", "plain"),
    ],
)
def test_an_invoice_stands_as_its_period_does(
    account: Account, issuer: Issuer, client: Client, status: str, words: str, tone: str
) -> None:
    invoice(account, issuer, period(account, 1, status=status))
    (line,) = client.get(PAGE).context["lines"]
    assert (line.status, line.tone) == (words, tone)


def test_an_invoice_for_a_top_up_follows_its_top_up(account: Account, issuer: Issuer, client: Client) -> None:
    paid = pay_by_bank(account, "50").top_up
    assert paid is not None and paid.finished_at is not None
    for key, top_up in (("paid", paid), ("closed", asked_by_bank(account, "70"))):
        issue_one(account.wallet, issuer, key, kind=DocumentKind.PROFORMA, top_up=top_up)
    TopUp.objects.exclude(pk=paid.pk).update(status="expired", finished_at=timezone.now(), next_check_at=None)
    assert [status for _number, _title, status, _total in shown(client)] == [
        "Closed",
        f"Paid {day_short(paid.finished_at.date())}",
    ]


def test_the_list_is_narrowed_by_kind_organization_year_and_status(
    account: Account, issuer: Issuer, client: Client
) -> None:
    labs = Organization.objects.create(account=account, name="Labs", tax_id="1", country="US")
    wallet = account.wallet
    issue_one(wallet, issuer, "old", at=datetime(2025, 5, 1, tzinfo=UTC))
    issue_one(wallet, issuer, "new", organization=labs)
    invoice(account, issuer, period(account, 1, status=PeriodStatus.OVERDUE))
    everything = ["INV-2026-0001", "RCP-2026-0001", "RCP-2025-0001"]
    assert [label for label, *_rest in shown(client)] == everything
    assert [label for label, *_rest in shown(client, kind="receipt")] == everything[1:]
    assert [label for label, *_rest in shown(client, organization=labs.pk)] == ["RCP-2026-0001"]
    assert [label for label, *_rest in shown(client, year=2025)] == ["RCP-2025-0001"]
    assert [label for label, *_rest in shown(client, status="to_pay")] == ["INV-2026-0001"]
    assert [label for label, *_rest in shown(client, status="overdue")] == ["INV-2026-0001"]
    assert [label for label, *_rest in shown(client, status="paid")] == everything[1:]
    nothing = client.get(PAGE, {"year": "2025", "status": "overdue"}).content.decode()
    assert "Nothing matches these filters" in nothing and "These as ZIP" not in nothing
    assert [label for label, *_rest in shown(client, kind="nonsense", organization="0", year="x")] == everything


def test_pages_go_on_by_key_whatever_days_stand_on_the_documents(
    account: Account, issuer: Issuer, client: Client
) -> None:
    days = [datetime(2026, 1 + n % 7, 1, tzinfo=UTC) for n in range(60)]
    for n, day in enumerate(days):
        issue_one(account.wallet, issuer, f"receipt:{n}", at=day)
    seen, query = list[int](), dict[str, str]()
    for _page in range(3):
        context = client.get(PAGE, query).context
        seen += [each.document.pk for each in context["lines"]]
        query = {"before": context["page"].older}
    assert context["page"].older is None
    assert seen == sorted(Document.objects.values_list("pk", flat=True), reverse=True)
    back = client.get(PAGE, {"after": context["page"].newer}).context
    assert [each.document.pk for each in back["lines"]] == seen[25:50]


def test_an_open_invoice_stands_above_the_list_with_the_way_to_pay(
    account: Account, issuer: Issuer, client: Client, reader: Callable[..., Client]
) -> None:
    due = period(account, 2, settled=Decimal("30.50"), pay_url="https://pay.example/i/1", blocks_on=date(2026, 4, 1))
    invoice(account, issuer, due)
    page = client.get(PAGE)
    (found,) = page.context["invoices"]
    body, address = page.content.decode(), reverse("invoice_pay", args=[due.reference])
    assert (found.row.still_open, found.row.is_part_paid) == (Decimal("77.50"), True)
    assert f'href="{address}"' in body and "Pay the invoice" in body
    assert (
        "of $108.00" in body
        and "To pay by Mar 28, 2026." in body
        and "Unpaid on Apr 1, 2026, it stops new calls." in body
    )
    assert "$77.50 still to pay" in body
    Wallet.objects.filter(pk=account.wallet.pk).update(is_overdue=True)
    stopped = client.get(PAGE).content.decode()
    assert "No new call starts until it is paid." in stopped and "it stops new calls" not in stopped
    viewers = reader(account, Role.VIEWER).get(PAGE).content.decode()
    assert "Invoice, February 2026" in viewers and address not in viewers
    BillingPeriod.objects.update(status=PeriodStatus.PAID, settled=Decimal(108), paid_at=timezone.now())
    assert client.get(PAGE).context["invoices"] == []


def test_empty_pages_say_why(account: Account, client: Client) -> None:
    account.product.terms.issuer = None
    account.product.terms.save(update_fields=["issuer"])
    assert "Aitelier issues no documents." in client.get(PAGE).content.decode()
    account.product.terms.issuer = make_issuer()
    account.product.terms.save(update_fields=["issuer"])
    body = client.get(PAGE).content.decode()
    assert "No documents yet" in body and "A receipt comes with every payment" in body
    assert "as ZIP" not in body


def test_the_pdf_is_the_stored_bytes_with_its_hash_for_a_tag(account: Account, issuer: Issuer, client: Client) -> None:
    document = filed(issue_one(account.wallet, issuer, "receipt"), b"%PDF the bytes")
    address = reverse("document_pdf", args=[document.reference])
    answer = client.get(address)
    assert (answer.status_code, answer.content) == (200, b"%PDF the bytes")
    assert {name: answer[name] for name in ("Content-Type", "Content-Disposition", "Cache-Control", "ETag")} == {
        "Content-Type": "application/pdf",
        "Content-Disposition": 'inline; filename="RCP-2026-0001.pdf"',
        "Cache-Control": "private, no-store",
        "ETag": f'"{hashlib.sha256(b"%PDF the bytes").hexdigest()}"',
    }
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert client.get(address, {"download": "1"})["Content-Disposition"].startswith("attachment;")
    again = client.get(address, headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_pdf_that_cannot_be_made_yet_says_so(
    account: Account, issuer: Issuer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(document: Document) -> DocumentFile:
        raise RuntimeError("on purpose")

    monkeypatch.setattr("billing.views.document_files.pdf_of", broken)
    document = issue_one(account.wallet, issuer, "receipt")
    answer = client.get(reverse("document_pdf", args=[document.reference]))
    assert (answer.status_code, answer["Retry-After"]) == (503, "15")
    assert "The PDF is being made" in answer.content.decode()


def unzipped(response: Any) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert archive.testzip() is None
    return {name: archive.read(name) for name in archive.namelist()}


def test_the_zip_holds_what_the_filters_show(
    account: Account, issuer: Issuer, client: Client, make_account: Callable[..., Account]
) -> None:
    wallet = account.wallet
    filed(issue_one(wallet, issuer, "a", at=datetime(2025, 5, 1, tzinfo=UTC)), b"%PDF 2025")
    filed(issue_one(wallet, issuer, "b"), b"%PDF 2026")
    filed(issue_one(wallet, make_issuer(slug="second"), "c"), b"%PDF of a second issuer")
    filed(issue_one(make_account("aitelier").wallet, issuer, "d"), b"%PDF of a stranger")
    address = reverse("documents_zip")
    assert unzipped(client.get(address)) == {
        "RCP-2026-0001.pdf": b"%PDF of a second issuer",
        "RCP-2026-0001 (" + issuer.slug + ").pdf": b"%PDF 2026",
        "RCP-2025-0001.pdf": b"%PDF 2025",
    }
    assert unzipped(client.get(address, {"year": "2025"})) == {"RCP-2025-0001.pdf": b"%PDF 2025"}
    assert client.get(address)["Content-Type"] == "application/zip"


def test_the_zip_is_bounded_and_names_what_is_missing(
    account: Account, issuer: Issuer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.views.documents.ZIP_AT_MOST", 2)
    monkeypatch.setattr("billing.views.document_files.ZIP_AT_MOST", 2)
    for n in range(3):
        filed(issue_one(account.wallet, issuer, f"receipt:{n}"))
    assert list(unzipped(client.get(reverse("documents_zip")))) == ["RCP-2026-0003.pdf", "RCP-2026-0002.pdf"]
    assert "A ZIP holds 2 documents at most" in client.get(PAGE).content.decode()
    assert "A ZIP holds" not in client.get(PAGE, {"year": "2026", "kind": "invoice"}).content.decode()

    def broken(document: Document) -> DocumentFile:
        raise RuntimeError("on purpose")

    monkeypatch.setattr("billing.views.document_files.pdf_of", broken)
    for n in (3, 4):
        issue_one(account.wallet, issuer, f"receipt:{n}")
    found = unzipped(client.get(reverse("documents_zip")))
    assert list(found) == ["README.txt"] and b"RCP-2026-0005\nRCP-2026-0004\n" in found["README.txt"]


def test_a_strangers_document_does_not_exist(
    account: Account, issuer: Issuer, make_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    document = filed(issue_one(account.wallet, issuer, "receipt"))
    stranger = reader(make_account("aitelier", name="Stranger"))
    assert stranger.get(reverse("document_pdf", args=[document.reference])).status_code == 404
    assert shown(stranger) == []


def test_an_open_invoice_stands_on_the_overview_of_a_postpay_account(
    account: Account, issuer: Issuer, client: Client
) -> None:
    invoice(account, issuer, period(account, 2))
    assert client.get("/billing/").context["invoices"] == []
    Wallet.objects.filter(pk=account.wallet.pk).update(mode="postpay", credit_limit=5000)
    page = client.get("/billing/")
    assert [each.line.document.label for each in page.context["invoices"]] == ["INV-2026-0001"]
    assert "Pay the invoice" in page.content.decode()


def test_movements_and_refunds_lead_to_their_documents(account: Account, issuer: Issuer, client: Client) -> None:
    payment, waiting = pay_by_bank(account, "50"), asked_by_bank(account, "70")
    receipt = issue_one(account.wallet, issuer, "receipt", payment=payment)
    proforma = issue_one(account.wallet, issuer, "proforma", kind=DocumentKind.PROFORMA, top_up=waiting)
    (refund,) = refunds.request(
        wallet_id=account.wallet.pk, amount=Decimal(20), reason="Less traffic", user_id=make_user().pk
    )
    refunds.approve(refund_id=refund.pk, user_id=make_user().pk, decision="yes")
    note = issue_one(account.wallet, issuer, "note", kind=DocumentKind.CREDIT_NOTE, corrects=receipt, refund=refund)
    lines = client.get(reverse("history")).context["lines"]
    papers = {each.row.kind: each.paper and each.paper.label for each in lines if each.row.number}
    assert papers == {"top_up": receipt.label, "refund": note.label}
    assert [each.paper.label for each in lines if each.row.number is None] == [proforma.label]
    for name, arguments, document in (
        ("refund", (), note),
        ("top_up_result", (payment.top_up.reference,), receipt),  # type: ignore[union-attr]
        ("top_up_result", (waiting.reference,), proforma),
    ):
        body = client.get(reverse(name, args=arguments)).content.decode()
        assert reverse("document_pdf", args=[document.reference]) in body, name


def test_an_organization_with_documents_leads_to_them_and_is_kept(
    account: Account, issuer: Issuer, client: Client
) -> None:
    labs = Organization.objects.create(account=account, name="Labs", tax_id="1", country="US")
    address = f"{PAGE}?organization={labs.pk}"
    assert address not in client.get(reverse("organizations")).content.decode()
    issue_one(account.wallet, issuer, "receipt", organization=labs)
    assert address in client.get(reverse("organizations")).content.decode()
    remove = reverse("organization_remove", args=[labs.pk])
    assert "Remove the organization" not in client.get(remove).content.decode()
    assert client.post(remove).status_code == 303
    assert Organization.objects.filter(pk=labs.pk).exists()
