"""The ledger against a simple model: hypothesis looks for an order of events after which the two disagree.

After every step wallet and model say the same; after every run all invariants hold.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from billing.models import Grant, GrantKind, Hold, Transaction, TransactionKind, Wallet
from billing.services import grants, holds, ledger
from billing.services.books import Note
from billing.services.chain import TransferPart
from billing.services.credits import adjust, credit
from billing.services.state import WalletState
from billing.verification.registry import named
from billing.verification.run import verify
from organizations.database import run
from organizations.models import Service
from tests.billing.ledger_model import ZERO, Model
from tests.billing.wallets import make_product, make_wallet
from usage.verification import INVARIANTS as OF_USAGE

START = datetime(2036, 11, 21, 9, tzinfo=UTC)  # ahead of the server's clock, by which sweeps would be late
ZONE = ZoneInfo("Asia/Kolkata")
BILLING_RULES = [one.name for one in named() if one not in OF_USAGE]
ALLOTMENT = Decimal(3)

amounts = st.decimals(min_value="0.000001", max_value="5", places=6)
large_amounts = st.decimals(min_value="5", max_value="30", places=2)
waits = st.sampled_from([timedelta(minutes=1), timedelta(hours=1), timedelta(hours=20), timedelta(days=12)])
picks = st.integers(min_value=0, max_value=1_000)


class Ledger(RuleBasedStateMachine):
    """One wallet and its model; time stands still but for `wait`."""

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.clock = time_machine.travel(START, tick=False)
        self.time = self.clock.start()
        self.steps = 0
        product = make_product(allotment=str(ALLOTMENT))
        self.service = Service.objects.create(product=product, slug="pbx", name="PBX")
        self.wallet = make_wallet(product, timezone=ZONE.key)
        self.model = Model()
        self.resets_at = self._allotment()

    def teardown(self) -> None:
        """Every invariant of the ledger holds; nothing is left behind."""
        try:
            assert verify(BILLING_RULES) == []
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)
            self.clock.stop()

    @property
    def now(self) -> datetime:
        """The moment that stands still."""
        return datetime.now(UTC)

    def _step(self) -> int:
        self.steps += 1
        return self.steps

    def _allotment(self) -> datetime:
        """Enter the allotment that was just granted in the model; returns when the next one is due."""
        resets_at = Wallet.objects.get(pk=self.wallet.pk).allotment_resets_at
        assert resets_at is not None and resets_at > self.now
        assert resets_at.astimezone(ZONE).hour == 0
        self.model.give("allotment", ALLOTMENT, resets_at)
        return resets_at

    def _opened(self) -> None:
        """What opening the books does first: credit expires, and a cycle begins whose date has come."""
        self.model.expire(self.now)
        if self.resets_at <= self.now:
            for grant in self.model.grants:
                if grant.kind == "allotment":
                    grant.left = ZERO
            self.resets_at = self._allotment()

    @rule(amount=amounts | large_amounts)
    def pay(self, amount: Decimal) -> None:
        self._credit(GrantKind.PAID, amount, None)

    @rule(amount=amounts, days=st.none() | st.integers(min_value=1, max_value=20))
    def give_promo(self, amount: Decimal, days: int | None) -> None:
        self._credit(GrantKind.PROMO, amount, None if days is None else self.now + timedelta(days=days))

    @precondition(lambda self: self.resets_at > self.now)
    @rule(amount=amounts)
    def give_promo_that_ends_with_the_cycle(self, amount: Decimal) -> None:
        self._credit(GrantKind.PROMO, amount, self.resets_at)

    def _credit(self, kind: GrantKind, amount: Decimal, expires_at: datetime | None) -> None:
        key = f"credit:{self._step()}"
        for _repeated in range(2):
            credit(
                wallet_id=self.wallet.pk, kind=kind, amount=amount, key=key, description="Credit",
                transaction_kind=TransactionKind.CREDIT if kind == GrantKind.PAID else TransactionKind.PROMO,
                expires_at=expires_at,
            )  # fmt: skip
        self._opened()
        self.model.give(kind.value, amount, expires_at)

    @rule(amount=st.decimals(min_value="-5", max_value="5", places=6).filter(bool))
    def correct(self, amount: Decimal) -> None:
        key = f"adjustment:{self._step()}"
        is_expired = any(g.left and g.expires_at and g.expires_at <= self.now for g in self.model.grants)
        if amount < 0 and (is_expired or self.resets_at <= self.now):
            return  # a refusal undoes the withdrawal and the allotment that it is decided by
        if amount < 0 and -amount > self.model.balance() - self.model.held():
            with pytest.raises(ValidationError):
                adjust(wallet_id=self.wallet.pk, amount=amount, reason="Wrong", actor_id=None, key=key)
            return
        adjust(wallet_id=self.wallet.pk, amount=amount, reason="Wrong", actor_id=None, key=key)
        self._opened()
        if amount > 0:
            self.model.give("paid", amount)
        else:
            self.model.take(-amount)

    @rule(amount=amounts | large_amounts)
    def charge(self, amount: Decimal) -> None:
        self._charge(amount)

    @rule(amount=amounts, seconds=st.integers(min_value=30, max_value=100_000))
    def hold(self, amount: Decimal, seconds: int) -> None:
        call_id = f"call-{self._step()}"
        with transaction.atomic():
            books, _ = ledger.open_books([self.wallet.pk])
            expires_at = self.now + timedelta(seconds=seconds)
            placing = holds.place_statement(
                books, wallet_id=self.wallet.pk, service_id=self.service.pk, call_id=call_id, project_id=None,
                amount=amount, expires_at=expires_at, request={}, answer={},
            )  # fmt: skip
            run(placing)
            ledger.write(books)
        self._opened()
        self.model.holds[call_id] = amount, expires_at

    @precondition(lambda self: self.model.holds)
    @rule(pick=picks, more=amounts)
    def extend(self, pick: int, more: Decimal) -> None:
        call_id, (amount, _) = self._picked(pick)
        expires_at = self.now + timedelta(minutes=15)
        with transaction.atomic():
            books, _reads = ledger.open_books([self.wallet.pk])
            hold = Hold.objects.get(call_id=call_id)
            wallet = books.wallets[self.wallet.pk]
            books.resize_hold(wallet, hold.pk, old=amount, new=amount + more, expires_at=expires_at)
            ledger.write(books)
        self._opened()
        self.model.holds[call_id] = amount + more, expires_at

    @precondition(lambda self: self.model.holds)
    @rule(pick=picks, amount=amounts)
    def capture(self, pick: int, amount: Decimal) -> None:
        call_id, (held, _) = self._picked(pick)
        self._charge(amount, ends=(call_id, held))
        del self.model.holds[call_id]

    @precondition(lambda self: self.model.holds)
    @rule(pick=picks)
    def release(self, pick: int) -> None:
        call_id, _ = self._picked(pick)
        for _repeated in range(2):
            holds.release(service_id=self.service.pk, call_id=call_id)
        self._opened()
        del self.model.holds[call_id]

    @rule()
    def expire_holds(self) -> None:
        over = [call_id for call_id, (_, expires_at) in self.model.holds.items() if expires_at <= self.now]
        assert holds.expire_due() == len(over)
        if over:
            self._opened()
        for call_id in over:
            del self.model.holds[call_id]

    @precondition(lambda self: set(self.model.charges) - self.model.voided)
    @rule(pick=picks)
    def void(self, pick: int) -> None:
        open_charges = sorted(set(self.model.charges) - self.model.voided)
        number = open_charges[pick % len(open_charges)]
        with transaction.atomic():
            books, _ = ledger.open_books([self.wallet.pk])
            charged = Transaction.objects.get(wallet=self.wallet, key=f"charge:{number}")
            rows: list[TransferPart] = [
                (part.source_id, part.target_id, part.amount.amount, part.grant_id)
                for part in charged.transfers.order_by("id")
            ]
            known = ledger.load_grants(books, [row[3] for row in rows if row[3] is not None])
            note = Note("void", f"void:{number}", "Reversal", "Wrong")
            wallet = books.wallets[self.wallet.pk]
            books.reverse(wallet, rows, known, note, spent_on=charged.day)
            books.expire_due(wallet)
            ledger.write(books)
        self._opened()
        self.model.void(number, self._today(), self.now)

    @rule(length=waits)
    def wait(self, length: timedelta) -> None:
        self.time.shift(length)

    @rule()
    def expire_credit(self) -> None:
        grants.expire_due()
        assert grants.expire_due() == 0
        self.model.expire(self.now)
        if Wallet.objects.get(pk=self.wallet.pk).allotment_resets_at != self.resets_at:  # it had something to open
            self._opened()

    @precondition(lambda self: self.resets_at <= self.now)
    @rule()
    def start_cycle(self) -> None:
        assert grants.reset_due_allotments() == 1
        assert grants.reset_due_allotments() == 0
        self._opened()

    def _charge(self, amount: Decimal, ends: tuple[str, Decimal] | None = None) -> None:
        number = self._step()
        with transaction.atomic():
            books, _ = ledger.open_books([self.wallet.pk])
            wallet: WalletState = books.wallets[self.wallet.pk]
            if ends is not None:
                books.end_hold(wallet, Hold.objects.get(call_id=ends[0]).pk, ends[1], "captured")
            books.charge(wallet, amount, Note("call", f"charge:{number}", "Call"))
            ledger.write(books)
        self._opened()
        self.model.charge(number, amount, self._today())

    def _picked(self, pick: int) -> tuple[str, tuple[Decimal, datetime]]:
        return list(self.model.holds.items())[pick % len(self.model.holds)]

    def _today(self) -> date:
        return self.now.astimezone(ZONE).date()

    @invariant()
    def wallet_and_model_agree(self) -> None:
        """Balances, holds, the day's spending and each single grant."""
        wallet = Wallet.objects.get(pk=self.wallet.pk)
        model = self.model
        assert {
            "paid": wallet.paid.amount,
            "promo": wallet.promo.amount,
            "allotment": wallet.allotment.amount,
            "debt": wallet.debt.amount,
            "held": wallet.held.amount,
            "calls": wallet.held_calls,
        } == {
            "paid": model.of("paid"),
            "promo": model.of("promo"),
            "allotment": model.of("allotment"),
            "debt": model.debt,
            "held": model.held(),
            "calls": len(model.holds),
        }
        today = self._today()
        spent = wallet.spent_today.amount if wallet.spent_on == today else ZERO
        assert spent == model.spent.get(today, ZERO)
        left = Grant.objects.filter(wallet=wallet).order_by("id").values_list("kind", "remaining")
        assert list(left) == [(grant.kind, grant.left) for grant in model.grants]


@pytest.mark.django_db
def test_the_ledger_does_what_a_simple_model_does() -> None:
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=int(os.environ.get("STATE_MACHINE_EXAMPLES", "40")),
            stateful_step_count=30,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
