"""Issuers: the legal entities that documents are written in the name of, and the series of their numbers."""

from __future__ import annotations

import re
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.ru import ogrn
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget

from billing.models import Issuer, NumberSeries, ProductTerms
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, link
from organizations.identifiers import Identifiers, checked
from organizations.services.accounts import country_codes

CHECKED = ("region", "tax_id", "tax_registration_code", "bank_account", "bank_code")
CORRESPONDENT = re.compile(r"301[0-9]{17}")
UPI = re.compile(r"[A-Za-z0-9._-]{2,}@[A-Za-z][A-Za-z0-9]{1,}")


class IssuerForm(forms.ModelForm):
    """What stands on documents from now on. A wrong form is refused, a check digit that does not match is said."""

    class Meta:
        model = Issuer
        exclude = ("created_at",)
        help_texts: ClassVar[dict[str, str]] = {
            "slug": "The name by which product files and the command line know it.",
            "tax_id": "EIN, VAT number, GSTIN or INN: its form is checked by the country.",
            "tax_registration_code": "KPP, where the country has one.",
            "registration_number": "Of the company register; OGRN, where the issuer is Russian.",
            "bank_account": "Account number or IBAN; Russian: 20 digits that match the BIK.",
            "bank_code": "BIC, routing number, IFSC or BIK.",
            "correspondent_account": "Russian banks: 20 digits that begin with 301.",
        }
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "language": UnfoldAdminSelectWidget(choices=[(code, str(name)) for code, name in settings.LANGUAGES]),
        }

    doubts: list[str]

    def clean_country(self) -> str:
        """Two letters of the list, in capitals."""
        country = str(self.cleaned_data["country"]).strip().upper()
        if country not in country_codes():
            raise forms.ValidationError("There is no such country. Write the two letters of its code, such as DE.")
        return country

    def clean_timezone(self) -> str:
        """A zone of the database of timezones."""
        zone = str(self.cleaned_data["timezone"]).strip()
        if zone not in available_timezones():
            raise forms.ValidationError("There is no such timezone. Write it like Europe/Berlin.")
        return zone

    def clean_correspondent_account(self) -> str:
        """Empty, or as Russian banks have it."""
        account = re.sub(r"\s", "", str(self.cleaned_data["correspondent_account"]))
        if account and not CORRESPONDENT.fullmatch(account):
            raise forms.ValidationError("A correspondent account has 20 digits and begins with 301.")
        return account

    def clean_upi_id(self) -> str:
        """Empty, or name@bank."""
        upi_id = str(self.cleaned_data["upi_id"]).strip()
        if upi_id and not UPI.fullmatch(upi_id):
            raise forms.ValidationError("Write it like name@bank.")
        return upi_id

    def clean(self) -> dict[str, Any]:
        """Identifiers as the country has them, in the form in which they are kept."""
        cleaned = super().clean() or self.cleaned_data
        region, tax_id, code, account, bank = (str(cleaned.get(name, "")) for name in CHECKED)
        found = checked(Identifiers(str(cleaned.get("country", "")), region, tax_id, code, account, bank))
        for name in CHECKED:
            if name in found.errors and name not in self.errors:
                self.add_error(name, found.errors[name])
            elif name in cleaned:
                cleaned[name] = getattr(found, name)
        self.doubts = [f"{self.fields[name].label}: {words}" for name, words in found.warnings.items()]
        self._check_register(cleaned)
        return cleaned

    def _check_register(self, cleaned: dict[str, Any]) -> None:
        number = str(cleaned.get("registration_number", ""))
        if cleaned.get("country") != "RU" or not number:
            return
        try:
            cleaned["registration_number"] = ogrn.validate(number)
        except InvalidChecksum:
            self.doubts.append("Registration number: The last digit does not match the others.")
        except ValidationError:
            self.add_error("registration_number", "An OGRN has 13 digits, or 15 for a sole proprietor.")


class SeriesInline(ReadOnlyMixin, TabularInline):
    """The issuer's series; each has a page of its own, where its prefix can be chosen before the first number."""

    model = NumberSeries
    fields = ("kind", "year", "prefix", "last_number")
    readonly_fields = fields
    show_change_link = True
    extra = 0
    tab = False


@admin.register(Issuer)
class IssuerAdmin(BackOfficeAdmin):
    """The operator's legal entities. Documents that are issued keep theirs as it was."""

    form = IssuerForm
    asks_recent_sign_in = True  # it says where customers pay to
    inlines = (SeriesInline,)
    list_display = ("name", "country", "region", "tax_id", "timezone", "taxes_top_ups", "issues_certificates")
    list_filter = ("country", "taxes_top_ups", "issues_certificates")
    search_fields = ("name", "slug", "tax_id", "registration_number")
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("country", "region"), "registered_office", ("email", "footer"))}),
        ("Identifiers", {"fields": (("tax_id", "tax_registration_code"), "registration_number")}),
        ("Documents", {"fields": (("timezone", "language"), ("taxes_top_ups", "issues_certificates"))}),
        (
            "Bank",
            {"fields": ("bank_name", ("bank_account", "bank_code"), ("correspondent_account", "upi_id"))},
        ),
        ("Who signs", {"fields": (("signatory_name", "signatory_position"), "accountant_name")}),
    )

    def panels(self, request: HttpRequest, obj: Issuer) -> list[Panel]:
        """Whose documents it issues."""
        terms = ProductTerms.objects.filter(issuer=obj).select_related("product").order_by("product__name")
        rows = [(link(each.product), each.product.currency) for each in terms]
        empty = "No product has it: choose it in a product's terms."
        return [Panel("Issues the documents of", (Column("Product"), Column("Currency")), rows, empty=empty)]

    def save_model(self, request: HttpRequest, obj: Issuer, form: Any, change: bool) -> None:
        """Save, and say what is doubtful."""
        super().save_model(request, obj, form, change)
        for words in form.doubts:
            messages.warning(request, words)
