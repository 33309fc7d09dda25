"""What is said of documents: one is ready, an invoice is due, or overdue.

Facts: `number`, `total` in `currency`; of a document its `kind` (receipt, proforma, invoice, certificate, credit_note)
and `reference`; of an invoice to pay its `period`, the day `due_on` and the day `blocks_on`, from which it stops calls,
and for `total` what is still to be paid.
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
        "proforma": _("Invoice %(number)s for a top-up is ready"),
        "invoice": _("Invoice %(number)s is ready"),
        "certificate": _("Completion certificate %(number)s is ready"),
        "credit_note": _("Credit note %(number)s is ready"),
    }[notice.facts["kind"]]
    text = _("It can be viewed and downloaded.")
    if notice.facts.get("due_on"):
        text = _("Pay it by %(day)s.") % {"day": calendar_day(notice, "due_on")}
    url = page_url("document_pdf", notice.facts["reference"])
    return Message(subject % _words(notice), (text,), _total(notice), _("See the document"), url)


def _due(notice: Notice) -> Message:
    text = _("Pay it by then, and calls go on without a break.")
    return _to_pay(notice, _("Invoice %(number)s is due on %(day)s"), text)


def _overdue(notice: Notice) -> Message:
    """aitelier.md, 'Postpay': monthly invoices with net-30 terms; unpaid ones stop calls (`admission.refusals`)."""
    text = _("It was due on %(day)s. From %(blocks)s on no new call starts until it is paid.")
    return _to_pay(notice, _("Invoice %(number)s is overdue"), text)


def _to_pay(notice: Notice, subject: str, text: str) -> Message:
    days = {"day": calendar_day(notice, "due_on"), "blocks": calendar_day(notice, "blocks_on")}
    words = {**_words(notice), **days}
    url = page_url("invoice_pay", notice.facts["period"])
    return Message(subject % words, (text % words,), _still_to_pay(notice), _("Pay the invoice"), url)


def _words(notice: Notice) -> dict[str, str]:
    return {"number": notice.facts["number"]}


def _total(notice: Notice) -> Pairs:
    return ((_("Total"), amount(notice, "total")),)


def _still_to_pay(notice: Notice) -> Pairs:
    return ((_("To pay"), amount(notice, "total")),)
