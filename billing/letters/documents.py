"""What is said of documents: one is ready, an invoice is due, or overdue.

Facts: `number`, `total` in `currency`; of a document `kind` (receipt, invoice, certificate, credit_note), of an invoice
to pay the day `due_on`.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from billing.letters.facts import Pairs, amount, calendar_day
from billing.letters.page import page_url
from notifications.models import Event, Notice
from notifications.words import Message, register


def register_words() -> None:
    """Give documents their words."""
    register(Event.DOCUMENT_READY, _ready)
    register(Event.INVOICE_DUE, _due)
    register(Event.INVOICE_OVERDUE, _overdue)


def _ready(notice: Notice) -> Message:
    subject = {
        "receipt": _("Receipt %(number)s is ready"),
        "invoice": _("Invoice %(number)s is ready"),
        "certificate": _("Completion certificate %(number)s is ready"),
        "credit_note": _("Credit note %(number)s is ready"),
    }[notice.facts["kind"]]
    text = _("It can be viewed and downloaded.")
    return Message(subject % _words(notice), (text,), _total(notice), _("Go to the history"), page_url("history"))


def _due(notice: Notice) -> Message:
    text = _("Pay it by then, and calls go on without a break.")
    return _to_pay(notice, _("Invoice %(number)s is due on %(day)s"), text)


def _overdue(notice: Notice) -> Message:
    """aitelier.md, 'Postpay': monthly invoices with net-30 terms; unpaid ones stop calls (`admission.refusals`)."""
    text = _("It was due on %(day)s. No new call starts until it is paid.")
    return _to_pay(notice, _("Invoice %(number)s is overdue"), text)


def _to_pay(notice: Notice, subject: str, text: str) -> Message:
    words = {**_words(notice), "day": calendar_day(notice, "due_on")}
    return Message(subject % words, (text % words,), _total(notice), _("See the balance"), page_url("overview"))


def _words(notice: Notice) -> dict[str, str]:
    return {"number": notice.facts["number"]}


def _total(notice: Notice) -> Pairs:
    return ((_("Total"), amount(notice, "total")),)
