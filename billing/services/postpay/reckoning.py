"""What a period's invoice would ask for now: the one reckoning, of the closing and of its dry run. Reads only.

The wallet's debt is what its closed periods still ask for and what is on no invoice yet; the second part, less what
usage after the period's end has left of it, is what this invoice is about. What promo and allotments covered is taken
off. Money that came before the closing is, where the issuer taxes top-ups, taken off, too, because its tax was taken
with it; where tax is due on the invoice it is stated as paid, and the tax is on all of the usage.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, Sum
from django.utils.translation import gettext as _

from billing.documents.content import Line, Tax
from billing.models import BillingPeriod, Issuer, PeriodStatus, PostpayTerms
from billing.selectors.taxation import tax_lines, taxation_by
from billing.services.postpay.lines import PeriodUsage, UsageLine, Window, usage_of
from billing.services.postpay.rounding import floored, in_cents
from billing.services.state import WalletState
from organizations.models import Account

ZERO = Decimal(0)
ASKED = (PeriodStatus.OPEN, PeriodStatus.OVERDUE)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """A period's invoice as it would be: `net` + `tax` = `total`, of which `settled` has been paid already."""

    window: Window
    usage: Decimal
    lines: tuple[Line, ...]
    taxes: tuple[Tax, ...]
    treatment: str
    net: Decimal
    tax: Decimal
    settled: Decimal

    @property
    def total(self) -> Decimal:
        """What the invoice states."""
        return self.net + self.tax

    @property
    def due(self) -> Decimal:
        """What it asks for."""
        return self.total - self.settled


def asked_for(wallet_id: int) -> Decimal:
    """What the wallet's closed periods still ask for."""
    periods = BillingPeriod.objects.filter(wallet_id=wallet_id, status__in=ASKED)
    found = periods.aggregate(asked=Sum(F("total") - F("settled")))["asked"]
    return Decimal(found or 0)


def window_of(period: BillingPeriod, wallet: WalletState) -> Window:
    """Which transactions are the period's, were it closed now.

    Those of a month with more reversed than used are on no invoice: they go on to the next one, and their tax, too.
    """
    before = (
        BillingPeriod.objects.filter(
            wallet_id=wallet.id,
            since_number=period.since_number,
            last_number__isnull=False,
            id__lt=period.pk,
        )
        .exclude(usage__lt=0, total=0)
        .order_by("-id")
        .first()
    )
    return Window(
        wallet_id=wallet.id,
        account_id=wallet.account_id,
        since_number=period.since_number,
        last_number=wallet.last_number,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        invoiced_number=(before.last_number or 0) if before else period.since_number,
        invoiced_until=before.ends_at if before else None,
    )


def reckon(
    period: BillingPeriod, wallet: WalletState, *, account: Account, terms: PostpayTerms, issuer: Issuer
) -> Reckoning:
    """What the period's invoice is, by the wallet as it stands; in the language that is active."""
    window = window_of(period, wallet)
    usage = usage_of(window)
    owed = max(wallet.debt - asked_for(wallet.id) - usage.owed_later, ZERO)
    spent = usage.total - usage.promo - usage.allotment
    net = owed if issuer.taxes_top_ups else max(owed, spent)
    lines = _lines(usage, net)
    asked = sum((line.amount for line in lines), ZERO)
    decision = taxation_by(issuer, account=account, organization=terms.organization, on=period.ends_on)
    taxes = tax_lines(decision, asked) if asked > 0 else ()
    tax = sum((each.amount for each in taxes), ZERO)
    due = floored(min(floored(owed), asked) + _owed_of_tax(tax, wallet))
    return Reckoning(window, usage.total, lines, taxes, decision.treatment.value, asked, tax, asked + tax - due)


def _owed_of_tax(tax: Decimal, wallet: WalletState) -> Decimal:
    """What of the tax the paid balance does not cover (`Books.bill_tax`)."""
    return max(tax - wallet.paid, ZERO)


def _lines(usage: PeriodUsage, net: Decimal) -> tuple[Line, ...]:
    """The usage, what covered it, and what was owed before, in cents that add up to `net` brought down to the cent."""
    rest = net - (usage.total - usage.promo - usage.allotment)
    others = (
        (_("Covered by promo credit"), -usage.promo),
        (_("Covered by the monthly allotment"), -usage.allotment),
        (_("Paid from the balance") if rest < 0 else _("Owed from before"), rest),
    )
    listed = [*usage.lines, *(_of(words, amount) for words, amount in others if amount)]
    if sum((line.amount for line in listed), ZERO) <= 0:
        return ()
    rounded = zip(listed, in_cents([line.amount for line in listed]), strict=True)
    return tuple(
        Line(line.description, amount, line.quantity, line.unit, line.unit_price, line.detail, line.happened_on)
        for line, amount in rounded
        if amount or line.unit
    )


def _of(description: str, amount: Decimal) -> UsageLine:
    """A line of one amount; one that takes off counts minus one of it."""
    return UsageLine(description, amount, Decimal(1 if amount > 0 else -1))
