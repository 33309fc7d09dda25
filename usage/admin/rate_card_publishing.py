"""What is known of a draft before it is published: what it changes, what it would cost, what was published since."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from organizations.admin.amounts import amount_text
from organizations.admin.panels import Column, Panel, badge, link
from usage.admin.card_diff import last_what_if, panels_of, summary
from usage.admin.rate_card_panels import changes
from usage.admin.what_if_panels import is_outdated, share
from usage.models import RateCardVersion
from usage.selectors.card_diff import diff_of, published_meanwhile, version_before

NO_WHAT_IF = "No what-if was run on this draft: what last month would have cost on it is not known."


def draft_panel(version: RateCardVersion) -> Panel:
    """The draft's state on its page."""
    before = version_before(version)
    rows: list[tuple[Any, Any]] = [
        ("Holds from", start_text(version)),
        ("Changes", _changes_link(version, before)),
        ("What if", what_if_text(version)),
    ]
    rows += [("Mind", conflict) for conflict in conflicts(version)]
    return Panel("This draft", (Column(""), Column("")), rows, is_wide=True)


def publication(version: RateCardVersion) -> list[tuple[str, Any]]:
    """What publishing would do, for its confirmation."""
    before = version_before(version)
    rows: list[tuple[str, Any]] = [
        ("Holds from", start_text(version)),
        ("For", version.card.account or f"all accounts of {version.card.product} without a card of their own"),
        ("Takes the place of", _replaced(version, before)),
        ("Changes", changes(version, before)),
        ("In all", summary(diff_of(before, version))),
        ("What if", what_if_text(version)),
    ]
    rows += [("Mind", conflict) for conflict in conflicts(version)]
    return [*rows, ("Afterwards", "it cannot be edited; a new price is a new version")]


def publication_panels(version: RateCardVersion) -> list[Panel]:
    """The difference field by field, below the confirmation."""
    before = version_before(version)
    return panels_of(diff_of(before, version)) if before is not None else []


def start_text(version: RateCardVersion) -> str:
    """From when it holds, and what that means."""
    start = f"{version.starts_at:%Y-%m-%d %H:%M} UTC"
    days = (version.starts_at - timezone.now()).days
    if version.starts_at <= timezone.now():
        return f"{start} (past: prices what is reported from now on)"
    return f"{start} (scheduled: in {days} day{'s' if days != 1 else ''})" if days else f"{start} (within a day)"


def what_if_text(version: RateCardVersion) -> SafeString | str:
    """The last what-if in a line, or that there was none."""
    run = last_what_if(version)
    if run is None:
        return badge(NO_WHAT_IF, "warn") if version.status == RateCardVersion.Status.DRAFT else "none was run"
    difference = amount_text(run.difference, run.currency, signed=True)
    percent = share(run.actual, run.would_be)
    text = f"{run.first_day} to {run.last_day}: {difference}{f' ({percent})' if percent else ''}"
    if run.unpriced:
        text = f"{text}; {run.unpriced:,} calls without a price"
    outdated = badge("edited since", "warn") if is_outdated(run) else ""
    return format_html("{} {}", link(run, text), outdated)


def conflicts(version: RateCardVersion) -> list[SafeString]:
    """What was published after the draft was made, and is not in it."""
    meanwhile = published_meanwhile(version)
    found = [
        format_html(
            "{} was published on {} UTC, after this draft was made. What it changed is undone by this one unless it "
            "stands in it, too: compare the two.",
            link(one, f"Version {one.number}"),
            f"{one.published_at:%Y-%m-%d %H:%M}",
        )
        for one in meanwhile
    ]
    late = [one for one in meanwhile if one.starts_at >= version.starts_at]
    if late:
        found.append(
            format_html(
                "It starts before version {} does: choose a later start to publish it.",
                max(late, key=lambda one: one.starts_at).number,
            )
        )
    return found


def _replaced(version: RateCardVersion, before: RateCardVersion | None) -> str:
    if before is None:
        return "nothing: the card's first version"
    if before.card_id == version.card_id:
        return f"version {before.number}"
    return f"{before}, for this account"


def _changes_link(version: RateCardVersion, before: RateCardVersion | None) -> SafeString:
    words = summary(diff_of(before, version)) if before is not None else "the card's first version"
    against = f", against {before}" if before is not None else ""
    address = reverse("admin:usage_ratecardversion_compare", args=[version.pk])
    return format_html('{}{} <a class="bo-link" href="{}">Compare</a>', words, against, address)
