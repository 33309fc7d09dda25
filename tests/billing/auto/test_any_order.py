"""Whatever happens to a wallet with a rule, in whatever order: money and rule are right after every step."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.models import Card
from billing.selectors.auto_top_up import in_flight
from billing.services import auto_top_up, cards
from billing.verification.run import verify
from tests.billing.auto.rules import (
    attempt,
    attempts,
    balance,
    behave,
    cool_down,
    retry,
    rule_of,
    set_rule,
    spend,
    standing,
    with_card,
)
from tests.billing.journal import assert_journal_equals_ledger
from tests.billing.topups.paying import sweep

if TYPE_CHECKING:
    from organizations.models import Account
    from tests.billing.conftest import StripeWorld

STEPS = 40
TOKENS = ["pm_card_visa", "pm_card_mastercard", "pm_card_amex"]


class Life:
    """What customers, banks, networks and the clock do to one wallet, as a seed says."""

    def __init__(self, stripe: StripeWorld, account: Account, seed: int) -> None:
        self.stripe, self.account = stripe, account
        self.chance = random.Random(seed)
        self.number = 0

    def step(self) -> str:
        """Do one thing; its name."""
        happenings: list[Callable[[], object]] = [
            self.spend_some,
            self.spend_some,
            self.work,
            self.work,
            self.hear_webhooks,
            self.lose_the_next_answer,
            self.change_the_bank_s_mind,
            self.wait,
            self.set_another_rule,
            self.press_retry,
            self.add_or_remove_a_card,
        ]
        chosen = self.chance.choice(happenings)
        chosen()
        return chosen.__name__

    def spend_some(self) -> None:
        self.number += 1
        left = balance(self.account)
        if left > 0:
            spend(self.account, str(min(left, Decimal(self.chance.choice([1, 20, 45, 90])))), f"spent-{self.number}")

    def work(self) -> None:
        if self.chance.random() < 0.5:
            attempt(self.account)
        else:
            auto_top_up.attempt_due()

    def hear_webhooks(self) -> None:
        self.stripe.deliver(times=self.chance.choice([1, 2]))
        sweep()

    def lose_the_next_answer(self) -> None:
        mode = self.chance.choice(["cut", "lost", "500", "429"])
        self.stripe.site.fail_next("/v1/payment_intents", mode, method="POST")

    def change_the_bank_s_mind(self) -> None:
        decline = self.chance.choice(["", "", "insufficient_funds", "generic_decline"])
        for card in Card.objects.filter(removed_at__isnull=True):
            behave(self.stripe, card, decline=decline)

    def wait(self) -> None:
        if rule_of(self.account).status == "cooling":
            cool_down(self.account)

    def set_another_rule(self) -> None:
        set_rule(
            self.account,
            threshold=self.chance.choice(["10", "30", "120"]),
            amount=self.chance.choice(["20", "50"]),
            ceiling=self.chance.choice([None, None, "300"]),
            is_on=self.chance.random() < 0.85,
        )

    def press_retry(self) -> None:
        with suppress(ValidationError):  # which says why nothing can be charged
            retry(self.account)

    def add_or_remove_a_card(self) -> None:
        wallet_id = self.account.wallet.pk
        saved = list(Card.objects.filter(wallet_id=wallet_id, removed_at__isnull=True))
        if len(saved) < 2:
            with_card(self.stripe, self.account, self.chance.choice(TOKENS))
        else:
            cards.remove(wallet_id=wallet_id, card_id=self.chance.choice(saved).pk)

    def come_to_rest(self) -> None:
        """No more trouble; ten minutes later every sweep has run."""
        self.stripe.site.faults.clear()
        with time_machine.travel(timezone.now() + timedelta(minutes=10), tick=True):
            for _ in range(3):
                self.hear_webhooks()


@pytest.mark.parametrize("seed", range(5))
def test_money_and_rule_are_right_after_every_step(stripe: StripeWorld, account: Account, seed: int) -> None:
    life = Life(stripe, account, seed)
    with_card(stripe, account)
    set_rule(account)
    done = []
    for _ in range(STEPS):
        done.append(life.step())
        assert verify() == [], done
        status, failures = standing(account)
        assert (status == "disabled") == (failures == 3), done
        assert len([1 for _, one, _ in attempts(account) if one not in ("succeeded", "failed")]) <= 1, done
    life.come_to_rest()
    assert in_flight(account.wallet.pk) is None
    assert_journal_equals_ledger(stripe)
