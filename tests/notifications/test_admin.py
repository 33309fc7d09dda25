"""Notices and messages as staff see them: what was said and answered, and once more, for a reason."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.models import Attempt, Delivery, Event, Notice
from notifications.services.notices import Told, tell
from organizations.models import Account
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import token_of

LIST = "/admin/notifications/delivery/"
NASTY = "</iframe><script>alert(1)</script>"


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aipbx")


def message(key: str = "it", status: str = "dead", **fields: Any) -> Delivery:
    fields = {
        "channel": "email",
        "recipient": "anna@example.com",
        "subject": f"About {key}",
        "body": "Text",
        "attempts": 3,
        "next_attempt_at": timezone.now(),
        **fields,
    }
    return Delivery.objects.create(key=key, status=status, **fields)


def notice(account: Account, key: str = "low", **fields: Any) -> Notice:
    tell(Told(account.pk, Event.LOW_BALANCE, key, facts={"balance": NASTY}))
    Notice.objects.filter(key=key).update(**fields)
    return Notice.objects.get(key=key)


def act(client: Client, url: str, step: str, **data: str) -> Any:
    return client.post(url, {"step": step, "token": str(uuid.uuid4()), **data})


@pytest.mark.django_db
def test_a_messages_page_shows_what_it_says_and_every_attempt(staff_client: Client) -> None:
    row = message(body=f"Text {NASTY}", html=f"<p>Letter</p>{NASTY}")
    now = timezone.now()
    Attempt.objects.create(delivery=row, started_at=now, ended_at=now, outcome="failed", said=f"450 {NASTY}")
    Attempt.objects.create(delivery=row, started_at=now)
    page = staff_client.get(f"{LIST}{row.pk}/change/").content.decode()
    assert NASTY not in page
    escaped = NASTY.replace("<", "&lt;").replace(">", "&gt;")
    assert f'<iframe sandbox="" srcdoc="&lt;p&gt;Letter&lt;/p&gt;{escaped}"' in page
    for text in (f"Text {escaped}", f"450 {escaped}", "Failed", "Unknown", str(row.uid)):
        assert text in page


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["dead", "sent"])
def test_staff_send_a_message_again_for_a_reason(staff_client: Client, status: str) -> None:
    row = message(status=status)
    url = reverse("admin:notifications_delivery_send_again", args=[row.pk])
    assert b"Send again" in staff_client.get(f"{LIST}{row.pk}/change/").content
    assert b"Say why" in act(staff_client, url, "confirm").content
    assert Delivery.objects.get().status == status
    assert b"Send this to anna@example.com again?" in act(staff_client, url, "check", reason="Mail was down").content
    assert Delivery.objects.get().status == status
    assert act(staff_client, url, "confirm", reason="Mail was down").status_code == 302
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("pending", 0)
    assert LogEntry.objects.get().change_message == "Send the message again. reason: Mail was down"


@pytest.mark.django_db
def test_what_waits_has_no_button(staff_client: Client) -> None:
    row = message(status="pending")
    assert b"Send again" not in staff_client.get(f"{LIST}{row.pk}/change/").content


@pytest.mark.django_db
def test_of_the_chosen_those_given_up_are_sent_again(staff_client: Client) -> None:
    rows = [message("a"), message("b"), message("sent", "sent"), message("not chosen")]
    chosen = {"action": "send_chosen_again", "_selected_action": [str(row.pk) for row in rows[:3]]}
    token = token_of(staff_client.post(LIST, chosen).content.decode())
    asked = staff_client.post(LIST, {**chosen, "step": "check", "token": token, "reason": "Mail was down"})
    assert b"Send 2 messages again?" in asked.content
    assert not Delivery.objects.filter(status="pending").exists(), "nothing is sent before the confirmation"
    sent = {**chosen, "step": "confirm", "token": token, "reason": "Mail was down"}
    assert b"2 messages are being sent again." in staff_client.post(LIST, sent, follow=True).content
    assert dict(Delivery.objects.values_list("key", "status")) == {
        "a": "pending",
        "b": "pending",
        "sent": "sent",
        "not chosen": "dead",
    }
    assert sorted(LogEntry.objects.values_list("object_repr", flat=True)) == [
        "About a to anna@example.com",
        "About b to anna@example.com",
    ]
    assert {*LogEntry.objects.values_list("change_message", flat=True)} == {
        "Sent again with others. reason: Mail was down"
    }


@pytest.mark.django_db
def test_the_given_up_are_listed(staff_client: Client) -> None:
    message("lost")
    message("fine", "sent")
    page = staff_client.get(LIST, {"status__exact": "dead"}).content.decode()
    assert ("About lost" in page, "About fine" in page) == (True, False)


@pytest.mark.django_db
def test_who_may_only_look_sends_nothing(account: Account) -> None:
    row, rests = message(), notice(account, failures=1, paused_until=timezone.now())
    client = Client()
    client.force_login(make_clerk("notifications.view_delivery", "notifications.view_notice"))
    assert b"Send again" not in client.get(f"{LIST}{row.pk}/change/").content
    for name, pk in (("delivery_send_again", row.pk), ("notice_tell_now", rests.pk)):
        url = reverse(f"admin:notifications_{name}", args=[pk])
        assert act(client, url, "confirm", reason="Just so").status_code == 403
    client.post(LIST, {"action": "send_chosen_again", "_selected_action": [str(row.pk)]})
    row.refresh_from_db()
    rests.refresh_from_db()
    assert row.status == "dead"
    assert rests.paused_until is not None


@pytest.mark.django_db
def test_a_notices_page_shows_its_facts_its_messages_and_why_it_failed(account: Account, staff_client: Client) -> None:
    row = notice(account, failures=2, last_error=f"KeyError: {NASTY}")
    message("told", notice=row, account=account)
    page = staff_client.get(f"/admin/notifications/notice/{row.pk}/change/").content.decode()
    assert NASTY not in page
    for text in ("About told", "KeyError: &lt;/iframe&gt;", "&quot;balance&quot;: &quot;&lt;/iframe&gt;", "Failed"):
        assert text in page


@pytest.mark.django_db
def test_a_notice_that_rests_is_told_now_for_a_reason(account: Account, staff_client: Client) -> None:
    row = notice(account, failures=3, paused_until=timezone.now() + timedelta(hours=1))
    url = reverse("admin:notifications_notice_tell_now", args=[row.pk])
    assert act(staff_client, url, "confirm", reason="Words mended").status_code == 302
    row.refresh_from_db()
    assert row.paused_until is None
    assert LogEntry.objects.get().change_message == "Tell the notice now. reason: Words mended"
    assert b"Tell now" not in staff_client.get(f"/admin/notifications/notice/{row.pk}/change/").content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "found"), [("waiting", "waits"), ("failed", "fails"), ("quiet", "quiet"), (None, "told")]
)
def test_notices_are_found_by_their_state(
    account: Account, staff_client: Client, state: str | None, found: str
) -> None:
    now = timezone.now()
    notice(account, "waits", subject="waits")
    notice(account, "fails", subject="fails", failures=1)
    notice(account, "quiet", subject="quiet", expanded_at=now, is_quiet=True)
    notice(account, "told", subject="told", expanded_at=now)
    answer = staff_client.get("/admin/notifications/notice/", {"state": state} if state else {})
    shown = {row.key for row in answer.context["cl"].result_list if row.event == Event.LOW_BALANCE}
    assert shown == ({found} if state else {"waits", "fails", "quiet", "told"})
