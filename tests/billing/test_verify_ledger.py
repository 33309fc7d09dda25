"""verify_ledger: clean on what the services wrote, and each rule, once broken by plain SQL, found by its name.

The world is written once, inside a transaction that is never committed; every test breaks it after a savepoint. The
triggers look away while it is broken (`session_replication_role`): what is tested is the second line of defence.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.utils import timezone

from billing.models import Grant, GrantKind, LedgerVerification, Transaction, Wallet
from billing.services import chain, ledger
from billing.services.books import Note
from billing.services.credits import adjust
from billing.verification.chain import PARTS, PAYLOAD
from billing.verification.registry import UnknownInvariantError, named
from billing.verification.run import verify, verify_and_record
from notifications.services.fan_out import expand_due
from tests import products
from tests.billing.documents.test_verification import BREAKS as DOCUMENT_BREAKS
from tests.billing.exports.test_verification import BREAKS as EXPORT_BREAKS
from tests.billing.postpay.test_verification import BREAKS as POSTPAY_BREAKS
from tests.billing.reports.test_balances import BREAKS as LEDGER_DAY_BREAKS
from tests.billing.second_person.test_verification import DAMAGE as APPROVAL_DAMAGE
from tests.billing.test_verify_payments import BREAKS as PAYMENT_BREAKS
from tests.billing.wallets import give
from tests.factories import make_member, open_test_account
from tests.usage.events import charge, event, key_of, question
from usage.models import UsageEvent
from usage.services import authorize
from usage.services.chat_hours import charge_due_hours
from usage.services.void import void_event

CHARGED = "kind IN ('call', 'chat', 'crawl', 'llm')"
ONE_CHARGE = f"id = (SELECT max(id) FROM billing_transaction WHERE {CHARGED})"
ONE_LIVE_EVENT = "id = (SELECT max(id) FROM usage_usageevent WHERE transaction_id IS NOT NULL AND status = 'accepted')"
FIRST_WALLET = "id = (SELECT min(id) FROM billing_wallet)"
# The promo that the first account's call was paid from, taken from its paid money instead.
PAID_BEFORE_PROMO = """
UPDATE billing_transfer SET source_id = source_id - 1 WHERE source_id % 16 = 2 AND target_id % 16 = 5
"""
LOSE_CREDITS = """
CREATE OR REPLACE VIEW billing_entry AS
SELECT t.id AS transfer_id, t.transaction_id, t.wallet_id, t.currency, t.source_id AS ledger_account_id,
       (t.source_id % 16)::smallint AS kind, t.amount AS debit, 0::numeric(20,6) AS credit, t.grant_id
  FROM billing_transfer t
"""
BEYOND_ITS_CHECK = """
SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE billing_grant DROP CONSTRAINT grant_amounts;
UPDATE billing_grant SET remaining = amount + 1 WHERE id = (SELECT min(id) FROM billing_grant)
"""
REFUSED = "event = 'calls_refused'"
TOLD_TWICE = f"""
INSERT INTO notifications_notice (account_id, event, key, subject, facts, created_at, is_quiet)
SELECT account_id, event, regexp_replace(key, '2$', '3'), subject, facts, created_at, is_quiet
  FROM notifications_notice WHERE {REFUSED}
