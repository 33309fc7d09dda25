"""Blocked callers: block a number, lift the block, and waive what its calls were charged."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RelatedDropdownFilter
from unfold.decorators import display

from organizations.admin import panels
from organizations.admin.panels import Column, Panel, badge, link, list_url, moment
from organizations.models import Account
from usage.admin.blocked_actions import BlockedActions, staff_id
from usage.models import BlockedCaller
from usage.services.blocking import block, check

SHOWN = 10


class BlockForm(forms.ModelForm):
    """Whom to block, where and why."""

    class Meta:
        model = BlockedCaller
        fields = ("product", "account", "number", "reason")
        help_texts: ClassVar[dict[str, str]] = {
            "product": "Whose calls are denied from now on.",
            "number": "As calls report it, such as +1 415 555 0100; spaces and dashes do not count.",
            "reason": "Why it is blocked; it stands here for ever.",
        }

    def clean(self) -> dict[str, Any]:
        """What the service would refuse stands beside the fields."""
        found = super().clean() or self.cleaned_data
        if not self.errors:
            check(**asked_for(found))
        return found


def asked_for(found: dict[str, Any]) -> dict[str, Any]:
    """The form's fields as the service takes them."""
    account = found.get("account")
    return {
        "product_id": found["product"].pk,
        "account_id": account.pk if account else None,
        "caller": found["number"],
        "reason": found["reason"],
    }


@admin.register(BlockedCaller)
class BlockedCallerAdmin(BlockedActions):
    """Numbers whose calls are denied, and those that were."""

    form = BlockForm
    list_display = ("written", "product", "account", "state", "reason", "blocked_by", "blocked_at", "lifted_at")
    list_filter = (
        ("product", RelatedDropdownFilter),
        ("account", AutocompleteSelectFilter),
        ("lifted_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("product", "account", "blocked_by")
    search_fields = ("number", "written", "account__name", "account__external_id", "reason")
    search_help_text = "A number, an account, or words of the reason"
    date_hierarchy = "blocked_at"
    autocomplete_fields = ("account",)
    ordering = ("-id",)

    def has_change_permission(self, request: HttpRequest, obj: BlockedCaller | None = None) -> bool:
        """Nobody: a block is lifted, and made anew."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[BlockedCaller]:
        """Blocks with their account and people."""
        return super().get_queryset(request).select_related("product", "account__product", "blocked_by", "lifted_by")

    def get_fields(self, request: HttpRequest, obj: BlockedCaller | None = None) -> Any:
        """What is asked for a new one, what is shown of one that exists."""
        if obj is None:
            return ("product", "account", "number", "reason")
        return (
            ("written", "number", "state"),
            ("product", "account"),
            "reason",
            ("blocked_by", "blocked_at"),
            ("lifted_by", "lifted_at"),
            "lifted_because",
        )

    def get_readonly_fields(self, request: HttpRequest, obj: BlockedCaller | None = None) -> Any:
        """The state is never typed."""
        return () if obj is None else ("state",)

    def save_model(self, request: HttpRequest, obj: BlockedCaller, form: Any, change: bool) -> None:
        """Through the service; the page that follows is the block's, which may have been there."""
        blocked = block(user_id=staff_id(request), **asked_for(form.cleaned_data))
        obj.pk, obj.written = blocked.pk, blocked.written

    @display(description="state")
    def state(self, obj: BlockedCaller) -> Any:
        """Whether calls are denied."""
        return badge("Lifted") if obj.lifted_at else badge("Blocked", "bad")


def of_account(request: HttpRequest, account: Account) -> list[Panel]:
    """Whom the account does not take calls from, for whoever may look."""
    if not request.user.has_perm("usage.view_blockedcaller"):
        return []
    found = BlockedCaller.objects.filter(account=account, lifted_at=None).order_by("-id")[:SHOWN]
    rows = [(link(one, one.written), one.reason, moment(one.blocked_at)) for one in found]
    columns = (Column("Number"), Column("Why"), Column("Since (UTC)"))
    empty = "Nobody is blocked. Block a caller on the page of its call."
    more = list_url(BlockedCaller, account__id__exact=account.pk)
    return [Panel("Blocked callers", columns, rows, empty=empty, more_url=more)]


panels.register(Account, of_account)
