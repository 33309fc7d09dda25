"""Re-rating: the difference first, then each charge reversed and made anew exactly once; what it was is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from billing.models import GrantKind, Transaction, TransactionKind
from billing.services.credits import credit
from billing.verification.run import verify
from tests.billing.postpay.accounts import at
from tests.usage.events import charge, event
from tests.usage.rerating.jobs import REASON, ask, carry_out, chosen, corrected, period_of, rerate
from usage.models import ChargeRevision, DailyComponent, DailyUsage, ReratedCall, Rerating, UsageEvent
from usage.services.rerating import asking, working
from usage.services.void import void

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
NUMBERS = ("+14155550100", "+1 415 555 0100", "001 415 555-0100", "tel:+14155550100")


def called(account: Any, event_id: str, tokens: int = 2000, **data: Any) -> UsageEvent:
    """A call of AI PBX: 2,000 tokens at 0.005 for 1,000 cost 0.010."""
    (answer,) = charge("aipbx", event(account, event_id=event_id, llm_input_tokens=tokens, **data))
    assert answer["status"] == "accepted", answer
    return UsageEvent.objects.get(event_id=event_id)


def called_from(account: Any, event_id: str, number: str) -> UsageEvent:
    data: dict[str, Any] = {"from": number}
    return called(account, event_id, **data)


def keys(account: Any) -> list[tuple[str, D]]:
    """The wallet's movements but the first, by key."""
    found = Transaction.objects.filter(wallet=account.wallet, number__gt=1).order_by("number")
    return [(each.key, each.amount.amount) for each in found]