"""

BREAKS = [
    ("trial_balance", LOSE_CREDITS),
    (
        "transfers_in_place",
        "UPDATE billing_transfer SET currency = 'EUR' WHERE id = (SELECT min(id) FROM billing_transfer)",
    ),
    ("transfers_in_place", "DELETE FROM billing_ledgeraccount WHERE id % 16 = 5"),
    ("transfers_in_place", f"DELETE FROM billing_transaction WHERE {ONE_CHARGE}"),
    ("amounts_equal_transfers", f"UPDATE billing_transaction SET amount = amount - 0.000001 WHERE {ONE_CHARGE}"),
    ("amounts_equal_transfers", "DELETE FROM billing_transfer WHERE id = (SELECT min(id) FROM billing_transfer)"),
    ("debt_only_by_usage", f"UPDATE billing_transaction SET kind = 'adjustment' WHERE {CHARGED}"),
    ("voids_oppose_charges", "UPDATE billing_transaction SET key = 'void:0' WHERE kind = 'void'"),
    ("voids_oppose_charges", "UPDATE billing_transaction SET amount = amount + 1 WHERE kind = 'void'"),
    ("balances_equal_ledger", f"UPDATE billing_wallet SET paid = paid + 0.000001 WHERE {FIRST_WALLET}"),
    ("balances_equal_ledger", "UPDATE billing_wallet SET debt = debt - 0.01 WHERE debt > 0"),
    ("numbering", f"UPDATE billing_wallet SET last_number = last_number + 1 WHERE {FIRST_WALLET}"),
    ("numbering", "UPDATE billing_transaction SET number = number + 1000 WHERE number = 2"),
    ("balance_after", f"UPDATE billing_transaction SET balance_after = balance_after + 1 WHERE {ONE_CHARGE}"),
    ("spent_today", f"UPDATE billing_wallet SET spent_today = spent_today - 0.01 WHERE {FIRST_WALLET}"),
    ("spent_today", f"UPDATE billing_wallet SET spent_on = spent_on - 1, spent_today = 0 WHERE {FIRST_WALLET}"),
    ("balances_equal_grants", f"UPDATE billing_wallet SET promo = promo + 1 WHERE {FIRST_WALLET}"),
    ("grants_equal_transfers", "UPDATE billing_grant SET remaining = remaining - 0.01 WHERE kind = 'promo'"),
    ("grants_equal_transfers", "UPDATE billing_grant SET amount = amount + 1 WHERE kind = 'paid'"),
    ("balances_move_with_grants", "UPDATE billing_transfer SET grant_id = NULL WHERE source_id % 16 = 2"),
    ("balances_move_with_grants", "UPDATE billing_grant SET kind = 'allotment' WHERE kind = 'promo'"),
    ("grants_in_bounds", BEYOND_ITS_CHECK),
    ("paid_is_spent_last", PAID_BEFORE_PROMO),
    ("credit_expires", "UPDATE billing_wallet SET next_expiry_at = NULL"),
    ("credit_expires", "UPDATE billing_grant SET expires_at = now() - interval '11 minutes' WHERE kind = 'promo'"),
    ("held_equals_holds", f"UPDATE billing_wallet SET held = held + 1 WHERE {FIRST_WALLET}"),
    ("held_equals_holds", f"UPDATE billing_wallet SET held_calls = held_calls + 1 WHERE {FIRST_WALLET}"),
    ("held_equals_holds", "UPDATE billing_hold SET amount = amount + 0.01 WHERE status = 'active'"),
    ("holds_end", "UPDATE billing_hold SET expires_at = now() - interval '11 minutes' WHERE status = 'active'"),
    ("hash_chain", "UPDATE billing_transaction SET description = 'Nothing' WHERE number = 1"),
    ("hash_chain", f"UPDATE billing_transaction SET created_at = created_at + interval '1 us' WHERE {ONE_CHARGE}"),
    ("hash_chain", "UPDATE billing_transfer SET target_id = target_id + 1 WHERE target_id % 16 = 5"),
    ("hash_chain", "UPDATE billing_transaction SET hash = sha256('') WHERE number = 2"),
    ("chain_head", f"UPDATE billing_wallet SET chain_head = sha256('') WHERE {FIRST_WALLET}"),
    ("movements_equal_transactions", "UPDATE billing_hourlymovement SET amount = amount + 1 WHERE kind = 'call'"),
    ("movements_equal_transactions", "DELETE FROM billing_hourlymovement WHERE kind = 'void'"),
    ("movements_end_with_a_transaction", "UPDATE billing_hourlymovement SET balance_after = 7 WHERE kind = 'call'"),
    ("wallets_are_whole", "DELETE FROM billing_ledgeraccount WHERE kind = 9"),
    ("wallets_are_whole", "UPDATE organizations_product SET currency = 'EUR' WHERE slug = 'aipbx'"),
    ("projects_of_own_account", "UPDATE billing_transaction SET project_id = project_id + 1 WHERE kind = 'call'"),
    ("projects_of_own_account", "UPDATE billing_hold SET project_id = project_id + 1 WHERE status = 'active'"),
    (
        "holds_of_own_product",
        "UPDATE billing_hold SET service_id = (SELECT id FROM organizations_service WHERE slug = 'osmtalk')",
    ),
    ("events_are_charged", f"UPDATE usage_usageevent SET total = total + 0.01 WHERE {ONE_LIVE_EVENT}"),
    ("events_are_charged", f"UPDATE usage_usageevent SET transaction_id = NULL WHERE {ONE_LIVE_EVENT}"),
    (
        "events_are_charged",
        "UPDATE usage_usageevent SET transaction_id = (SELECT max(id) FROM billing_transaction) WHERE free_code <> ''",
    ),
    ("charges_belong_to_events", f"DELETE FROM usage_usageevent WHERE {ONE_LIVE_EVENT}"),
    ("voids_belong_to_events", "UPDATE usage_usageevent SET status = 'accepted' WHERE status = 'void'"),
    ("voids_belong_to_events", f"UPDATE usage_usageevent SET status = 'void' WHERE {ONE_LIVE_EVENT}"),
    ("lines_sum_to_total", f"UPDATE usage_usageevent SET lines = '[]' WHERE {ONE_LIVE_EVENT}"),
    (
        "lines_sum_to_total",
        """UPDATE usage_usageevent SET lines = '[{"amount": "-1.000000"}, {"amount": "1.000000"}]' WHERE total = 0""",
    ),
    ("version_is_recorded", f"UPDATE usage_usageevent SET version_id = NULL WHERE {ONE_LIVE_EVENT}"),
    ("version_is_recorded", "UPDATE usage_ratecardversion SET starts_at = now() + interval '1 hour'"),
    ("events_of_own_account", f"UPDATE usage_usageevent SET project_id = 0 WHERE {ONE_LIVE_EVENT}"),
    (
        "events_of_own_account",
        "UPDATE usage_usageevent SET hold_id = (SELECT id FROM billing_hold WHERE status = 'active') "
        "WHERE hold_id IS NOT NULL",
    ),
    ("holds_end_with_their_event", "UPDATE usage_usageevent SET hold_id = NULL"),
    ("holds_end_with_their_event", "UPDATE billing_hold SET status = 'expired' WHERE status = 'captured'"),
    ("daily_usage_equals_events", "UPDATE usage_dailyusage SET count = count + 1 WHERE is_simulated"),
    ("daily_usage_equals_events", "UPDATE usage_dailyusage SET spent = spent + 1"),
    ("daily_usage_equals_events", "DELETE FROM usage_dailyusage WHERE event_type = 'chat.hour'"),
    ("daily_components_equal_lines", "UPDATE usage_dailycomponent SET count = count + 1 WHERE is_simulated"),
    ("daily_components_equal_lines", "UPDATE usage_dailycomponent SET quantity = quantity + 0.000000000001"),
    ("daily_components_equal_lines", "UPDATE usage_dailycomponent SET unit = 'second' WHERE unit = 'token'"),
    ("daily_components_equal_lines", "DELETE FROM usage_dailycomponent WHERE event_type = 'chat.hour'"),
    ("roll_ups_equal_ledger", "UPDATE usage_dailyusage SET spent = spent + 0.000001 WHERE NOT is_simulated"),
    ("roll_ups_equal_ledger", "UPDATE usage_dailyusage SET day = day - 1 WHERE NOT is_simulated"),
    ("roll_ups_equal_ledger", "UPDATE usage_dailycomponent SET amount = amount - 0.000001 WHERE NOT is_simulated"),
    ("roll_ups_equal_ledger", "DELETE FROM billing_transaction WHERE kind = 'void'"),
    ("roll_ups_equal_ledger", f"UPDATE billing_transaction SET amount = amount - 0.000001 WHERE {ONE_CHARGE}"),
    ("chat_hours_equal_messages", "UPDATE usage_chathour SET messages = messages + 1"),
    ("chat_hours_equal_messages", "DELETE FROM usage_chathour"),
    ("chat_hours_are_charged", "DELETE FROM usage_usageevent WHERE event_type = 'chat.hour'"),
    ("chat_hours_are_charged", "UPDATE usage_chathour SET closed_at = NULL"),
    ("alerts_have_notices", f"DELETE FROM notifications_notice WHERE {REFUSED}"),
    ("alerts_have_notices", f"UPDATE billing_wallet SET alerts_told = alerts_told + 1 WHERE {FIRST_WALLET}"),
    ("alerts_have_notices", f"UPDATE notifications_notice SET account_id = account_id + 1 WHERE {REFUSED}"),
    ("alerts_have_notices", f"UPDATE notifications_notice SET key = 'wallet:' || id WHERE {REFUSED}"),
    ("calls_are_told_by_turns", "UPDATE billing_wallet SET alerts_fired = 0 WHERE alerts_fired <> 0"),
    ("calls_are_told_by_turns", TOLD_TWICE),
    ("alerts_agree_with_balances", f"UPDATE billing_wallet SET alerts_fired = 1 WHERE {FIRST_WALLET}"),
    ("alerts_agree_with_balances", f"UPDATE billing_wallet SET alerts_fired = 2 WHERE {FIRST_WALLET}"),
    ("alerts_agree_with_balances", f"UPDATE billing_wallet SET alerts_fired = 8 WHERE {FIRST_WALLET}"),
    ("alerts_agree_with_balances", f"UPDATE billing_wallet SET alerts_fired = 64 WHERE {FIRST_WALLET}"),
    ("alerts_agree_with_balances", "UPDATE billing_wallet SET alerts_fired = 0 WHERE debt > 0"),
    ("alerts_agree_with_balances", "UPDATE billing_wallet SET alert_below = 100"),
    ("alerts_agree_with_balances", "UPDATE billing_wallet SET daily_cap = 0.000001"),
    ("alerts_agree_with_balances", "UPDATE billing_wallet SET mode = 'postpay' WHERE debt > 0"),
    ("alerts_agree_with_balances", f"UPDATE billing_wallet SET is_frozen = true WHERE {FIRST_WALLET}"),
    ("alerts_agree_with_balances", "UPDATE organizations_account SET status = 'suspended'"),
    ("notices_are_told_once", "UPDATE notifications_delivery SET recipient = 'One@acme.example'"),
    ("notices_are_told_once", "UPDATE notifications_notice SET expanded_at = NULL"),
    ("notices_are_told_once", "UPDATE notifications_notice SET audience = 'services'"),
    ("notices_are_told_once", "UPDATE notifications_notice SET is_quiet = true"),
]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Accounts of four products with a little of everything that moves money."""
    with django_db_blocker.unblock(), transaction.atomic():
        found = products.load()
        _calls(open_test_account(found["aipbx"], paid="10", timezone="Asia/Kolkata"))
        in_debt = open_test_account(found["aipbx"], paid="0.01")
        make_member(in_debt), make_member(in_debt)
        charge("aipbx", event(in_debt, llm_input_tokens=100_000))
        assert expand_due() == 3
        adjust(wallet_id=in_debt.wallet.pk, amount=Decimal("0.1"), reason="Goodwill", actor_id=None, key="goodwill")
        _chats(open_test_account(found["aitelier"], paid="5", projects=[("main", "live"), ("test", "sandbox")]))
        charge("atllasx", event(open_test_account(found["atllasx"]), duration_seconds=40))
        yield
        transaction.set_rollback(True)


