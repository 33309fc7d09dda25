"""What a member is told and where: the choices, further addresses, the test message, and the links in letters."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import TopUpTerms, Wallet
from notifications.models import AlertAddress, Delivery, Event, Notice, Preference, TelegramLink
from notifications.services import addresses as service
from notifications.services.fan_out import expand_due
from notifications.services.letters import unsubscribe_link
from notifications.services.notices import Told, tell
from organizations.models import Account, Membership, Role, User
from tests.factories import make_member
from tests.usage.conftest import bare_account
from tests.usage.views.conftest import statements

__all__ = ["bare_account", "statements"]

QUERIES_AT_MOST = 15
Make = Callable[..., Account]


@pytest.fixture
def account(bare_account: Make) -> Account:
    return bare_account("letustalk", name="Brightwave")


@pytest.fixture
def owner(account: Account) -> User:
    return make_member(account, email="jo@brightwave.example", name="Jo Smith")


@pytest.fixture
def office(owner: User) -> Client:
    """The owner's browser."""
    return browser_of(owner)


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def path_of(url: str) -> str:
    return "/" + url.partition("//")[2].partition("/")[2]


def low_balance(account: Account, key: str = "low") -> list[str]:
    """Tell of a low balance; who hears of it."""
    facts = {"balance": "4", "threshold": "10", "currency": "USD"}
    tell(Told(account_id=account.pk, event=Event.LOW_BALANCE, key=key, facts=facts))
    expand_due()
    return sorted(Delivery.objects.filter(notice__key=key).values_list("recipient", flat=True))


def boxes(client: Client, **query: Any) -> set[str]:
    """The boxes that are ticked."""
    html = client.get(reverse("notifications"), query).content.decode()
    return {
        name
        for name, rest in re.findall(r'type="checkbox"\s+name="([^"]+)"\s+value="1"([^>]*)>', html)
        if "checked" in rest
    }


def all_but(client: Client, *names: str) -> dict[str, str]:
    return dict.fromkeys(boxes(client) - set(names), "1")


def test_each_member_chooses_for_themselves(account: Account, owner: User, office: Client) -> None:
    make_member(account, Role.BILLING, email="max@brightwave.example")
    assert low_balance(account) == ["jo@brightwave.example", "max@brightwave.example"]
    Notice.objects.update(created_at=timezone.now() - timedelta(days=1))
    page = office.post(reverse("notifications"), all_but(office, "low_balance-email"), follow=True)
    assert page.redirect_chain == [(reverse("notifications"), 303)]
    assert "low_balance-email" not in boxes(office)
    assert low_balance(account, "again") == ["max@brightwave.example"]
    assert [(each.user, each.event, each.channel, each.is_on) for each in Preference.objects.all()] == [
        (owner, "low_balance", "email", False)
    ]


def test_choosing_the_default_again_keeps_nothing(account: Account, office: Client) -> None:
    office.post(reverse("notifications"), all_but(office, "low_balance-email"))
    office.post(reverse("notifications"), {**all_but(office), "low_balance-email": "1"})
    assert not Preference.objects.exists()


def test_what_is_essential_comes_whatever_is_chosen(account: Account, office: Client) -> None:
    html = office.get(reverse("notifications")).content.decode()
    assert 'name="topped_up-email"' not in html
    assert 'name="topped_up-telegram"' in html
    office.post(reverse("notifications"), {})
    assert not Preference.objects.filter(event="topped_up", channel="email").exists()
    assert not Preference.objects.filter(event="test").exists()


def test_only_what_the_product_can_bring_about_is_offered(account: Account, office: Client) -> None:
    def offered() -> set[str]:
        html = office.get(reverse("notifications")).content.decode()
        return set(re.findall(r'id="of-([a-z_]+)"', html))

    TopUpTerms.objects.filter(product=account.product).update(offers_auto_top_up=True, providers=["stripe"])
    everything = offered()
    assert {"auto_top_up_failed", "card_expiring", "low_balance", "project_mode"} <= everything
    assert not everything & {"credit_near", "invoice_due", "test"}
    TopUpTerms.objects.filter(product=account.product).update(offers_auto_top_up=False, providers=["bank"])
    assert everything - offered() == {
        "auto_top_up_done",
        "auto_top_up_failed",
        "auto_top_up_disabled",
        "auto_top_up_ceiling",
        "card_expiring",
        "dispute",
    }
    Wallet.objects.filter(account=account).update(mode="postpay", credit_limit=50)
    assert {"credit_near", "credit_reached", "invoice_due", "invoice_overdue"} <= offered()


