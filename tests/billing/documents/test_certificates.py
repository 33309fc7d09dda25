"""Certificates state, per organization and month, what calls used of what it paid: to the cent, once, and for good."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
import time_machine
from django.db import transaction

from billing.models import Document, DocumentFailure, GrantKind, Transaction, Wallet
from billing.services import ledger
from billing.services.books import Note
from billing.services.chain import TransferPart
from billing.services.documents import certificates, due
from billing.services.postpay import switching
from billing.verification.run import verify
from organizations.models import Account, Organization
from tests.billing.documents.issued import issuer_of, organization_of, pay, stated
from tests.billing.postpay.accounts import switched
from tests.billing.threads import at_once
from tests.billing.wallets import give

pytestmark = pytest.mark.django_db
WithIssuer = Callable[..., Account]
_events = itertools.count(1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 1, 5, 12, tzinfo=UTC), tick=False) as traveller:
        yield traveller


def go(clock: time_machine.Traveller, text: str) -> None:
    """To this moment, UTC."""
    clock.move_to(datetime.fromisoformat(text).replace(tzinfo=UTC))


def use(wallet: Wallet, amount: str, kind: str = "call") -> int:
    """Usage of so much; its number, to reverse it by."""
    number = next(_events)
    with transaction.atomic():
        books, _ = ledger.open_books([wallet.pk])
        books.charge(books.wallets[wallet.pk], Decimal(amount), Note(kind, f"charge:{number}", "Usage"))
        ledger.write(books)
    return number


def undo(wallet: Wallet, number: int) -> None:
    """The usage is reversed, as voiding its event does."""
    with transaction.atomic():
        books, _ = ledger.open_books([wallet.pk])
        charged = Transaction.objects.get(wallet=wallet, key=f"charge:{number}")
        rows = charged.transfers.values_list("source_id", "target_id", "amount", "grant_id")
        parts: list[TransferPart] = list(rows)
        grants = ledger.load_grants(books, [grant_id for *_part, grant_id in parts if grant_id])
        note = Note("void", f"void:{number}", f"Reversal of no. {charged.number}", "Wrong")
        books.reverse(books.wallets[wallet.pk], parts, grants, note, spent_on=charged.day)
        ledger.write(books)


def paid(account_with_issuer: WithIssuer, amount: str = "50", **options: object) -> tuple[Wallet, Organization]:
    """An account whose organization in New York has paid so much, with its receipt."""
    account = account_with_issuer("aipbx", **options)
    organization = organization_of(account, region="NY")
    pay(account, amount, organization)
    due.issue_due()
    return account.wallet, organization


def certified() -> list[tuple[str, tuple[str, str, str]]]:
    """The certificates and their credit notes in the order of issue: month and net, tax, total."""
    found = Document.objects.exclude(kind__in=["receipt", "proforma"]).order_by("id")
    return [(f"{each.kind} {each.supplied_from:%Y-%m}", stated(each)) for each in found]


def test_each_month_is_certified_once_a_day_after_its_end(
    account_with_issuer: WithIssuer, clock: time_machine.Traveller
) -> None:
    wallet, organization = paid(account_with_issuer)
    use(wallet, "10.005")
    go(clock, "2026-02-01T23:59:59")
    assert due.issue_certificates() == 0
    go(clock, "2026-02-02T00:00:00")
    use(wallet, "7")
    assert due.issue_certificates() == 1
    assert due.issue_certificates() == 0
    assert certified() == [("certificate 2026-01", ("10.01", "0.89", "10.90"))]
    document = Document.objects.get(kind="certificate")
    assert (document.organization, str(document.supplied_until)) == (organization, "2026-01-31")
    content = document.content
    assert [(each["description"], each["amount"]) for each in content["lines"]] == [
        ("Calls answered by assistants, AI PBX", "10.01")
    ]
    assert content["taxes"] == [{"name": "Sales tax, New York", "percent": "8.875", "base": "10.01", "amount": "0.89"}]
    assert (content["due"], content["issued_on"]) == ("0", "2026-02-02")


def test_certificates_come_to_the_whole_payment_when_it_is_used_up(
    account_with_issuer: WithIssuer, clock: time_machine.Traveller
) -> None:
    wallet, _organization = paid(account_with_issuer, "10")
    for month, amount in enumerate(("3.333333", "3.333333", "3.333334"), start=1):
        go(clock, f"2026-{month:02d}-10T12:00:00")
        use(wallet, amount)
    go(clock, "2026-06-01T00:00:00")
    due.issue_certificates()
    assert certified() == [
        ("certificate 2026-01", ("3.33", "0.30", "3.63")),
        ("certificate 2026-02", ("3.34", "0.29", "3.63")),
        ("certificate 2026-03", ("3.33", "0.30", "3.63")),
    ]
    receipt = Document.objects.get(kind="receipt")
    assert stated(receipt) == ("10.00", "0.89", "10.89")


def test_the_month_is_that_of_the_accounts_calendar(
    account_with_issuer: WithIssuer, clock: time_machine.Traveller
) -> None:
    wallet, _organization = paid(account_with_issuer, timezone="Asia/Kolkata")
    go(clock, "2026-01-31T18:29:00")
    use(wallet, "1")
    go(clock, "2026-01-31T18:30:00")
    use(wallet, "2")
    go(clock, "2026-03-05T00:00:00")
    due.issue_certificates()
    assert [(month, amounts[0]) for month, amounts in certified()] == [
        ("certificate 2026-01", "1.00"),
        ("certificate 2026-02", "2.00"),
    ]


def test_usage_is_listed_by_its_kind(account_with_issuer: WithIssuer, clock: time_machine.Traveller) -> None:
    wallet, _organization = paid(account_with_issuer)
    for kind, amount in (("call", "3.005"), ("chat", "1.005"), ("crawl", "0.5"), ("llm", "0.002")):
        use(wallet, amount, kind)
    go(clock, "2026-02-03T00:00:00")
    due.issue_certificates()
    document = Document.objects.get(kind="certificate")
    lines = {each["description"].partition(",")[0]: each["amount"] for each in document.content["lines"]}
    assert sum(map(Decimal, lines.values())) == document.net.amount == Decimal("4.51")
    assert lines == {
        "Calls answered by assistants": lines["Calls answered by assistants"],
        "Chats answered by assistants": lines["Chats answered by assistants"],
        "Websites read by the crawler": "0.50",
    }


def test_usage_that_promo_or_another_organization_paid_is_not_certified(
    account_with_issuer: WithIssuer, clock: time_machine.Traveller
) -> None:
    wallet, first = paid(account_with_issuer, "10")
    second = organization_of(wallet.account, name="Second LLC")
    pay(wallet.account, "20", second)
    due.issue_due()
    give(wallet, GrantKind.PROMO, "5")
    use(wallet, "18")
    go(clock, "2026-02-03T00:00:00")
    due.issue_certificates()
    found = {each.organization: stated(each)[0] for each in Document.objects.filter(kind="certificate")}
    assert found == {first: "10.00", second: "3.00"}


def test_usage_beyond_the_balance_is_certified_when_a_top_up_has_paid_it(
    account_with_issuer: WithIssuer, clock: time_machine.Traveller
) -> None:
    wallet, organization = paid(account_with_issuer, "10")
    use(wallet, "12")
    go(clock, "2026-02-10T00:00:00")
    due.issue_certificates()
    assert [(month, amounts[0]) for month, amounts in certified()] == [("certificate 2026-01", "10.00")]
    pay(wallet.account, "10", organization)
    due.issue_due()
    use(wallet, "1")
    go(clock, "2026-03-10T00:00:00")
    due.issue_certificates()
    lines = Document.objects.filter(kind="certificate").latest("id").content["lines"]
    assert {each["description"].partition(",")[0]: Decimal(each["amount"]) for each in lines} == {
        "Usage beyond the balance": Decimal(2),
        "Calls answered by assistants": Decimal(1),
    }


def test_a_reversal_before_the_certificate_is_in_it_and_later_ones_are_credited_on_it(
    account_with_issuer: WithIssuer, clock: time_machine.Traveller
) -> None:
    wallet, _organization = paid(account_with_issuer)
    numbers = [use(wallet, amount) for amount in ("4", "3", "2", "1")]
    go(clock, "2026-02-01T12:00:00")
    undo(wallet, numbers[0])
    use(wallet, "5")
    go(clock, "2026-02-05T00:00:00")
    due.issue_certificates()
    assert certified() == [("certificate 2026-01", ("6.00", "0.53", "6.53"))]
    go(clock, "2026-02-05T00:00:01")
    undo(wallet, numbers[1])
    assert due.issue_certificates() == 1
    go(clock, "2026-02-06T00:00:00")
    undo(wallet, numbers[2])
    undo(wallet, numbers[3])
    assert due.issue_certificates() == 1
    go(clock, "2026-03-05T00:00:00")
    due.issue_certificates()
    assert certified()[1:] == [
        ("credit_note 2026-01", ("3.00", "0.26", "3.26")),
        ("credit_note 2026-01", ("3.00", "0.27", "3.27")),
        ("certificate 2026-02", ("5.00", "0.44", "5.44")),
    ]
    note = Document.objects.filter(kind="credit_note").earliest("id")
    assert (note.corrects, note.content["reason"]) == (
        Document.objects.filter(kind="certificate").earliest("id"),
        "Usage of the period was reversed.",
    )
    assert due.issue_certificates() == 0


def test_reversals_of_two_months_are_credited_on_each(
    account_with_issuer: WithIssuer, clock: time_machine.Traveller
) -> None:
    wallet, _organization = paid(account_with_issuer)
    first = use(wallet, "4.004")
    go(clock, "2026-02-05T00:00:00")
    second = use(wallet, "6.003")
    go(clock, "2026-03-05T00:00:00")
    due.issue_certificates()
    go(clock, "2026-03-06T00:00:00")
    undo(wallet, first)
    undo(wallet, second)
    due.issue_certificates()
    net = sum((Decimal(amounts[0]) * (-1 if "note" in month else 1) for month, amounts in certified()), Decimal(0))
    assert [month for month, _amounts in certified()] == [
        "certificate 2026-01",
        "certificate 2026-02",
        "credit_note 2026-01",
        "credit_note 2026-02",
    ]
    assert net == 0


def test_an_issuer_that_certifies_nothing_has_no_certificates(
    account_with_issuer: WithIssuer, clock: time_machine.Traveller
) -> None:
    wallet, _organization = paid(account_with_issuer)
    issuer_of(wallet.account.product, issues_certificates=False)
    use(wallet, "1")
    go(clock, "2026-03-05T00:00:00")
    assert (due.issue_certificates(), certified()) == (0, [])


@pytest.mark.parametrize(
    ("used_at", "certified_at", "month", "last_day"),
    [
        ("2028-02-29T23:00:00", "2028-03-02T05:00:00", "2028-02", "2028-02-29"),
        ("2026-12-31T23:00:00", "2027-01-02T05:00:00", "2026-12", "2026-12-31"),
        ("2026-03-31T23:00:00", "2026-04-02T04:00:00", "2026-03", "2026-03-31"),  # summer time began on the 8th
        ("2026-11-30T23:00:00", "2026-12-02T05:00:00", "2026-11", "2026-11-30"),  # and ended on the 1st
    ],
)
def test_months_end_by_the_calendar_and_the_accounts_clock(
    used_at: str,
    certified_at: str,
    month: str,
    last_day: str,
    account_with_issuer: WithIssuer,
    clock: time_machine.Traveller,
) -> None:
    go(clock, used_at)
    wallet, _organization = paid(account_with_issuer, timezone="America/New_York")
    use(wallet, "1")
    go(clock, certified_at)
    clock.shift(-timedelta(seconds=1))
    assert due.issue_certificates() == 0
    clock.shift(timedelta(seconds=1))
    assert due.issue_certificates() == 1
    document = Document.objects.get(kind="certificate")
    assert (f"{document.supplied_from:%Y-%m}", str(document.supplied_until)) == (month, last_day)


def test_what_a_postpay_invoice_states_is_not_certified_again(
    account_with_issuer: WithIssuer, clock: time_machine.Traveller
) -> None:
    wallet, organization = paid(account_with_issuer, "10")
    switched(wallet.account)
    use(wallet, "25")
    pay(wallet.account, "20", organization)
    due.issue_due()
    go(clock, "2026-02-03T00:00:00")
    due.issue_certificates()
    assert [amounts[0] for _month, amounts in certified()] == ["10.00"]
    assert verify(["certificates_state_what_was_used"]) == []


def test_what_was_certified_stays_so_when_an_account_pays_by_invoice_again(
    account_with_issuer: WithIssuer, clock: time_machine.Traveller
) -> None:
    wallet, organization = paid(account_with_issuer, "10")
    switched(wallet.account)
    use(wallet, "25")
    pay(wallet.account, "20", organization)
    due.issue_due()
    switching.switch_back(wallet_id=wallet.pk, reason="Asked", actor_id=None)
    go(clock, "2026-02-03T00:00:00")
    due.issue_certificates()
    switched(wallet.account)
    go(clock, "2026-03-03T00:00:00")
    use(wallet, "1")
    due.issue_certificates()
    assert certified() == [("certificate 2026-01", ("10.00", "0.89", "10.89"))]
    assert not DocumentFailure.objects.exists()
    assert verify(["certificates_state_what_was_used"]) == []


def test_usage_beyond_the_balance_is_certified_where_it_was_paid_before_postpay_began(
    account_with_issuer: WithIssuer, clock: time_machine.Traveller
) -> None:
    wallet, organization = paid(account_with_issuer, "10")
    use(wallet, "15")
    pay(wallet.account, "20", organization)
    due.issue_due()
    switched(wallet.account)
    go(clock, "2026-02-03T00:00:00")
    due.issue_certificates()
    assert [amounts[0] for _month, amounts in certified()] == ["15.00"]
    assert verify(["certificates_state_what_was_used"]) == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_certify_a_month_once(account_with_issuer: WithIssuer, clock: time_machine.Traveller) -> None:
    wallet, _organization = paid(account_with_issuer)
    number = use(wallet, "5")
    go(clock, "2026-02-03T00:00:00")
    (buyer,) = certificates.due_buyers(after=0, limit=10)
    at_once([partial(certificates.certify, buyer) for _ in range(4)])
    assert certified() == [("certificate 2026-01", ("5.00", "0.44", "5.44"))]
    go(clock, "2026-02-04T00:00:00")
    undo(wallet, number)
    at_once([partial(certificates.certify, buyer) for _ in range(4)])
    assert certified()[1:] == [("credit_note 2026-01", ("5.00", "0.44", "5.44"))]
    assert verify(["certificates_state_what_was_used", "document_numbers"]) == []


def test_certificates_wait_for_the_receipts_of_their_organization(
    account_with_issuer: WithIssuer, clock: time_machine.Traveller
) -> None:
    wallet, organization = paid(account_with_issuer, "10")
    pay(wallet.account, "10", organization)
    use(wallet, "12")
    go(clock, "2026-02-03T00:00:00")
    due.issue_certificates()
    assert certified() == []
    due.issue_due()
    due.issue_certificates()
    assert [(month, amounts[0]) for month, amounts in certified()] == [("certificate 2026-01", "12.00")]