def _calls(account: Any) -> None:
    later = timezone.now() + timedelta(days=3)
    give(account.wallet, GrantKind.PROMO, "5", expires_at=later)
    key = key_of("aipbx")
    for call_id in ("captured", "free", "released", "active"):
        authorize.authorize(key=key, request=question(account, call_id))
    charge("aipbx", event(account, call_id="captured", duration_seconds=60, llm_input_tokens=1000))
    charge("aipbx", event(account, call_id="free", duration_seconds=2))
    authorize.release(key=key, call_id="released")
    authorize.release(key=key, call_id="unheard-of")
    charge("aipbx", event(account, event_id="wrong", llm_input_tokens=1000), event(account, llm_output_tokens=77))
    void_event(key=key, source="pbx", event_id="wrong", reason="Reported twice")


def _chats(account: Any) -> None:
    earlier = timezone.now() - timedelta(hours=3)
    for number in range(3):
        message: Any = {"event_type": "chat.message", "project": "main", "occurred_at": earlier, "channel": "chat"}
        charge("aitelier", event(account, **message, llm_input_tokens=900 + number, llm_output_tokens=1_000_000))
    charge("aitelier", event(account, project="test", tier="standard", goal_reached=True))
    assert charge_due_hours() == 1


@pytest.fixture
def broken(world: None) -> Iterator[Any]:
    """Runs plain SQL with the triggers and foreign keys looking away; undone after the test."""
    savepoint = transaction.savepoint()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor.execute
    transaction.savepoint_rollback(savepoint)


