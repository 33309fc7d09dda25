"""What the provider's facts make of a subscription: the state machine, under the wallet's lock.

created -> active (its first invoice is paid) -> past_due (a renewal is not paid) -> active | ended; created -> ended
(its page was closed). One that ran and has ended stays so. Facts are settled as often as they come and in any order:
older ones than what is known, by their period or by their newest payment, change nothing.

The provider's periods are the allotment's cycles. On the cycle date the next allotment is given although its payment is
still to come, so that no call is dropped while the provider writes its invoice; if that is not paid, the rest of it is
withdrawn, and comes back with the payment (`billing.services.subscription_periods`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from billing.models import DifferenceKind, Subscription, SubscriptionStatus
from billing.providers.base import Outcome, SubscriptionFacts
from billing.services import subscription_notices as notices
from billing.services import subscription_payments as payments
from billing.services import subscription_periods as periods
from billing.services.books import Books
from billing.services.ledger import open_books, write
from billing.services.reconciliation import note_difference
from notifications.models import Incident
from notifications.services import incidents

INCIDENT, UNPAID = "subscription", "subscription_unpaid"
LIVE = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
GRACE = timedelta(minutes=15)
CLOCKS_DIFFER = timedelta(hours=1)


def settle(*, facts: SubscriptionFacts) -> Subscription | None:
    """Bring the subscription that the facts name to what they say; None where it is none of ours."""
    named = find(facts)
    if named is None:
        return None
    with transaction.atomic():
        books, _reads = open_books([named.wallet_id])
        subscription = Subscription.objects.select_related("plan", "wallet__account__product").get(pk=named.pk)
        if facts.account_id in (None, subscription.wallet.account_id):
            _move(books, subscription, facts)
        else:
            _note_stranger(subscription, facts)
        write(books)
        subscription.save()
    return subscription


def find(facts: SubscriptionFacts) -> Subscription | None:
    """Our subscription that the provider speaks of: by our reference, else by the provider's."""
    if facts.subscription_reference:
        try:
            return Subscription.objects.filter(reference=UUID(facts.subscription_reference)).first()
        except ValueError:
            return None
    for name in ("provider_reference", "checkout_reference"):
        if reference := getattr(facts, name):
            return Subscription.objects.filter(**{name: reference}).first()
    return None


def next_check(subscription: Subscription, now: datetime) -> datetime | None:
    """When the provider is asked again, should no notice come: soon while a payment is awaited, a renewal's like the
    first, else after the period."""
    if subscription.status == SubscriptionStatus.CREATED:
        age = now - subscription.created_at
        return now + (timedelta(minutes=1) if age < timedelta(minutes=10) else timedelta(minutes=15))
    if subscription.status == SubscriptionStatus.PAST_DUE:
        return now + timedelta(hours=6)
    if subscription.status == SubscriptionStatus.ACTIVE and subscription.period_end is not None:
        soon = now + timedelta(hours=1)
        return max(subscription.period_end + timedelta(hours=1), soon) if _is_paid(subscription) else soon
    return None


def _is_paid(subscription: Subscription) -> bool:
    """Whether the current period's payment has come; its allotment is given before, and kept only if it comes."""
    start = subscription.period_start
    return start is None or subscription.payments.filter(paid_at__gte=start - CLOCKS_DIFFER).exists()


def _move(books: Books, subscription: Subscription, facts: SubscriptionFacts) -> None:
    is_stale = _is_stale(subscription, facts)
    before, ended_before = subscription.status, subscription.ends_at_period_end
    never_ran = before == SubscriptionStatus.CREATED or (before not in LIVE and not subscription.payments.exists())
    subscription.provider_reference = facts.provider_reference or subscription.provider_reference
    subscription.checkout_reference = facts.checkout_reference or subscription.checkout_reference
    if (never_ran or before in LIVE) and not is_stale:
        _note(subscription, facts)
    is_paid_anew = payments.record(subscription, facts.payments, books.now) > 0
    if never_ran:
        _await(books, subscription, facts)
    elif before in LIVE and not is_stale:
        _follow(books, subscription, facts)
    subscription.next_check_at = next_check(subscription, books.now)
    if subscription.status == SubscriptionStatus.ENDED:
        if before != SubscriptionStatus.ENDED:
            subscription.ended_at = books.now
        if before in LIVE:
            notices.ended(subscription)
        elif is_paid_anew:
            _note_paid_in_vain(subscription)
    elif subscription.ends_at_period_end and not ended_before and subscription.status in LIVE:
        notices.ending(subscription)


