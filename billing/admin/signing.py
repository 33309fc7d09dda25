"""Signing keys and the daily signed heads, read-only: keys are rotated by a command, days are signed by a sweep."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from billing.models import ChainHead, SignedDay, SigningKey
from billing.services.exports.addresses import key_url
from billing.services.exports.heads import HeadsChangedError, heads_file
from organizations.admin import actions
from organizations.admin.base import BackOfficeAdmin, BigTableAdmin, ReadOnlyMixin


@admin.register(SigningKey)
class SigningKeyAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Public keys; of private halves nothing is shown."""

    list_display = ("fingerprint", "shown_state", "valid_from", "retired_at")
    search_fields = ("fingerprint",)
    fields = ("fingerprint", ("shown_state", "valid_from", "retired_at"), "address", "public_key")
    readonly_fields = ("shown_state", "address")

    @display(description="state", label={"current": "success", "retired": "info"})
    def shown_state(self, obj: SigningKey) -> str:
        """Whether it signs."""
        return "current" if obj.retired_at is None else "retired"

    @display(description="published at")
    def address(self, obj: SigningKey) -> str:
        """Where auditors get it."""
        return key_url(obj)


@admin.register(SignedDay)
class SignedDayAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """The days whose heads were signed."""

    list_display = ("day", "wallets", "made_at", "key", "sha256")
    list_select_related = ("key",)
    date_hierarchy = "day"
    ordering = ("-day",)
    fields = (("day", "made_at", "wallets"), ("key", "sha256"))
    actions_detail = ("download", "download_signature")

    @action(description="Download", permissions=["view"], icon="download", variant=ActionVariant.PRIMARY)
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The day's file."""
        return self._file(request, object_id, is_signature=False)

    @action(description="Signature", permissions=["view"], icon="signature")
    def download_signature(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Its detached signature."""
        return self._file(request, object_id, is_signature=True)

    def _file(self, request: HttpRequest, object_id: str, *, is_signature: bool) -> HttpResponse:
        day = self.get_object(request, object_id)
        if day is None:
            missing: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return missing
        try:
            made = heads_file(day)
        except HeadsChangedError as error:
            self.message_user(request, f"{error} Run manage.py verify_ledger.", "ERROR")
            return HttpResponseRedirect(actions.page_url(self, day))
        content, name = (made.signature, f"{made.name}.sig") if is_signature else (made.content, made.name)
        response = HttpResponse(content, content_type="application/octet-stream")
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


@admin.register(ChainHead)
class ChainHeadAdmin(ReadOnlyMixin, BigTableAdmin):
    """The heads themselves: a row for each day on which a wallet moved."""

    list_display = ("day", "wallet", "number", "shown_hash")
    list_select_related = ("wallet__account",)
    list_filter = (("wallet", AutocompleteSelectFilter),)
    narrowing = ("wallet__id__exact",)
    fields = (("day", "wallet", "number"), "shown_hash")
    readonly_fields: Any = ("shown_hash",)

    @display(description="hash")
    def shown_hash(self, obj: ChainHead) -> str:
        """In hexadecimal digits."""
        return bytes(obj.hash).hex()
