"""Letters over a real mail server: taken, refused, put off, hung up on, cut off; and what stands in them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from notifications.models import Attempt, Channel, Delivery
from notifications.services.deliveries import LEASE, queue, send_due
from tests.config.processes import eventually, free_port, own_environment, running
from tests.notifications.mail_server import MailServer, mail_server


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 30
        settings.SITE_URL = "https://billing.example.com:8443"
        settings.DEFAULT_FROM_EMAIL = "Billing <billing@example.com>"
        yield server


def letter(**fields: Any) -> Delivery:
    fields = {
        "key": "letter",
        "channel": Channel.EMAIL,
        "recipient": "anna@example.com",
        "subject": "Low balance",
        "body": "Text\n",
        "next_attempt_at": timezone.now(),
        **fields,
    }
    queue([Delivery(**fields)])
    return Delivery.objects.get(key=fields["key"])


def due_again() -> None:
    Delivery.objects.update(next_attempt_at=timezone.now())


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@pytest.mark.django_db
def test_the_server_takes_a_letter(server: MailServer) -> None:
    letter()
    assert send_due() == 1
    assert (server.to, len(server.taken)) == (["anna@example.com"], 1)
    assert Delivery.objects.get().status == "sent"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("step", "answer", "status", "error"),
    [
        # About the recipient or the letter: five hundreds are for good.
        ("recipient", "550 5.1.1 no such mailbox", "dead", "550 5.1.1 no such mailbox"),
        ("recipient", "450 4.2.0 greylisted", "pending", "450 4.2.0 greylisted"),
        ("recipient", "421 too many", "pending", "421 too many"),
        ("data", "554 5.7.1 looks like spam", "dead", "554 5.7.1 looks like spam"),
        ("data", "452 4.2.2 mailbox full", "pending", "452 4.2.2 mailbox full"),
        # About the sender: ours to mend, so that no letter is lost by it.
        ("sender", "530 5.7.0 sign in first", "pending", "530 5.7.0 sign in first"),
        ("sender", "451 try later", "pending", "451 try later"),
        # The line is cut.
        ("sender", None, "pending", "Connection unexpectedly closed"),
        ("recipient", None, "pending", "Connection unexpectedly closed"),
        ("data", None, "pending", "Connection unexpectedly closed"),
    ],
)
def test_what_the_server_says_decides(
    server: MailServer, step: str, answer: str | None, status: str, error: str
) -> None:
    setattr(server, step, answer)
    letter()
    assert send_due() == 0
    row = Delivery.objects.get()
    assert (row.status, row.attempts, row.last_error[: len(error)]) == (status, 1, error)
    assert Attempt.objects.get().outcome == ("refused" if status == "dead" else "failed")
    server.sender = server.recipient = "250 ok"
    server.data = "250 taken as 4711"
    due_again()
    assert send_due() == (1 if status == "pending" else 0)


@pytest.mark.django_db
@pytest.mark.parametrize("step", ["sender", "recipient", "data"])
def test_a_server_that_hangs_is_left_and_asked_again(server: MailServer, settings: Any, step: str) -> None:
    settings.EMAIL_TIMEOUT = 0.2
    server.hangs_at = step
    letter()
    assert send_due() == 0
    row = Delivery.objects.get()
    assert (row.status, row.last_error) == ("pending", "Connection unexpectedly closed: timed out")
    server.released.set()
    settings.EMAIL_TIMEOUT = 30
    due_again()
    assert send_due() == 1


@pytest.mark.django_db
def test_without_a_server_letters_wait(settings: Any, server: MailServer) -> None:
    settings.EMAIL_PORT = free_port()
    letter()
    assert send_due() == 0
    row = Delivery.objects.get()
    assert (row.status, row.last_error) == ("pending", "[Errno 111] Connection refused")


@pytest.mark.django_db
def test_a_letter_whose_answer_was_lost_comes_again_under_the_same_id(server: MailServer) -> None:
    server.data = None  # taken, and then the line is cut
    row = letter()
    assert send_due() == 0
    server.data = "250 taken as 4711"
    due_again()
    assert send_due() == 1
    assert [message["Message-ID"] for message in server.letters()] == [f"<{row.uid}@billing.example.com>"] * 2


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_the_server_takes_a_letter_sends_it_again(server: MailServer, tmp_path: Path) -> None:
    row = letter()
    server.hangs_at = "data"  # the letter is taken, its answer is not heard
    environment = own_environment(
        tmp_path, EMAIL_URL=f"smtp://127.0.0.1:{server.port}", SITE_URL="https://billing.example.com:8443"
    )
    log = tmp_path / "log"
    with running(["manage.py", "run_sweep", "send_deliveries"], environment, log) as worker:
        eventually(lambda: len(server.taken) == 1, log)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    server.released.set()
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("pending", 1)
    assert send_due() == 0, "the lease lasts"
    Delivery.objects.update(next_attempt_at=row.next_attempt_at - LEASE)
    assert send_due() == 1
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("sent", 2)
    assert [message["Message-ID"] for message in server.letters()] == [f"<{row.uid}@billing.example.com>"] * 2
    assert list(Attempt.objects.values_list("outcome", flat=True)) == ["", "sent"]


@pytest.mark.django_db
def test_a_letter_is_text_with_the_same_in_html(server: MailServer, settings: Any) -> None:
    settings.REPLY_TO_EMAIL = "help@example.com"
    letter(
        subject="Баланс компании «Ромашка» ниже порога: 10,00 ₽ — बैलेंस कम है, пора пополнить, как и раньше",
        body="Привет, мир\nनमस्ते\n",
        html='<p lang="hi">नमस्ते</p>',
    )
    assert send_due() == 1
    (message,) = server.letters()
    assert message["Subject"].strip() == (
        "Баланс компании «Ромашка» ниже порога: 10,00 ₽ — बैलेंस कम है, пора пополнить, как и раньше"
    )
    assert (message["From"], message["To"]) == ("Billing <billing@example.com>", "anna@example.com")
    assert (message["Reply-To"], message["Auto-Submitted"]) == ("help@example.com", "auto-generated")
    assert message.get_content_type() == "multipart/alternative"
    assert [each.get_content_type() for each in message.iter_parts()] == ["text/plain", "text/html"]
    assert part(message, "plain") == "Привет, мир\nनमस्ते\n"
    assert part(message, "html").strip() == '<p lang="hi">नमस्ते</p>'


@pytest.mark.django_db
def test_a_letter_that_can_be_ended_says_so_to_mail_programs(server: MailServer) -> None:
    address = "https://billing.example.com/billing/unsubscribe/" + "eyJ" * 60 + "/"
    letter(key="ends", unsubscribe_url=address)
    letter(key="essential")
    assert send_due() == 2
    ends, essential = server.letters()
    assert f"List-Unsubscribe: <{address}>\r\n".encode() in server.taken[0].replace(b": \r\n ", b": ")
    assert ends["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (essential["List-Unsubscribe"], essential["Reply-To"]) == (None, None)


@pytest.mark.django_db
def test_no_name_makes_a_second_header(server: MailServer) -> None:
    letter(subject="Low balance of Acme\r\nBcc: thief@example.com")
    assert send_due() == 1
    (message,) = server.letters()
    assert (message["Subject"], message["Bcc"]) == ("Low balance of Acme Bcc: thief@example.com", None)
    assert server.to == ["anna@example.com"]


@pytest.mark.django_db
@pytest.mark.parametrize("recipient", ["", "anna", "anna@example.com\nBcc: thief@example.com", "anna@b@c", "a b@c.de"])
def test_what_is_no_address_is_given_up_at_once(server: MailServer, recipient: str) -> None:
    letter(recipient=recipient)
    assert send_due() == 0
    row = Delivery.objects.get()
    assert (row.status, row.last_error, server.to) == ("dead", "This is no e-mail address.", [])


@pytest.mark.django_db
def test_a_wrong_setting_of_ours_loses_no_letter(server: MailServer, settings: Any) -> None:
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = True  # which exclude each other
    letter()
    assert (send_due(), Delivery.objects.get().status) == (0, "pending")
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    due_again()
    assert send_due() == 1


def test_the_longest_conversation_ends_within_the_lease(settings: Any) -> None:
    steps = 10  # connect, greeting, EHLO, STARTTLS, EHLO, AUTH, MAIL, RCPT, DATA, the end of the data
    assert timedelta(seconds=settings.EMAIL_TIMEOUT * steps) < LEASE / 2