def test_a_viewer_is_offered_what_viewers_hear_of(account: Account) -> None:
    viewer = browser_of(make_member(account, Role.VIEWER))
    html = viewer.get(reverse("notifications")).content.decode()
    assert re.findall(r'id="of-([a-z_]+)"', html) == ["project_mode"]


def test_an_owner_sees_the_others_choices_and_changes_none(account: Account, office: Client) -> None:
    other = make_member(account, Role.BILLING, name="Max Brandt")
    place = Membership.objects.get(user=other)
    browser_of(other).post(reverse("notifications"), all_but(browser_of(other), "cap_near-email"))
    html = office.get(reverse("notifications"), {"member": place.pk}).content.decode()
    assert "What Max Brandt is told" in html
    assert "cap_near-email" not in boxes(office, member=place.pk)
    assert "cap_near-email" in boxes(office)
    assert "disabled" in re.findall(r'name="cap_near-email"\s+value="1"([^>]*)>', html)[0]
    mine = Membership.objects.get(user__email="jo@brightwave.example")
    assert browser_of(other).get(reverse("notifications"), {"member": mine.pk}).status_code == 403
    assert office.get(reverse("notifications"), {"member": "999999"}).status_code == 404


def add(client: Client, email: str) -> Any:
    return client.post(reverse("alert_address_add"), {"email": email}, follow=True)


def link_in(letter: Delivery) -> str:
    return path_of(re.search(r"http\S+/billing/alerts/\S+/", letter.body)[0])  # type: ignore[index]


def test_an_address_hears_once_it_has_agreed(account: Account, office: Client) -> None:
    page = add(office, " Night@Brightwave.example ")
    assert "A letter is on its way to night@brightwave.example." in page.content.decode()
    assert "not confirmed yet: nothing goes there" in page.content.decode()
    letter = Delivery.objects.get()
    assert (letter.recipient, letter.subject) == (
        "night@brightwave.example",
        "letustalk.ai: Confirm this address for the alerts of Brightwave",
    )
    for words in ("to go to this address, too: a low balance", "The link works for 14 days.", link_in(letter)):
        assert words in letter.body and words in letter.html
    assert "You get this letter because" not in letter.body + letter.html  # it says why
    assert low_balance(account) == ["jo@brightwave.example"]
    asked = Client().get(link_in(letter)).content.decode()
    assert "Get the alerts of Brightwave?" in asked
    assert AlertAddress.objects.get().confirmed_at is None, "opening it agrees to nothing"
    done = Client().post(link_in(letter)).content.decode()
    assert "Alerts of Brightwave go to night@brightwave.example." in done
    Notice.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert low_balance(account, "again") == ["jo@brightwave.example", "night@brightwave.example"]
    removed = office.post(reverse("alert_address_remove", args=[AlertAddress.objects.get().pk]), follow=True)
    assert "night@brightwave.example gets no alerts any more." in removed.content.decode()
    assert Client().get(link_in(letter)).status_code == 404


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("finance@techmaster", "“finance@techmaster” has no ending such as .com. Write it like name@example.com."),
        ("nina", "This is no e-mail address. Write it like name@example.com."),
        ("", "This is no e-mail address. Write it like name@example.com."),
        ("a@b.example, c@d.example", "Write one address at a time, without blanks, like name@example.com."),
    ],
)
def test_a_wrong_address_says_what_to_correct(account: Account, office: Client, typed: str, words: str) -> None:
    page = office.post(reverse("alert_address_add"), {"email": typed})
    assert (page.status_code, page.context["address_error"]) == (422, words)
    assert f'value="{typed}"' in page.content.decode()
    assert (AlertAddress.objects.count(), Delivery.objects.count()) == (0, 0)


