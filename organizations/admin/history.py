"""The history as staff see it: on each object's own page, and everything that was changed in one list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Page
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from organizations.admin.amounts import DASH
from organizations.admin.panels import Column, Panel, badge, link, link_to, moment
from organizations.history import attribution, words
from organizations.history.tracking import tracked, tracked_as
from organizations.models import RecordedChange

SHOWN = 100  # of one object, on one page
REASON = "history_reason"
NEAR = timedelta(hours=1)  # a request or a task lasts no longer
KINDS = {"insert": "good", "update": "", "delete": "bad"}


class WhyForm(forms.Form):
    """Stands below the form of every model that is recorded."""

    history_reason = forms.CharField(
        label="Why",
        required=False,
        max_length=attribution.LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text="The reason stands in the history beside what you change, with your name.",
    )


def say_why(request: HttpRequest) -> None:
    """Put what the form says of the reason into the history of what it changes."""
    attribution.say(doing="Form", reason=request.POST.get(REASON, "").strip())


def why_form(request: HttpRequest, model_admin: ModelAdmin, object_id: str | None) -> WhyForm | None:
    """The question for the reason, where something can be saved and the answer would be kept."""
    if tracked_as(model_admin.opts.label_lower) is None:
        return None
    if not (model_admin.has_change_permission(request) if object_id else model_admin.has_add_permission(request)):
        return None
    return WhyForm({REASON: request.POST.get(REASON, "")} if request.method == "POST" else None)


def object_panels(model: type[Model], obj: Model, page: Page[RecordedChange]) -> list[Panel]:
    """What was changed of the object, newest first, and what staff did on its page."""
    changes = list(page.object_list)
    names = words.names_of(changes)
    currency = str(getattr(obj, "currency", "") or "")
    rows = [
        (moment(one.at), who(one), what(one, words.lines(one, names, currency=currency)), why(one)) for one in changes
    ]
    log = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(model), object_id=str(obj.pk)
    ).select_related("user")
    done = [(moment(one.action_time), link(one.user), one.get_change_message()) for one in log.order_by("-id")[:SHOWN]]
    return [
        Panel(
            "What was changed",
            (Column("When (UTC)"), Column("Who"), Column("What, from → to"), Column("Why")),
            rows,
            empty=_nothing(model),
            is_wide=True,
        ),
        Panel(
            "What staff did here",
            (Column("When (UTC)"), Column("Who"), Column("What")),
            done,
            empty="Nobody has used a form or an action of this page.",
            is_wide=True,
        ),
    ]


def changes_of(model: type[Model], obj: Model) -> QuerySet[RecordedChange]:
    """All that was changed of the object and its parts, newest first."""
    label = model._meta.label_lower
    tracked = tracked_as(label)
    field = next((one for one in model._meta.concrete_fields if tracked and one.column == tracked.key), model._meta.pk)
    key = getattr(obj, field.attname)
    return RecordedChange.objects.filter(model=label, object_id=str(key)).select_related("user").order_by("-id")


def unseen_parts(request: HttpRequest) -> list[str]:
    """The models whose rows are told as part of another's, and have a page of their own that the person may not see."""
    pages = {one.part_label: admin.site._registry.get(one.model) for one in tracked() if one.part_of}
    return sorted(label for label, page in pages.items() if page and not page.has_view_permission(request))


def who(change: RecordedChange) -> SafeString:
    """Who did it: a person, or what acted by itself; and how."""
    source = change.get_source_display() if change.source else "Outside the application"
    if change.user_id:
        name = link(change.user) if change.user else f"user {change.user_id}"
    elif change.source:
        name = source
    else:
        name = f"{source}, as {change.database_user}"
    how = f"{source}: {change.doing}" if change.user_id else change.doing
    return format_html('{}<br><span class="bo-muted">{}</span>', name, how) if how else format_html("{}", name)


def why(change: RecordedChange) -> SafeString | str:
    """The reason that was given."""
    return change.reason or DASH


def what(change: RecordedChange, shown: list[words.Line], *, more: int = 0) -> SafeString:
    """The columns, each from what to what."""
    subject = words.part_noun(change.part) if change.part else ""
    head = badge(f"{change.get_operation_display()} {subject}".strip(), KINDS[change.operation])
    listed = format_html_join(
        "", '<div class="bo-change"><span>{}</span> {}</div>', ((one.name, _values(change, one)) for one in shown)
    )
    rest = format_html('<div class="bo-muted">and {} more</div>', more) if more > 0 else ""
    return format_html("{}{}{}", head, listed, rest)


def _values(change: RecordedChange, line: words.Line) -> SafeString | str:
    if line.before == line.after == words.HIDDEN:
        return format_html('<span class="bo-muted">{}</span>', "changed; its value is not kept")
    if change.operation == RecordedChange.Operation.INSERT:
        return line.after
    if change.operation == RecordedChange.Operation.DELETE:
        return format_html("<del>{}</del>", line.before)
    before = format_html("<del>{}</del>", line.before) if line.before else "nothing"
    return format_html("{} → <b>{}</b>", before, line.after or "nothing")


def object_link(change: RecordedChange) -> Any:
    """The object's page, by the model's name and the key."""
    model = words.model_of(change.model)
    text = f"{words.noun(change.model)} {change.object_id}"
    if model is None or not admin.site.is_registered(model):
        return text
    try:
        return link_to(model, change.object_id, text)
    except NoReverseMatch:
        return text


def _nothing(model: type[Model]) -> str:
    tracked = tracked_as(model._meta.label_lower)
    if tracked is None:
        return "Changes of these rows are not recorded: they are written once, or are their own record."
    if tracked.only:
        return "None of the columns that people set was changed. What calls change is in the ledger."
    return "Nothing was changed since the history is kept."
