"""What is said of audit exports. Facts: the days `first_day` to `last_day`, and `expires_at`, when its files go."""

from __future__ import annotations

from django.utils.translation import gettext as _

from billing.letters.facts import calendar_day, day_of
from billing.letters.page import page_url
from notifications.models import Event, Notice
from notifications.words import Message, register


def register_words() -> None:
    """Give exports their words."""
    register(Event.EXPORT_READY, _ready)


def _ready(notice: Notice) -> Message:
    days = {"first": calendar_day(notice, "first_day"), "last": calendar_day(notice, "last_day")}
    texts = (
        _("It has every movement and charge of these days, signed. The page says how to verify it."),
        _("It can be downloaded until %(day)s.") % {"day": day_of(notice, "expires_at")},
    )
    subject = _("The audit export of %(first)s to %(last)s is ready") % days
    return Message(subject, texts, (), _("Go to audit export"), page_url("audit_export"))
