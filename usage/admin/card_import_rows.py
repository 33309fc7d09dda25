"""The lines of an imported card, each checked by the form that a draft's page has for it, then all of them together.

What is wrong is said by line and column, with what would be right; nothing is read any further than that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from usage.admin.rate_card_forms import FreeRuleForm, RateForm
from usage.models import RateCardVersion
from usage.rating.faults import faults as card_faults
from usage.selectors.card_content import RATE_FIELDS, RULE_FIELDS, SETTINGS, CardContent, content_from
from usage.selectors.cards import unsaved_card_version
from usage.services.card_files.layout import ERRORS_MAX, FREE, RATE, SETTING, Fault, FaultsError, Record
from usage.services.rate_cards import NewContent

YES, NO = {"yes", "true", "1"}, {"no", "false", "0", ""}
DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]+")
PRICE_LIMIT, QUANTITY_LIMIT = 10**9, 10**13
DEFAULTS = {"per": "1", "units_per_increment": "1", "position": "0"}
ZEROS = ("included", "first_increment", "increment", "minimum")


class RateRowForm(RateForm):
    """A rate as a line of a spreadsheet."""

    class Meta(RateForm.Meta):
        fields: Any = RATE_FIELDS

    def clean(self) -> dict[str, Any] | None:
        """No larger than its columns take."""
        cleaned = super().clean() or {}
        for name in ("price", "per", "included", "first_increment", "increment", "units_per_increment", "minimum"):
            limit = PRICE_LIMIT if name == "price" else QUANTITY_LIMIT
            if cleaned.get(name) is not None and cleaned[name] >= limit:
                self.add_error(name, f"Write a number below {limit:,}.")
        return cleaned

    def validate_constraints(self) -> None:
        """The checks above say the same with no statement per line."""


class FreeRuleRowForm(FreeRuleForm):
    """A free rule as a line of a spreadsheet."""

    class Meta(FreeRuleForm.Meta):
        fields: Any = RULE_FIELDS

    def clean(self) -> dict[str, Any] | None:
        """No larger than its column takes."""
        cleaned = super().clean() or {}
        if cleaned.get("limit") is not None and cleaned["limit"] >= QUANTITY_LIMIT:
            self.add_error("limit", f"Write a number below {QUANTITY_LIMIT:,}.")
        return cleaned

    def validate_constraints(self) -> None:
        """The checks above say the same with no statement per line."""


class SettingsForm(forms.ModelForm):
    """The settings of a version, of which a file may leave out any."""

    class Meta:
        model = RateCardVersion
        fields = SETTINGS

    def validate_constraints(self) -> None:
        """The step is checked above its field."""

    def clean_rounding_step(self) -> Any:
        """A step that rounds at all."""
        step = self.cleaned_data["rounding_step"]
        if step is not None and not 0 < step < 1000:
            raise ValidationError("Write a step above zero and below 1,000, such as 0.000001.")
        return step


def checked(records: Sequence[Record], *, terms: RateCardVersion) -> tuple[NewContent, CardContent]:
    """What the records make of a version that has these terms until now. Raises FaultsError."""
    faults: list[Fault] = []
    settings = _settings([one for one in records if one.kind == SETTING], terms, faults)
    rates = [_row(one, RateRowForm, faults) for one in records if one.kind == RATE]
    rules = [_row(one, FreeRuleRowForm, faults) for one in records if one.kind == FREE]
    if not rates:
        faults.append(Fault(0, "", "There is no line of kind rate. A card without prices charges nothing."))
    if faults:
        raise FaultsError(faults)
    version = RateCardVersion(card=terms.card, number=terms.number, starts_at=terms.starts_at, **settings)
    rates.sort(key=lambda rate: rate.position)  # stable: the lines of one position stay as they were
    rules.sort(key=lambda rule: rule.position)
    wrong = card_faults(unsaved_card_version(version, rates, rules))
    if wrong:
        raise FaultsError([Fault(0, "", words) for words in wrong])
    return NewContent(settings, rates, rules), content_from(version, rates, rules)


def _settings(records: Sequence[Record], terms: RateCardVersion, faults: list[Fault]) -> dict[str, Any]:
    """Every setting, those that no line names as they are."""
    given: dict[str, tuple[Record, str]] = {}
    for record in records:
        name = record.texts["setting"]
        if name not in SETTINGS:
            words = f"There is no setting {name!r}. Write one of: {', '.join(SETTINGS)}."
            faults.append(Fault(record.line, "setting", words))
        elif name in given:
            faults.append(Fault(record.line, "setting", f"{name} is there twice. Remove one of the lines."))
        else:
            given[name] = (record, record.texts["value"])
    data: dict[str, Any] = {name: getattr(terms, name) for name in SETTINGS}
    for name, (record, text) in given.items():
        data[name] = _flag(text, record.line, "value", faults) if isinstance(data[name], bool) else text
    form = SettingsForm(data)
    for name, errors in form.errors.items():
        line = given[name][0].line if name in given else 0
        faults += [Fault(line, "value", f"{name}: {words}") for words in errors]
    return {name: form.cleaned_data[name] for name in SETTINGS} if form.is_valid() else {}


def _row(record: Record, form_class: type[forms.ModelForm], faults: list[Fault]) -> Any:
    data: dict[str, Any] = dict(record.texts)
    before = len(faults)
    if record.kind == RATE:
        data |= {name: data[name] or "0" for name in ZEROS} | {
            name: data[name] or text for name, text in DEFAULTS.items()
        }
        data["is_operators_to_set"] = _flag(data["is_operators_to_set"], record.line, "is_operators_to_set", faults)
        data["tiers"] = _tiers(data["tiers"], record.line, faults)
    else:
        data["position"] = data["position"] or "0"
    for name, text in data.items():
        if isinstance(text, str) and name not in ("label", "reason") and DECIMAL_COMMA.fullmatch(text):
            faults.append(Fault(record.line, name, f"Write a decimal point: {text.replace(',', '.')}."))
    if len(faults) > before:
        return None
    form = form_class(data)
    for name, errors in form.errors.items():
        column = "" if name == NON_FIELD_ERRORS else name
        faults += [Fault(record.line, column, _said(words, data.get(name))) for words in errors]
    return form.save(commit=False) if form.is_valid() else None


def _said(words: Any, text: Any) -> str:
    """The form's words with what was written, where that helps."""
    return f"{words} ({text!r} was written.)" if isinstance(text, str) and text and len(text) <= 40 else str(words)


def _flag(text: str, line: int, column: str, faults: list[Fault]) -> bool:
    if text.lower() not in YES | NO:
        faults.append(Fault(line, column, f"Write yes or no, not {text!r}."))
    return text.lower() in YES


def _tiers(text: str, line: int, faults: list[Fault]) -> str:
    """`1000: 0.004; 5000: 0.003` as the form takes it."""
    steps = [step.strip() for step in text.split(";") if step.strip()]
    pairs = [step.split(":") for step in steps]
    if any(len(pair) != 2 for pair in pairs):
        faults.append(Fault(line, "tiers", "Write bounds and prices, such as 1000: 0.004; 5000: 0.003."))
        return ""
    written = ", ".join(f'{{"above": "{above.strip()}", "price": "{price.strip()}"}}' for above, price in pairs)
    return f"[{written}]"


def shown(faults: Sequence[Fault]) -> list[str]:
    """The faults for a page, no more of them than a person reads."""
    words = [str(fault) for fault in faults[:ERRORS_MAX]]
    if len(faults) > ERRORS_MAX:
        words.append(f"And {len(faults) - ERRORS_MAX:,} more.")
    return words
