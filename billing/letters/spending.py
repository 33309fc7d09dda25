"""What is said of spending unlike the usual (aipbx.md, 'Why limits are important').

Facts: `spent` and `usual` in `currency`, of the hour that begins at `hour`.
"""

from __future__ import annotations

from datetime import UTC, timedelta

from django.utils.translation import gettext as _

from billing.letters.facts import amount, moment
from billing.letters.page import page_url
from billing.templatetags.moments import clock, day_year
from notifications.models import Event, Notice
from notifications.words import Message, register

HOUR = timedelta(hours=1)


def register_words() -> None:
    """Give unusual spending its words."""
    register(Event.SPENDING_SPIKE, _unusual)


def _unusual(notice: Notice) -> Message:
    begin = moment(notice, "hour")
    end = (begin.astimezone(UTC) + HOUR).astimezone(begin.tzinfo)
    words = {
        "spent": amount(notice, "spent"),
        "usual": amount(notice, "usual"),
        "day": day_year(begin.date()),
        "start": clock(begin),
        "end": clock(end),
    }
    return Message(
        _("%(spent)s spent in an hour, unlike the usual") % words,
        (
            _("It was spent on %(day)s from %(start)s to %(end)s. At that hour of the week it is about %(usual)s.")
            % words,
            _("If you do not expect it, look at the calls. A daily cap stops new calls once it is reached."),
        ),
        ((_("Spent"), words["spent"]), (_("Usually"), words["usual"])),
        _("Look at the limits"),
        page_url("limits"),
    )
