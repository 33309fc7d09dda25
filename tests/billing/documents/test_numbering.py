"""Numbers run without gaps per issuer, kind and year, whatever happens at the same time (invariant 17)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from billing.documents.content import Line
from billing.models import Document, DocumentKind, Issuer, NumberSeries, Wallet
from billing.services.documents import issue, numbering
from tests.billing.documents.issued import draft, issue_one, make_issuer
from tests.billing.threads import at_once
from tests.billing.wallets import make_wallet

CLIENTS = 12
ON_THREADS = pytest.mark.django_db(transaction=True)


def numbers(issuer: Issuer) -> list[int]:
    return list(Document.objects.filter(issuer=issuer).order_by("number").values_list("number", flat=True))


def issue_and_fail(wallet: Wallet, issuer: Issuer, key: str) -> None:
    with transaction.atomic():
        issue(draft(wallet, issuer, key))
        raise RuntimeError(key)


@pytest.mark.django_db
def test_each_kind_and_year_counts_for_itself() -> None:
    wallet, issuer = make_wallet(), make_issuer()
    asked = [
        ("a", DocumentKind.RECEIPT, 2026),
        ("b", DocumentKind.RECEIPT, 2026),
        ("c", DocumentKind.PROFORMA, 2026),
        ("d", DocumentKind.CERTIFICATE, 2026),
        ("e", DocumentKind.INVOICE, 2026),
        ("f", DocumentKind.RECEIPT, 2027),
    ]
    labels = [
        issue_one(wallet, issuer, key, kind=kind, at=datetime(year, 6, 1, tzinfo=UTC)).label
        for key, kind, year in asked
    ]
    assert labels == [
        "RCP-2026-0001",
        "RCP-2026-0002",
        "PRO-2026-0001",
        "ACT-2026-0001",
        "INV-2026-0001",
        "RCP-2027-0001",
    ]
    note = issue_one(wallet, issuer, "g", kind=DocumentKind.CREDIT_NOTE, corrects=Document.objects.get(key="a"))
    assert (note.label, note.content["corrects"]["label"]) == ("CRN-2026-0001", "RCP-2026-0001")
    assert issue_one(make_wallet(), make_issuer(), "a").label == "RCP-2026-0001"


@pytest.mark.django_db
def test_the_year_begins_by_the_issuers_clock() -> None:
    wallet, issuer = make_wallet(timezone="America/New_York"), make_issuer(timezone="Asia/Kolkata")
    before = issue_one(wallet, issuer, "before", at=datetime(2026, 12, 31, 18, 29, 59, tzinfo=UTC))
    after = issue_one(wallet, issuer, "after", at=datetime(2026, 12, 31, 18, 30, tzinfo=UTC))
    assert [before.label, after.label] == ["RCP-2026-0001", "RCP-2027-0001"]
    assert [str(each.issued_on) for each in (before, after)] == ["2026-12-31", "2027-01-01"]


@pytest.mark.django_db
def test_a_prefix_that_staff_chose_holds_in_the_years_that_follow() -> None:
    wallet, issuer = make_wallet(), make_issuer()
    NumberSeries.objects.create(issuer=issuer, kind=DocumentKind.RECEIPT, year=2026, prefix="ЧЕК")
    assert issue_one(wallet, issuer, "a").label == "ЧЕК-2026-0001"
    assert issue_one(wallet, issuer, "b", at=datetime(2027, 3, 1, tzinfo=UTC)).label == "ЧЕК-2027-0001"
    assert issue_one(wallet, issuer, "c", at=datetime(2025, 3, 1, tzinfo=UTC)).label == "RCP-2025-0001"


@pytest.mark.django_db
def test_a_prefix_of_another_kind_is_refused() -> None:
    wallet, issuer = make_wallet(), make_issuer()
    NumberSeries.objects.create(issuer=issuer, kind=DocumentKind.INVOICE, year=2026, prefix="RCP")
    with pytest.raises(IntegrityError, match="has the prefix of receipts in 2026"):
        issue_one(wallet, issuer, "a")


@ON_THREADS
def test_many_at_once_leave_no_gap() -> None:
    wallets, issuer = [make_wallet() for _ in range(3)], make_issuer()
    calls = [partial(issue_one, wallets[n % 3], issuer, f"receipt:{n}") for n in range(CLIENTS)]
    failing = [partial(issue_and_fail, wallets[n % 3], issuer, f"lost:{n}") for n in range(CLIENTS)]
    together = [call for pair in zip(calls, failing, strict=True) for call in pair]
    answers = at_once(together)
    assert [str(answer) for answer in answers[1::2]] == [f"lost:{n}" for n in range(CLIENTS)]
    assert numbers(issuer) == list(range(1, CLIENTS + 1))
    assert NumberSeries.objects.get(issuer=issuer).last_number == CLIENTS


@ON_THREADS
def test_one_cause_asked_for_at_once_is_one_document_and_one_number() -> None:
    wallet, issuer = make_wallet(), make_issuer()
    answers = at_once([partial(issue_one, wallet, issuer, "receipt:1") for _ in range(CLIENTS)])
    assert {answer.pk for answer in answers if isinstance(answer, Document)} == {Document.objects.get().pk}
    assert len(answers) == CLIENTS
    assert [type(answer).__name__ for answer in answers] == ["Document"] * CLIENTS
    assert NumberSeries.objects.get().last_number == 1
    assert issue_one(wallet, issuer, "receipt:2").number == 2


@ON_THREADS
def test_it_is_the_lock_that_keeps_numbers_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the same number is given twice, and only the unique key is left to refuse it."""
    wallet, issuer = make_wallet(), make_issuer()
    issue_one(wallet, issuer, "receipt:0")
    monkeypatch.setattr(numbering, "LOCK", numbering.LOCK.replace("FOR NO KEY UPDATE", ""))
    unlocked = "SELECT prefix, last_number + 1 FROM billing_numberseries, pg_sleep(0.2) WHERE id = %s::bigint"
    monkeypatch.setattr(numbering, "RAISE", unlocked)
    answers = at_once([partial(issue_one, wallet, issuer, f"receipt:{n}") for n in (1, 2, 3)])
    assert sorted(type(answer).__name__ for answer in answers) == ["Document", "IntegrityError", "IntegrityError"]


@pytest.mark.django_db
def test_lines_and_taxes_must_come_to_what_was_moved() -> None:
    wallet, issuer = make_wallet(), make_issuer()
    with pytest.raises(ValueError, match="1 \\+ 0 is not 2"):
        issue_one(wallet, issuer, "a", total=Decimal(2))
    with pytest.raises(ValueError, match="less than nothing"):
        issue_one(wallet, issuer, "a", lines=(Line("Back", Decimal(-1)),))
    assert not NumberSeries.objects.exists()
