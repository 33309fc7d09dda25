"""The way of a notice from end to end: told in its cause's transaction, worked out, sent by every channel, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from notifications.channels import SENDERS
from notifications.models import Delivery, Event, Notice, SweepRun
from notifications.services import sweeps
from notifications.services.notices import Told, tell
from notifications.tasks import expand, send
from organizations.models import Account, User
from tests.billing.threads import at_once
from tests.factories import make_member

FACTS = {"balance": "4.25", "threshold": "10", "currency": "USD"}


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aipbx")


@pytest.fixture
def reader(account: Account) -> User:
    return make_member(account, email="anna@acme.example", language="ru")


@pytest.mark.django_db
def test_a_sweep_tells_and_sends_in_one_go(account: Account, reader: User) -> None:
    tell(Told(account.pk, Event.LOW_BALANCE, "low:1", facts=FACTS))
    assert sweeps.run("send_deliveries") == 1
    (letter,) = mail.outbox
    assert isinstance(letter, mail.EmailMultiAlternatives)
    assert (letter.to, letter.subject[:8]) == (["anna@acme.example"], "AI PBX: ")
    row = Delivery.objects.get(notice__key="low:1")
    assert letter.extra_headers["Message-ID"].startswith(f"<{row.uid}@")
    assert letter.extra_headers["List-Unsubscribe"] == f"<{row.unsubscribe_url}>"
    ((html, kind),) = letter.alternatives
    assert (kind, '<html lang="ru">' in str(html)) == ("text/html", True)
    assert SweepRun.objects.get(name="send_deliveries").handled == 1
    assert (sweeps.run("send_deliveries"), len(mail.outbox)) == (0, 1)


@pytest.mark.django_db
def test_the_doorbells_do_it_step_by_step(account: Account, reader: User) -> None:
    tell(Told(account.pk, Event.LOW_BALANCE, "low:1", facts=FACTS))
    send("email")
    assert mail.outbox == []
    expand()
    send("webhook")
    assert mail.outbox == []
    send("email")
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_sweeps_and_doorbells_at_once_send_each_message_once(
    account: Account, reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def note(delivery: Delivery) -> str:
        sent.append(delivery.key)
        return ""

    monkeypatch.setitem(SENDERS, "email", note)
    for number in range(30):
        tell(Told(account.pk, Event.TEST, f"test:{number}", facts={"user": str(reader.pk)}))
    answers: list[Any] = at_once(
        [partial(sweeps.run, "send_deliveries"), expand, expand, partial(send, "email"), partial(send, "email")]
    )
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    sweeps.run("send_deliveries")
    assert (len(sent), len(set(sent))) == (30, 30)
    assert Notice.objects.filter(expanded_at__isnull=False, event=Event.TEST).count() == 30


@pytest.mark.django_db
def test_what_was_told_while_no_worker_ran_is_told_when_one_does(account: Account, reader: User) -> None:
    tell(Told(account.pk, Event.LOW_BALANCE, "low:1", facts=FACTS, at=timezone.now() - timedelta(days=2)))
    assert (sweeps.run("send_deliveries"), len(mail.outbox)) == (1, 1)
