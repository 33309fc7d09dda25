"""The limits and the balance to be told at as their form shows them: fields as typed, and what they come to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from billing.models import Wallet
from billing.services.limits import CALLS_MAX, check_alerts, check_limits
from billing.views.amounts import BLANKS, field_amount, optional_amount
from billing.views.refusals import refusals

TYPED_MAX = 40  # longer than any amount, short enough to show again
WHOLE = re.compile(r"[0-9]{1,9}")


@dataclass(slots=True)
class LimitsForm:
    """The fields as text, their errors by name, and, where there are none, what they say."""

    alert_below: str
    daily_cap: str
    concurrency_limit: str
    errors: dict[str, str] = field(default_factory=dict)
    threshold: Decimal | None = None
    cap: Decimal | None = None
    calls: int | None = None

    def refuse(self, error: ValidationError) -> None:
        """Show what is wrong beside its field; the first word on a field stands."""
        self.errors = refusals(error, otherwise="limits") | self.errors


def form_of(wallet: Wallet) -> LimitsForm:
    """The limits that are kept."""
    threshold = wallet.alert_below.amount if wallet.alert_below is not None else None
    cap = wallet.daily_cap.amount if wallet.daily_cap is not None else None
    calls = wallet.concurrency_limit
    return LimitsForm(
        field_amount(threshold, wallet.currency),
        field_amount(cap, wallet.currency),
        "" if calls is None else str(calls),
        threshold=threshold,
        cap=cap,
        calls=calls,
    )


def read_limits(sent: QueryDict, currency: str) -> LimitsForm:
    """The form as it was sent; with errors, or with limits that can be kept."""
    typed = {name: sent.get(name, "")[:TYPED_MAX] for name in ("alert_below", "daily_cap", "concurrency_limit")}
    form = LimitsForm(typed["alert_below"], typed["daily_cap"], typed["concurrency_limit"])
    try:
        form.threshold = optional_amount(form.alert_below, field="alert_below")
        check_alerts(currency=currency, alert_below=form.threshold)
    except ValidationError as error:
        form.refuse(error)
    try:
        form.cap = optional_amount(form.daily_cap, field="daily_cap")
    except ValidationError as error:
        form.refuse(error)
    try:
        form.calls = _typed_calls(form.concurrency_limit)
    except ValidationError as error:
        form.refuse(error)
    try:
        check_limits(currency=currency, daily_cap=form.cap, concurrency_limit=form.calls)
    except ValidationError as error:
        form.refuse(error)
    return form


def _typed_calls(text: str) -> int | None:
    digits = BLANKS.sub("", text)
    if not digits:
        return None
    if not WHOLE.fullmatch(digits):
        words = _("Write a whole number from 1 to %(most)s, or leave it empty.") % {"most": CALLS_MAX}
        raise ValidationError({"concurrency_limit": words})
    return int(digits)