def test_everything_holds_for_what_the_services_wrote(world: None) -> None:
    assert verify() == []
    kinds = set(Transaction.objects.values_list("kind", flat=True))
    assert kinds == {"credit", "promo", "call", "void", "adjustment", "chat", "allotment"}
    assert UsageEvent.objects.filter(is_simulated=True).count() == 1


@pytest.mark.parametrize(("name", "statement"), BREAKS)
def test_a_broken_rule_is_found_by_its_name(broken: Any, name: str, statement: str) -> None:
    broken(statement)
    found = verify([name])
    assert [finding.name for finding in found] == [name]
    assert found[0].rows


def test_every_rule_is_broken_by_a_test() -> None:
    breaks = [*BREAKS, *PAYMENT_BREAKS, *DOCUMENT_BREAKS, *POSTPAY_BREAKS, *EXPORT_BREAKS, *LEDGER_DAY_BREAKS]
    elsewhere = {name for names, _ in APPROVAL_DAMAGE for name in names} | {"history_is_recorded"}  # by test_history
    assert {name for name, _ in breaks} | elsewhere == {invariant.name for invariant in named()}


def test_the_last_transaction_cannot_be_cut_off(broken: Any) -> None:
    broken(
        f"DELETE FROM billing_transfer WHERE transaction_id = (SELECT id FROM billing_transaction WHERE {ONE_CHARGE})"
    )
    broken(f"DELETE FROM billing_transaction WHERE {ONE_CHARGE}")
    assert {"chain_head", "numbering"} <= {finding.name for finding in verify()}


