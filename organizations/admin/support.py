"""What staff do beside customers: notes on their accounts, and views of their pages. Neither is edited or deleted."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanSwitchWidget

from organizations import viewing
from organizations.admin import actions
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, badge, link, list_url
from organizations.models import Account, AccountNote, SupportView, User
from organizations.services import notes, support_views

NOTES_SHOWN = 5
SHORT = 300


class NoteForm(actions.ActionForm):
    """What should be known of the customer."""

    text = forms.CharField(
        label="Note",
        max_length=notes.LONGEST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text="Staff read it, the customer never does. It cannot be edited later, only struck out.",
        error_messages={"required": "Write what should be known."},
    )
    is_pinned = forms.BooleanField(
        label="Pin it",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="It stands above the account's other notes.",
    )


def add_note(request: HttpRequest, model_admin: BackOfficeAdmin, account: Account) -> HttpResponse:
    """The action that writes a note on the account."""

    def perform(form: NoteForm) -> str:
        author = cast(User, request.user)
        typed = form.cleaned_data
        notes.write(account_id=account.pk, author=author, text=typed["text"], is_pinned=typed["is_pinned"])
        return "The note is on the account."

    return actions.run(
        request,
        model_admin,
        account,
        actions.Action(
            title="Add a note",
            intro="What the next person who speaks with this customer should know.",
            verb="Add the note",
            question=f"Add this note to {account}?",
            explain=lambda form: [
                ("Note", form.cleaned_data["text"]),
                ("Pinned", "yes" if form.cleaned_data["is_pinned"] else "no"),
            ],
            perform=perform,
            form=NoteForm,
            keeps_own_record=True,
        ),
    )


def view_as_customer(request: HttpRequest, model_admin: BackOfficeAdmin, account: Account) -> HttpResponse:
    """The action that begins to look at the account's pages, and then shows them."""
    minutes = support_views.LASTS.seconds // 60

    def perform(form: actions.ReasonForm) -> str:
        staff = cast(User, request.user)
        view = support_views.start(account_id=account.pk, staff=staff, reason=form.cleaned_data["reason"])
        viewing.begin(request, view)
        return f"You see the pages of {account} as its customer does."

    response = actions.run(
        request,
        model_admin,
        account,
        actions.Action(
            title="View as customer",
            intro=(
                f"You see this account's pages as its owner does, for {minutes} minutes. Every page is marked, nothing "
                "can be changed there, and the list of views keeps that you looked, when and why."
            ),
            verb="View",
            question=f"Look at the pages of {account}?",
            explain=lambda form: [
                ("Account", account),
                ("Ends after", f"{minutes} minutes at the latest"),
                ("Reason", form.cleaned_data["reason"]),
            ],
            perform=perform,
            keeps_own_record=True,
        ),
    )
    has_begun = isinstance(response, HttpResponseRedirect)
    if not has_begun:
        return response
    list(messages.get_messages(request))  # every page of the customer's says so itself
    return redirect("overview")


def note_panel(account: Account) -> Panel:
    """The account's notes, the pinned ones first, the rest newest first; those struck out are on the list."""
    standing = (
        account.notes.filter(struck_at=None).select_related("author").order_by("-is_pinned", "-created_at", "-id")
    )
    rows = [
        (
            format_html('<span class="bo-text">{}</span>{}', _short(one), _pin(one)),
            one.author.get_full_name(),
            link(one, f"{one.created_at:%Y-%m-%d %H:%M}"),
        )
        for one in standing[:NOTES_SHOWN]
    ]
    return Panel(
        "Notes",
        (Column("Note"), Column("By"), Column("When (UTC)")),
        rows,
        empty="Nobody has written anything yet. What the next person should know goes here: Add note.",
        note=_views_link(account),
        more_url=list_url(AccountNote, account__id__exact=account.pk),
        rank=-4,
    )


def _views_link(account: Account) -> SafeString:
    """The way to who of the staff looked at the account's pages."""
    address = list_url(SupportView, account__id__exact=account.pk)
    return format_html('<a class="bo-link" href="{}">Views of this account\'s pages by staff</a>', address)


def _short(note: AccountNote) -> str:
    return note.text if len(note.text) <= SHORT else f"{note.text[:SHORT].rstrip()}…"


def _pin(note: AccountNote) -> SafeString | str:
    return format_html(" {}", badge("Pinned", "warn")) if note.is_pinned else ""