def _note(subscription: Subscription, facts: SubscriptionFacts) -> None:
    subscription.redirect_url = facts.redirect_url
    subscription.period_start = facts.period_start or subscription.period_start
    subscription.period_end = facts.period_end or subscription.period_end
    subscription.ends_at_period_end = facts.ends_at_period_end


def _await(books: Books, subscription: Subscription, facts: SubscriptionFacts) -> None:
    """The first payment makes it active, also one that came after its page was given up; a closed page ends it."""
    is_closed = subscription.expires_at is not None and subscription.expires_at + GRACE < books.now
    if facts.outcome == Outcome.SUCCEEDED and subscription.payments.exists():
        if Subscription.objects.filter(wallet_id=subscription.wallet_id, status__in=LIVE).exists():
            subscription.status = SubscriptionStatus.ENDED  # two were paid for at once: the first one stays
            return
        subscription.status, subscription.ended_at = SubscriptionStatus.ACTIVE, None
        periods.begin(books, books.wallets[subscription.wallet_id], subscription)
    elif facts.outcome == Outcome.EXPIRED or (facts.outcome == Outcome.MISSING and is_closed):
        subscription.status = SubscriptionStatus.ENDED


def _follow(books: Books, subscription: Subscription, facts: SubscriptionFacts) -> None:
    """Bring a running subscription to what the provider says of its current period."""
    wallet = books.wallets[subscription.wallet_id]
    if facts.outcome == Outcome.SUCCEEDED:
        subscription.status = SubscriptionStatus.ACTIVE
        periods.grant(books, wallet, subscription)
    elif facts.outcome == Outcome.FAILED:
        subscription.status = SubscriptionStatus.PAST_DUE
        periods.suspend(books, wallet, subscription)
        _warn(subscription)
    elif facts.outcome == Outcome.EXPIRED:
        subscription.status = SubscriptionStatus.ENDED
        periods.stop(books, wallet)
    if subscription.status != SubscriptionStatus.PAST_DUE:
        incidents.resolve(account_id=wallet.account_id, kind=INCIDENT)


def _warn(subscription: Subscription) -> None:
    """Tell the customer of an unpaid month, once: by letter, and by a banner until it is paid or put away."""
    account_id, subject = subscription.wallet.account_id, f"subscription:{subscription.pk}:{subscription.period_start}"
    if not Incident.objects.filter(account_id=account_id, kind=INCIDENT, subject=subject).exists():
        notices.unpaid(subscription)
        incidents.open_incident(
            account_id=account_id,
            kind=INCIDENT,
            reason=UNPAID,
            subject=subject,
            details={"plan": subscription.plan.name},
        )


def _is_stale(subscription: Subscription, facts: SubscriptionFacts) -> bool:
    """Whether the facts are older than what is known: of an earlier period, or without its newest payment."""
    if facts.outcome == Outcome.EXPIRED:
        return False  # which is final
    if facts.period_start and subscription.period_start and facts.period_start < subscription.period_start:
        return True
    newest = subscription.payments.order_by("-paid_at", "-id").first()
    return newest is not None and newest.reference not in {each.payment_reference for each in facts.payments}


def _note_paid_in_vain(subscription: Subscription) -> None:
    """Money came for one that gives nothing, such as the second of two or one that had ended: staff give it back."""
    paid = ", ".join(subscription.payments.values_list("reference", flat=True))
    note_difference(
        provider=payments.PROVIDER,
        kind=DifferenceKind.OVERPAID,
        reference=subscription.provider_reference or str(subscription.reference),
        wallet_id=subscription.wallet_id,
        expected="a payment of one subscription that runs",
        found=f"subscription {subscription.pk} has ended, paid by {paid}: refund what it was paid in vain",
    )


def _note_stranger(subscription: Subscription, facts: SubscriptionFacts) -> None:
    note_difference(
        provider=payments.PROVIDER,
        kind=DifferenceKind.WRONG_ACCOUNT,
        reference=facts.provider_reference or str(subscription.reference),
        wallet_id=subscription.wallet_id,
        expected=f"account {subscription.wallet.account_id} (subscription {subscription.pk})",
        found=f"account {facts.account_id}",
    )
