"""What stands in the files: every movement with its balances, as the ledger has it, to the last digit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from billing.models import Dispute, Issuer, Transaction, Wallet
from billing.providers.base import DisputeFacts
from billing.services import credits, disputes, grants, refunds
from billing.services.documents import money_back
from billing.services.documents.receipts import issue_receipt
from billing.services.exports import writing
from billing.services.exports.making import make
from billing.services.exports.verify import verify
from billing.verification.run import verify as broken_rules
from organizations.models import Account
from tests.billing.documents.issued import issuer_of
from tests.billing.exports.exporting import DAY, asked, made, rows, trusted, unpacked
from tests.billing.refunds.paid import pay_by_bank
from tests.factories import make_user
from tests.usage.events import charge, event
from usage.models import UsageEvent
from usage.services.void import void

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]
MORNING = datetime(2026, 3, 15, 9, tzinfo=UTC)


def a_day(bare_account: Make) -> Account:
    """A top-up, a call, its reversal, a refund, a dispute that is won, an allotment, and usage beyond all of it."""
    with time_machine.travel(MORNING, tick=False) as clock:
        account = bare_account("aitelier", projects={"desk": "live"})
        first, second = (pay_by_bank(account, amount) for amount in ("50", "20"))
        clock.shift(60)
        charge("aitelier", event(account, project="desk", event_id="one", call_id="=cmd", outcome="success"))
        void(event=UsageEvent.objects.get(event_id="one"), reason="Wrong number", actor_id=None)
        (refund,) = refunds.request(wallet_id=account.wallet.pk, amount=Decimal(5), reason="x", user_id=make_user().pk)
        refunds.approve(refund_id=refund.pk, user_id=None, decision="")
        payment = first if refund.payment_id != first.pk else second
        facts = DisputeFacts("dp_1", payment.reference, "", payment.charge_amount.amount, "USD", "opened", "", MORNING)
        disputes.settle(facts=facts, provider="bank")
        disputes.settle(facts=replace(facts, status="won"), provider="bank")
        Wallet.objects.filter(account=account).update(monthly_allotment=7, allotment_anchor=DAY)
        grants.start_cycle(wallet_id=account.wallet.pk)
        clock.shift(60)
        charge("aitelier", *(event(account, project="desk", outcome="success") for _ in range(90)))
    return account


def test_every_movement_is_in_the_file_as_the_ledger_has_it(bare_account: Make, tmp_path: Path) -> None:
    account = a_day(bare_account)
    with time_machine.travel(MORNING.replace(hour=20)):
        folder = unpacked(made(account), tmp_path)
    opening, *listed, closing = rows(folder / "movements.csv")
    ledger = list(Transaction.objects.filter(wallet=account.wallet).order_by("number"))
    assert [row["kind"] for row in listed[:8]] == [
        *("top_up", "top_up", "call", "void", "refund", "dispute", "reinstated", "allotment")
    ]
    assert len(listed) == 98
    for row, transaction in zip(listed, ledger, strict=True):
        assert Decimal(row["credit"]) - Decimal(row["debit"]) == transaction.amount.amount
        assert Decimal(row["balance"]) - Decimal(row["owed"]) == transaction.balance_after.amount
        assert row["number"] == str(transaction.number)
        assert row["hash"] == bytes(transaction.hash).hex()
        assert datetime.fromisoformat(row["at"]) == transaction.created_at
    assert (opening["entry"], opening["balance"], opening["hash"]) == ("opening", "0.000000", "0" * 64)
    assert (closing["entry"], closing["number"], closing["hash"]) == ("closing", "98", listed[-1]["hash"])
    # 50 + 20 - 5 + 7 = 72, and ninety calls at 0.90 are 81.
    assert (closing["balance"], closing["owed"]) == ("0.000000", "9.000000")
    assert [rule.name for rule in broken_rules(["exports_are_in_chains", "hash_chain"])] == []


def test_a_call_and_its_reversal_read_as_follows(bare_account: Make, tmp_path: Path) -> None:
    account = a_day(bare_account)
    with time_machine.travel(MORNING.replace(hour=20)):
        folder = unpacked(made(account), tmp_path)
    call, reversal = rows(folder / "movements.csv")[3:5]
    shown = ("number", "at", "kind", "project", "source", "event_id", "call_id", "debit", "credit", "balance", "reason")
    assert [call[name] for name in shown] == [
        *("3", "2026-03-15T09:01:00.000000+00:00", "call", "desk", "pbx", "one", "'=cmd"),
        *("0.900000", "0.000000", "69.100000", ""),
    ]
    assert [reversal[name] for name in shown] == [
        *("4", "2026-03-15T09:01:00.000000+00:00", "void", "desk", "pbx", "one", "'=cmd"),
        *("0.000000", "0.900000", "70.000000", "Wrong number"),
    ]


def test_the_manifest_says_what_the_files_say(bare_account: Make, tmp_path: Path) -> None:
    account = a_day(bare_account)
    with time_machine.travel(MORNING.replace(hour=20)):
        export = made(account)
    folder = unpacked(export, tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest == export.manifest
    assert (manifest["opening"], manifest["closing"]) == ("0.000000", "-9.000000")
    # Debits: 0.90, the refund's 5, the disputed payment, 81. Credits: 70, 0.90, the payment again, 7.
    disputed = Decimal(manifest["kinds"]["reinstated"]["amount"])
    assert Decimal(manifest["debit"]) == Decimal("86.90") + disputed
    assert Decimal(manifest["credit"]) == Decimal("77.90") + disputed
    assert manifest["kinds"]["call"] == {"movements": 91, "amount": "-81.900000"}
    assert manifest["movements"] == 98
    assert [(file["name"], file["rows"]) for file in manifest["files"]] == [
        *(("movements.csv", 100), ("documents.csv", 0), ("usage.csv", 91))
    ]
    account.wallet.refresh_from_db()
    assert manifest["chain_head"] == {"number": 98, "hash": bytes(account.wallet.chain_head).hex()}
    assert verify(folder, trusted()).faults == []


def test_debt_stands_in_a_column_of_its_own(bare_account: Make, tmp_path: Path) -> None:
    with time_machine.travel(MORNING):
        account = bare_account("aitelier", projects={"desk": "live"}, paid="0.5")
        charge("aitelier", event(account, project="desk", outcome="success"))
        (row,) = [each for each in rows(unpacked(made(account), tmp_path) / "movements.csv") if each["kind"] == "call"]
    assert (row["debit"], row["credit"], row["balance"], row["owed"]) == (
        *("0.900000", "0.000000", "0.000000", "0.400000"),
    )


@pytest.mark.parametrize(
    ("zone", "first", "last", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), date(2026, 10, 25), 25),
        ("America/Santiago", date(2026, 9, 6), date(2026, 9, 6), 23),  # where the day begins at one
        ("UTC", date(2028, 2, 29), date(2028, 2, 29), 24),
        ("Asia/Kolkata", date(2026, 12, 31), date(2027, 1, 1), 48),
    ],
)
def test_a_day_is_the_accounts_day(
    bare_account: Make, tmp_path: Path, zone: str, first: date, last: date, hours: int
) -> None:
    account = bare_account("aitelier", timezone=zone)
    with time_machine.travel(datetime(2029, 1, 1, tzinfo=UTC)):
        manifest = made(account, first, last).manifest
    begin, end = (datetime.fromisoformat(manifest[name]) for name in ("starts_at", "ends_at"))
    assert (end.astimezone(UTC) - begin.astimezone(UTC)).total_seconds() == hours * 3600


def test_periods_that_touch_have_every_movement_once(bare_account: Make, tmp_path: Path) -> None:
    account = bare_account("aitelier", timezone="Europe/Berlin")
    edge = datetime(2026, 3, 28, 23, tzinfo=UTC)  # midnight in Berlin
    for at in (edge.replace(hour=22, minute=59, second=59), edge, edge.replace(minute=1)):
        with time_machine.travel(at, tick=False):
            credits.adjust(
                wallet_id=account.wallet.pk, amount=Decimal(1), reason="x", actor_id=make_user().pk, key=f"a:{at}"
            )
    with time_machine.travel(edge.replace(month=4)):
        before, after = (made(account, date(2026, 3, day), date(2026, 3, day)) for day in (28, 29))
    assert [each.manifest["movements"] for each in (before, after)] == [1, 2]
    assert before.manifest["last"]["hash"] == after.manifest["previous_hash"]
    assert before.manifest["closing"] == after.manifest["opening"] == "1.000000"


def test_days_without_a_movement_carry_the_balance_over(bare_account: Make, tmp_path: Path) -> None:
    with time_machine.travel(MORNING):
        account = bare_account("aitelier", paid="12.5")
    with time_machine.travel(MORNING.replace(month=5)):
        export = made(account, date(2026, 4, 1), date(2026, 4, 30))
    assert export.manifest["first"] is None
    assert (export.manifest["opening"], export.manifest["closing"]) == ("12.500000", "12.500000")
    assert verify(unpacked(export, tmp_path), trusted()).faults == []


def test_an_export_that_does_not_add_up_is_not_handed_out(bare_account: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    account = bare_account("aitelier", paid="12.5")
    today = timezone.now().date()
    export = asked(account, today, today)
    monkeypatch.setattr(writing.Sums, "add", lambda self, **facts: None)
    assert not make(export_id=export.pk)
    export.refresh_from_db()
    assert (export.status, export.path) == ("requested", "")
    assert export.error == "UnsoundError: 0 movements, but the numbers tell of 1."


def test_documents_are_tied_to_their_movements(bare_account: Make, tmp_path: Path) -> None:
    with time_machine.travel(MORNING):
        account = bare_account("aitelier")
        issuer_of(account.product)
        payment = pay_by_bank(account, "50")
        receipt = issue_receipt(payment_id=payment.pk)
        assert receipt is not None
        dispute = DisputeFacts("dp_1", payment.reference, "", payment.charge_amount.amount, "USD", "lost", "", MORNING)
        disputes.settle(facts=dispute, provider="bank")
        note = money_back.credit_dispute(dispute_id=Dispute.objects.get().pk)
        assert note is not None
        buyer = account.name
        Account.objects.update(name="Renamed")
        Issuer.objects.update(name="Renamed")
        folder = unpacked(made(account), tmp_path)
    top_up, taken = rows(folder / "movements.csv")[1:3]
    assert (top_up["document"], taken["document"]) == (receipt.label, note.label)
    first, second = rows(folder / "documents.csv")
    assert (first["document"], first["kind"], first["total"], first["movements"]) == (
        *(receipt.label, "receipt", f"{receipt.total.amount:.6f}", top_up["number"]),
    )
    assert (first["issuer"], first["buyer"]) == (receipt.content["issuer"]["name"], buyer)
    assert (second["document"], second["corrects"], second["movements"]) == (note.label, receipt.label, taken["number"])