@admin.register(AccountNote)
class AccountNoteAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Notes on all accounts. They are written on the account's page."""

    list_display = ("created_at", "account", "shown_text", "author", "state")
    list_filter = (("account__product", RelatedDropdownFilter), "is_pinned", ("author", AutocompleteSelectFilter))
    list_select_related = ("account", "author", "struck_by")
    search_fields = ("text", "account__name", "account__external_id")
    date_hierarchy = "created_at"
    fields = ("account", "full_text", "author", "created_at", "is_pinned", "struck_at", "struck_by")
    readonly_fields = ("full_text",)
    actions_detail = ("pin", "unpin", "strike_out")

    def has_note_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may write notes."""
        return request.user.has_perm(notes.WRITES)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """The account's page links here with its id."""
        return lookup == "account__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountNote]:
        """Notes with their account and people."""
        return super().get_queryset(request).select_related("account", "author", "struck_by")

    @display(description="note")
    def shown_text(self, obj: AccountNote) -> SafeString:
        """Its beginning, struck through where it was taken back."""
        return format_html("<s>{}</s>" if obj.struck_at else "{}", _short(obj))

    @display(description="note")
    def full_text(self, obj: AccountNote) -> SafeString:
        """All of it, in the lines that it was written in."""
        return format_html('<span class="bo-text">{}</span>', obj.text)

    @display(description="state", label={"pinned": "info", "struck out": "warning"})
    def state(self, obj: AccountNote) -> str:
        """Whether it stands."""
        return "struck out" if obj.struck_at else ("pinned" if obj.is_pinned else "")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Those that fit: a note struck out stays so."""
        note = self.get_object(request, str(object_id))
        if note is None or note.struck_at is not None:
            return []
        unfit = {"pin" if note.is_pinned else "unpin"}
        if not notes.may_strike(note, cast(User, request.user)):
            unfit.add("strike_out")
        found = super().get_actions_detail(request, object_id)
        return [one for one in found if one.action_name.removeprefix("organizations_accountnote_") not in unfit]

    @action(description="Pin", permissions=["note"], icon="keep")
    def pin(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Above the account's other notes."""
        return self._pinned(request, object_id, is_pinned=True)

    @action(description="Unpin", permissions=["note"], icon="keep_off")
    def unpin(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Among the account's other notes."""
        return self._pinned(request, object_id, is_pinned=False)

    def _pinned(self, request: HttpRequest, object_id: str, *, is_pinned: bool) -> HttpResponse:
        def perform(form: actions.ActionForm) -> str:
            notes.set_pinned(note_id=int(object_id), is_pinned=is_pinned, by=cast(User, request.user))
            return "The note stands above the others." if is_pinned else "The note stands among the others."

        return self._act(
            request,
            object_id,
            title="Pin the note" if is_pinned else "Unpin the note",
            intro="",
            verb="Pin" if is_pinned else "Unpin",
            question="Let the note stand above the others?" if is_pinned else "Let the note stand among the others?",
            perform=perform,
        )

    @action(description="Strike out", permissions=["note"], icon="format_strikethrough", variant=ActionVariant.DANGER)
    def strike_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """It no longer stands on the account's page."""

        def perform(form: actions.ActionForm) -> str:
            notes.strike_out(note_id=int(object_id), by=cast(User, request.user))
            return "The note is struck out. It stays on the list."

        return self._act(
            request,
            object_id,
            title="Strike the note out",
            intro="",
            verb="Strike out",
            question="Strike the note out? It leaves the account's page and stays on the list of notes.",
            perform=perform,
            is_dangerous=True,
        )

    def _act(self, request: HttpRequest, object_id: str, **words: Any) -> HttpResponse:
        note = self.get_object(request, object_id)
        if note is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        rows = [("Account", note.account), ("Note", note.text), ("By", note.author)]
        asked = actions.Action(explain=lambda form: rows, form=actions.ActionForm, **words)
        return actions.run(request, self, note, asked)


def view_state(view: SupportView) -> str:
    """Whether it lasts, or how it ended."""
    if view.is_open(timezone.now()):
        return "open"
    return view.get_ending_display() if view.ending else str(SupportView.Ending.TIME.label)


@admin.register(SupportView)
class SupportViewAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Who looked at which customer's pages, when and why."""

    list_display = ("started_at", "staff", "account", "reason", "until", "state", "ended_at")
    list_filter = (
        ("staff", AutocompleteSelectFilter),
        ("account__product", RelatedDropdownFilter),
        ("ending", ChoicesDropdownFilter),
    )
    list_select_related = ("account", "staff")
    search_fields = ("account__name", "account__external_id", "staff__email", "reason")
    date_hierarchy = "started_at"
    fields = ("account", "staff", "reason", "started_at", "until", "state", "ended_at")
    readonly_fields = ("state",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """The pages of accounts and people link here with their id."""
        known = ("account__id__exact", "staff__id__exact")
        return lookup in known or super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SupportView]:
        """Views with their account and who looked."""
        return super().get_queryset(request).select_related("account", "staff")

    @display(description="state", label={"open": "info"})
    def state(self, obj: SupportView) -> str:
        """Whether it lasts, or how it ended."""
        return view_state(obj)