def test_ten_addresses_are_the_most_and_each_is_there_once(account: Account, office: Client) -> None:
    for number in range(10):
        add(office, f"desk{number}@brightwave.example")
    again = office.post(reverse("alert_address_add"), {"email": "DESK3@brightwave.example"})
    assert again.context["address_error"] == "desk3@brightwave.example is in the list already."
    more = office.post(reverse("alert_address_add"), {"email": "desk10@brightwave.example"})
    assert more.context["address_error"] == "10 addresses are the most. Remove one that is not needed."
    assert AlertAddress.objects.count() == 10


def test_asking_again_ends_the_link_before(account: Account, office: Client) -> None:
    add(office, "night@brightwave.example")
    first = Delivery.objects.get()
    resend = reverse("alert_address_resend", args=[AlertAddress.objects.get().pk])
    office.post(resend)
    second = Delivery.objects.exclude(pk=first.pk).get()
    assert Client().get(link_in(first)).status_code == 404
    assert Client().post(link_in(second)).status_code == 200
    assert office.post(resend).status_code == 404, "it gets the alerts already"
    assert Delivery.objects.count() == 2


def test_a_link_that_asks_ends_after_two_weeks(account: Account, office: Client) -> None:
    with time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False):
        add(office, "night@brightwave.example")
        link = link_in(Delivery.objects.get())
    with time_machine.travel(datetime(2026, 3, 15, 0, 0, 1, tzinfo=UTC), tick=False):
        assert Client().post(link).status_code == 404
    assert AlertAddress.objects.get().confirmed_at is None
    with time_machine.travel(datetime(2026, 3, 14, 23, 59, tzinfo=UTC), tick=False):
        assert Client().post(link).status_code == 200


def test_an_account_asks_strangers_so_often_a_day(
    account: Account, office: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LETTERS_A_DAY", 1)
    add(office, "night@brightwave.example")
    words = "1 letters of this kind were sent within a day, and that is the most. Go on tomorrow."
    page = office.post(reverse("alert_address_add"), {"email": "day@brightwave.example"})
    assert page.context["address_error"] == words
    assert (AlertAddress.objects.count(), Delivery.objects.count()) == (1, 1)


def unsubscribe_path(account: Account, event: Event = Event.LOW_BALANCE, **reader: Any) -> str:
    notice = Notice(account=account, event=event)
    return path_of(unsubscribe_link(notice, **{"user": None, "address": None, **reader}))


def test_one_click_ends_one_kind_of_letter_without_signing_in(account: Account, owner: User) -> None:
    path = unsubscribe_path(account, user=owner)
    assert f'href="/billing/notifications/?of_account={account.pk}"' in Client().get(path).content.decode()
    stranger = Client(enforce_csrf_checks=True)
    assert "End these letters?" in stranger.get(path).content.decode()
    assert low_balance(account) == ["jo@brightwave.example"], "opening the page ends nothing"
    Notice.objects.update(created_at=timezone.now() - timedelta(days=1))
    done = stranger.post(path, {"List-Unsubscribe": "One-Click"})
    assert (done.status_code, "These letters have ended" in done.content.decode()) == (200, True)
    assert "The balance falls below your threshold" in done.content.decode()
    assert low_balance(account, "second") == []
    assert "End these letters?" in stranger.post(path, {"again": "1"}).content.decode()
    assert not Preference.objects.exists()


def test_one_click_ends_all_alerts_to_a_further_address(account: Account, owner: User) -> None:
    address = AlertAddress.objects.create(
        account=account, email="night@brightwave.example", token_hash="x", confirmed_at=timezone.now()
    )
    path = unsubscribe_path(account, address=address)
    page = Client().post(path, {"List-Unsubscribe": "One-Click"}).content.decode()
    assert "No alert of Brightwave goes to night@brightwave.example any more." in page
    assert low_balance(account) == ["jo@brightwave.example"]
    Client().post(path, {"again": "1"})
    Notice.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert low_balance(account, "second") == ["jo@brightwave.example", "night@brightwave.example"]


def test_a_link_that_ends_nothing_says_why(account: Account, owner: User) -> None:
    whole = unsubscribe_path(account, user=owner)
    old = "It is older than a year."
    gone = "Part of it is missing, or such letters do not go to you any more."
    with time_machine.travel(timezone.now() + timedelta(days=366)):
        late = Client().post(whole)
    Membership.objects.filter(user=owner).delete()
    essential = unsubscribe_path(account, Event.DISPUTE, user=make_member(account))
    found = [(late, old)] + [
        (Client().post(path), gone) for path in (whole, whole[:-3] + "/", "/billing/unsubscribe/x/", essential)
    ]
    for answer, words in found:
        assert (answer.status_code, words in answer.content.decode()) == (404, True)
    assert not Preference.objects.exists()


def test_a_test_message_goes_to_every_channel_of_whoever_asks(account: Account, owner: User, office: Client) -> None:
    make_member(account, email="max@brightwave.example")
    link = TelegramLink.objects.create(
        account=account, user=owner, token_hash="x", expires_at=timezone.now(), linked_at=timezone.now(),
        chat_id=7, chat_name="Jo",
    )  # fmt: skip
    page = office.post(reverse("trial_message"), follow=True)
    assert "The test is on its way." in page.content.decode()
    expand_due()
    assert sorted(Delivery.objects.values_list("channel", "recipient")) == [
        ("email", "jo@brightwave.example"),
        ("telegram", "7"),
    ]
    Delivery.objects.filter(channel="email").update(status="sent")
    Delivery.objects.filter(telegram=link).update(last_error="500")
    shown = office.get(reverse("limits"))
    assert [(each.recipient, str(each.status), each.is_delayed) for each in shown.context["outcomes"]] == [
        ("jo@brightwave.example", "sent", False),
        ("Jo", "on its way", True),
    ]
    too_soon = office.post(reverse("trial_message"), follow=True).content.decode()
    assert "A test was sent within the last minute." in too_soon
    assert Notice.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=1, seconds=1)):
        office.post(reverse("trial_message"))
    assert Notice.objects.count() == 2


