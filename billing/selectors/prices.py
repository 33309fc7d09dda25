"""What a top-up costs: price, taxes and what the provider is asked for, exact before anybody pays.

`net` is the price of the amount (a pack's own, or so many units), each tax is rounded once (`billing.tax`), and `total`
is their sum; a provider that takes another currency is asked for the total at the newest exchange rate, which
the top-up freezes. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from billing.documents.content import Tax
from billing.models import CreditPack, ExchangeRate, PaymentProvider, TopUpTerms
from billing.providers import provider as provider_called
from billing.selectors.taxation import tax_lines, taxation_at_top_up
from billing.tax import cents
from billing.templatetags.money import CREDIT, money_text
from organizations.models import Account, Organization

# What a provider takes, where it is not whatever the price is in.
CHARGE_CURRENCY = {PaymentProvider.ROBOKASSA.value: "RUB"}

TaxLine = dict[str, str]
"""One tax as a bill states it: `name`, `percent`, `base` and `amount`, numbers as text: JSON keeps them exact."""


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of a top-up of `amount` by one provider. Amounts are in the currency that is named before them."""

    currency: str
    amount: Decimal
    price_currency: str
    net: Decimal
    tax_lines: list[TaxLine]
    tax_treatment: str
    """Of `billing.tax.Treatment`; empty where tax is due later, on an invoice."""
    tax: Decimal
    total: Decimal
    charge_currency: str
    charge_amount: Decimal
    exchange_rate: Decimal | None
    provider: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A way to pay, as a page offers it."""

    provider: str
    label: str
    note: str
    is_stand_in: bool


def offers(account: Account) -> list[Offer]:
    """The ways in which the account can pay now, in the product's order; none where it sells no top-ups."""
    terms = TopUpTerms.objects.filter(product_id=account.product_id).first()
    if terms is None:
        return []
    words = {
        PaymentProvider.STRIPE.value: (_("Card"), _("Stripe. Visa, Mastercard and others.")),
        PaymentProvider.ROBOKASSA.value: (_("Robokassa"), _("MIR and other cards, SBP. Paid in roubles.")),
        PaymentProvider.BANK.value: (_("Bank transfer"), _("An invoice to pay; one to three working days.")),
    }
    return [
        Offer(slug, *words[slug], provider_called(slug).is_stand_in())
        for slug in terms.providers
        if provider_called(slug).is_ready()
    ]


def quote(
    *, account: Account, amount: Decimal, provider: str, organization: Organization | None, at: datetime
) -> Quote:
    """What a top-up of `amount`, in the product's currency, costs this account at the moment `at`.

    Raises ValidationError, keyed by the field to correct, for an amount that cannot be bought and for a provider that
    the product does not offer, that is not set up, or whose currency has no exchange rate yet.
    """
    terms = TopUpTerms.objects.filter(product_id=account.product_id).select_related("product__terms__issuer").first()
    if terms is None or provider not in terms.providers or not provider_called(provider).is_ready():
        raise ValidationError({"provider": _("This way to pay is not available. Choose another one.")})
    check_amount(terms, amount)
    net = price_of(terms, amount)
    day = at.astimezone(ZoneInfo(account.timezone)).date()
    issuer = terms.product.terms.issuer if hasattr(terms.product, "terms") else None
    taxation = taxation_at_top_up(issuer, account=account, organization=organization, on=day)
    taxes = tax_lines(taxation, net) if taxation else ()
    tax = sum((each.amount for each in taxes), Decimal(0))
    total = net + tax
    charge_currency = CHARGE_CURRENCY.get(provider, terms.price_currency)
    rate = None
    charge_amount = total
    if charge_currency != terms.price_currency:
        rate = _exchange_rate(terms.price_currency, charge_currency, day)
        charge_amount = cents(total * rate)
    return Quote(
        currency=terms.currency,
        amount=amount,
        price_currency=terms.price_currency,
        net=net,
        tax_lines=as_json(taxes),
        tax_treatment=taxation.treatment if taxation else "",
        tax=tax,
        total=total,
        charge_currency=charge_currency,
        charge_amount=charge_amount,
        exchange_rate=rate,
        provider=provider,
    )


def check_amount(terms: TopUpTerms, amount: Decimal) -> None:
    """Raises ValidationError unless the product sells top-ups of exactly this amount."""
    currency = terms.currency
    if not amount.is_finite():
        raise ValidationError({"amount": _("Enter an amount in numbers.")})
    if amount < terms.minimum.amount:
        least = money_text(terms.minimum.amount, currency)
        raise ValidationError({"amount": _("The smallest top-up is %(least)s.") % {"least": least}})
    if amount > terms.maximum.amount:
        most = money_text(terms.maximum.amount, currency)
        raise ValidationError({"amount": _("The largest top-up is %(most)s at once.") % {"most": most}})
    if currency == CREDIT:
        if amount != amount.to_integral_value():
            raise ValidationError({"amount": _("Credits are whole. Enter a number without a fraction.")})
    elif amount != cents(amount):
        raise ValidationError({"amount": _("Enter an amount without fractions of a cent.")})


def price_of(terms: TopUpTerms, amount: Decimal) -> Decimal:
    """The price of `amount` before tax, in the price currency: a pack's for exactly that amount, else by the unit."""
    packs = CreditPack.objects.filter(product_id=terms.product_id, amount=amount, is_active=True)
    pack = packs.filter(price_currency=terms.price_currency).first()
    return pack.price.amount if pack is not None else cents(amount * terms.unit_price.amount)


def as_json(taxes: Iterable[Tax]) -> list[TaxLine]:
    """The taxes as a row keeps them."""
    return [
        {
            "name": tax.name,
            "percent": f"{tax.percent.normalize():f}",
            "base": f"{tax.base:f}",
            "amount": f"{tax.amount:f}",
        }
        for tax in taxes
    ]


def _exchange_rate(base: str, quote: str, on: date) -> Decimal:
    rate = ExchangeRate.objects.filter(base=base, quote=quote, valid_from__lte=on).order_by("-valid_from").first()
    if rate is None:
        words = _("There is no exchange rate from %(base)s to %(quote)s yet. Choose another way to pay.")
        raise ValidationError({"provider": words % {"base": base, "quote": quote}})
    return rate.rate
