"""What a test message says. Facts: `user`, the member who asked for it and alone gets it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from billing.letters.page import page_url
from notifications.models import Event, Notice
from notifications.words import Message, register


def register_words() -> None:
    """Give the test message its words."""
    register(Event.TEST, _test)


def _test(notice: Notice) -> Message:
    text = _("Alerts of %(account)s reach you here. Nothing happened, and there is nothing to do.")
    return Message(
        _("A test message"),
        (text % {"account": notice.account.name},),
        (),
        _("Look at the limits"),
        page_url("limits"),
    )
