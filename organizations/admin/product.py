"""Products and the telephony services that sell them."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from organizations.admin.base import BackOfficeAdmin
from organizations.models import Product, Service
from organizations.services.accounts import timezones


def check_timezone(name: str) -> str:
    """The name, if it is one of the IANA time zones. Raises ValidationError."""
    if name not in timezones():
        raise forms.ValidationError("There is no such time zone. Write a name such as Europe/Berlin or Asia/Kolkata.")
    return name


class ProductForm(forms.ModelForm):
    """A product; its currency is chosen once, because every wallet, price and hold of it is in it."""

    currency_code = forms.ChoiceField(
        label="currency",
        choices=[(code, code) for code in settings.CURRENCIES],
        widget=UnfoldAdminSelectWidget,
        help_text="Of every wallet and price of the product; it never changes. CREDIT: calls are sold as credits.",
    )

    class Meta:
        model = Product
        fields = ("name", "slug", "accent", "mark", "timezone", "default_project_mode", "shows_costs")
        help_texts: ClassVar[dict[str, str]] = {
            "name": "What customers and staff read.",
            "slug": "Names the product in commands and files; it cannot change later.",
            "accent": "The colour of the product's pages.",
            "default_project_mode": "For projects whose service names no mode. In the sandbox charges are simulated.",
        }

    def clean_timezone(self) -> str:
        """A time zone that exists."""
        return check_timezone(self.cleaned_data["timezone"])


class ServiceInline(TabularInline):
    """The services that sell a product."""

    model = Service
    extra = 0
    can_delete = False
    tab = True
    fields = ("name", "slug", "is_active")
    show_change_link = True


@admin.register(Product)
class ProductAdmin(BackOfficeAdmin):
    """What the operator sells."""

    form = ProductForm
    list_display = ("name", "slug", "currency", "accent", "timezone", "default_project_mode", "shows_costs")
    search_fields = ("name", "slug")
    inlines = (ServiceInline,)
    readonly_after_creation: ClassVar[tuple[str, ...]] = ("slug", "currency", "rates_revision", "created_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[str, ...]:
        """What never changes once the product exists."""
        return self.readonly_after_creation if obj is not None else ()

    def get_fields(self, request: HttpRequest, obj: Product | None = None) -> tuple[str, ...]:
        """The currency is chosen for a new product and shown for one that exists."""
        if obj is None:
            return ("name", "slug", "currency_code", *ProductForm.Meta.fields[2:])
        return ("name", "slug", "currency", *ProductForm.Meta.fields[2:], "rates_revision", "created_at")

    def get_form(self, request: HttpRequest, obj: Product | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form without the choice of currency once the product exists."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is not None:
            form.base_fields.pop("currency_code", None)
            form.declared_fields.pop("currency_code", None)
        return form

    def save_model(self, request: HttpRequest, obj: Product, form: forms.ModelForm, change: bool) -> None:
        """Save; a new product takes the currency that was chosen."""
        if not change:
            obj.currency = form.cleaned_data["currency_code"]
        super().save_model(request, obj, form, change)


class ServiceForm(forms.ModelForm):
    """A service."""

    class Meta:
        model = Service
        fields = ("product", "name", "slug", "is_active")
        widgets: ClassVar[dict[str, Any]] = {"slug": UnfoldAdminTextInputWidget, "name": UnfoldAdminTextInputWidget}
        help_texts: ClassVar[dict[str, str]] = {
            "product": "Its keys reach the accounts of this product and no others.",
            "name": "What staff read.",
            "slug": "Names the service in commands: small letters, digits and dashes.",
        }


@admin.register(Service)
class ServiceAdmin(BackOfficeAdmin):
    """Telephony systems and gateways."""

    form = ServiceForm
    list_display = ("name", "slug", "product", "is_active", "silent_since", "created_at")
    list_filter = (("product", RelatedDropdownFilter), "is_active")
    list_select_related = ("product",)
    search_fields = ("name", "slug")

    def get_readonly_fields(self, request: HttpRequest, obj: Service | None = None) -> tuple[str, ...]:
        """A service stays with its product and name."""
        return ("product", "slug", "silent_since", "created_at") if obj is not None else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        """Services with their product."""
        return super().get_queryset(request).select_related("product")
