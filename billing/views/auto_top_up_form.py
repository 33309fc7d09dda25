"""The rule of automatic top-up as its form shows it: fields as typed, and what they would do now, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from billing.models import AutoTopUp, AutoTopUpStatus, Card, TopUpTerms
from billing.models.auto_top_up import FAILURES_MAX
from billing.selectors.auto_top_up import Preview, added_in, month_of, preview
from billing.selectors.prices import price_of
from billing.templatetags.moments import clock, day_short, local, month_word
from billing.templatetags.money import SYMBOLS, money_text, number
from billing.templatetags.stored import said
from billing.views.amounts import field_amount, optional_amount, typed_amount
from billing.views.refusals import refusals
from billing.views.shell import Frame

ORDINALS = {1: lazy("first"), 2: lazy("second"), 3: lazy("third")}


@dataclass(slots=True)
class RuleForm:
    """The fields as text, and their errors by name."""

    threshold: str
    amount: str
    monthly_ceiling: str
    is_on: bool
    errors: dict[str, str] = field(default_factory=dict)
    values: tuple[Decimal, Decimal, Decimal | None] | None = None

    def refuse(self, error: ValidationError) -> None:
        """Show what a service refused beside its field."""
        self.errors |= refusals(error, otherwise="rule")


@dataclass(frozen=True, slots=True)
class RuleWords:
    """What stands under the fields."""

    state: str
    threshold: str
    amount: str
    ceiling: str
    failures: str
    symbol: str


def form_of(rule: AutoTopUp | None, terms: TopUpTerms) -> RuleForm:
    """The saved rule, or a proposal: the smallest top-up as the threshold, the middle quick choice as the amount."""
    if rule is None:
        middle = terms.choices[len(terms.choices) // 2] if terms.choices else terms.minimum.amount
        return RuleForm(
            field_amount(terms.minimum.amount, terms.currency), field_amount(middle, terms.currency), "", False
        )
    return RuleForm(
        field_amount(rule.threshold.amount, terms.currency),
        field_amount(rule.amount.amount, terms.currency),
        field_amount(rule.monthly_ceiling.amount if rule.monthly_ceiling else None, terms.currency),
        rule.status in (AutoTopUpStatus.ON, AutoTopUpStatus.COOLING),
    )


def read_rule(sent: QueryDict) -> RuleForm:
    """The form as it was sent, with `values` where every field is an amount."""
    form = RuleForm(
        sent.get("threshold", ""), sent.get("amount", ""), sent.get("monthly_ceiling", ""), bool(sent.get("is_on"))
    )
    values: list[Decimal | None] = []
    for name, read in (("threshold", typed_amount), ("amount", typed_amount), ("monthly_ceiling", optional_amount)):
        try:
            values.append(read(getattr(form, name), field=name))
        except ValidationError as error:
            form.refuse(error)
    if not form.errors:
        threshold, amount, ceiling = values
        assert threshold is not None and amount is not None
        form.values = (threshold, amount, ceiling)
    return form


def preview_of(frame: Frame, form: RuleForm) -> Preview | None:
    """What the rule would do at once; None, with the form's errors, for one that cannot be."""
    if form.values is None:
        return None
    threshold, amount, ceiling = form.values
    try:
        return preview(wallet=frame.wallet, threshold=threshold, amount=amount, monthly_ceiling=ceiling, at=frame.now)
    except ValidationError as error:
        form.refuse(error)
        return None


def rule_words(frame: Frame, terms: TopUpTerms, rule: AutoTopUp | None, card: Card | None) -> RuleWords:
    """What the saved rule is doing now."""
    currency = terms.currency
    available = money_text(frame.balance.available, currency)
    below = rule is not None and frame.balance.available < rule.threshold.amount
    amount = rule.amount.amount if rule else None
    price = _("Minimum %(least)s.") % {"least": money_text(terms.minimum.amount, currency)}
    if amount is not None and frame.sells_credits:
        words = money_text(price_of(terms, amount), str(terms.price_currency))
        price = _("%(price)s each time, before tax.") % {"price": words}
    return RuleWords(
        state=_state(frame, rule, card),
        threshold=(_("You are below it: %(left)s left.") if below else _("%(left)s left now.")) % {"left": available},
        amount=price,
        ceiling=_ceiling(frame, rule),
        failures=_failures(rule),
        symbol="" if frame.sells_credits else SYMBOLS.get(currency, currency),
    )


def _state(frame: Frame, rule: AutoTopUp | None, card: Card | None) -> str:
    if rule is None or rule.status == AutoTopUpStatus.OFF:
        return _("Off.")
    if rule.status == AutoTopUpStatus.DISABLED:
        return _("Turned off by three failures in a row. Turn it on when the card is in order.")
    if card is None:
        return _("On. The next attempt waits for a card.")
    if rule.next_attempt_at is not None:
        here = local(rule.next_attempt_at, frame.zone)
        when = clock(here) if here.date() == frame.today else f"{day_short(here.date())}, {clock(here)}"
        return _("On. The next attempt is at %(when)s.") % {"when": when}
    return _("On. It charges %(card)s.") % {"card": said(card)}


def _ceiling(frame: Frame, rule: AutoTopUp | None) -> str:
    month = month_of(frame.now, frame.zone)
    added = added_in(frame.wallet.pk, month)
    words = {"added": _short(frame, added), "month": month_word(month)}
    if rule is None or rule.monthly_ceiling is None:
        return _("Empty: no ceiling. %(added)s added in %(month)s.") % words
    left = max(rule.monthly_ceiling.amount - added, Decimal(0))
    return _("%(added)s added in %(month)s; %(left)s still allowed.") % {**words, "left": _short(frame, left)}


def _short(frame: Frame, amount: Decimal) -> str:
    """An amount beside a field that names its unit."""
    return number(amount) if frame.sells_credits else money_text(amount, frame.balance.currency)


def _failures(rule: AutoTopUp | None) -> str:
    text = _("Three failures in a row turn it off.")
    if rule is None or not rule.failures:
        return text
    if rule.failures >= FAILURES_MAX:
        return _("Three failures in a row have turned it off.")
    return f"{text} " + _("This was the %(count)s.") % {"count": ORDINALS[rule.failures]}