def test_the_difference_is_shown_before_anything_moves_and_then_charged_once(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    dear, same = called(account, "dear"), called(account, "same", tokens=0, analytics=True)
    version = corrected(account, "llm_input", "0.010")
    job = ask(period_of(account))
    assert (job.looked_at, job.found, job.unchanged, job.skipped) == (2, 1, 1, 0)
    row = job.calls.get()
    assert (row.event_id, row.old_total.amount, row.new_total.amount) == (dear.pk, D("0.01"), D("0.02"))
    assert job.summary["totals"] == [
        {"currency": "USD", "is_simulated": False, "calls": 1, "before": "0.010000", "after": "0.020000"}
        | {"dearer": 1, "cheaper": 0}
    ]
    assert [(each["component"], each["before"], each["after"]) for each in job.summary["components"]] == [
        ("llm_input", "0.010000", "0.020000")
    ]
    assert not Transaction.objects.filter(kind="void").exists()
    job = carry_out(job)
    assert keys(account)[2:] == [(f"void:{dear.pk}", D("0.01")), (f"charge:{dear.pk}:{job.pk}", D("-0.02"))]
    dear.refresh_from_db()
    assert (dear.total.amount, dear.version_id, dear.lines[0]["price"]) == (D("0.02"), version.pk, "0.01")
    assert UsageEvent.objects.get(pk=same.pk).version_id == same.version_id
    moved = Transaction.objects.get(key=f"charge:{dear.pk}:{job.pk}")
    assert (moved.pk, moved.kind) == (dear.transaction_id, "call")
    assert (moved.reason, moved.actor_id) == (REASON, job.confirmed_by_id)
    assert moved.description == "Charged anew · LLM tokens, input"
    before = ChargeRevision.objects.get()
    assert (before.event_id, before.total.amount, before.new_total.amount) == (dear.pk, D("0.01"), D("0.02"))
    assert (before.version_id, before.lines[0]["price"]) == (same.version_id, "0.005")
    assert (DailyUsage.objects.get().count, DailyUsage.objects.get().spent.amount) == (2, D("0.022"))
    assert DailyComponent.objects.get(component="llm_input").amount.amount == D("0.02")
    assert verify() == []
    assert working.work(rerating_id=job.pk) is False
    assert ask(period_of(account)).found == 0


def test_re_rated_again_and_then_reversed_once(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    one = called(account, "one")
    corrected(account, "llm_input", "0.010", hours_ago=3)
    first = rerate(period_of(account))
    corrected(account, "llm_input", "0.002", hours_ago=2)
    second = rerate(chosen([one]))
    one.refresh_from_db()
    void(event=one, reason="Wrong number", actor_id=None)
    void(event=one, reason="Wrong number", actor_id=None)
    assert keys(account) == [
        (f"charge:{one.pk}", D("-0.01")),
        (f"void:{one.pk}", D("0.01")),
        (f"charge:{one.pk}:{first.pk}", D("-0.02")),
        (f"void:{one.pk}:{first.pk}", D("0.02")),
        (f"charge:{one.pk}:{second.pk}", D("-0.004")),
        (f"void:{one.pk}:{second.pk}", D("0.004")),
    ]
    account.wallet.refresh_from_db()
    assert (account.wallet.paid.amount, account.wallet.spent_today.amount) == (D(5), D(0))
    assert verify() == []
    job = ask(chosen([one]))
    assert (job.found, job.skipped, job.calls.get().why) == (0, 1, "It is reversed already.")


def test_what_was_corrected_or_reversed_since_the_preview_is_left_alone(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    gone, twice = called(account, "gone"), called(account, "twice")
    corrected(account, "llm_input", "0.010")
    late, early = ask(period_of(account)), ask(chosen([twice]))
    void(event=gone, reason="Test", actor_id=None)
    carry_out(early)
    late = carry_out(late)
    assert (late.done, late.skipped) == (0, 2)
    assert list(late.calls.order_by("event_id").values_list("why", flat=True)) == [
        "It was reversed since the preview.",
        "It was charged anew by another job since the preview.",
    ]
    assert Transaction.objects.filter(wallet=account.wallet, key__startswith=f"charge:{twice.pk}").count() == 2
    assert verify() == []


def test_free_calls_become_charged_and_charged_ones_free_and_simulated_ones_move_nothing(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5", projects={"main": "live", "lab": "sandbox"})
    free, paid = called(account, "free", tokens=10, project="main"), called(account, "paid", project="main")
    lab = called(account, "lab", project="lab")
    assert (free.total.amount, free.transaction_id) == (D(0), None)
    corrected(account, "llm_input", "1", hours_ago=3)
    job = rerate(period_of(account))
    assert job.done == 3
    assert [each["is_simulated"] for each in job.summary["totals"]] == [False, True]
    assert Transaction.objects.get(key=f"charge:{free.pk}:{job.pk}").amount.amount == D("-0.01")
    lab.refresh_from_db()
    assert (lab.total.amount, lab.transaction_id) == (D(2), None)
    corrected(account, "llm_input", "0", hours_ago=2)
    rerate(period_of(account))
    paid.refresh_from_db()
    assert (paid.total.amount, paid.transaction_id) == (D(0), None)
    assert verify() == []
    account.wallet.refresh_from_db()
    assert account.wallet.paid.amount == D(5)


def test_promo_that_has_expired_since_pays_for_the_call_that_it_paid_for(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    terms = {"wallet_id": account.wallet.pk, "kind": GrantKind.PROMO, "amount": D("0.01"), "key": "gift"}
    soon = timezone.now() + timedelta(hours=1)
    credit(**terms, transaction_kind=TransactionKind.PROMO, description="Gift", expires_at=soon)
    one = called(account, "one")
    account.wallet.refresh_from_db()
    assert (account.wallet.promo.amount, account.wallet.paid.amount) == (D(0), D(5))
    corrected(account, "llm_input", "0.004")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_grant SET expires_at = now() - interval '1 minute' WHERE kind = 'promo'")
    rerate(chosen([one]))
    account.wallet.refresh_from_db()
    assert (account.wallet.promo.amount, account.wallet.paid.amount) == (D(0), D(5))
    assert Transaction.objects.get(kind="expiry").amount.amount == D("-0.002")
    assert verify() == []


def test_a_charge_beyond_the_balance_becomes_debt(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="0.01")
    called(account, "one")
    corrected(account, "llm_input", "0.050")
    rerate(period_of(account))
    account.wallet.refresh_from_db()
    assert (account.wallet.paid.amount, account.wallet.debt.amount) == (D(0), D("0.09"))
    assert verify() == []


def test_a_correction_of_an_earlier_day_is_no_spending_of_today(bare_account: Make) -> None:
    with at("2026-03-10 12:00"):
        account = bare_account("aipbx", paid="5", daily_cap=D("0.05"))
        old = called(account, "old")
    with at("2026-03-13 12:00"):
        today = called(account, "today")
        corrected(account, "llm_input", "0.020", hours_ago=100)
        days = {"first_day": old.day, "last_day": today.day}
        rerate(period_of(account, **days))
        account.wallet.refresh_from_db()
        assert account.wallet.spent_today.amount == D("0.04")  # today's call only, at its new price
        assert [each.spent.amount for each in DailyUsage.objects.order_by("day")] == [D("0.04"), D("0.04")]
        assert verify() == []
        void(event=UsageEvent.objects.get(pk=old.pk), reason="Test", actor_id=None)
        account.wallet.refresh_from_db()
        assert account.wallet.spent_today.amount == D("0.04")
        void(event=UsageEvent.objects.get(pk=today.pk), reason="Test", actor_id=None)
        account.wallet.refresh_from_db()
        assert account.wallet.spent_today.amount == D(0)
        assert verify() == []


def test_a_period_is_reversed_as_one_job(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    spam = [called(account, f"s{n}", caller="+15550100") for n in range(3)]
    other = called(account, "other", caller="+15550199")
    job = rerate(period_of(account, caller="+15550100"), Rerating.Mode.VOID)
    assert (job.done, job.summary["totals"][0]["before"], job.summary["totals"][0]["after"]) == (
        3,
        "0.030000",
        "0.000000",
    )
    found = UsageEvent.objects.filter(pk__in=[each.pk for each in spam]).values_list("status", "void_reason").distinct()
    assert list(found) == [("void", REASON)]
    assert UsageEvent.objects.get(pk=other.pk).status == "accepted"
    account.wallet.refresh_from_db()
    assert (account.wallet.paid.amount, account.wallet.spent_today.amount) == (D("4.99"), D("0.01"))
    assert not ChargeRevision.objects.exists()
    assert verify() == []


def test_a_stopped_job_does_nothing_more_and_what_is_asked_must_make_sense(bare_account: Make) -> None:
    account, other = bare_account("aipbx", paid="5"), bare_account("osmtalk", paid="5")
    called(account, "one")
    corrected(account, "llm_input", "0.010")
    job = ask(period_of(account))
    assert asking.stop(rerating_id=job.pk)
    with pytest.raises(ValidationError):
        asking.confirm(rerating_id=job.pk, user_id=job.asked_by_id)
    assert working.work(rerating_id=job.pk) is False
    assert not Transaction.objects.filter(kind="void").exists()
    scope = period_of(account, first_day=None, account_id=other.pk, project_id=other.projects.get().pk)
    with pytest.raises(ValidationError) as refused:
        asking.ask(mode=Rerating.Mode.REPRICE, scope=scope, reason=" ", user_id=job.asked_by_id)
    assert set(refused.value.message_dict) == {"reason", "first_day", "account"}
    with pytest.raises(ValidationError):
        chosen([])


def test_what_a_charge_was_is_never_changed(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    called(account, "one")
    corrected(account, "llm_input", "0.010")
    job = rerate(period_of(account))
    for statement in (
        "UPDATE usage_chargerevision SET total = 0",
        "DELETE FROM usage_chargerevision",
        "DELETE FROM usage_rerating",
        "UPDATE usage_rerating SET reason = 'Another'",
        "UPDATE usage_rerating SET state = 'ready'",
        "UPDATE usage_reratedcall SET state = 'pending'",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert ReratedCall.objects.get(rerating=job).state == "done"


@pytest.mark.parametrize("written", ["+1 (415) 555-0100", "0014155550100", "tel:+1-415-555-0100"])
def test_a_callers_calls_are_found_however_the_number_is_written(bare_account: Make, written: str) -> None:
    account = bare_account("aipbx", paid="5")
    spam = [called_from(account, f"s{place}", number) for place, number in enumerate(NUMBERS)]
    called_from(account, "other", "+14155550101")
    job = ask(period_of(account, caller=written), Rerating.Mode.VOID)
    assert sorted(job.calls.values_list("event_id", flat=True)) == [event.pk for event in spam]


def test_what_is_no_number_narrows_nothing_and_is_refused(bare_account: Make) -> None:
    account = bare_account("aipbx", paid="5")
    with pytest.raises(ValidationError, match="Write a number"):
        ask(period_of(account, caller=" - "), Rerating.Mode.VOID)
