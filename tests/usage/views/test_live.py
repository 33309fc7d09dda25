"""The one poll of the site: silent and cheap while nothing moves, and nothing that moves escapes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from billing.models import AutoTopUp, TopUp, TopUpStatus, Wallet
from billing.services.limits import set_limits
from notifications.models import Incident
from notifications.services.incidents import dismiss, open_incident, resolve
from organizations.models import Account, Membership, Mode
from organizations.services.projects import set_mode
from tests.usage.events import charge, event, key_of, question
from usage.models import UsageEvent
from usage.services.authorize import authorize
from usage.services.void import void

COSTS = {"llm": "0.005", "stt": "0.006", "tts": "0.022", "sip": "0.007"}
VOID = {"input", "meta", "link", "br", "img", "hr"}
FIELD = re.compile(r'name="(account|within|seen|shown)"\s+value="([^"]*)"')
NO_SUCH_TOP_UP = {
    "provider": "stripe",
    "price_currency": "USD",
    "charge_currency": "USD",
    **dict.fromkeys(("amount", "net", "total", "charge_amount"), Decimal(10)),
    "tax": Decimal(0),
}


class Parts(HTMLParser):
    """The parts that a page asks for anew, and the fields to type in of every element that has an id."""

    def __init__(self) -> None:
        super().__init__()
        self.live: list[str] = []
        self.fields: dict[str, list[str]] = {}
        self.open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what begins here, and, for a field, all that is open around it."""
        known = dict(attrs)
        self.live += [
            part.partition(":")[0].strip("#") for part in (known.get("hx-select-oob") or "").split(",") if part
        ]
        own = known.get("id") or ""
        self.fields.setdefault(own, [])
        if tag in ("select", "textarea") or (tag == "input" and known.get("type") != "hidden"):
            for _tag, around in self.open:
                self.fields[around].append(known.get("name") or tag)
        if tag not in VOID:
            self.open.append((tag, own))

    def handle_endtag(self, tag: str) -> None:
        """Close the element, and what was left open in it."""
        while self.open and self.open.pop()[0] != tag:
            pass


def page(client: Client, name: str = "overview", **query: Any) -> dict[str, str]:
    """What a page that is open now asks with."""
    body = client.get(reverse(name), query).content.decode()
    return dict(FIELD.findall(body[body.index('id="live"') :]))


def look(client: Client, asked: dict[str, str]) -> Any:
    return client.get(
        reverse("live"), asked, headers={"HX-Current-URL": "http://testserver/billing/history/?view=each"}
    )


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def account(bare_account: Callable[..., Account]) -> Account:
    return bare_account("letustalk", paid="10", projects={"main": "live", "pilot": "sandbox"})


@pytest.fixture
def client(account: Account, reader: Callable[..., Client]) -> Client:
    return reader(account)


def test_nothing_new_costs_four_statements_and_no_word(
    account: Account, client: Client, statements: Callable[[], Any]
) -> None:
    for index in range(20):
        charge("letustalk", event(account, project="main", provider_costs=COSTS))
        authorize(key=key_of("letustalk"), request=question(account, f"c-{index}", project="main"))
    asked = page(client)
    with statements() as sent:
        response = look(client, asked)
    assert (response.status_code, response.content) == (204, b"")
    assert "HX-Trigger" not in response
    assert len(sent) == 4, sent  # session, reader, membership, pulse


def test_the_pulse_is_read_by_index_alone(account: Account, client: Client, statements: Callable[[], Any]) -> None:
    """What is asked every few seconds costs the same at a million rows."""
    asked = page(client)
    with statements() as sent:
        look(client, asked)
    (pulse,) = [each for each in sent if "billing_wallet" in each]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + pulse.replace("$1", str(account.pk)))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "usage_usageevent" in plan
    assert "Seq Scan" not in plan, plan


def test_a_change_comes_once_in_few_statements(account: Account, client: Client, statements: Callable[[], Any]) -> None:
    asked = page(client)
    charge("letustalk", event(account, project="main", provider_costs=COSTS))
    with statements() as sent:
        response = look(client, asked)
    assert len(sent) <= 10, sent
    assert (response.status_code, response["HX-Trigger"]) == (200, "moved")
    assert '<b class="money" id="bar-available" hx-swap-oob="true">$9.94<span class="micro">8</span></b>' in text_of(
        response
    )
    assert '<p id="live-words" hx-swap-oob="innerHTML">Available: $9.948</p>' in text_of(response)
    again = {**asked, **dict(FIELD.findall(response.content.decode()))}
    assert again["seen"] != asked["seen"]
    assert look(client, again).status_code == 204