def test_telegram_is_linked_by_a_link_that_is_shown_once(account: Account, owner: User, office: Client) -> None:
    page = office.post(reverse("telegram_link"))
    html = page.content.decode()
    token = re.search(r"\?start=([\w-]{43})", html)[1]  # type: ignore[index]
    assert f"<code>/start {token}</code>" in html
    waiting = TelegramLink.objects.get()
    assert (waiting.user, waiting.is_linked) == (owner, False)
    assert "Waiting for Start in the chat." in office.get(reverse("telegram_status")).content.decode()
    TelegramLink.objects.update(chat_id=7, chat_name="@jo", linked_at=timezone.now())
    status = office.get(reverse("telegram_status")).content.decode()
    assert ("Linked to @jo" in status, "hx-get" in status) == (True, False)
    assert "Linked to @jo since" in office.get(reverse("limits")).content.decode()
    unlinked = office.post(reverse("telegram_unlink"), follow=True).content.decode()
    assert ("Unlinked. Nothing more goes to that chat." in unlinked, "Not linked" in unlinked) == (True, True)


def test_a_blocked_bot_is_said(account: Account, owner: User, office: Client) -> None:
    now = timezone.now()
    TelegramLink.objects.create(
        account=account, user=owner, token_hash="x", expires_at=now, linked_at=now, chat_id=7, chat_name="@jo",
        ended_at=now, ended_reason="blocked",
    )  # fmt: skip
    assert "The bot was blocked in @jo on" in office.get(reverse("limits")).content.decode()


@pytest.mark.parametrize("name", ["limits", "notifications"])
def test_the_pages_ask_the_database_little(
    account: Account, owner: User, office: Client, statements: Callable[..., Any], name: str
) -> None:
    for number in range(5):
        make_member(account)
        add(office, f"desk{number}@brightwave.example")
    office.post(reverse("trial_message"))
    expand_due()
    with statements() as queries:
        assert office.get(reverse(name)).status_code == 200
    assert len(queries) <= QUERIES_AT_MOST
