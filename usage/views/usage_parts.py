"""Where the usage of a period went: by channel, and by project with what was only simulated apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.templatetags.money import number
from organizations.models import Project
from usage.models.event import EventType
from usage.rating.types import CALL
from usage.selectors.pages.usage import ProjectSum, Sums
from usage.views.charge_lines import quantity_words
from usage.views.usage_matrix import calls_words
from usage.views.words import CHANNELS, OTHER_USAGE, word

ZERO = Decimal(0)
PROJECTS_SHOWN = 12
KINDS = [kind.value for kind in EventType]


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """Calls on one channel, or one kind of other usage, which has neither calls nor minutes."""

    label: str
    calls: int | None
    minutes: str
    spent: Decimal


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """One project's usage; without a project, that of the `others`, which are not listed."""

    project: Project | None
    calls: int
    requests: int
    spent: Decimal
    others: int = 0

    @property
    def words(self) -> str:
        """How much it was used: 62 calls, and the requests of a gateway."""
        counts = [calls_words(self.calls)] if self.calls or not self.requests else []
        if self.requests:
            counts.append(quantity_words(Decimal(self.requests), "request"))
        return ", ".join(counts)


def channel_lines(sums: Sequence[Sums]) -> list[ChannelLine]:
    """By channel, the dearest first, then what is no call; empty where there is nothing to tell apart."""
    used = [each for each in sums if each.count or each.spent]
    channels = {each.channel for each in used if each.is_call}
    kinds = {each.event_type for each in used if not each.is_call and each.spent}
    lines = [
        _channel_line(channel, [each for each in used if each.is_call and each.channel == channel])
        for channel in channels
    ]
    lines.sort(key=lambda line: (-line.spent, line.label))
    for kind in sorted(kinds, key=KINDS.index):
        spent = sum((each.spent for each in used if each.event_type == kind), ZERO)
        lines.append(ChannelLine(word(OTHER_USAGE, kind), None, "", spent))
    return lines if len(lines) > 1 else []


def project_lines(sums: Iterable[ProjectSum], projects: Sequence[Project]) -> list[ProjectLine]:
    """By project, the dearest first; beyond a dozen the rest are one line, so that the lines add up."""
    used: defaultdict[int, list[ProjectSum]] = defaultdict(list)
    for each in sums:
        if each.count or each.spent:
            used[each.project_id].append(each)
    lines = [_project_line([project], used[project.pk]) for project in projects if project.pk in used]
    lines.sort(key=lambda line: (-line.spent, line.project.name if line.project else ""))
    listed, rest = lines[:PROJECTS_SHOWN], lines[PROJECTS_SHOWN:]
    if len(rest) > 1:
        left = [line.project for line in rest if line.project]
        rest = [_project_line(left, [each for project in left for each in used[project.pk]])]
    return listed + rest


def _project_line(projects: Sequence[Project], sums: Sequence[ProjectSum]) -> ProjectLine:
    """One project, or several that are not told apart."""
    return ProjectLine(
        projects[0] if len(projects) == 1 else None,
        sum(each.count for each in sums if each.event_type == CALL),
        sum(each.count for each in sums if each.event_type == EventType.LLM),
        sum((each.spent for each in sums), ZERO),
        others=len(projects),
    )


def _channel_line(channel: str, sums: Sequence[Sums]) -> ChannelLine:
    seconds = sum((each.seconds for each in sums), ZERO)
    return ChannelLine(
        word(CHANNELS, channel) if channel else _("No channel"),
        sum(each.count for each in sums),
        "" if channel == "chat" else number(seconds / 60, most=1 if seconds < 600 else 0),
        sum((each.spent for each in sums), ZERO),
    )
