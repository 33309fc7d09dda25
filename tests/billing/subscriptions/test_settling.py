"""What a provider says of a subscription becomes one allotment a period, in whichever order and however often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal as D
from itertools import permutations

import pytest
import time_machine
from django.db import transaction

from billing.models import Payment, PaymentDifference, Subscription, Transaction, Wallet
from billing.providers.base import Outcome, SubscriptionFacts
from billing.selectors.balance import balance_of
from billing.services import grants, ledger
from billing.services.books import Note
from billing.services.subscription_settling import settle
from billing.verification.run import verify
from notifications.models import Incident
from tests.billing.letters import told
from tests.billing.subscriptions.plans import APRIL, BEGAN, FEBRUARY, MARCH, SOON, make_plan, make_subscription, paid
from tests.billing.subscriptions.plans import said as facts
from tests.billing.test_state_machine import BILLING_RULES
from tests.billing.wallets import make_product, make_wallet, parts

pytestmark = pytest.mark.django_db
OK, UNPAID, OVER = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.EXPIRED
FIRST, SECOND = paid(1, BEGAN), paid(2, FEBRUARY + timedelta(hours=1))


@pytest.fixture
def wallet() -> Wallet:
    with time_machine.travel(BEGAN - timedelta(days=3), tick=False):
        wallet = make_wallet(make_product(currency="CREDIT", allotment="30"), timezone="America/Chicago", paid="50")
        wallet.account.email = "owner@example.com"
        wallet.account.save()
    return wallet


@pytest.fixture
def subscription(wallet: Wallet) -> Subscription:
    """One that is active since January 31st."""
    made = make_subscription(wallet)
    hear(facts(made, OK, BEGAN, FEBRUARY, FIRST), at=BEGAN + SOON)
    made.refresh_from_db()
    return made


@pytest.fixture(autouse=True)
def _sound(db: None) -> Iterator[None]:
    """Whatever happened, the ledger is sound, but for months that are long over by the server's clock."""
    yield
    assert verify([rule for rule in BILLING_RULES if rule != "credit_expires"]) == []


def hear(said: SubscriptionFacts, *, at: datetime) -> None:
    """Settle what the provider says at a moment."""
    with time_machine.travel(at, tick=False):
        settle(facts=said)


def sweep(at: datetime) -> None:
    """The sweeps of the ledger at a moment."""
    with time_machine.travel(at, tick=False):
        grants.expire_due()
        grants.reset_due_allotments()


def use(wallet: Wallet, credits: int, *, at: datetime) -> None:
    """Calls worth so many credits."""
    with time_machine.travel(at, tick=False), transaction.atomic():
        books, _ = ledger.open_books([wallet.pk])
        books.charge(books.wallets[wallet.pk], D(credits), Note("call", f"charge:{at.isoformat()}"))
        ledger.write(books)


def allotted(wallet: Wallet) -> list[tuple[str, D]]:
    """What was given and withdrawn of allotments, after the account's own first one."""
    rows = Transaction.objects.filter(wallet=wallet, kind__in=["allotment", "expiry"]).order_by("number")
    return list(rows.values_list("kind", "amount"))[1:]


def test_the_first_payment_begins_the_first_month(wallet: Wallet, subscription: Subscription) -> None:
    assert (subscription.status, subscription.period_end) == ("active", FEBRUARY)
    payment = Payment.objects.get()
    assert (payment.reference, payment.subscription_id, payment.grant_id) == ("pi_1", subscription.pk, None)
    assert (payment.amount.amount, payment.total.amount, payment.tax.amount) == (D(200), D("87.1"), D("7.1"))
    assert allotted(wallet) == [("expiry", D(-30)), ("allotment", D(200))]
    assert (parts(wallet)["allotment"], parts(wallet)["paid"]) == (D(200), D(50))
    assert (wallet.monthly_allotment.amount, wallet.allotment_resets_at) == (D(200), FEBRUARY)
    (letter,) = told.letters(":paid:")
    assert letter.subject == "Test: Plus is paid"
    assert "Paid: $87.10\nTax in it: $7.10\n" in letter.body and "Next month begins: Feb 28, 2026\n" in letter.body


def test_the_same_news_again_changes_nothing(wallet: Wallet, subscription: Subscription) -> None:
    for minutes in range(2, 7):
        hear(facts(subscription, OK, BEGAN, FEBRUARY, FIRST), at=BEGAN + timedelta(minutes=minutes))
    assert allotted(wallet) == [("expiry", D(-30)), ("allotment", D(200))]
    assert (Payment.objects.count(), len(told.letters("subscription:"))) == (1, 1)


