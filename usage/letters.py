"""The words of the notices about projects and calls; registered when the app is ready.

Facts of a project's mode: `project` (its name), `mode` (`Mode`), `by` (a person's name, empty for staff). Of calls that
are missing: `since`, when the last one was reported.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from billing.letters.facts import day_and_time
from billing.letters.page import page_url
from notifications.models import Event, Notice
from notifications.words import Message, register
from organizations.models import Mode


def register_words() -> None:
    """Give projects and calls their words."""
    register(Event.PROJECT_MODE, _mode)
    register(Event.SERVICE_SILENT, _silent)


def _mode(notice: Notice) -> Message:
    """aitelier.md, 'Sandbox mode'."""
    words = {"project": notice.facts["project"]}
    if Mode(notice.facts["mode"]) == Mode.LIVE:
        subject = _("%(project)s is live")
        text = _("What it uses is charged to the balance from now on.")
    else:
        subject = _("%(project)s is in the sandbox")
        text = _("What it uses is simulated from now on: the balance does not move.")
    by = notice.facts.get("by")
    pairs = ((_("Changed by"), by),) if by else ()
    return Message(subject % words, (text,), pairs, _("See the projects"), page_url("projects"))


def _silent(notice: Notice) -> Message:
    words = day_and_time(notice, "since")
    return Message(
        _("No calls since %(time)s on %(day)s") % words,
        (
            _("At this time of the week there nearly always are some."),
            _("Make a test call. If it does not come through, look at your phone lines and assistants."),
        ),
        (),
        _("Look at the calls"),
        page_url("calls"),
    )
