"""Calls that are no longer reported are told of once for each silence, and a project's new mode each time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from notifications.models import Event, Notice
from organizations.models import Account, Mode
from organizations.services.projects import set_mode
from tests.factories import make_member
from tests.usage.events import charge, event
from usage.services.silence import tell_due

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def calls(account: Account, count: int) -> None:
    charge("letustalk", *[event(account, provider_costs={"llm": "0.01"}) for _each in range(count)])


def weeks_of_calls(account: Account, clock: time_machine.Traveller, *, each: int = 6) -> None:
    """Calls at ten o'clock of five Mondays; the clock stands at ten of the last one."""
    for _week in range(4):
        calls(account, each)
        clock.shift(timedelta(weeks=1))
    calls(account, each)


def test_a_silence_is_told_once(make_account: Callable[..., Account]) -> None:
    with time_machine.travel(MONDAY - timedelta(weeks=5, hours=2), tick=False) as clock:
        account = make_account("letustalk", paid="100")
        weeks_of_calls(account, clock)
        last = datetime.now(UTC)
        clock.shift(timedelta(hours=1))
        assert tell_due() == 0
        clock.shift(timedelta(weeks=1, hours=1))
        assert (tell_due(), tell_due()) == (1, 0)
    notice = Notice.objects.get(event=Event.SERVICE_SILENT)
    assert notice.facts == {"since": last.isoformat()}


@pytest.mark.parametrize("each", [0, 4])
def test_few_calls_are_no_habit(make_account: Callable[..., Account], each: int) -> None:
    with time_machine.travel(MONDAY - timedelta(weeks=5, hours=2), tick=False) as clock:
        account = make_account("letustalk", paid="100")
        calls(account, 1)
        weeks_of_calls(account, clock, each=each) if each else clock.shift(timedelta(weeks=4))
        clock.shift(timedelta(weeks=1, hours=2))
        assert tell_due() == 0


def test_a_suspended_account_is_not_told(make_account: Callable[..., Account]) -> None:
    with time_machine.travel(MONDAY - timedelta(weeks=5, hours=2), tick=False) as clock:
        account = make_account("letustalk", paid="100")
        weeks_of_calls(account, clock)
        clock.shift(timedelta(weeks=1, hours=2))
        Account.objects.update(status=Account.Status.SUSPENDED)
        assert tell_due() == 0


def test_a_new_mode_is_told_with_who_changed_it(make_account: Callable[..., Account]) -> None:
    account = make_account("aitelier", projects=[("desk", "sandbox")])
    owner = make_member(account, name="Maria Lopez")
    project = account.projects.get()
    for _again in range(2):  # the second time changes nothing
        set_mode(account_id=account.pk, project_id=project.pk, mode=Mode.LIVE, user_id=owner.pk)
    set_mode(account_id=account.pk, project_id=project.pk, mode=Mode.SANDBOX, user_id=None)
    facts = list(Notice.objects.filter(event=Event.PROJECT_MODE).order_by("id").values_list("facts", flat=True))
    assert facts == [
        {"project": "Desk", "project_id": "desk", "mode": "live", "by": "Maria Lopez"},
        {"project": "Desk", "project_id": "desk", "mode": "sandbox", "by": ""},
    ]