def test_a_rewritten_amount_is_found_even_when_every_sum_was_made_to_agree(broken: Any) -> None:
    """A forger with the superuser's rights changes the first credit and all that follows from it."""
    wallet = Wallet.objects.order_by("id").first()
    assert wallet is not None
    first = Transaction.objects.get(wallet=wallet, number=1)
    broken("UPDATE billing_transaction SET amount = amount + 1 WHERE id = %s", [first.pk])
    broken("UPDATE billing_transfer SET amount = amount + 1 WHERE transaction_id = %s", [first.pk])
    broken("UPDATE billing_transaction SET balance_after = balance_after + 1 WHERE wallet_id = %s", [wallet.pk])
    broken("UPDATE billing_wallet SET paid = paid + 1 WHERE id = %s", [wallet.pk])
    broken(
        "UPDATE billing_grant SET amount = amount + 1, remaining = remaining + 1 WHERE id = %s",
        [first.transfers.get().grant_id],
    )
    for column in ("amount", "balance_after"):
        broken(
            f"UPDATE billing_hourlymovement SET {column} = {column} + 1 WHERE wallet_id = %s AND "
            + ("first_number = 1" if column == "amount" else "true"),
            [wallet.pk],
        )
    assert [finding.name for finding in verify()] == ["hash_chain"]


AWKWARD = ["", "|", ";1>2:3:", "5:hello", "Überweisung ₹ 10", "𝄞 e\u0301", "a\tb\nc\\d'e\"f%s", "  spaces  ", "0" * 255]


@pytest.mark.parametrize("text", AWKWARD)
def test_the_chain_is_the_same_in_python_and_in_sql(world: None, text: str) -> None:
    wallet = Wallet.objects.order_by("id").first()
    assert wallet is not None
    savepoint = transaction.savepoint()
    books, _ = ledger.open_books([wallet.pk])
    note = Note("call", f"k{text}"[:120], text[::-1], text, actor_id=None, project_id=None)
    posting = books.charge(books.wallets[wallet.pk], Decimal("0.000001"), note)
    ledger.write(books)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT convert_to({PAYLOAD}, 'UTF8') FROM billing_transaction x LEFT JOIN ({PARTS}) t "
            f"ON t.transaction_id = x.id WHERE x.id = {posting.id}"
        )
        in_sql = bytes(cursor.fetchone()[0])
    in_python = chain.payload(
        wallet_id=wallet.pk,
        number=posting.number,
        kind="call",
        key=f"k{text}"[:120],
        currency="USD",
        amount=Decimal("-0.000001"),
        balance_after=posting.balance_after,
        project_id=None,
        description=text[::-1],
        reason=text,
        actor_id=None,
        day=posting.day,
        created_at=posting.created_at,
        transfers=posting.transfers,
    )
    assert in_sql == in_python
    assert verify(["hash_chain", "chain_head"]) == []
    transaction.savepoint_rollback(savepoint)


