"""What the provider's facts make of a top-up: the state machine, under the wallet's lock.

Facts are settled as often as they come, in any order: succeeded is final, a stale answer never reopens what is over,
and money that arrives for a failed or expired attempt is credited all the same. Money that does not match what was
asked for (another account, amount, currency, or test money for real) is never credited: it becomes a difference that
staff look at, and the top-up stays as it is (DESIGN.md, 'What must always be true', 10).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_noop

from billing.models import DifferenceKind, Payment, PaymentProvider, TopUp, TopUpStatus
from billing.providers import provider as provider_called
from billing.providers.base import FailureReason, Outcome, PaymentFacts
from billing.services import payments
from billing.services.books import Books
from billing.services.ledger import open_books, write
from billing.services.reconciliation import note_difference

Callback = Callable[[TopUp, Books], None]

BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60))
# How long a provider remembers the key of a request, with an hour to spare: beyond it nothing is sent again.
KEY_AGE_MAX = timedelta(hours=23)
# A page that is closed may still be about to tell of a payment made in its last minute.
GRACE = timedelta(minutes=15)
CLOCKS_DIFFER = timedelta(hours=1)
# These keep our customers as theirs, so that a payment of nobody is not ours.
KNOWS_ACCOUNTS = frozenset({PaymentProvider.STRIPE.value})

_callbacks: list[Callback] = []


def on_finished(callback: Callback) -> None:
    """Have `callback(top_up, books)` called when a top-up ends, in its transaction and under its wallet's lock."""
    if callback not in _callbacks:
        _callbacks.append(callback)


def settle(*, top_up_id: int, facts: PaymentFacts) -> TopUp:
    """Bring a top-up to what the provider says, and return it as it then is.

    Raises TopUp.DoesNotExist.
    """
    wallet_id = TopUp.objects.values_list("wallet_id", flat=True).get(pk=top_up_id)
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        top_up = TopUp.objects.select_related("wallet__account__product", "card").get(pk=top_up_id)
        before = top_up.status
        if facts.outcome == Outcome.SUCCEEDED:
            _succeed(books, top_up, facts)
        elif top_up.is_in_flight and _is_ours(top_up, facts):
            _note(top_up, facts, books.now)
        if top_up.status != before and not top_up.is_in_flight:
            tell_finished(top_up, books)
    return top_up


def tell_finished(top_up: TopUp, books: Books) -> None:
    """Call whoever `on_finished` has registered. Under the wallet's lock, after the top-up was saved."""
    for callback in _callbacks:
        callback(top_up, books)


def fail(top_up: TopUp, reason: FailureReason, message: str, now: datetime) -> None:
    """End the attempt as failed, in words fit to show the customer, in English as all that is kept. Does not save."""
    top_up.failure_code, top_up.failure_message = reason.value, message[:500]
    finish(top_up, TopUpStatus.FAILED, now)


def finish(top_up: TopUp, status: TopUpStatus, now: datetime) -> None:
    """End the attempt. Does not save."""
    top_up.status, top_up.finished_at, top_up.next_check_at = status, now, None
    if status == TopUpStatus.SUCCEEDED:
        top_up.failure_code = top_up.failure_message = ""
    elif status == TopUpStatus.EXPIRED:
        top_up.failure_code, top_up.failure_message = (
            "",
            gettext_noop("The payment page was closed. Nothing was charged."),
        )


def next_check(now: datetime, checks: int) -> datetime:
    """When the provider is asked again, each time later."""
    return now + BACKOFF[min(checks, len(BACKOFF) - 1)]


def _succeed(books: Books, top_up: TopUp, facts: PaymentFacts) -> None:
    """Credit the payment, unless it was credited before or is not what was asked for."""
    difference = _difference(top_up, facts)
    if difference is not None:
        _note_difference(top_up, facts, *difference)
        return
    if payments.credit_payment(books, top_up, facts) is None:
        write(books)  # what opening them found due
    if top_up.status == TopUpStatus.SUCCEEDED:
        return
    top_up.provider_reference = top_up.provider_reference or facts.provider_reference
    finish(top_up, TopUpStatus.SUCCEEDED, books.now)
    top_up.save()


