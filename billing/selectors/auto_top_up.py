"""What automatic top-up would add, and what it has added: the arithmetic of a wallet's rule. Nothing here writes.

The amount is the smallest multiple of the rule's that brings the balance to the threshold or above ("close the whole
gap"), or as many of them as the month's ceiling leaves. A month is the account's calendar month; what succeeded and
what is in flight counts to it (DESIGN.md, 'What must always be true', 11).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import QuerySet, Sum

from billing.models import (
    IN_FLIGHT,
    AutoTopUp,
    AutoTopUpStatus,
    Card,
    PaymentProvider,
    TopUp,
    TopUpOrigin,
    TopUpStatus,
    TopUpTerms,
    Wallet,
    WalletMode,
)
from billing.selectors.cards import default_card
from billing.selectors.prices import Quote, quote
from organizations.models import Account, Organization

INCIDENT_KIND = "auto_top_up"
PROVIDER = PaymentProvider.STRIPE.value
"""The provider that keeps cards and charges them without their owner."""
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would do now. Amounts are in the wallet's currency, prices are in `quote`."""

    balance: Decimal
    added_this_month: Decimal
    left_this_month: Decimal | None
    """What the ceiling still allows; None without a ceiling."""
    is_below: bool
    amount_now: Decimal
    """What would be charged for at once; zero when nothing would."""
    quote: Quote | None
    card: Card | None

    @property
    def charges_now(self) -> bool:
        """Whether turning the rule on charges the card at once."""
        return self.amount_now > 0 and self.card is not None


def preview(
    *, wallet: Wallet, threshold: Decimal, amount: Decimal, monthly_ceiling: Decimal | None, at: datetime
) -> Preview:
    """What such a rule would do at the moment `at`. Raises ValidationError for an amount that cannot be bought."""
    account = wallet.account
    balance = wallet.paid.amount + wallet.promo.amount + wallet.allotment.amount - wallet.debt.amount
    added = added_in(wallet.pk, month_of(at, ZoneInfo(account.timezone)))
    left = None if monthly_ceiling is None else max(monthly_ceiling - added, ZERO)
    wanted = ZERO
    if balance < threshold and _may_charge(wallet, at):
        terms = TopUpTerms.objects.get(pk=account.product_id)
        wanted = amount_to_add(
            balance=balance, threshold=threshold, amount=amount, most=most_at_once(terms, amount=amount, left=left)
        )
    return Preview(
        balance=balance,
        added_this_month=added,
        left_this_month=left,
        is_below=balance < threshold,
        amount_now=wanted,
        quote=price_of_automatic(account, wanted, at=at) if wanted else None,
        card=default_card(wallet.pk),
    )


def _may_charge(wallet: Wallet, at: datetime) -> bool:
    """Whether turning the rule on, or changing it, is followed by an attempt at once."""
    is_open = wallet.account.status == Account.Status.ACTIVE and not wallet.is_frozen
    cooling = AutoTopUp.objects.filter(pk=wallet.pk, status=AutoTopUpStatus.COOLING, next_attempt_at__gt=at)
    return is_open and wallet.mode == WalletMode.PREPAID and in_flight(wallet.pk) is None and not cooling.exists()


def amount_to_add(*, balance: Decimal, threshold: Decimal, amount: Decimal, most: Decimal) -> Decimal:
    """The smallest multiple of `amount`, at least one, that brings `balance` to `threshold` or above.

    Never more than `most`: then as many multiples as fit, zero where not one does.
    """
    times, rest = divmod(max(threshold - balance, ZERO), amount)
    needed = max(times + (1 if rest else 0), Decimal(1))
    return min(needed, max(most // amount, ZERO)) * amount


def most_at_once(terms: TopUpTerms, *, amount: Decimal, left: Decimal | None) -> Decimal:
    """The most that one charge may bring: the product's largest top-up, and what the month's ceiling leaves."""
    largest = max(terms.maximum.amount, amount)  # an amount that is no longer sold fails with words of its own
    return largest if left is None else min(largest, left)


def price_of_automatic(account: Account, amount: Decimal, *, at: datetime) -> Quote:
    """The price of an automatic top-up, taxed as the account's default organization is. Raises ValidationError."""
    organization = default_organization(account)
    return quote(account=account, amount=amount, provider=PROVIDER, organization=organization, at=at)


def default_organization(account: Account) -> Organization | None:
    """Whom a top-up that nobody asked for is billed to."""
    return Organization.objects.filter(account=account, is_default=True).first()


def month_of(at: datetime, zone: ZoneInfo) -> date:
    """The first day of the account's month at this moment."""
    return at.astimezone(zone).date().replace(day=1)


def next_month_at(month: date, zone: ZoneInfo) -> datetime:
    """When the month after this one begins in the account's timezone."""
    return datetime.combine((month + timedelta(days=31)).replace(day=1), time(), zone)


def added_in(wallet_id: int, month: date) -> Decimal:
    """What automatic top-ups have added in that month, or are about to."""
    counted = automatic(wallet_id).filter(month=month, status__in=[TopUpStatus.SUCCEEDED, *IN_FLIGHT])
    return Decimal(counted.order_by().aggregate(total=Sum("amount"))["total"] or 0)


def automatic(wallet_id: int) -> QuerySet[TopUp]:
    """The automatic top-ups of a wallet, retries by hand included, the newest first."""
    return TopUp.objects.filter(wallet_id=wallet_id, origin=TopUpOrigin.AUTO).select_related("card").order_by("-id")


def in_flight(wallet_id: int) -> TopUp | None:
    """The automatic top-up whose outcome is still to come; an unknown outcome blocks the next one."""
    return automatic(wallet_id).filter(status__in=IN_FLIGHT).first()
