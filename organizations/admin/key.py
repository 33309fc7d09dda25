"""API keys of services. The key itself is shown once, after it was made; its hash never, not even in an address.

The row's primary key holds the hash, so pages and history entries of a key go by its prefix.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from organizations.admin import actions
from organizations.admin.base import BackOfficeAdmin
from organizations.models import Scope, ServiceKey


class ServiceKeyForm(forms.ModelForm):
    """A new key, or the name and expiry of one that exists."""

    scopes = forms.MultipleChoiceField(
        choices=Scope, widget=UnfoldAdminCheckboxSelectMultipleWidget, help_text="What the key may do, and no more."
    )

    class Meta:
        model = ServiceKey
        fields = ("service", "name", "scopes", "expiry_date")
        help_texts: ClassVar[dict[str, str]] = {
            "service": "The key reaches the accounts of this service's product.",
            "name": "Tells keys apart: who uses it, and where.",
            "expiry_date": "From then on the key is refused. Empty: it works until it is revoked.",
        }

    def clean_expiry_date(self) -> Any:
        """A moment that is still to come."""
        expires = self.cleaned_data["expiry_date"]
        if expires is not None and "expiry_date" in self.changed_data and expires <= timezone.now():
            raise forms.ValidationError("This moment has passed. Choose a later one, or revoke the key instead.")
        return expires


@admin.register(ServiceKey)
class ServiceKeyAdmin(BackOfficeAdmin):
    """Keys of services."""

    form = ServiceKeyForm
    list_display = ("shown_name", "service", "prefix", "shown_scopes", "state", "created", "expiry_date")
    list_display_links = None
    list_filter = (("service", RelatedDropdownFilter), "revoked")
    list_select_related = ("service",)
    search_fields = ("name", "prefix", "service__name", "service__slug")
    actions_detail = ("revoke",)
    asks_recent_sign_in = True

    def get_readonly_fields(self, request: HttpRequest, obj: ServiceKey | None = None) -> tuple[str, ...]:
        """A key that was handed out keeps its service and scopes; a revoked one changes no more."""
        if obj is None:
            return ()
        fixed = ("service", "shown_scopes", "prefix", "state", "created")
        return (*fixed, "name", "expiry_date") if obj.revoked else fixed

    def get_fields(self, request: HttpRequest, obj: ServiceKey | None = None) -> tuple[str, ...]:
        """What is asked for a new key, what is shown of one that exists."""
        if obj is None:
            return ("service", "name", "scopes", "expiry_date")
        return ("name", "service", "shown_scopes", "prefix", "state", "created", "expiry_date")

    def get_form(self, request: HttpRequest, obj: ServiceKey | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form without scopes once the key exists."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is not None:
            form.base_fields.pop("scopes", None)
            form.declared_fields.pop("scopes", None)
        return form

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ServiceKey | None:
        """The key with this prefix, which also stands in for its primary key: pages make addresses of that."""
        key = self.get_queryset(request).filter(prefix=object_id).first()
        if key is not None:
            key.pk = key.prefix
        return key

    @display(description="name", ordering="name")
    def shown_name(self, obj: ServiceKey) -> SafeString:
        """The name, linked to the page that goes by the prefix."""
        url = reverse("admin:organizations_servicekey_change", args=[obj.prefix])
        return format_html('<a class="bo-link" href="{}">{}</a>', url, obj.name)

    @display(description="scopes")
    def shown_scopes(self, obj: ServiceKey) -> str:
        """What it may do."""
        return ", ".join(obj.scopes)

    @display(description="state", label={"active": "success", "revoked": "danger", "expired": "warning"})
    def state(self, obj: ServiceKey) -> str:
        """Whether it still opens anything."""
        return "revoked" if obj.revoked else "expired" if obj.has_expired else "active"

    def save_model(self, request: HttpRequest, obj: ServiceKey, form: forms.ModelForm, change: bool) -> None:
        """Make the key and show it this once, or save what changed about it."""
        if change:
            ServiceKey.objects.filter(prefix=obj.prefix).update(name=obj.name, expiry_date=obj.expiry_date)
            return
        key = ServiceKey.objects.assign_key(obj)
        obj.save(force_insert=True)
        text = "The key of {} is <code>{}</code>. Copy it now: it is not kept and cannot be shown again."
        messages.warning(request, format_html(text, obj.name, key))

    def response_add(self, request: HttpRequest, obj: ServiceKey, post_url_continue: str | None = None) -> HttpResponse:
        """Back to the list, where the message with the key stands."""
        return HttpResponseRedirect(reverse("admin:organizations_servicekey_changelist"))

    def response_change(self, request: HttpRequest, obj: ServiceKey) -> HttpResponse:
        """Back to the list; the usual redirect would name the hash."""
        messages.success(request, f"{obj.name} was saved.")
        return HttpResponseRedirect(reverse("admin:organizations_servicekey_changelist"))

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """History by prefix."""
        return self._log(request, obj, ADDITION, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """History by prefix."""
        return self._log(request, obj, CHANGE, message)

    def _log(self, request: HttpRequest, obj: Any, flag: int, message: Any) -> LogEntry:
        assert request.user.pk is not None
        known = obj.pk
        obj.pk = obj.prefix
        try:
            return LogEntry.objects.log_actions(request.user.pk, [obj], flag, message, single_object=True)
        finally:
            obj.pk = known

    @action(description="Revoke", permissions=["act"], icon="key_off", variant=ActionVariant.DANGER)
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The key is refused from the next request on, for good."""
        key = self.get_object(request, object_id)
        if key is None or key.revoked:
            messages.warning(request, "This key is revoked already.")
            return HttpResponseRedirect(reverse("admin:organizations_servicekey_changelist"))

        def perform(form: actions.ReasonForm) -> str:
            ServiceKey.objects.filter(prefix=key.prefix).update(revoked=True)
            return f"{key.name} is revoked."

        return actions.run(
            request,
            self,
            key,
            actions.Action(
                title="Revoke the key",
                intro="Every request with this key is refused from now on. This cannot be taken back.",
                verb="Revoke",
                question=f"Revoke {key.name}?",
                explain=lambda form: [
                    ("Key", f"{key.name}, {key.prefix}…"),
                    ("Service", key.service),
                    ("Reason", form.cleaned_data["reason"]),
                ],
                perform=perform,
                is_dangerous=True,
                moves_money=True,
                next_url=reverse("admin:organizations_servicekey_changelist"),
            ),
        )