def test_a_page_that_is_open_or_closed_gives_nothing(wallet: Wallet) -> None:
    made = make_subscription(wallet)
    hear(facts(made, Outcome.PENDING, None, None, redirect_url="https://pay.example/1"), at=BEGAN)
    made.refresh_from_db()
    assert (made.status, made.redirect_url, parts(wallet)["allotment"]) == ("created", "https://pay.example/1", D(30))
    hear(facts(made, OK, BEGAN, FEBRUARY), at=BEGAN)  # active, but nothing was paid
    made.refresh_from_db()
    assert made.status == "created"
    hear(facts(made, OVER, None, None), at=BEGAN + SOON)
    made.refresh_from_db()
    assert (made.status, made.next_check_at, parts(wallet)["allotment"]) == ("ended", None, D(30))


def test_money_for_a_page_that_was_given_up_begins_it_all_the_same(wallet: Wallet) -> None:
    made = make_subscription(wallet)
    hear(facts(made, OVER, None, None), at=BEGAN)
    hear(facts(made, OK, BEGAN, FEBRUARY, FIRST), at=BEGAN + SOON)
    made.refresh_from_db()
    assert (made.status, made.ended_at, parts(wallet)["allotment"]) == ("active", None, D(200))


def test_the_cycle_date_gives_the_next_allotment_before_its_payment_is_heard_of(
    wallet: Wallet, subscription: Subscription
) -> None:
    use(wallet, 30, at=BEGAN + timedelta(days=1))
    sweep(FEBRUARY - timedelta(seconds=1))
    assert parts(wallet)["allotment"] == D(170)
    sweep(FEBRUARY)
    assert allotted(wallet)[2:] == [("expiry", D(-170)), ("allotment", D(200))]
    wallet.refresh_from_db()
    assert wallet.allotment_resets_at == MARCH  # the 31st comes back after February
    hear(facts(subscription, OK, FEBRUARY, MARCH, FIRST), at=FEBRUARY + SOON)
    hear(facts(subscription, OK, FEBRUARY, MARCH, FIRST, SECOND), at=FEBRUARY + timedelta(hours=2))
    assert allotted(wallet)[2:] == [("expiry", D(-170)), ("allotment", D(200))]
    assert Payment.objects.count() == 2


def test_a_renewal_heard_of_before_the_sweep_gives_one_allotment(wallet: Wallet, subscription: Subscription) -> None:
    hear(facts(subscription, OK, FEBRUARY, MARCH, FIRST, SECOND), at=FEBRUARY + timedelta(hours=2))
    sweep(FEBRUARY + timedelta(hours=3))
    assert allotted(wallet)[2:] == [("expiry", D(-200)), ("allotment", D(200))]


def test_a_call_at_the_cycle_date_is_paid_by_the_new_allotment(wallet: Wallet, subscription: Subscription) -> None:
    with time_machine.travel(FEBRUARY + timedelta(seconds=1), tick=False):
        assert balance_of(Wallet.objects.get(pk=wallet.pk)).allotment == D(200)
    use(wallet, 10, at=FEBRUARY + timedelta(seconds=1))
    assert (parts(wallet)["allotment"], parts(wallet)["paid"]) == (D(190), D(50))


def test_an_unpaid_month_loses_what_is_left_of_it_and_gets_that_back_once(
    wallet: Wallet, subscription: Subscription
) -> None:
    sweep(FEBRUARY)
    use(wallet, 30, at=FEBRUARY + SOON)
    for hours in (2, 3):
        hear(facts(subscription, UNPAID, FEBRUARY, MARCH, FIRST), at=FEBRUARY + timedelta(hours=hours))
    subscription.refresh_from_db()
    assert (subscription.status, parts(wallet)["allotment"], parts(wallet)["paid"]) == ("past_due", D(0), D(50))
    assert wallet.monthly_allotment.amount == D(0)
    (incident,) = Incident.objects.all()
    assert (incident.reason, incident.resolved_at) == ("subscription_unpaid", None)
    late = paid(2, FEBRUARY + timedelta(days=3))
    for hours in (1, 2):
        at = FEBRUARY + timedelta(days=3, hours=hours)
        hear(facts(subscription, OK, FEBRUARY, MARCH, FIRST, late), at=at)
    assert allotted(wallet)[2:] == [
        ("expiry", D(-200)),
        ("allotment", D(200)),
        ("expiry", D(-170)),
        ("allotment", D(170)),
    ]
    wallet.refresh_from_db()
    assert (wallet.monthly_allotment.amount, wallet.allotment_resets_at) == (D(200), MARCH)
    sweep(MARCH)
    assert parts(wallet)["allotment"] == D(200)
    assert [letter.subject for letter in told.letters(":unpaid:")] == ["Test: The payment for Plus failed"]
    incident.refresh_from_db()
    assert incident.resolved_at == FEBRUARY + timedelta(days=3, hours=1)