def _note(top_up: TopUp, facts: PaymentFacts, now: datetime) -> None:
    """Write down how an attempt stands that has brought no money yet."""
    top_up.provider_reference = facts.provider_reference or top_up.provider_reference
    top_up.redirect_url = facts.redirect_url or top_up.redirect_url
    top_up.expires_at = facts.expires_at or top_up.expires_at
    outcome = facts.outcome
    if outcome == Outcome.FAILED:
        words = facts.failure_message or gettext_noop("The payment did not go through. Nothing was charged.")
        fail(top_up, facts.failure or FailureReason.INTERNAL_ERROR, words, now)
    elif outcome == Outcome.EXPIRED or (outcome == Outcome.MISSING and _is_past(top_up, now)):
        finish(top_up, TopUpStatus.EXPIRED, now)
    elif outcome == Outcome.MISSING and top_up.status in (TopUpStatus.CREATED, TopUpStatus.UNKNOWN):
        if now - top_up.created_at > KEY_AGE_MAX:
            fail(
                top_up,
                FailureReason.INTERNAL_ERROR,
                gettext_noop("The payment did not reach the provider. Nothing was charged."),
                now,
            )
    elif outcome == Outcome.REQUIRES_ACTION:
        top_up.status = TopUpStatus.REQUIRES_ACTION
    elif outcome == Outcome.PENDING:
        top_up.status = TopUpStatus.PENDING
        top_up.failure_message = facts.failure_message[:500]  # a card refused on the page, where another may be tried
    elif outcome == Outcome.UNKNOWN and top_up.status == TopUpStatus.CREATED:
        top_up.status = TopUpStatus.UNKNOWN
    if top_up.is_in_flight and top_up.provider != PaymentProvider.BANK:
        top_up.next_check_at = next_check(now, top_up.checks)
    elif top_up.is_in_flight:
        top_up.next_check_at = None  # staff say when the transfer is there
    top_up.save()


def _is_past(top_up: TopUp, now: datetime) -> bool:
    """Whether the page that the customer was sent to is closed for good."""
    is_open = top_up.status in (TopUpStatus.PENDING, TopUpStatus.REQUIRES_ACTION)
    return is_open and top_up.expires_at is not None and top_up.expires_at + GRACE < now


def _is_ours(top_up: TopUp, facts: PaymentFacts) -> bool:
    """Whether facts without money speak of this very attempt."""
    names_us = facts.top_up_reference in ("", str(top_up.reference))
    return names_us and facts.account_id in (None, top_up.wallet.account_id)


def _difference(top_up: TopUp, facts: PaymentFacts) -> tuple[DifferenceKind, str, str] | None:
    """In what paid money is not what was asked for, with what was expected and what was found."""
    account_id = top_up.wallet.account_id
    known = facts.account_id is not None or top_up.provider in KNOWS_ACCOUNTS
    if known and facts.account_id != account_id:
        return DifferenceKind.WRONG_ACCOUNT, f"account {account_id}", f"account {facts.account_id or 'unknown'}"
    if facts.top_up_reference and facts.top_up_reference != str(top_up.reference):
        return DifferenceKind.WRONG_ACCOUNT, f"top-up {top_up.reference}", f"top-up {facts.top_up_reference}"
    if not facts.top_up_reference and facts.paid_at and facts.paid_at < top_up.created_at - CLOCKS_DIFFER:
        # An older order of the shop's that happens to have the same number.
        return DifferenceKind.WRONG_ACCOUNT, f"paid after {top_up.created_at}", f"paid at {facts.paid_at}"
    is_live = provider_called(top_up.provider).is_live()
    if facts.is_live != is_live:
        words = {True: "real money", False: "test money"}
        return DifferenceKind.WRONG_MODE, words[is_live], words[facts.is_live]
    expected = f"{top_up.charge_amount.amount:f} {top_up.charge_currency}"
    found = f"{facts.amount} {facts.currency}"
    if facts.currency != str(top_up.charge_currency):
        return DifferenceKind.WRONG_CURRENCY, expected, found
    if facts.amount != top_up.charge_amount.amount:
        return DifferenceKind.WRONG_AMOUNT, expected, found
    used = Payment.objects.filter(provider=top_up.provider, reference=facts.payment_reference)
    if elsewhere := used.exclude(top_up=top_up).first():
        return DifferenceKind.WRONG_ACCOUNT, f"top-up {elsewhere.top_up_id}", f"top-up {top_up.pk}"
    others = top_up.payments.exclude(reference=facts.payment_reference)
    if not facts.payment_reference or others.exists():
        paid = ", ".join(others.values_list("reference", flat=True))
        return DifferenceKind.OVERPAID, paid or "a payment with a name", facts.payment_reference or "none"
    return None


def _note_difference(top_up: TopUp, facts: PaymentFacts, kind: DifferenceKind, expected: str, found: str) -> None:
    note_difference(
        provider=top_up.provider,
        kind=kind,
        reference=facts.payment_reference or facts.provider_reference or str(top_up.reference),
        wallet_id=top_up.wallet_id,
        expected=f"{expected} (top-up {top_up.pk})",
        found=found,
    )
