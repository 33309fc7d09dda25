"""What happens to a call between two statements of its heartbeat: no hold is counted that does not exist."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from billing.models import Hold
from billing.services import holds
from billing.verification.run import verify
from organizations.models import Account
from tests.billing.threads import at_once
from tests.usage.events import key_of, question
from usage.services.authorize import authorize, extend, release

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Account]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], Any]], None]:
    """`meanwhile("find_expired", act)`: what another client does right after this function of `holds` was called."""

    def arrange(name: str, act: Callable[[], Any]) -> None:
        real = getattr(holds, name)

        def interrupted(*args: Any, **kwargs: Any) -> Any:
            monkeypatch.setattr(holds, name, real)
            found = real(*args, **kwargs)
            (answer,) = at_once([act])
            assert not isinstance(answer, Exception), answer
            return found

        monkeypatch.setattr(holds, name, interrupted)

    return arrange


def held(account: Account) -> tuple[D, int]:
    account.wallet.refresh_from_db()
    return account.wallet.held.amount, account.wallet.held_calls


def test_a_release_that_comes_while_an_expired_hold_is_placed_anew_wins(
    bare_account: Make, meanwhile: Callable[..., None]
) -> None:
    account, key = bare_account("aipbx", paid="5"), key_of("aipbx")
    authorize(key=key, request=question(account, "c-1"))
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        holds.expire_due()
        meanwhile("place_statement", lambda: release(key=key, call_id="c-1"))
        answer = extend(key=key, call_id="c-1", elapsed_seconds=60)
    assert (answer["proceed"], answer["reason"]) == (False, "call_ended")
    assert held(account) == (D(0), 0)
    assert not Hold.objects.filter(status="active").exists()
    assert verify() == []


def test_a_call_that_another_account_takes_over_meanwhile_is_extended_there(
    bare_account: Make, meanwhile: Callable[..., None]
) -> None:
    first, second, key = bare_account("aipbx", paid="5"), bare_account("aipbx", paid="5"), key_of("aipbx")
    authorize(key=key, request=question(first, "c-1"))
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=False):
        holds.expire_due()
        meanwhile("find_expired", lambda: authorize(key=key, request=question(second, "c-1")))
        assert extend(key=key, call_id="c-1", elapsed_seconds=60)["hold"]["amount"] == "0.280000"
        assert (held(first), held(second)) == ((D(0), 0), (D("0.28"), 1))
        assert verify() == []
