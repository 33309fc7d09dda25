"""What-if runs: exact sums next to what was charged, resumable, and without a trace anywhere else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from djmoney.money import Money

from organizations.models import Account
from tests.factories import make_user
from tests.usage.events import charge, event
from usage.models import Rate, RateCard, RateCardVersion, UsageEvent, WhatIfAccount, WhatIfRun, WhatIfStatus
from usage.services.rate_cards import draft_version, publish_version
from usage.services.void import void
from usage.services.what_if import asking, reading, running

# 60 seconds of an AI PBX call: 1,000 LLM tokens and a minute of recognised speech.
CALL: dict[str, Any] = {"duration_seconds": 60, "llm_input_tokens": 1000, "stt_seconds": 60}
BareAccount = Callable[..., Account]


@pytest.fixture
def account(bare_account: BareAccount) -> Account:
    return bare_account("aipbx", paid="20")


@pytest.fixture
def draft(account: Account) -> RateCardVersion:
    card = RateCard.objects.get(product=account.product, account=None)
    return draft_version(
        card=card, based_on=card.versions.get(), starts_at=timezone.now() + timedelta(days=1), note="Dearer"
    )


def today() -> date:
    return timezone.now().date()


def ask(version: RateCardVersion, account: Account | None = None) -> WhatIfRun:
    """A run over yesterday, today and tomorrow, so that no timezone leaves a call out."""
    days = {"first_day": today() - timedelta(days=1), "last_day": today() + timedelta(days=1)}
    return asking.ask(version=version, account=account, user_id=make_user().pk, **days)


def worked_off(run: WhatIfRun) -> WhatIfRun:
    assert running.work_off(run_id=run.pk)
    run.refresh_from_db()
    assert run.status == WhatIfStatus.DONE
    return run


def charged(account: Account) -> D:
    totals = account.events.filter(status="accepted", is_simulated=False).values_list("total", flat=True)
    return sum((D(total) for total in totals), D(0))


def double(version: RateCardVersion, component: str) -> None:
    rate = version.rates.get(component=component)
    assert rate.price is not None
    version.rates.filter(component=component).update(price=rate.price * 2)


def test_the_version_that_charged_a_call_gives_what_was_charged(account: Account) -> None:
    charge("aipbx", *(event(account, **CALL) for _ in range(3)))
    version = RateCard.objects.get(product=account.product, account=None).versions.get()
    run = worked_off(ask(version))
    assert (run.calls, run.changed, run.unpriced) == (3, 0, 0)
    assert run.actual == run.would_be == charged(account) > 0


def test_the_difference_is_that_of_the_line_whose_price_changes(account: Account, draft: RateCardVersion) -> None:
    charge("aipbx", *(event(account, **CALL) for _ in range(3)))
    call = account.events.first()
    assert call is not None
    stt = next(D(line["amount"]) for line in call.lines if line["component"] == "stt")
    double(draft, "stt")
    run = worked_off(ask(draft))
    assert (run.calls, run.changed) == (3, 3)
    assert run.actual == charged(account)
    assert run.difference == 3 * stt > 0
    sums = run.components
    assert (D(sums["stt"]["actual"]), D(sums["stt"]["would_be"])) == (3 * stt, 6 * stt)
    assert sum(D(one["would_be"]) for one in sums.values()) == run.would_be
    assert sum(D(one["actual"]) for one in sums.values()) == run.actual
    assert len(run.most_changed) == 3
    (of_account,) = run.accounts.all()
    assert (of_account.calls, of_account.actual, of_account.would_be) == (3, run.actual, run.would_be)


def test_reversed_and_simulated_calls_are_left_out(bare_account: BareAccount) -> None:
    account = bare_account("aipbx", paid="20", projects={"main": "live", "try": "sandbox"})
    charge("aipbx", event(account, project="main", **CALL), event(account, project="main", **CALL))
    charge("aipbx", event(account, project="try", **CALL))
    reversed_call = account.events.filter(is_simulated=False).first()
    assert reversed_call is not None
    void(event=reversed_call, reason="Wrong number", actor_id=None)
    version = RateCard.objects.get(product=account.product, account=None).versions.get()
    run = worked_off(ask(version))
    assert (run.calls, run.actual) == (1, charged(account))


def test_calls_without_a_price_are_counted_apart_from_both_sums(account: Account, draft: RateCardVersion) -> None:
    charge("aipbx", event(account, **CALL), event(account, duration_seconds=60, llm_input_tokens=1000))
    with_speech = next(one for one in account.events.all() if any(line["component"] == "stt" for line in one.lines))
    draft.rates.filter(component="stt").update(price=None)
    run = worked_off(ask(draft))
    assert (run.calls, run.unpriced) == (2, 1)
    assert run.unpriced_actual == with_speech.total.amount
    assert run.actual == run.would_be == charged(account) - with_speech.total.amount
    (example,) = run.first_unpriced
    assert (example["event"], D(example["actual"])) == (with_speech.pk, with_speech.total.amount)
    assert "on request" in example["why"]


def own_card(account: Account) -> RateCardVersion:
    default = RateCard.objects.get(product=account.product, account=None).versions.get(number=1)
    card = RateCard.objects.create(product=account.product, account=account, name="Own")
    version = draft_version(card=card, based_on=default, starts_at=timezone.now() - timedelta(days=2))
    Rate.objects.filter(version=version, component="stt").update(price=D("0.05"))
    return publish_version(version=version)


def test_an_account_on_its_own_card_keeps_its_price_unless_it_is_asked_about(
    account: Account, bare_account: BareAccount, draft: RateCardVersion
) -> None:
    other = bare_account("aipbx", paid="20")
    own_card(other)
    charge("aipbx", event(account, **CALL), event(other, **CALL))
    double(draft, "stt")
    everybody = worked_off(ask(draft))
    assert (everybody.calls, everybody.own_card, everybody.changed) == (2, 1, 1)
    kept = everybody.accounts.get(account=other)
    assert (kept.actual, kept.would_be) == (charged(other), charged(other))
    moved = worked_off(ask(draft, other))
    assert (moved.calls, moved.own_card, moved.changed) == (1, 0, 1)
    assert (moved.actual, moved.would_be) == (charged(other), everybody.accounts.get(account=account).would_be)


def test_a_run_on_an_own_card_is_about_its_account(account: Account, bare_account: BareAccount) -> None:
    charge("aipbx", event(account, **CALL), event(bare_account("aipbx", paid="20"), **CALL))
    run = worked_off(ask(own_card(account)))
    assert (run.account_id, run.calls, run.changed) == (account.pk, 1, 1)


def test_a_killed_worker_leaves_a_run_that_the_next_one_ends_with_the_same_sums(
    account: Account, bare_account: BareAccount, draft: RateCardVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = bare_account("aipbx", paid="20")
    charge("aipbx", *(event(one, **CALL) for one in (account, other) for _ in range(5)))
    double(draft, "stt")
    whole = worked_off(ask(draft))
    monkeypatch.setattr(reading, "BATCH", 3)
    run = ask(draft)
    for _ in range(2):  # two workers that die after a batch each
        with pytest.raises(KeyboardInterrupt):
            running.work_off(run_id=run.pk, after_batch=_killed)
        run.refresh_from_db()
        assert run.status == WhatIfStatus.RUNNING
        assert running.work_off(run_id=run.pk) is False  # its lease holds
        WhatIfRun.objects.filter(pk=run.pk).update(leased_until=timezone.now())
    assert run.calls == 6
    assert running.ring_for_due() == 1
    worked_off(run)
    for name in (*running.SUMS, "components", "most_changed"):
        assert getattr(run, name) == getattr(whole, name), name
    assert sum(one.calls for one in run.accounts.all()) == 10


def _killed() -> None:
    raise KeyboardInterrupt


def test_an_edit_of_the_draft_makes_an_interrupted_run_begin_again(
    account: Account, draft: RateCardVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge("aipbx", *(event(account, **CALL) for _ in range(4)))
    monkeypatch.setattr(reading, "BATCH", 2)
    run = ask(draft)
    with pytest.raises(KeyboardInterrupt):
        running.work_off(run_id=run.pk, after_batch=_killed)
    double(draft, "stt")
    WhatIfRun.objects.filter(pk=run.pk).update(leased_until=timezone.now())
    worked_off(run)
    assert (run.calls, run.changed) == (4, 4)


def test_a_worker_whose_run_was_stopped_writes_no_more(
    account: Account, draft: RateCardVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge("aipbx", *(event(account, **CALL) for _ in range(4)))
    monkeypatch.setattr(reading, "BATCH", 2)
    run = ask(draft)
    assert running.work_off(run_id=run.pk, after_batch=lambda: _stop(run)) is False
    run.refresh_from_db()
    assert (run.status, run.calls) == (WhatIfStatus.STOPPED, 2)
    assert sum(one.calls for one in WhatIfAccount.objects.filter(run=run)) == 2


def _stop(run: WhatIfRun) -> None:
    asking.stop(run=run)


def test_a_run_writes_nothing_but_itself(account: Account, draft: RateCardVersion) -> None:
    charge("aipbx", event(account, **CALL))
    double(draft, "stt")
    run = ask(draft)
    written: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.split(None, 1)[0].upper() in ("INSERT", "UPDATE", "DELETE"):
            written.append(sql)
        return execute(sql, params, many, context)

    before = list(UsageEvent.objects.values_list("pk", "total", "version_id", "transaction_id"))
    account.wallet.refresh_from_db()
    balance = account.wallet.paid
    with connection.execute_wrapper(watch):
        worked_off(run)
    assert written and all("usage_whatif" in sql for sql in written)
    assert list(UsageEvent.objects.values_list("pk", "total", "version_id", "transaction_id")) == before
    account.wallet.refresh_from_db()
    assert account.wallet.paid == balance < Money(20, "USD")


def test_the_same_question_is_one_run_while_it_is_answered(account: Account, draft: RateCardVersion) -> None:
    charge("aipbx", event(account, **CALL))
    first = ask(draft)
    assert ask(draft).pk == first.pk
    worked_off(first)
    assert ask(draft).pk != first.pk


def test_what_cannot_be_asked_is_refused(account: Account, draft: RateCardVersion, bare_account: BareAccount) -> None:
    with pytest.raises(ValidationError, match="belongs to another product"):
        ask(draft, bare_account("osmtalk"))
    empty = draft_version(card=draft.card, starts_at=timezone.now())
    with pytest.raises(ValidationError, match="no prices yet"):
        ask(empty)
    for first, last, words in (
        (today(), today() - timedelta(days=1), "Before the first day"),
        (today(), today() + timedelta(days=2), "In the future"),
        (today() - timedelta(days=400), today(), "More than 366 days"),
    ):
        with pytest.raises(ValidationError, match=words):
            asking.ask(version=draft, account=None, first_day=first, last_day=last, user_id=make_user().pk)
    assert WhatIfRun.objects.count() == 0


def test_a_draft_that_was_thrown_away_ends_its_run(account: Account, draft: RateCardVersion) -> None:
    run = ask(draft)
    draft.delete()
    assert running.work_off(run_id=run.pk) is False
    run.refresh_from_db()
    assert (run.status, run.error) == (WhatIfStatus.FAILED, running.GONE)
