"""The monthly ceiling: the account's own months, no attempt and no failure beyond it, and one letter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.selectors.auto_top_up import added_in, month_of
from billing.services import auto_top_up
from billing.verification.run import verify
from notifications.services.incidents import dismiss
from tests.billing.auto.rules import (
    DECLINING,
    armed_below,
    attempt,
    attempts,
    balance,
    banner,
    behave,
    cool_down,
    letters,
    retry,
    rule_of,
    set_rule,
    spend,
    standing,
    with_card,
)
from tests.billing.letters import told
from tests.billing.topups.paying import sweep
from tests.factories import make_member

if TYPE_CHECKING:
    from organizations.models import Account
    from tests.billing.conftest import StripeWorld

D = Decimal
KOLKATA = ZoneInfo("Asia/Kolkata")


def empty(account: Account, key: str) -> None:
    """Spend all but three dollars."""
    spend(account, str(balance(account) - 3), key)


def test_the_ceiling_lets_in_as_many_multiples_as_fit(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account)
    set_rule(account, threshold="200", amount="50", ceiling="120")
    assert attempt(account) is not None
    assert (attempts(account), balance(account)) == ([(D(100), "succeeded", "")], D(103))


def test_beyond_the_ceiling_nothing_is_attempted_and_nothing_has_failed(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account)
    set_rule(account, ceiling="99")
    attempt(account)
    empty(account, "first")
    for _ in range(3):
        assert attempt(account) is None
        assert auto_top_up.attempt_due() == 0
    assert (attempts(account), standing(account)) == ([(D(50), "succeeded", "")], ("on", 0))
    incident = banner(account)
    assert incident is not None
    assert (incident.reason, incident.details["ceiling"]) == ("ceiling_reached", "99.000000")
    assert (letters("auto_top_up_ceiling"), armed_below(account)) == (1, None)
    with pytest.raises(ValidationError, match="The monthly ceiling leaves no room"):
        retry(account)
    assert verify() == []


def test_a_dismissed_ceiling_is_not_told_again_in_its_month(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account)
    set_rule(account, ceiling="50")
    attempt(account)
    empty(account, "first")
    attempt(account)
    incident = banner(account)
    assert incident is not None
    dismiss(incident=incident, user=make_member(account))
    set_rule(account, ceiling="50")
    assert attempt(account) is None
    assert banner(account) is None
    (letter,) = told.letters("auto_top_up_ceiling")
    assert letter.subject == "Aitelier: The monthly ceiling of automatic top-up is reached"


def test_a_raised_ceiling_goes_on_at_once(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account)
    set_rule(account, ceiling="50")
    attempt(account)
    empty(account, "first")
    attempt(account)
    set_rule(account, ceiling="100")
    assert auto_top_up.attempt_due() == 1
    assert (balance(account), banner(account), armed_below(account)) == (D(53), None, D(20))


def test_what_is_in_flight_counts_and_what_failed_does_not(stripe: StripeWorld, account: Account) -> None:
    card = with_card(stripe, account, DECLINING)
    set_rule(account, ceiling="50")
    attempt(account)
    cool_down(account)
    behave(stripe, card, decline="")
    stripe.site.fail_next("/v1/payment_intents", "cut", method="POST")
    attempt(account)
    assert attempts(account) == [(D(50), "failed", "card_declined"), (D(50), "unknown", "")]
    assert added_in(account.wallet.pk, month_of(timezone.now(), ZoneInfo("UTC"))) == D(50)
    sweep()
    empty(account, "first")
    assert attempt(account) is None
    incident = banner(account)
    assert incident is not None and incident.reason == "ceiling_reached"


def test_the_month_ends_at_the_accounts_own_midnight(stripe: StripeWorld, make_account: Callable[..., Account]) -> None:
    last_minute = datetime(2027, 3, 31, 18, 29, tzinfo=UTC)  # 23:59 in Kolkata
    with time_machine.travel(last_minute, tick=True) as clock:
        account = make_account("aitelier", timezone="Asia/Kolkata", email="owner@acme.example", paid="3")
        with_card(stripe, account)
        set_rule(account, ceiling="50")
        first = attempt(account)
        assert first is not None and first.month is not None
        assert first.month.isoformat() == "2027-03-01"
        empty(account, "first")
        assert attempt(account) is None
        assert rule_of(account).next_attempt_at == datetime(2027, 4, 1, tzinfo=KOLKATA)
        clock.move_to(datetime(2027, 3, 31, 18, 29, 59, tzinfo=UTC))
        assert auto_top_up.attempt_due() == 0
        clock.move_to(datetime(2027, 3, 31, 18, 30, tzinfo=UTC))  # April in Kolkata
        assert auto_top_up.attempt_due() == 1
        assert [status for _, status, _ in attempts(account)] == ["succeeded", "succeeded"]
        assert (balance(account), banner(account), standing(account)) == (D(53), None, ("on", 0))
