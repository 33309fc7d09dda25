"""How staff read and enter money: every digit that the ledger has, and amounts of the row's own currency.

Two decimals are always shown; digits below a cent follow, muted, as many as there are (DESIGN-LANGUAGE.md, 'Type').
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Field, Model
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from djmoney.money import Money
from unfold.widgets import UnfoldAdminTextInputWidget

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "INR": "₹", "RUB": "₽"}
CREDIT = "CREDIT"
MINUS = "\N{MINUS SIGN}"
DASH = mark_safe('<span class="bo-muted">&ndash;</span>')
PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,14}(\.[0-9]{1,6})?", re.ASCII)


def amount_parts(amount: Decimal, currency: str, *, signed: bool = False) -> tuple[str, str, str]:
    """The amount as (sign, symbol and digits to the cent, digits below a cent); credits end in their word."""
    sign = MINUS if amount < 0 else "+" if signed and amount > 0 else ""
    size = abs(amount)
    if currency == CREDIT:
        digits = f"{size.normalize():,f}"
        return sign, f"{digits} {'credit' if size == 1 else 'credits'}", ""
    whole, _, fraction = f"{size:,f}".partition(".")
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return sign, f"{symbol}{whole}.{fraction[:2]:0<2}", fraction[2:].rstrip("0")


def amount_text(amount: Decimal, currency: str, *, signed: bool = False) -> str:
    """The amount as plain text, such as -$3.2516 or 38 credits."""
    return "".join(amount_parts(amount, currency, signed=signed))


def currency_words(currency: str) -> str:
    """The currency as a table's title names it: USD, or credits."""
    return "credits" if currency == CREDIT else currency


def amount_html(amount: Decimal | None, currency: str, *, signed: bool = False) -> SafeString:
    """The amount as a person reads it in a table; a dash for none."""
    if amount is None:
        return DASH
    sign, main, micro = amount_parts(amount, currency, signed=signed)
    return format_html('<span class="bo-money">{}{}<span class="bo-micro">{}</span></span>', sign, main, micro)


def money_html(money: Money | None, *, signed: bool = False) -> SafeString:
    """`amount_html` of a Money."""
    return DASH if money is None else amount_html(money.amount, str(money.currency), signed=signed)


def money_column(field: str, description: str, *, signed: bool = False) -> Callable[[Any], SafeString]:
    """A column or read-only field that shows the model's Money field `field`."""

    def column(obj: Any) -> SafeString:
        return money_html(getattr(obj, field, None), signed=signed)

    column.short_description = description  # type: ignore[attr-defined]
    column.__name__ = f"{field}_shown"
    return column


class AmountField(forms.CharField):
    """An amount as a person types it, cleaned to a Decimal (None when empty): plain digits, at most six decimals.

    `currency` is set by the form that knows the row; for CREDIT only whole numbers are taken.
    """

    def __init__(
        self,
        *,
        minimum: Decimal | None = Decimal(0),
        above: Decimal | None = None,
        empty: Decimal | None = None,
        currency: str = "",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("widget", UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(max_length=22, **kwargs)
        self.minimum, self.above, self.empty, self.currency = minimum, above, empty, currency

    @classmethod
    def of(cls, model: type[Model], name: str, **kwargs: Any) -> AmountField:
        """A field for the model's column `name`, with its label and help text."""
        column = cast("Field[Any, Any]", model._meta.get_field(name))
        return cls(label=capfirst(column.verbose_name), help_text=column.help_text, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """A stored amount without its trailing zeros."""
        if isinstance(value, Money):
            value = value.amount
        if isinstance(value, Decimal):
            text = f"{value:f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        return value

    def clean(self, value: Any) -> Any:
        """The Decimal, or an error that says what would be right."""
        text = super().clean(value)
        if not text:
            return self.empty
        if not PLAIN_DECIMAL.fullmatch(text):
            raise ValidationError("Write a plain number with at most six decimals, such as 25 or 0.125.")
        amount = Decimal(text)
        if self.currency == CREDIT and amount != amount.to_integral_value():
            raise ValidationError("Credits are whole: leave the decimals out.")
        if self.above is not None and amount <= self.above:
            raise ValidationError(f"Write an amount above {self.above:f}.")
        if self.minimum is not None and amount < self.minimum:
            raise ValidationError(f"Write {self.minimum:f} or more.")
        return amount

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compares amounts, so that 1.50 and 1.500000 are the same."""
        return str(self.prepare_value(initial) if initial is not None else "") != str(self._canonical(data))

    def _canonical(self, data: Any) -> str:
        text = str(data or "").strip()
        return self.prepare_value(Decimal(text)) if PLAIN_DECIMAL.fullmatch(text) else text


class CurrencyAmountsForm(forms.ModelForm):
    """A model form whose AmountFields take the currency of the row (or of `currency_of_new` for a new one)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = getattr(self.instance, "currency", "") or ""
        for field in self.fields.values():
            if isinstance(field, AmountField):
                field.currency = currency
                if currency and "(" not in str(field.label or ""):
                    field.label = f"{capfirst(str(field.label))} ({'credits' if currency == CREDIT else currency})"
