"""Organizations: the legal entities of an account that documents are issued to (aipbx.md, 'Organizations')."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RelatedDropdownFilter
from unfold.widgets import UnfoldBooleanSwitchWidget

from organizations.admin.base import BackOfficeAdmin
from organizations.models import Organization, User
from organizations.services.organizations import FIELDS, Details, check, ensure_default, make_default


class OrganizationForm(forms.ModelForm):
    """What stands on documents."""

    make_default = forms.BooleanField(
        label="default",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Chosen first when somebody pays; the account's other one is not any more.",
    )

    class Meta:
        model = Organization
        fields = (
            "account",
            "name",
            "country",
            "region",
            "tax_id",
            "tax_registration_code",
            "legal_address",
            "bank_account",
            "bank_code",
            "email",
        )
        help_texts: ClassVar[dict[str, str]] = {
            "account": "The customer that it belongs to.",
            "name": "As it stands in the register and on documents.",
            "tax_id": "VAT number, INN, GSTIN or EIN, as the country has it.",
            "tax_registration_code": "Such as a KPP, where the country has one.",
            "email": "Documents are sent here. Empty: to the account's own address.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["make_default"].initial = self.instance.is_default

    def clean(self) -> dict[str, Any]:
        """The details as they are kept; wrong ones are refused, doubtful ones are said after saving."""
        cleaned = super().clean() or self.cleaned_data
        account = cleaned.get("account") or getattr(self.instance, "account", None)
        if account is None:
            return cleaned
        details = Details(**{name: str(cleaned.get(name, "")) for name in FIELDS})
        found = check(
            account_id=account.pk, details=details, organization=self.instance if self.instance.pk is not None else None
        )
        for name, words in found.errors.items():
            if name not in self.errors:
                self.add_error(name, words)
        for name in FIELDS:
            if name in cleaned:
                cleaned[name] = getattr(found.details, name)
        self.doubts = [f"{self.fields[name].label}: {words}" for name, words in found.warnings.items()]
        return cleaned


@admin.register(Organization)
class OrganizationAdmin(BackOfficeAdmin):
    """Organizations of all accounts."""

    form = OrganizationForm
    list_display = ("name", "account", "country", "tax_id", "tax_registration_code", "email", "is_default")
    list_filter = (
        ("account__product", RelatedDropdownFilter),
        ("account", AutocompleteSelectFilter),
        "country",
        "is_default",
    )
    list_select_related = ("account",)
    search_fields = ("name", "tax_id", "email", "account__name", "account__external_id")
    autocomplete_fields = ("account",)
    fieldsets = (
        (None, {"fields": (("name", "account"), ("country", "region"), "legal_address")}),
        ("Tax", {"fields": (("tax_id", "tax_registration_code"),)}),
        ("Bank", {"fields": (("bank_account", "bank_code"),)}),
        ("Documents", {"fields": (("email", "make_default"),)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Organization | None = None) -> tuple[str, ...]:
        """An organization stays with its account."""
        return ("account",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: Organization, form: Any, change: bool) -> None:
        """Save, and say what is doubtful; which one is the default is the service's to keep."""
        super().save_model(request, obj, form, change)
        settle = make_default if form.cleaned_data["make_default"] else ensure_default
        settle(account_id=obj.account_id, organization_id=obj.pk, user_id=cast(User, request.user).pk)
        for words in form.doubts:
            messages.warning(request, words)
