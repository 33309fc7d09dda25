"""Forms of what is sold for money of another currency than the product's own: credits have a price in dollars."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.text import capfirst

from billing.models import TopUpTerms
from organizations.admin.amounts import CREDIT, AmountField, CurrencyAmountsForm
from organizations.models import Product

NO_CURRENCY = "XXX"  # ISO 4217's own, for a form that cannot know it and is not saved


class PricedForm(CurrencyAmountsForm):
    """Amounts in the product's currency, and `priced` ones in the currency that the product's top-ups are paid in.

    A new row takes both currencies from the product and its top-up terms.
    """

    priced: ClassVar[tuple[str, ...]] = ("price",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = getattr(self.instance, "price_currency", "") or ""
        for name in self.priced:
            field = self.fields.get(name)
            if isinstance(field, AmountField) and currency:
                field.currency = currency
                field.label = f"{capfirst(str(self.base_fields[name].label))} ({currency})"

    def clean(self) -> dict[str, Any]:
        """Both currencies, and amounts that are whole where credits are."""
        found: dict[str, Any] = super().clean() or {}
        product = found.get("product")
        if not self.instance.pk:
            self.instance.currency = self.instance.price_currency = NO_CURRENCY
        if isinstance(product, Product) and not self.instance.pk:
            terms = TopUpTerms.objects.filter(pk=product.pk).first()
            if terms is None:
                self.add_error("product", "This product has no top-up terms yet. Add them first.")
                return found
            self.instance.currency, self.instance.price_currency = product.currency, terms.price_currency
        check_whole(self, found, str(self.instance.currency), but=self.priced)
        return found


def check_whole(
    form: forms.Form | forms.ModelForm, found: dict[str, Any], currency: str, *, but: Sequence[str] = ()
) -> None:
    """Put an error beside each amount that is no whole number of credits, where the currency is credits."""
    for name, field in form.fields.items():
        amount = found.get(name)
        if name in but or currency != CREDIT or not isinstance(field, AmountField) or not isinstance(amount, Decimal):
            continue
        if amount != amount.to_integral_value():
            form.add_error(name, "Credits are whole: leave the decimals out.")