def test_no_allotment_follows_an_unpaid_month_until_one_is_paid(wallet: Wallet, subscription: Subscription) -> None:
    hear(facts(subscription, UNPAID, FEBRUARY, MARCH, FIRST), at=FEBRUARY + timedelta(hours=2))
    sweep(MARCH)
    assert parts(wallet)["allotment"] == D(0)
    hear(facts(subscription, UNPAID, MARCH, APRIL, FIRST), at=MARCH + timedelta(hours=2))
    assert parts(wallet)["allotment"] == D(0)
    late = paid(2, MARCH + timedelta(days=1))
    hear(facts(subscription, OK, MARCH, APRIL, FIRST, late), at=MARCH + timedelta(days=1, hours=1))
    assert parts(wallet)["allotment"] == D(200)
    sweep(MARCH + timedelta(days=1, hours=2))
    assert parts(wallet)["allotment"] == D(200)


def test_a_cancelled_one_runs_to_the_end_of_its_month_and_no_further(
    wallet: Wallet, subscription: Subscription
) -> None:
    hear(facts(subscription, OK, BEGAN, FEBRUARY, FIRST, ends_at_period_end=True), at=BEGAN + timedelta(days=5))
    assert (parts(wallet)["allotment"], wallet.monthly_allotment.amount) == (D(200), D(0))
    sweep(FEBRUARY - timedelta(seconds=1))
    assert parts(wallet)["allotment"] == D(200)
    sweep(FEBRUARY)
    assert parts(wallet)["allotment"] == D(0)
    hear(facts(subscription, OVER, BEGAN, FEBRUARY, FIRST), at=FEBRUARY + SOON)
    subscription.refresh_from_db()
    assert (subscription.status, subscription.ended_at, wallet.allotment_resets_at) == ("ended", FEBRUARY + SOON, None)
    subjects = [letter.subject for letter in told.letters("subscription:")]
    assert subjects == ["Test: Plus is paid", "Test: Plus ends on Feb 28, 2026", "Test: Plus has ended"]


def test_a_cancellation_taken_back_goes_on(wallet: Wallet, subscription: Subscription) -> None:
    hear(facts(subscription, OK, BEGAN, FEBRUARY, FIRST, ends_at_period_end=True), at=BEGAN + timedelta(days=5))
    hear(facts(subscription, OK, BEGAN, FEBRUARY, FIRST), at=BEGAN + timedelta(days=6))
    sweep(FEBRUARY)
    assert (parts(wallet)["allotment"], wallet.monthly_allotment.amount) == (D(200), D(200))


def test_what_is_paid_for_stays_when_it_ends_at_once(wallet: Wallet, subscription: Subscription) -> None:
    hear(facts(subscription, OVER, BEGAN, FEBRUARY, FIRST), at=BEGAN + timedelta(days=5))
    assert parts(wallet)["allotment"] == D(200)
    sweep(FEBRUARY)
    assert (parts(wallet)["allotment"], wallet.allotment_resets_at) == (D(0), None)


def test_older_news_changes_nothing(wallet: Wallet, subscription: Subscription) -> None:
    hear(facts(subscription, OK, FEBRUARY, MARCH, FIRST, SECOND), at=FEBRUARY + timedelta(hours=2))
    before = allotted(wallet)
    hear(facts(subscription, UNPAID, FEBRUARY, MARCH, FIRST), at=FEBRUARY + timedelta(hours=3))  # without the payment
    hear(facts(subscription, UNPAID, BEGAN, FEBRUARY, FIRST, SECOND), at=FEBRUARY + timedelta(hours=3))
    subscription.refresh_from_db()
    assert (subscription.status, subscription.period_end, allotted(wallet)) == ("active", MARCH, before)


