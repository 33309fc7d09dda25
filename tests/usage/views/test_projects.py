"""Projects: their modes, what they used with the would-be cost apart, and going live and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from billing.models import Transaction
from organizations.models import Account, Mode, Project, Role
from organizations.services.projects import set_mode
from tests.factories import make_member
from tests.usage.events import charge, event, key_of, question
from usage.models import UsageEvent
from usage.services.authorize import authorize

NOON = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
QUERIES_AT_MOST = 15


@pytest.fixture
def account(bare_account: Callable[..., Account]) -> Account:
    """Aitelier starts projects in the sandbox: a success costs $0.90, a conversation $0.60."""
    return bare_account("aitelier", paid="10", projects={"pilot": "sandbox", "desk": "live"})


def project_of(account: Account, slug: str) -> Project:
    return account.projects.get(external_id=slug)


def ask(account: Account, slug: str, mode: str) -> str:
    return reverse(f"project_{mode}", args=[project_of(account, slug).pk])


def balance_of(account: Account) -> Decimal:
    account.wallet.refresh_from_db()
    return account.wallet.paid.amount


def lines_of(response: Any) -> dict[str, Any]:
    return {line.project.external_id: line for line in response.context["lines"]}


def test_each_project_shows_its_mode_and_the_would_be_cost_is_in_no_total(
    account: Account, reader: Callable[..., Client]
) -> None:
    charge(
        "aitelier",
        event(account, project="pilot", outcome="success"),
        event(account, project="desk", outcome="conversation"),
    )
    response = reader(account).get(reverse("projects"))
    lines = lines_of(response)
    assert (lines["pilot"].month.spent, lines["pilot"].month.simulated) == (Decimal(0), Decimal("0.9"))
    assert (lines["desk"].month.spent, lines["desk"].month.simulated) == (Decimal("0.6"), Decimal(0))
    assert (response.context["total"].spent, response.context["total"].simulated) == (Decimal("0.6"), Decimal("0.9"))
    page = response.content.decode()
    assert 'Sandbox usage, with 1 call, would have cost <span class="simulated">$0.90</span>.' in page
    assert "$1.50" not in page
    assert f'href="{ask(account, "pilot", "live")}"' in page
    assert f'href="{ask(account, "desk", "sandbox")}"' in page
    assert "They start in the sandbox." in page


def test_requests_are_counted_beside_calls_and_services_that_share_the_balance_are_named(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("osmtalk", paid="10", projects={"gateway": "live", "line": "live"})
    request: dict[str, Any] = {"event_type": "llm.completed", "project": "gateway", "provider_costs": {"llm": "0.80"}}
    charge("osmapi", event(account, **request), event(account, **request))
    response = reader(account).get(reverse("projects"))
    lines = lines_of(response)
    assert (lines["gateway"].month.calls, lines["gateway"].month.requests, response.context["total"].requests) == (
        0,
        2,
        2,
    )
    page = response.content.decode()
    assert page.count("2 LLM requests") == 2  # in the table, and on a phone
    assert "New projects are made in osmTalk and osmAPI and appear here at once." in page
    pbx = reader(bare_account("aipbx")).get(reverse("projects")).content.decode()
    assert ("New projects are made in AI PBX and appear here at once." in pbx, "LLM request" in pbx) == (True, False)


def test_the_month_is_the_accounts_own_and_thirty_days_reach_into_the_one_before(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    with time_machine.travel(NOON - timedelta(days=40), tick=False):
        account = bare_account("aitelier", paid="10", projects={"pilot": "sandbox"}, timezone="America/New_York")
    # The last is of February 28, 23:30 in New York; the first is a day too old for the thirty.
    for moment in (
        datetime(2026, 2, 13, 15, tzinfo=UTC),
        datetime(2026, 2, 14, 15, tzinfo=UTC),
        datetime(2026, 3, 1, 4, 30, tzinfo=UTC),
        datetime(2026, 3, 2, 15, tzinfo=UTC),
    ):
        with time_machine.travel(moment, tick=False):
            charge("aitelier", event(account, outcome="success", occurred_at=moment))
    with time_machine.travel(NOON, tick=False):
        client = reader(account)
        month = lines_of(client.get(reverse("projects")))["pilot"].month
        recent = client.get(ask(account, "pilot", "live")).context["recent"]
    assert (month.all_calls, month.simulated) == (1, Decimal("0.9"))
    assert (recent.simulated_calls, recent.simulated) == (3, Decimal("2.7"))


def test_going_live_says_what_changes_and_asking_changes_nothing(
    account: Account, reader: Callable[..., Client]
) -> None:
    charge("aitelier", event(account, project="pilot", outcome="success"))
    authorize(key=key_of("aitelier"), request=question(account, "c-1", project="pilot", tier="standard"))
    authorize(key=key_of("aitelier"), request=question(account, "c-2", project="desk", tier="standard"))
    page = reader(account).get(ask(account, "pilot", "live")).content.decode()
    assert "charged to the balance" in page
    assert '<span class="simulated">$0.90</span>' in page
    assert "1 call is in progress. It is still simulated when it ends" in page
    assert "You can go back to the sandbox at any time." in page
    assert project_of(account, "pilot").is_sandbox


def test_going_live_charges_what_comes_next_and_nothing_that_was_simulated(
    account: Account, reader: Callable[..., Client]
) -> None:
    client = reader(account)
    charge("aitelier", event(account, project="pilot", outcome="success"))
    assert balance_of(account) == Decimal(10)
    answer = client.post(ask(account, "pilot", "live"), follow=True)
    assert answer.redirect_chain == [(reverse("projects"), 303)]
    assert "Pilot is live. Its usage is charged from now on." in answer.content.decode()
    assert not project_of(account, "pilot").is_sandbox
    assert balance_of(account) == Decimal(10)
    charge("aitelier", event(account, project="pilot", outcome="success"))
    assert balance_of(account) == Decimal("9.1")


def test_back_in_the_sandbox_the_wallet_rests_and_the_balance_denies_no_call(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("aitelier", paid="0", projects={"desk": "live"})
    key = key_of("aitelier")
    assert authorize(key=key, request=question(account, "c-1", tier="standard"))["allowed"] is False
    client = reader(account)
    assert "Its charges" not in client.get(reverse("projects")).content.decode()
    assert "the balance does not move" in client.get(ask(account, "desk", "sandbox")).content.decode()
    answer = client.post(ask(account, "desk", "sandbox"), follow=True)
    assert "Desk is in the sandbox. Its usage moves no money from now on." in answer.content.decode()
    allowed = authorize(key=key, request=question(account, "c-2", tier="standard"))
    assert (allowed["allowed"], allowed["mode"], allowed["hold"]) == (True, "sandbox", None)
    before = Transaction.objects.count()
    charge("aitelier", event(account, outcome="success", call_id="c-2"))
    assert Transaction.objects.count() == before


def test_a_call_keeps_the_mode_that_it_started_in_as_the_page_says(
    account: Account, reader: Callable[..., Client]
) -> None:
    authorize(key=key_of("aitelier"), request=question(account, "c-pilot", project="pilot", tier="standard"))
    authorize(key=key_of("aitelier"), request=question(account, "c-desk", project="desk", tier="standard"))
    client = reader(account)
    words = client.get(ask(account, "desk", "sandbox")).content.decode()
    assert "1 call is in progress. It is still charged when it ends" in words
    client.post(ask(account, "pilot", "live"))
    client.post(ask(account, "desk", "sandbox"))
    charge(
        "aitelier",
        event(account, project="pilot", outcome="success", call_id="c-pilot"),
        event(account, project="desk", outcome="success", call_id="c-desk"),
    )
    simulated = dict(UsageEvent.objects.filter(account=account).values_list("call_id", "is_simulated"))
    assert simulated == {"c-pilot": True, "c-desk": False}
    assert balance_of(account) == Decimal("9.1")
    assert (account.wallet.held.amount, account.wallet.held_calls) == (Decimal(0), 0)


def test_going_live_without_money_says_that_no_call_will_start(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("aitelier", paid="0", projects={"pilot": "sandbox"})
    assert "The balance is used up" in reader(account).get(ask(account, "pilot", "live")).content.decode()


def test_what_is_done_already_is_said_and_done_once(account: Account, reader: Callable[..., Client]) -> None:
    client = reader(account)
    asked = client.get(ask(account, "desk", "live"), follow=True)
    assert (asked.redirect_chain, "Desk is live." in asked.content.decode()) == ([(reverse("projects"), 303)], True)
    answer = client.post(ask(account, "desk", "live"), follow=True).content.decode()
    assert "Desk is live." in answer
    assert "from now on" not in answer


def test_who_changed_a_mode_is_in_the_log(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    user, project = make_member(account), project_of(account, "pilot")
    with caplog.at_level("INFO", logger="organizations.services.projects"):
        for _time in range(2):
            set_mode(account_id=account.pk, project_id=project.pk, mode=Mode.LIVE, user_id=user.pk)
    assert [record.getMessage() for record in caplog.records] == [
        f"Project {project.pk} of account {account.pk} was set to live by user {user.pk}."
    ]


def test_a_product_without_a_sandbox_offers_none(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("aipbx", paid="1", projects={"main": "live"})
    client = reader(account)
    page = client.get(reverse("projects")).content.decode()
    assert "Live" in page
    assert "andbox" not in page
    assert client.get(ask(account, "main", "sandbox")).status_code == 404
    assert client.post(ask(account, "main", "sandbox")).status_code == 404
    with pytest.raises(ValidationError, match="There is no sandbox here"):
        set_mode(account_id=account.pk, project_id=project_of(account, "main").pk, mode=Mode.SANDBOX, user_id=1)
    assert not project_of(account, "main").is_sandbox


def test_a_project_that_its_service_put_into_the_sandbox_can_only_go_live(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("aipbx", paid="1", projects={"pilot": "sandbox", "main": "live"})
    client = reader(account)
    page = client.get(reverse("projects")).content.decode()
    assert ask(account, "pilot", "live") in page
    assert ask(account, "main", "sandbox") not in page
    assert "There is no way back to the sandbox." in client.get(ask(account, "pilot", "live")).content.decode()
    client.post(ask(account, "pilot", "live"))
    assert not project_of(account, "pilot").is_sandbox


@pytest.mark.parametrize("role", list(Role))
def test_owners_and_billing_members_change_modes_and_viewers_look(
    account: Account, reader: Callable[..., Client], role: Role
) -> None:
    client = reader(account, role)
    may = role != Role.VIEWER
    page = client.get(reverse("projects")).content.decode()
    assert ("Go live" in page, "Back to the sandbox" in page) == (may, may)
    for slug, mode in (("pilot", "live"), ("desk", "sandbox")):
        assert client.get(ask(account, slug, mode)).status_code == (200 if may else 403)
        assert client.post(ask(account, slug, mode)).status_code == (303 if may else 403)
    assert [project_of(account, slug).is_sandbox for slug in ("pilot", "desk")] == (
        [False, True] if may else [True, False]
    )


def test_a_stranger_finds_no_project_and_changes_none(
    account: Account, bare_account: Callable[..., Account], reader: Callable[..., Client], client: Client
) -> None:
    stranger = reader(bare_account("aitelier", projects={"own": "live"}))
    assert "Pilot" not in stranger.get(reverse("projects")).content.decode()
    for slug, mode in (("pilot", "live"), ("desk", "sandbox")):
        address = ask(account, slug, mode)
        assert (stranger.get(address).status_code, stranger.post(address).status_code) == (404, 404)
        for answer in (client.get(address), client.post(address)):
            assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/accounts/login/")
    assert [project_of(account, slug).is_sandbox for slug in ("pilot", "desk")] == [True, False]


def test_a_project_narrows_the_list(account: Account, reader: Callable[..., Client]) -> None:
    response = reader(account).get(reverse("projects"), {"project": project_of(account, "desk").pk})
    assert list(lines_of(response)) == ["desk"]


def test_the_page_asks_little_however_many_projects_there_are(
    bare_account: Callable[..., Account], reader: Callable[..., Client], statements: Callable[[], Any]
) -> None:
    account = bare_account("aitelier", paid="1", projects={f"p-{place}": "sandbox" for place in range(20)})
    client = reader(account)
    for address in (reverse("projects"), ask(account, "p-3", "live")):
        with statements() as sent:
            assert client.get(address)["Cache-Control"] == "private, no-store"
        assert len(sent) <= QUERIES_AT_MOST, sent