def test_an_update_holds_what_every_page_shows_and_nothing_of_one(account: Account, client: Client) -> None:
    asked = page(client)
    charge("letustalk", event(account, project="main", provider_costs=COSTS))
    body = look(client, asked).content.decode()
    places = ["live-seen", "bar-available", "banners", "count-auto_top_up", "live-words"]
    assert re.findall(r'id="([^"]+)" hx-swap-oob', body.replace("\n", " ")) == places
    shown = client.get(reverse("history")).content.decode()
    assert [place for place in places if f'id="{place}"' not in shown] == []


def simulate(account: Account) -> None:
    charge("letustalk", event(account, project="pilot", provider_costs=COSTS))


def fail(account: Account) -> None:
    charge("letustalk", event(account, project="main", status="failed"))


def start_call(account: Account) -> None:
    authorize(key=key_of("letustalk"), request=question(account, "c-new", project="main"))


def start_simulated_call(account: Account) -> None:
    authorize(key=key_of("letustalk"), request=question(account, "c-new", project="pilot"))


def reverse_call(account: Account) -> None:
    void(event=UsageEvent.objects.get(event_id="first"), reason="Test", actor_id=None)


def freeze(account: Account) -> None:
    Wallet.objects.filter(account=account).update(is_frozen=True)


def go_overdue(account: Account) -> None:
    Wallet.objects.filter(account=account).update(is_overdue=True)