def test_one_that_has_ended_stays_so(wallet: Wallet, subscription: Subscription) -> None:
    hear(facts(subscription, OVER, BEGAN, FEBRUARY, FIRST), at=BEGAN + timedelta(days=5))
    hear(facts(subscription, OK, BEGAN, FEBRUARY, FIRST), at=BEGAN + timedelta(days=6))
    subscription.refresh_from_db()
    wallet.refresh_from_db()
    assert (subscription.status, wallet.monthly_allotment.amount) == ("ended", D(0))


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_every_order_of_the_news_of_a_failed_renewal_that_is_paid_ends_alike(
    wallet: Wallet, order: tuple[int, ...]
) -> None:
    made = make_subscription(wallet)
    news = [
        facts(made, OK, BEGAN, FEBRUARY, FIRST),
        facts(made, OK, FEBRUARY, MARCH, FIRST),
        facts(made, UNPAID, FEBRUARY, MARCH, FIRST),
        facts(made, OK, FEBRUARY, MARCH, FIRST, SECOND),
    ]
    for step, index in enumerate(order):
        hear(news[index], at=FEBRUARY + timedelta(hours=2, minutes=step))
    hear(news[3], at=FEBRUARY + timedelta(hours=3))
    made.refresh_from_db()
    assert (made.status, made.period_end, Payment.objects.count()) == ("active", MARCH, 2)
    assert (parts(wallet)["allotment"], wallet.allotment_resets_at) == (D(200), MARCH)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"amount": D("87.09")}, "wrong_amount"),
        ({"currency": "EUR"}, "wrong_currency"),
        ({"is_live": True}, "wrong_mode"),
        ({"account_id": 10**9}, "wrong_account"),
    ],
)
def test_a_payment_that_does_not_match_begins_nothing(wallet: Wallet, changes: dict[str, object], kind: str) -> None:
    made = make_subscription(wallet)
    hear(facts(made, OK, BEGAN, FEBRUARY, paid(1, BEGAN, **changes)), at=BEGAN)
    made.refresh_from_db()
    assert (made.status, Payment.objects.count(), parts(wallet)["allotment"]) == ("created", 0, D(30))
    assert PaymentDifference.objects.get().kind == kind


def test_another_accounts_subscription_is_not_ours(wallet: Wallet) -> None:
    made = make_subscription(wallet)
    hear(facts(made, OK, BEGAN, FEBRUARY, FIRST, account_id=make_wallet().account_id), at=BEGAN)
    made.refresh_from_db()
    assert (made.status, Payment.objects.count()) == ("created", 0)
    assert PaymentDifference.objects.get().kind == "wrong_account"
    assert settle(facts=replace(facts(made, OK, BEGAN, FEBRUARY), subscription_reference="not-a-uuid")) is None


def test_the_second_of_two_paid_at_once_ends_and_staff_are_told(wallet: Wallet, subscription: Subscription) -> None:
    second = make_subscription(wallet, make_plan(wallet.account.product, name="Max", allotment="900"))
    hear(facts(second, OK, BEGAN, FEBRUARY, paid(9, BEGAN)), at=BEGAN + timedelta(minutes=5))
    second.refresh_from_db()
    assert (second.status, parts(wallet)["allotment"]) == ("ended", D(200))
    assert PaymentDifference.objects.get().kind == "overpaid"
    assert Payment.objects.count() == 2


def test_a_provider_whose_clock_runs_ahead_is_believed_about_its_periods(
    wallet: Wallet, subscription: Subscription
) -> None:
    at = BEGAN + timedelta(days=5)
    hear(facts(subscription, OK, FEBRUARY, MARCH, FIRST, paid(2, at)), at=at)
    assert (parts(wallet)["allotment"], wallet.allotment_resets_at) == (D(200), MARCH)
    sweep(FEBRUARY + SOON)
    hear(facts(subscription, UNPAID, MARCH, APRIL, FIRST, paid(2, at)), at=FEBRUARY + timedelta(days=1))
    assert parts(wallet)["allotment"] == D(0)


def test_a_month_that_began_unpaid_is_asked_about_until_its_payment_comes(subscription: Subscription) -> None:
    assert subscription.next_check_at == FEBRUARY + timedelta(hours=1)
    at = FEBRUARY + SOON
    hear(facts(subscription, OK, FEBRUARY, MARCH, FIRST), at=at)  # the invoice is written, the card not charged yet
    subscription.refresh_from_db()
    assert subscription.next_check_at == at + timedelta(hours=1)
    hear(facts(subscription, OK, FEBRUARY, MARCH, FIRST, SECOND), at=FEBRUARY + timedelta(hours=2))
    subscription.refresh_from_db()
    assert subscription.next_check_at == MARCH + timedelta(hours=1)


def test_money_for_a_month_after_the_end_is_for_staff_to_give_back(wallet: Wallet, subscription: Subscription) -> None:
    hear(facts(subscription, UNPAID, FEBRUARY, MARCH, FIRST), at=FEBRUARY + SOON)
    hear(facts(subscription, OVER, FEBRUARY, MARCH, FIRST), at=FEBRUARY + timedelta(days=9))
    for minutes in range(2):
        late = FEBRUARY + timedelta(days=10, minutes=minutes)
        hear(facts(subscription, OVER, FEBRUARY, MARCH, FIRST, SECOND), at=late)
    subscription.refresh_from_db()
    assert (subscription.status, Payment.objects.count(), parts(wallet)["allotment"]) == ("ended", 2, D(0))
    difference = PaymentDifference.objects.get()
    assert (difference.kind, difference.closed_at) == ("overpaid", None)
    assert difference.found.endswith("paid by pi_2, pi_1: refund what it was paid in vain")
