"""Forms of rate cards: a draft's terms, rates and free rules, with errors that say what would be right."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.db import models
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from organizations.admin.actions import ActionForm
from usage.models import EventType, FreeRule, Rate, RateCard

PRICED_TYPES = [(value, label) for value, label in EventType.choices if value != EventType.CHAT_HOUR]


def comma_list(help_text: str) -> SimpleArrayField:
    """Words separated by commas."""
    return SimpleArrayField(
        forms.CharField(max_length=40), required=False, widget=UnfoldAdminTextInputWidget, help_text=help_text
    )


class PlainDecimalsForm(forms.ModelForm):
    """Shows decimals without the zeros that the database adds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self._meta.model._meta.get_fields():
            value = self.initial.get(field.name)
            if isinstance(field, models.DecimalField) and isinstance(value, Decimal):
                self.initial[field.name] = f"{value.normalize():f}"


class RateForm(PlainDecimalsForm):
    """One rate of a draft."""

    event_type = forms.ChoiceField(
        choices=PRICED_TYPES, widget=UnfoldAdminSelectWidget, help_text="Events that the rate prices."
    )
    channels = comma_list("Charged on these channels, such as phone, web. Empty: on all.")
    tiers = forms.JSONField(
        required=False,
        initial=list,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text='Prices by volume, rising: [{"above": "1000", "price": "0.004"}]. Empty: one price for all.',
    )

    class Meta:
        model = Rate
        fields = "__all__"
        help_texts: ClassVar[dict[str, str]] = {
            "component": "What is charged, such as llm_input or telephony; services and reports see it.",
            "model": "Only for this model. Empty: for every model.",
            "tier": "Only for this tier. Empty: for every tier.",
            "outcome": "Only for this outcome. Empty: for every outcome.",
            "method": "How the amount of the line is found.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.get_inline_title = self._title  # what the theme heads the row with

    def _title(self) -> str:
        rate = self.instance
        selectors = [one for one in (rate.model, rate.tier, rate.outcome, *rate.channels) if one]
        return f"{rate.label} ({', '.join(selectors)})" if selectors else rate.label

    def clean_tiers(self) -> list[dict[str, str]]:
        """A list of bounds and prices, rising."""
        tiers = self.cleaned_data["tiers"] or []
        example = 'Write a list such as [{"above": "1000", "price": "0.004"}], or leave it empty.'
        if not isinstance(tiers, list) or not all(
            isinstance(one, dict) and set(one) == {"above", "price"} for one in tiers
        ):
            raise forms.ValidationError(example)
        try:
            pairs = [(Decimal(str(one["above"])), Decimal(str(one["price"]))) for one in tiers]
        except InvalidOperation:
            raise forms.ValidationError(example) from None
        bounds = [above for above, _price in pairs]
        if any(not (above.is_finite() and price.is_finite() and above > 0 and price >= 0) for above, price in pairs):
            raise forms.ValidationError("Bounds must be above zero and prices not negative.")
        if bounds != sorted(set(bounds)):
            raise forms.ValidationError("Each bound must be above the one before.")
        return [{"above": f"{above:f}", "price": f"{price:f}"} for above, price in pairs]

    def clean(self) -> dict[str, Any] | None:
        """Numbers that the database would refuse are refused beside their field."""
        cleaned = super().clean() or {}
        for name in ("per", "units_per_increment"):
            if cleaned.get(name) is not None and cleaned[name] <= 0:
                self.add_error(name, "Write a number above zero; 1 when it does not matter.")
        for name in ("price", "included", "first_increment", "increment", "minimum"):
            if cleaned.get(name) is not None and cleaned[name] < 0:
                self.add_error(name, "Write zero or more.")
        return cleaned


class FreeRuleForm(PlainDecimalsForm):
    """One free rule of a draft."""

    event_type = forms.ChoiceField(
        choices=PRICED_TYPES, widget=UnfoldAdminSelectWidget, help_text="Events that the rule frees."
    )
    values = comma_list("Statuses that are free, such as failed, no_answer. For the status condition only.")
    except_statuses = comma_list("Statuses the rule does not apply to, such as voicemail.")
    limit = forms.DecimalField(
        required=False,
        max_digits=20,
        decimal_places=6,
        min_value=Decimal(0),
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="For the limit conditions: the number the field is compared with.",
    )

    class Meta:
        model = FreeRule
        fields = "__all__"
        help_texts: ClassVar[dict[str, str]] = {
            "code": "What services get, such as under_three_seconds.",
            "condition": "When the rule applies.",
            "field": "The event's field that is compared, such as duration_seconds; status for the status condition.",
        }

    def clean(self) -> dict[str, Any] | None:
        """A condition with what it needs."""
        cleaned = super().clean() or {}
        if cleaned.get("condition") == FreeRule.Condition.STATUS:
            if not cleaned.get("values"):
                self.add_error("values", "Name at least one status, such as failed.")
            if cleaned.get("limit") is not None:
                self.add_error("limit", "A status has no limit: leave this empty.")
        elif cleaned.get("condition"):
            if cleaned.get("limit") is None:
                self.add_error("limit", "Write the number that the field is compared with.")
            if cleaned.get("field") == "status":
                self.add_error("field", "Name a field with a number, such as duration_seconds.")
        return cleaned


class RateCardForm(forms.ModelForm):
    """A card: a product's default, or an account's own."""

    class Meta:
        model = RateCard
        fields = ("product", "account", "name")
        help_texts: ClassVar[dict[str, str]] = {
            "product": "Whose calls it prices.",
            "account": "Only this account's calls. Empty: the product's default card.",
            "name": "What staff and customers read.",
        }

    def clean(self) -> dict[str, Any] | None:
        """One default card per product, and an own card only for an account of the product."""
        cleaned = super().clean() or {}
        product, account = cleaned.get("product"), cleaned.get("account")
        if product is None:
            return cleaned
        if account is not None and account.product_id != product.pk:
            self.add_error("account", f"This account belongs to {account.product}. Choose one of {product}.")
        if (
            account is None
            and RateCard.objects.filter(product=product, account=None).exclude(pk=self.instance.pk).exists()
        ):
            self.add_error("account", f"{product} has a default card already. Choose the account this one is for.")
        return cleaned


class NewVersionForm(ActionForm):
    """From when a new version holds, and why it is made."""

    starts_at = forms.SplitDateTimeField(
        label="Holds from",
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="In UTC. Prices calls that start at this moment or later; it can be changed until publishing.",
    )
    note = forms.CharField(
        max_length=255, required=False, widget=UnfoldAdminTextInputWidget, help_text="Why this version exists."
    )
    field_order = ("starts_at", "note", "token")