def suspend(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(status=Account.Status.SUSPENDED)


def cap(account: Account) -> None:
    set_limits(wallet_id=account.wallet.pk, daily_cap=Decimal(5), concurrency_limit=None, user_id=None)


def limit(account: Account) -> None:
    set_limits(wallet_id=account.wallet.pk, daily_cap=None, concurrency_limit=3, user_id=None)


def go_live(account: Account) -> None:
    project = account.projects.get(external_id="pilot")
    set_mode(
        account_id=account.pk,
        project_id=project.pk,
        mode=Mode.LIVE,
        user_id=Membership.objects.get(account=account).user_id,
    )


def top_up(account: Account) -> None:
    TopUp.objects.create(wallet=account.wallet, currency="USD", created_at=datetime.now(UTC), **NO_SUCH_TOP_UP)


def settle(account: Account) -> None:
    TopUp.objects.filter(wallet=account.wallet).update(status=TopUpStatus.FAILED, finished_at=datetime.now(UTC))


def turn_on(account: Account) -> None:
    AutoTopUp.objects.create(
        wallet=account.wallet, currency="USD", threshold=Decimal(5), amount=Decimal(10), status="on"
    )


def open_one(account: Account) -> None:
    open_incident(account_id=account.pk, kind="subscription", reason="internal_error")


def resolve_one(account: Account) -> None:
    resolve(account_id=account.pk, kind="auto_top_up")


def dismiss_one(account: Account) -> None:
    dismiss(incident=Incident.objects.get(kind="auto_top_up"), user=Membership.objects.get(account=account).user)


@pytest.mark.parametrize(
    "change",
    [
        simulate, fail, start_call, start_simulated_call, reverse_call, freeze, go_overdue, suspend, cap, limit,
        go_live, top_up, settle, turn_on, open_one, resolve_one, dismiss_one,
    ],
)  # fmt: skip
def test_whatever_moves_is_noticed_once(account: Account, client: Client, change: Callable[[Account], None]) -> None:
    charge("letustalk", event(account, event_id="first", project="main", provider_costs=COSTS))
    open_incident(account_id=account.pk, kind="auto_top_up", reason="card_declined")
    if change is settle:
        top_up(account)
    asked = page(client)
    assert look(client, asked).status_code == 204
    change(account)
    response = look(client, asked)
    assert (response.status_code, response["HX-Trigger"]) == (200, "moved")
    assert look(client, page(client)).status_code == 204


def test_midnight_of_the_account_is_a_change(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("letustalk", paid="10", timezone="America/New_York")
    client = reader(account)
    evening = datetime(2026, 3, 16, 3, 59, tzinfo=UTC)  # 23:59 in New York
    with time_machine.travel(evening, tick=False):
        asked = page(client)
        assert look(client, asked).status_code == 204
    with time_machine.travel(evening + timedelta(minutes=1), tick=False):
        assert look(client, asked).status_code == 200


def test_banners_come_and_go_and_are_told_once(account: Account, client: Client) -> None:
    asked = page(client)
    freeze(account)
    response = look(client, asked)
    assert [banner.title for banner in response.context["banners"]] == ["The balance is frozen"]
    assert response.context["live_words"] == "The balance is frozen. Available: $10.00"
    asked = {**asked, **dict(FIELD.findall(response.content.decode()))}
    charge("letustalk", event(account, project="main", provider_costs=COSTS))
    response = look(client, asked)
    assert response.context["live_words"] == "Available: $9.948"
    asked = {**asked, **dict(FIELD.findall(response.content.decode()))}
    Wallet.objects.filter(account=account).update(is_frozen=False)
    response = look(client, asked)
    assert response.context["banners"] == []
    assert response.context["live_words"] == "No warning is left. Available: $9.948"


def test_a_banner_is_dismissed_back_to_the_page_it_was_read_on(account: Account, client: Client) -> None:
    asked = page(client)
    open_incident(account_id=account.pk, kind="auto_top_up", reason="card_declined")
    body = look(client, asked).content.decode()
    assert 'name="next" value="/billing/history/?view=each"' in body
    assert "/billing/live/" not in body


def test_links_of_a_banner_keep_the_pages_project(account: Account, client: Client) -> None:
    project = account.projects.get(external_id="main")
    asked = page(client, project=project.pk)
    assert asked["within"] == str(project.pk)
    charge("letustalk", *[event(account, project="main", provider_costs={"llm": "5"}) for _ in range(2)])
    (banner,) = look(client, asked).context["banners"]
    assert banner.actions[0].href == f"{reverse('top_up')}?project={project.pk}"
    assert look(client, {**asked, "within": "0"}).status_code == 404


def test_a_page_of_another_account_is_told_so_and_nothing_else(
    account: Account, client: Client, bare_account: Callable[..., Account]
) -> None:
    asked = page(client)
    other = bare_account("osmtalk", name="Saffron", paid="777")
    Membership.objects.create(account=other, user=Membership.objects.get(account=account).user)
    client.post(reverse("switch_account"), {"account": other.pk})
    response = look(client, asked)
    body = response.content.decode()
    assert (response.status_code, "HX-Trigger" in response) == (286, False)
    assert "You have changed to Saffron" in body
    assert "777" not in body and "10.00" not in body
    assert re.findall(r'id="([^"]+)" hx-swap-oob', body) == ["banners", "live-words"]


def test_nobody_else_is_answered(
    account: Account, client: Client, bare_account: Callable[..., Account], reader: Any
) -> None:
    asked = page(client)
    assert look(Client(), asked).status_code == 302
    stranger = look(reader(bare_account("letustalk", name="Stranger", paid="3")), asked)
    assert stranger.status_code == 286
    assert account.name not in stranger.content.decode()


@pytest.mark.parametrize("default_mode", [Mode.SANDBOX, Mode.LIVE])
def test_the_sandbox_hears_nothing_of_the_balance(
    bare_account: Callable[..., Account], reader: Callable[..., Client], default_mode: str
) -> None:
    account = bare_account("aitelier", projects={"pilot": "sandbox"})
    client = reader(account)
    assert client.get(reverse("overview")).context["banners"] == []
    account.projects.all().delete()
    account.product.default_project_mode = default_mode
    account.product.save()
    titles = [banner.title for banner in client.get(reverse("limits")).context["banners"]]
    assert titles == (["The balance is used up"] if default_mode == Mode.LIVE else [])


@pytest.mark.parametrize(
    ("mode", "banners", "in_question"), [("live", 1, 0), ("sandbox", 0, 1)], ids=["some are live", "the first"]
)
def test_going_live_says_once_what_would_stop_calls(
    bare_account: Callable[..., Account], reader: Callable[..., Client], mode: str, banners: int, in_question: int
) -> None:
    account = bare_account("aitelier", projects={"pilot": "sandbox", "other": mode})
    pilot = account.projects.get(external_id="pilot")
    response = reader(account).get(reverse("project_live", args=[pilot.pk]))
    assert (len(response.context["banners"]), len(response.context["notices"])) == (banners, in_question)
    assert response.content.decode().count("The balance is used up") == 1


@pytest.mark.parametrize(
    "name", ["overview", "calls", "history", "usage", "limits", "projects", "coupons", "auto_top_up", "refund"]
)
@pytest.mark.parametrize("is_used", [False, True], ids=["nothing yet", "used"])
def test_live_parts_are_there_and_hold_nothing_to_type_in(
    account: Account, client: Client, name: str, is_used: bool
) -> None:
    """htmx complains of a part that is missing; one that is replaced while somebody types would lose what was typed."""
    if is_used:
        charge("letustalk", event(account, project="main", provider_costs=COSTS))
    shown = Parts()
    shown.feed(client.get(reverse(name)).content.decode())
    assert shown.live
    assert {part: shown.fields.get(part) for part in shown.live} == {part: [] for part in shown.live}


def test_a_coupon_is_not_looked_at_again_by_itself(client: Client) -> None:
    """Each look at a code counts as a try (billing.services.coupon_attempts)."""
    assert "moved from:body" not in client.get(reverse("coupons"), {"code": "GUESS"}).content.decode()
