"""The words of every event: whole in each language, nothing left to guess, and a link to the page that mends it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.conf import settings
from django.urls import resolve
from django.utils import translation

from notifications.models import Event, Notice
from notifications.words import Message, message_of
from organizations.models import Account
from tests.billing.letters.samples import SAMPLES, Sample

LANGUAGES = [code for code, _name in settings.LANGUAGES]
PLACEHOLDER = re.compile(r"%\(|%s|\{\w*\}")
NAME = re.compile(r"[A-Za-z][\w.-]*")
# Names, codes and what somebody typed: the same in every language.
NAMES = {
    *("Visa", "Bank", "transfer", "Robokassa", "INV-2026-0042", "SPRING-7KQ4-XM2P", "Practice", "Front", "desk"),
    *("Anna", "Berg", "Acme", "Used", "as", "a", "bonus"),
}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel("2026-03-15T12:00:00Z", tick=False):
        yield


@pytest.fixture
def say(make_account: Callable[..., Account]) -> Callable[..., Message]:
    """`say(sample, "ru")`: the sample's message to a reader of that language, in New York."""

    def said(sample: Sample, language: str = "en") -> Message:
        account = make_account(sample.product, timezone="America/New_York")
        with translation.override(language):
            return message_of(Notice(account=account, event=sample.event, facts=sample.facts))

    return said


def text_of(message: Message) -> str:
    """All that a reader sees of it."""
    pairs = [f"{name}: {value}" for name, value in message.pairs]
    return "\n".join([message.subject, *message.paragraphs, *pairs, message.action])


def test_every_event_has_its_samples() -> None:
    assert {sample.event for sample in SAMPLES.values()} == set(Event)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SAMPLES)
def test_every_message_is_whole_in_every_language(say: Callable[..., Message], name: str, language: str) -> None:
    message = say(SAMPLES[name], language)
    assert message.subject and message.action
    assert 1 <= len(message.paragraphs) <= 3 and all(message.paragraphs)
    assert all(name and value for name, value in message.pairs)
    assert PLACEHOLDER.findall(text_of(message)) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_every_message_leads_to_a_page_that_exists(say: Callable[..., Message], name: str) -> None:
    url = say(SAMPLES[name]).url
    if url != SAMPLES[name].facts.get("receipt_url"):
        assert url.startswith(f"{settings.SITE_URL}/billing/")
        resolve(urlsplit(url).path)
        # Its reader may be a member of several accounts.
        assert parse_qs(urlsplit(url).query)["of_account"] == [str(Account.objects.get().pk)]


@pytest.mark.parametrize("name", ["refused, overdue", "credit near", "credit reached"])
def test_what_a_payment_of_an_invoice_mends_leads_to_the_invoices(say: Callable[..., Message], name: str) -> None:
    message = say(SAMPLES[name])
    assert (message.action, urlsplit(message.url).path) == ("Look at the invoices", "/billing/documents/")


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if sample.optional])
def test_what_may_be_missing_may_be_missing(say: Callable[..., Message], name: str) -> None:
    sample = SAMPLES[name]
    facts = {key: value for key, value in sample.facts.items() if key not in sample.optional}
    whole, bare = say(sample), say(Sample(sample.event, facts, sample.product))
    assert bare.subject == whole.subject and len(text_of(bare)) <= len(text_of(whole))


@pytest.mark.parametrize("name", SAMPLES)
def test_every_word_can_be_translated(say: Callable[..., Message], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = translation._trans  # type: ignore[attr-defined]
    real.gettext("")  # so that it holds the functions which are replaced
    monkeypatch.setattr(real, "gettext", _without_letters)
    monkeypatch.setattr(real, "ngettext", lambda one, many, number: _without_letters(one if number == 1 else many))
    assert set(NAME.findall(text_of(say(SAMPLES[name], "ru")))) <= NAMES


def _without_letters(text: str) -> str:
    """The text with each letter as ж, but for placeholders."""
    return re.sub(r"(%\(\w+\)s)|[A-Za-z]", lambda found: found[1] or "ж", text)


EXACT = {
    "topped up": """$50.00 added
The payment has arrived and is in the balance.
Added to the balance: $50.00
Paid: $54.44
Tax in it: $4.44
Paid by: Visa ending 4242
Balance now: $63.25
See the payment""",
    "declined": """Automatic top-up failed
An automatic top-up of 200 credits ($100.00) failed.
Visa ending 4242 was declined. Your card has insufficient funds.
The next attempt is on Mar 15, 2026 at 09:05. \
When the balance is used up, calls in progress are cut off and new ones are not answered.
Balance now: 12 credits
Update payment method""",
    "low, with a floor": """The balance is below $10.00
Below $0.10 no new call starts. Calls in progress finish.
Top up in time and no call is missed.
Balance: $4.25
Top up""",
    "refund requested": """Refund of $50.00 requested
You asked for a refund of $50.00. We look at it and write to you again.
Visa ending 4242: $54.44
Bank transfer: $20.00
See the refunds""",
    "invoice overdue": """Invoice INV-2026-0042 is overdue
It was due on Apr 14, 2026. From Apr 17, 2026 on no new call starts until it is paid.
To pay: $1,250.00
Pay the invoice""",
    "spike": """$18.412 spent in an hour, unlike the usual
It was spent on Mar 15, 2026 from 04:00 to 05:00. At that hour of the week it is about $2.10.
If you do not expect it, look at the calls. A daily cap stops new calls once it is reached.
Spent: $18.412
Usually: $2.10
Look at the limits""",
    "silent": """No calls since 04:41 on Mar 15, 2026
At this time of the week there nearly always are some.
Make a test call. If it does not come through, look at your phone lines and assistants.
Look at the calls""",
}


@pytest.mark.parametrize("name", EXACT)
def test_amounts_and_times_are_the_accounts_own(say: Callable[..., Message], name: str) -> None:
    assert text_of(say(SAMPLES[name])) == EXACT[name]


def test_a_card_is_said_to_expire_until_it_has(say: Callable[..., Message]) -> None:
    with time_machine.travel("2026-04-01T03:59:00Z", tick=False):  # still March in New York
        assert say(SAMPLES["card expires"]).subject == "Visa ending 4242 expires on Mar 31, 2026"
    with time_machine.travel("2026-04-01T04:00:00Z", tick=False):
        assert say(SAMPLES["card expires"]).subject == "Visa ending 4242 expired on Mar 31, 2026"


def test_an_hour_of_spending_is_an_hour_when_clocks_move(say: Callable[..., Message]) -> None:
    facts = {**SAMPLES["spike"].facts, "hour": "2026-03-08T06:00:00+00:00"}
    spike = say(Sample(Event.SPENDING_SPIKE, facts))
    assert "on Mar 8, 2026 from 01:00 to 03:00." in spike.paragraphs[0]


def test_a_refusal_without_a_reason_is_said_once(say: Callable[..., Message]) -> None:
    facts = {**SAMPLES["declined"].facts, "message": "Your card was declined."}
    assert say(Sample(Event.AUTO_TOP_UP_FAILED, facts)).paragraphs[1] == "Visa ending 4242 was declined."
