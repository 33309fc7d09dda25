"""How a product takes money: least and most, quick choices, ways to pay, tax, refunds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from billing.admin.priced import NO_CURRENCY, PricedForm, check_whole
from billing.models import PaymentProvider, TopUpTerms
from organizations.admin.amounts import CREDIT, PLAIN_DECIMAL, AmountField, money_column
from organizations.admin.base import BackOfficeAdmin

CHOICES_MAX = 6
MONEY = [(code, code) for code in settings.CURRENCIES if code != CREDIT]


class ChoicesField(forms.CharField):
    """Amounts separated by commas, cleaned to a rising list of Decimals."""

    def prepare_value(self, value: Any) -> Any:
        """Stored amounts without their trailing zeros."""
        if isinstance(value, list):
            return ", ".join(f"{each.normalize():f}" for each in value)
        return value

    def clean(self, value: Any) -> Any:
        """The amounts, or an error that says what would be right."""
        texts = [each.strip() for each in str(super().clean(value)).split(",") if each.strip()]
        if not all(PLAIN_DECIMAL.fullmatch(each) for each in texts):
            raise forms.ValidationError("Write plain numbers separated by commas, such as 10, 25, 50.")
        amounts = sorted({Decimal(each) for each in texts})
        if not 1 <= len(amounts) <= CHOICES_MAX:
            raise forms.ValidationError(f"Write one to {CHOICES_MAX} amounts.")
        return amounts

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compares what would be shown."""
        return str(self.prepare_value(initial or [])) != str(data or "").strip()


class TopUpTermsForm(PricedForm):
    """The terms; amounts are in the product's currency, the unit price in the one that is paid."""

    priced = ("unit_price",)
    minimum = AmountField.of(TopUpTerms, "minimum", minimum=None, above=Decimal(0))
    maximum = AmountField.of(TopUpTerms, "maximum", minimum=None, above=Decimal(0))
    unit_price = AmountField.of(TopUpTerms, "unit_price", minimum=None, above=Decimal(0))
    choices = ChoicesField(
        max_length=120,
        widget=UnfoldAdminTextInputWidget,
        help_text="The quick choices, separated by commas, none below the minimum.",
    )
    providers = forms.MultipleChoiceField(
        choices=PaymentProvider.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Ways to pay that the product's customers are offered, as far as their keys are set.",
    )
    paid_in = forms.ChoiceField(
        label="paid in",
        choices=MONEY,
        widget=UnfoldAdminSelectWidget,
        help_text="What customers pay; it never changes. The product's own currency, unless it sells credits.",
    )

    class Meta:
        model = TopUpTerms
        fields = (
            "product",
            "minimum",
            "maximum",
            "choices",
            "providers",
            "unit_price",
            "offers_auto_top_up",
            "cooling_minutes",
            "refund_months",
            "bank_details",
        )
        help_texts: ClassVar[dict[str, str]] = {
            "product": "Whose customers pay so.",
            "offers_auto_top_up": "Customers may have their card charged when little is left.",
        }

    def clean(self) -> dict[str, Any]:
        """Bounds that fit each other, in the product's currency."""
        found: dict[str, Any] = forms.ModelForm.clean(self) or {}
        product, paid_in = found.get("product"), found.get("paid_in")
        if not self.instance.pk:
            self.instance.currency = self.instance.price_currency = NO_CURRENCY
        if product is not None and paid_in:
            if product.currency not in (CREDIT, paid_in):
                self.add_error("paid_in", f"This product's customers pay in {product.currency}.")
            self.instance.currency, self.instance.price_currency = product.currency, paid_in
        check_whole(self, found, str(self.instance.currency), but=self.priced)
        least, most = found.get("minimum"), found.get("maximum")
        if least is not None and most is not None and most < least:
            self.add_error("maximum", "This is less than the minimum.")
        elif least is not None and most is not None and not all(least <= n <= most for n in found.get("choices", ())):
            self.add_error("choices", "Each is between the minimum and the maximum.")
        if str(self.instance.currency) != CREDIT and found.get("unit_price") not in (None, Decimal(1)):
            self.add_error("unit_price", "A product that sells no credits has the price 1.")
        return found


@admin.register(TopUpTerms)
class TopUpTermsAdmin(BackOfficeAdmin):
    """Terms of all products."""

    form = TopUpTermsForm
    list_display = (
        "product",
        money_column("minimum", "minimum"),
        money_column("maximum", "maximum"),
        money_column("unit_price", "unit price"),
        "shown_providers",
        "offers_auto_top_up",
        "refund_months",
    )
    list_filter = ("offers_auto_top_up",)
    list_select_related = ("product",)
    search_fields = ("product__name", "product__slug")
    autocomplete_fields = ("product",)

    @admin.display(description="providers")
    def shown_providers(self, obj: TopUpTerms) -> str:
        """The ways to pay, in their order."""
        return ", ".join(str(PaymentProvider(each).label) for each in obj.providers)

    def get_readonly_fields(self, request: HttpRequest, obj: TopUpTerms | None = None) -> tuple[str, ...]:
        """Terms stay with their product and what it is paid in."""
        return ("product", "price_currency") if obj is not None else ()

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """What is paid in is chosen for new terms and shown for old ones."""
        paid_in = "price_currency" if obj is not None else "paid_in"
        return (
            (None, {"fields": (("product", paid_in),)}),
            ("Amounts", {"fields": (("minimum", "maximum"), ("choices", "unit_price"))}),
            ("Ways to pay", {"fields": ("providers", "bank_details")}),
            ("Automatic top-up", {"fields": (("offers_auto_top_up", "cooling_minutes"),)}),
            ("Refunds", {"fields": ("refund_months",)}),
        )

    def get_form(self, request: HttpRequest, obj: TopUpTerms | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form without the choice of currency once the terms exist."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is not None:
            form.base_fields.pop("paid_in", None)
            form.declared_fields.pop("paid_in", None)
        return form