@pytest.mark.parametrize(
    "moment", [datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2400, 2, 29, tzinfo=UTC)]
)
def test_the_chain_counts_microseconds_alike_in_python_and_in_sql(world: None, moment: datetime) -> None:
    content = chain.payload(
        wallet_id=1, number=1, kind="call", key="", currency="USD", amount=Decimal(0), balance_after=Decimal(0),
        project_id=None, description="", reason="", actor_id=None, day=date(999, 1, 2), created_at=moment, transfers=[],
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {PAYLOAD} FROM (SELECT 1 AS wallet_id, 1 AS number, 'call' AS kind, '' AS key, 'USD' AS currency, "
            "0::numeric(20,6) AS amount, 0::numeric(20,6) AS balance_after, NULL::bigint AS project_id, "
            "'' AS description, '' AS reason, NULL::bigint AS actor_id, DATE '0999-01-02' AS day, "
            "%s::timestamptz AS created_at) x, (SELECT NULL::text AS parts) t",
            [moment],
        )
        assert cursor.fetchone()[0] == content.decode()


def test_a_sound_run_is_recorded(world: None) -> None:
    recorded = verify_and_record()
    assert (recorded.is_sound, recorded.findings) == (True, {})
    assert recorded.transactions == Transaction.objects.count()
    recorded.delete()


def test_a_broken_rule_is_recorded_with_its_rows(broken: Any) -> None:
    broken(f"UPDATE billing_wallet SET held = held + 1 WHERE {FIRST_WALLET}")
    recorded = verify_and_record()
    wallet = Wallet.objects.order_by("id").first()
    assert wallet is not None
    assert not recorded.is_sound
    assert list(recorded.findings) == ["held_equals_holds"]
    assert recorded.findings["held_equals_holds"]["rows"][0]["wallet_id"] == str(wallet.pk)


def test_the_command_prints_a_tick_for_every_rule_and_records_the_run(world: None) -> None:
    before = LedgerVerification.objects.count()
    out = StringIO()
    call_command("verify_ledger", stdout=out, no_color=True)
    lines = out.getvalue().splitlines()
    assert sum(line.startswith("✓") for line in lines) == len(named())
    assert lines[-1] == f"All {len(named())} invariants hold: {Transaction.objects.count()} transactions."
    assert LedgerVerification.objects.count() == before + 1


def test_the_command_fails_on_a_broken_rule_and_shows_its_rows(broken: Any) -> None:
    broken("UPDATE billing_grant SET remaining = remaining - 0.01 WHERE kind = 'promo'")
    out = StringIO()
    with pytest.raises(CommandError, match=r"2 of .* broken: balances_equal_grants, grants_equal_transfers") as error:
        call_command("verify_ledger", stdout=out, no_color=True)
    assert error.value.returncode == 1
    grant = Grant.objects.get(kind="promo")
    assert f"    grant_id={grant.pk}  wallet_id={grant.wallet_id}  kind=promo" in out.getvalue()
    assert LedgerVerification.objects.order_by("id").last().is_sound is False  # type: ignore[union-attr]


def test_a_run_over_some_rules_vouches_for_those_only_and_is_not_recorded(broken: Any) -> None:
    broken(f"UPDATE billing_wallet SET held = held + 1 WHERE {FIRST_WALLET}")
    before = LedgerVerification.objects.count()
    call_command("verify_ledger", only=["numbering", "hash_chain"], stdout=StringIO())
    assert LedgerVerification.objects.count() == before


def test_an_unknown_name_is_refused_before_anything_is_checked(world: None) -> None:
    with pytest.raises(UnknownInvariantError):
        verify(["nothing"])
    with pytest.raises(CommandError, match="No invariant is called nothing") as error:
        call_command("verify_ledger", only=["nothing"])
    assert error.value.returncode == 2


def test_the_command_lists_the_rules(world: None) -> None:
    out = StringIO()
    call_command("verify_ledger", "--list", stdout=out)
    assert [line.split()[0] for line in out.getvalue().splitlines()] == [rule.name for rule in named()]
