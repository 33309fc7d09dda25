"""Calls that are no longer reported are told of once for each silence, and a project's new mode each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from notifications.models import Delivery, Event, Notice
from organizations.models import Account, Mode, Service
from organizations.services.projects import set_mode
from tests.factories import make_member, make_user
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


@pytest.fixture
def pair(make_account: Callable[..., Account]) -> Iterator[tuple[Account, Account, time_machine.Traveller]]:
    """Two accounts with calls at ten o'clock of five Mondays; it is eleven of the next one."""
    make_user(is_staff=True, email="ops@back.example")
    with time_machine.travel(MONDAY - timedelta(weeks=5, hours=2), tick=False) as clock:
        first, second = make_account("letustalk", paid="100"), make_account("letustalk", paid="100")
        for _week in range(5):
            for account in (first, second):
                calls(account, 6)
            clock.shift(timedelta(weeks=1))
        clock.shift(timedelta(hours=1))
        yield first, second, clock


def silent_since() -> datetime | None:
    return Service.objects.get(slug="letustalk").silent_since


def letters() -> list[Delivery]:
    return list(Delivery.objects.filter(recipient="ops@back.example").order_by("id"))


def test_staff_hear_once_of_a_service_none_of_whose_accounts_has_calls(
    pair: tuple[Account, Account, time_machine.Traveller],
) -> None:
    _first, second, clock = pair
    last = datetime(2026, 2, 23, 10, tzinfo=UTC)
    clock.shift(timedelta(hours=1))
    assert (tell_due(), tell_due()) == (2, 0)
    (letter,) = letters()
    assert letter.subject == "No calls from letustalk.ai since 2026-02-23 10:00 UTC"
    assert "at this time of the week: 2; none of them has any" in letter.body
    assert silent_since() == last
    clock.shift(timedelta(hours=9))  # at night there are none at any time: it is silent as it was
    tell_due()
    assert silent_since() == last
    calls(second, 1)
    tell_due()
    assert (silent_since(), len(letters())) == (None, 1)


def test_staff_who_switched_a_service_off_know_that_it_is_silent(
    pair: tuple[Account, Account, time_machine.Traveller],
) -> None:
    _first, _second, clock = pair
    Service.objects.update(is_active=False)
    clock.shift(timedelta(hours=1))
    assert (tell_due(), letters(), silent_since()) == (2, [], None)


def test_a_service_that_reports_of_one_account_is_not_silent(
    pair: tuple[Account, Account, time_machine.Traveller],
) -> None:
    _first, second, clock = pair
    calls(second, 1)
    clock.shift(timedelta(hours=1))
    assert (tell_due(), letters(), silent_since()) == (1, [], None)


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
