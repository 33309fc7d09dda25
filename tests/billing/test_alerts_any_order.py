"""Alerts against a simple model: hypothesis looks for an order of events after which something else is told.

After every step, whether services were told that calls start is what they would be answered if they asked, and nothing
was told them twice in a row.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from billing.models import GrantKind, ProductTerms, Wallet
from billing.selectors.balance import balance_of
from billing.services import calls, ledger
from billing.services.limits import set_alerts, set_limits
from billing.services.wallets import set_frozen
from billing.verification.run import verify
from notifications.models import Notice
from organizations.models import Account
from organizations.services.accounts import set_status
from tests.billing.alerts_model import Model
from tests.billing.news import News
from tests.billing.test_ledger import charge, reverse
from tests.billing.wallets import give, make_product, make_wallet

START = datetime(2026, 10, 24, 21, tzinfo=UTC)  # an hour before a day of 25 hours
ZONE = ZoneInfo("Europe/Berlin")
RULES = ["alerts_have_notices", "calls_are_told_by_turns", "alerts_agree_with_balances"]

amounts = st.decimals(min_value="0.5", max_value="12", places=1)
levels = st.none() | st.sampled_from([Decimal(5), Decimal(10), Decimal(20)])
floors = st.sampled_from([Decimal(0), Decimal(1), Decimal(4)])
waits = st.sampled_from([timedelta(minutes=59), timedelta(hours=1), timedelta(hours=25), timedelta(days=31)])


class Told(RuleBasedStateMachine):
    """One wallet and its model; time stands still but for `wait`."""

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.clock = time_machine.travel(START, tick=False)
        self.time = self.clock.start()
        self.product = make_product()
        self.wallet = make_wallet(self.product, timezone=ZONE.key)
        self.model = Model(stops=dict.fromkeys(("account_suspended", "wallet_frozen", "payment_overdue"), False))
        self.news = News(self.wallet)
        self.expected: list[str] = []
        self.charges: dict[str, tuple[Decimal, datetime]] = {}
        self.steps = 0

    def teardown(self) -> None:
        """What was told is what happened; nothing is left behind."""
        try:
            assert verify(RULES) == []
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)
            self.clock.stop()

    @rule(amount=amounts)
    def charge(self, amount: Decimal) -> None:
        self.steps += 1
        key = f"charge:{self.steps}"
        charge(self.wallet, str(amount), key)
        self.charges[key] = amount, datetime.now(UTC)
        self.expected = self.model.move(-amount, amount)

    @rule(amount=amounts)
    def pay(self, amount: Decimal) -> None:
        give(self.wallet, GrantKind.PAID, str(amount))
        self.expected = self.model.move(amount, Decimal(0))

    @precondition(lambda self: self.charges)
    @rule()
    def void(self) -> None:
        key, (amount, moment) = self.charges.popitem()
        reverse(self.wallet, key)
        is_of_today = moment.astimezone(ZONE).date() == datetime.now(ZONE).date()
        self.expected = self.model.move(amount, -amount if is_of_today else Decimal(0))

    @rule(threshold=levels)
    def set_threshold(self, threshold: Decimal | None) -> None:
        set_alerts(wallet_id=self.wallet.pk, alert_below=threshold, user_id=None)
        self.model.set_threshold(threshold)

    @rule(cap=levels)
    def set_cap(self, cap: Decimal | None) -> None:
        set_limits(wallet_id=self.wallet.pk, daily_cap=cap, concurrency_limit=None, user_id=None)
        self.expected = self.model.set_cap(cap)

    @rule(is_on=st.booleans())
    def freeze(self, is_on: bool) -> None:
        set_frozen(wallet_id=self.wallet.pk, is_frozen=is_on)
        self._stop("wallet_frozen", is_on)

    @rule(is_on=st.booleans())
    def suspend(self, is_on: bool) -> None:
        status = Account.Status.SUSPENDED if is_on else Account.Status.ACTIVE
        assert set_status(account_id=self.wallet.account_id, status=status) == (
            is_on != self.model.stops["account_suspended"]
        )
        self._stop("account_suspended", is_on)

    @rule(is_on=st.booleans())
    def owe(self, is_on: bool) -> None:
        with transaction.atomic():
            books, _reads = ledger.open_books([self.wallet.pk])
            books.wallets[self.wallet.pk].is_overdue = is_on
            books.touched.add(self.wallet.pk)
            Wallet.objects.filter(pk=self.wallet.pk).update(is_overdue=is_on)
            ledger.write(books)
        self._stop("payment_overdue", is_on)

    @rule(floor=floors)
    def move_the_floor(self, floor: Decimal) -> None:
        ProductTerms.objects.filter(product=self.product).update(floor=floor)
        self.model.floor = floor
        calls.settle_due()
        self._settled()

    @rule(length=waits)
    def wait(self, length: timedelta) -> None:
        before = datetime.now(ZONE).date()
        self.time.shift(length)
        if datetime.now(ZONE).date() != before:
            self.model.midnight()
        calls.settle_due()
        self._settled()

    def _stop(self, reason: str, is_on: bool) -> None:
        if self.model.stops[reason] != is_on:
            self.model.stops[reason] = is_on
            self.expected = self.model.move(Decimal(0), Decimal(0))

    def _settled(self) -> None:
        """The sweep looks only where calls stop or start by it; elsewhere the next posting sees what has changed."""
        if (self.model.reason() is not None) != self.model.services_think_shut:
            self.expected = self.model.move(Decimal(0), Decimal(0))

    @invariant()
    def what_was_told_is_what_should_be(self) -> None:
        """Neither more nor less, in this order."""
        expected, self.expected = self.expected, []
        assert self.news() == expected

    @invariant()
    def services_know_what_they_would_be_answered(self) -> None:
        """And hear it by turns."""
        wallet = Wallet.objects.select_related("account__product__terms").get(pk=self.wallet.pk)
        answer = balance_of(wallet).refusal
        to_services = Notice.objects.filter(account=wallet.account_id, event__in=["calls_refused", "calls_accepted"])
        told = [notice.event for notice in to_services.exclude(audience="people").order_by("pk")]
        assert all(one != other for one, other in pairwise(told))
        assert ("calls_refused" if answer else "calls_accepted") == (told[-1] if told else "calls_refused")
        assert calls.settle_due() == 0


@pytest.mark.django_db
def test_alerts_tell_what_a_simple_model_tells() -> None:
    run_state_machine_as_test(
        Told,
        settings=settings(
            max_examples=int(os.environ.get("STATE_MACHINE_EXAMPLES", "40")),
            stateful_step_count=30,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
