"""What a reader has typed into the top-up form, and what it costs: the same for the page, its total and the payment.

Without scripts a quick amount counts when the field beside it was left as it had been shown; a field that was typed in
always counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from billing.models import CreditPack, PaymentProvider, TopUpTerms
from billing.selectors.prices import Offer, Quote, offers, quote
from billing.templatetags.money import CREDIT, SYMBOLS, money_text, number, short_text
from billing.views.amounts import field_amount, typed_amount
from billing.views.refusals import refusals
from billing.views.shell import Frame
from organizations.models import Organization

NO_ORGANIZATION = "none"


@dataclass(frozen=True, slots=True)
class Chip:
    """A quick amount; a pack says its price."""

    value: str
    label: str
    note: str
    is_chosen: bool


@dataclass(slots=True)
class TopUpForm:
    """The form as it stands: values, choices, the quote, and `errors` by field."""

    terms: TopUpTerms
    offers: list[Offer]
    organizations: list[Organization]
    amount: str
    provider: str
    organization: Organization | None
    saves_card: bool
    quote: Quote | None = None
    errors: dict[str, str] = field(default_factory=dict)
    shown_total: str = ""

    @property
    def total(self) -> str:
        """What the reader is asked to pay, as the form sends it back; empty without a quote."""
        return f"{self.quote.total:f} {self.quote.price_currency}" if self.quote else ""

    @property
    def total_changed(self) -> bool:
        """Whether it is not what the reader has seen on the button."""
        return self.quote is not None and self.shown_total != self.total

    @property
    def symbol(self) -> str:
        """The currency's sign before the field; empty for credits, whose unit stands behind it."""
        return "" if self.terms.currency == CREDIT else SYMBOLS.get(self.terms.currency, self.terms.currency)

    @property
    def offers_stripe(self) -> bool:
        """Whether a card can be saved while paying."""
        return any(offer.provider == PaymentProvider.STRIPE for offer in self.offers)

    @property
    def least(self) -> str:
        """From which amount on: "From $10.00."."""
        return _("From %(least)s.") % {"least": money_text(self.terms.minimum.amount, self.terms.currency)}

    def chips(self) -> list[Chip]:
        """The quick amounts and the packs, smallest first."""
        currency, chosen = self.terms.currency, _amount_or_none(self.amount)
        packs = {
            pack.amount.amount: money_text(pack.price.amount, str(pack.price_currency))
            for pack in CreditPack.objects.filter(product_id=self.terms.product_id, is_active=True)
        }
        prices = {
            amount: money_text(amount * self.terms.unit_price.amount, str(self.terms.price_currency))
            for amount in self.terms.choices
            if currency == CREDIT
        }
        return [
            Chip(
                field_amount(amount, currency),
                number(amount) if currency == CREDIT else short_text(amount, currency),
                packs.get(amount, prices.get(amount, "")),
                amount == chosen,
            )
            for amount in sorted({*self.terms.choices, *packs})
        ]


def read_form(frame: Frame, terms: TopUpTerms, sent: QueryDict) -> TopUpForm:
    """The form from what was sent, with its quote or what is wrong; an untouched one has the middle quick amount."""
    ways = offers(frame.tenant.account)
    organizations = list(frame.tenant.rows(Organization))
    provider = sent.get("provider", "")
    known = [way.provider for way in ways]
    form = TopUpForm(
        terms=terms,
        offers=ways,
        organizations=organizations,
        amount=_sent_amount(terms, sent),
        provider=provider if provider in known else (known[0] if known else ""),
        organization=_chosen(organizations, sent.get("organization", "")),
        saves_card=bool(sent.get("save_card")),
        shown_total=sent.get("shown_total", ""),
    )
    try:
        form.quote = quote(
            account=frame.tenant.account,
            amount=typed_amount(form.amount),
            provider=form.provider,
            organization=form.organization,
            at=frame.now,
        )
    except ValidationError as error:
        form.errors = refusals(error, otherwise="amount")
    return form


def _sent_amount(terms: TopUpTerms, sent: QueryDict) -> str:
    typed, quick = sent.get("amount"), sent.get("quick", "")
    if typed is None:
        middle = terms.choices[len(terms.choices) // 2] if terms.choices else terms.minimum.amount
        return quick or field_amount(middle, terms.currency)
    if quick and typed == sent.get("shown_amount"):
        return quick
    return typed.strip()[:40]


def _amount_or_none(text: str) -> Decimal | None:
    try:
        return typed_amount(text)
    except ValidationError:
        return None


def _chosen(organizations: list[Organization], wanted: str) -> Organization | None:
    """The chosen organization, the default where none was; another account's is as good as unknown."""
    if wanted == NO_ORGANIZATION:
        return None
    for organization in organizations:
        if str(organization.pk) == wanted:
            return organization
    return next((each for each in organizations if each.is_default), None)
