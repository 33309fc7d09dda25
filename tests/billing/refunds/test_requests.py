"""Refunds as customers ask for them and staff decide: what is unspent, newest payment first, reserved at approval."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.models import GrantKind, Payment, Refund, TaxRate, TopUpTerms, Transaction
from billing.selectors.refunds import months_later, refundable
from billing.services import refunds
from billing.services.wallets import set_frozen
from notifications.models import Delivery
from organizations.models import Account, User
from tests.billing.letters import told
from tests.billing.refunds.paid import balance, broken_rules, keys, pay_by_bank, spend
from tests.billing.threads import at_once
from tests.billing.wallets import give
from tests.factories import make_member, make_user, open_test_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    """An Aitelier customer, whom no tax is taken from."""
    return make_account("aitelier", email="owner@acme.example")


def ask(account: Account, amount: str, user: User | None = None) -> list[Refund]:
    return refunds.request(
        wallet_id=account.wallet.pk, amount=D(amount), reason="Closing", user_id=user.pk if user else None
    )


def left(account: Account) -> D:
    return refundable(wallet_id=account.wallet.pk, at=timezone.now()).total


def why(account: Account) -> str:
    return refundable(wallet_id=account.wallet.pk, at=timezone.now()).blocked_because


def message(error: pytest.ExceptionInfo[ValidationError]) -> str:
    return error.value.messages[0]


def test_a_request_takes_the_newest_payment_first_and_moves_nothing(account: Account, staff: User) -> None:
    older, newer = pay_by_bank(account, "100"), pay_by_bank(account, "50")
    spend(account, "30.25")  # of the older
    first, second = ask(account, "70")
    assert [(r.payment, r.amount.amount, r.charge_amount.amount) for r in (first, second)] == [
        (newer, D(50), D(50)),
        (older, D(20), D(20)),
    ]
    assert first.request == second.request
    assert {first.status, second.status} == {"requested"}
    assert balance(account) == (D("119.75"), D(0))
    (to_staff,) = Delivery.objects.filter(key__startswith="refund_request:")
    assert to_staff.recipient == staff.email and "$70.00" in to_staff.subject
    (letter,) = told.letters("refund_request:")
    assert (letter.recipient, letter.subject) == ("owner@acme.example", "Aitelier: Refund of $70.00 requested")
    assert "Bank transfer: $50.00\nBank transfer: $20.00\n" in letter.body


def test_what_is_refundable_is_shown_payment_by_payment(account: Account) -> None:
    pay_by_bank(account, "100")
    pay_by_bank(account, "50")
    spend(account, "30.25")
    found = refundable(wallet_id=account.wallet.pk, at=timezone.now())
    assert [(each.unspent, each.refundable, each.charge_amount) for each in found.payments] == [
        (D(50), D(50), D(50)),
        (D("69.75"), D("69.75"), D("69.75")),
    ]
    assert (found.total, found.currency, found.blocked_because) == (D("119.75"), "USD", "")
    used = account.wallet.transactions.latest("id").created_at
    assert found.deadline == months_later(used, 12)


def test_promo_is_never_refunded(account: Account) -> None:
    pay_by_bank(account, "20")
    give(account.wallet, GrantKind.PROMO, "30")
    with pytest.raises(ValidationError) as error:
        ask(account, "20.01")
    assert message(error) == "At most $20.00 can be refunded."


def test_credit_that_nobody_paid_for_is_not_refunded(account: Account) -> None:
    give(account.wallet, GrantKind.PAID, "30")
    with pytest.raises(ValidationError) as error:
        ask(account, "1")
    assert message(error) == "No unspent payment is left."


@pytest.mark.parametrize(
    ("amount", "words"), [("0", "above zero"), ("-5", "above zero"), ("1.0000001", "six decimals")]
)
def test_an_amount_must_be_one(account: Account, amount: str, words: str) -> None:
    pay_by_bank(account, "20")
    with pytest.raises(ValidationError, match=words):
        ask(account, amount)


def test_less_than_a_cent_is_not_sent_back(account: Account) -> None:
    pay_by_bank(account, "20")
    with pytest.raises(ValidationError, match="less than a cent"):
        ask(account, "0.004")


def test_a_reason_is_asked_for(account: Account) -> None:
    pay_by_bank(account, "20")
    with pytest.raises(ValidationError, match="Say why"):
        refunds.request(wallet_id=account.wallet.pk, amount=D(5), reason="  ", user_id=None)


def test_a_second_request_for_a_payment_waits_for_the_first(account: Account) -> None:
    pay_by_bank(account, "50")
    ask(account, "20")
    (entry,) = refundable(wallet_id=account.wallet.pk, at=timezone.now()).payments
    assert (entry.unspent, entry.requested, entry.refundable) == (D(50), D(20), D(0))
    assert entry.blocked_because == "A refund of this payment waits for a decision."
    with pytest.raises(ValidationError):
        ask(account, "10")
    assert Refund.objects.count() == 1


def test_nothing_is_refunded_while_the_wallet_is_frozen(account: Account) -> None:
    pay_by_bank(account, "50")
    (refund,) = ask(account, "20")
    set_frozen(wallet_id=account.wallet.pk, is_frozen=True)
    assert (left(account), "frozen" in why(account)) == (D(0), True)
    with pytest.raises(ValidationError, match="frozen"):
        refunds.approve(refund_id=refund.pk, user_id=None, decision="")
    assert balance(account) == (D(50), D(0))


def test_twelve_months_after_the_last_activity_nothing_is_refundable(account: Account) -> None:
    """aitelier.md, 'Refundable': 12 months after the last activity."""
    payment = pay_by_bank(account, "50")
    just_in_time = timezone.now() - timedelta(days=364)
    Payment.objects.filter(pk=payment.pk).update(paid_at=just_in_time)
    assert left(account) == D(50)
    (refund,) = ask(account, "20")
    Payment.objects.filter(pk=payment.pk).update(paid_at=timezone.now() - timedelta(days=367))
    assert left(account) == D(0)
    assert why(account).startswith("The balance was refundable until ")
    with pytest.raises(ValidationError, match="12 months"):
        refunds.refund_payment(payment_id=payment.pk, amount=D(5), reason="Late", user_id=None)
    Refund.objects.filter(pk=refund.pk).update(created_at=timezone.now() - timedelta(days=30))
    assert refunds.approve(refund_id=refund.pk, user_id=None, decision="").status == "approved"  # asked in time


def test_usage_keeps_the_balance_refundable(account: Account) -> None:
    payment = pay_by_bank(account, "50")
    spend(account, "1")
    Payment.objects.filter(pk=payment.pk).update(paid_at=timezone.now() - timedelta(days=400))
    assert left(account) == D(49)


def test_a_product_that_refunds_nothing_says_so(account: Account) -> None:
    pay_by_bank(account, "50")
    TopUpTerms.objects.filter(product=account.product).update(refund_months=0)
    assert why(account) == "Top-ups of this product are not refundable."


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [(date(2026, 1, 31), 1, date(2026, 2, 28)), (date(2024, 2, 29), 12, date(2025, 2, 28)),
     (date(2026, 12, 5), 12, date(2027, 12, 5)), (date(2026, 11, 30), 3, date(2027, 2, 28))],
)  # fmt: skip
def test_months_end_where_the_calendar_does(start: date, months: int, end: date) -> None:
    moment = timezone.now().replace(year=start.year, month=start.month, day=start.day)
    assert months_later(moment, months).date() == end


def test_approval_takes_the_money_out_once(account: Account, staff: User) -> None:
    pay_by_bank(account, "50")
    (refund,) = ask(account, "20")
    for _ in range(3):
        refund = refunds.approve(refund_id=refund.pk, user_id=staff.pk, decision="Fair")
    assert (refund.status, refund.decided_by, refund.decision) == ("approved", staff, "Fair")
    assert balance(account) == (D(30), D(0))
    assert keys(account, "refund") == [f"refund:{refund.pk}"]
    (letter,) = told.letters(":approved")
    assert "$20.00 left your balance, and $20.00 goes back (Bank transfer).\n" in letter.body
    assert broken_rules() == []


def test_what_was_spent_since_cannot_be_approved_and_staff_read_how_much_can(account: Account) -> None:
    pay_by_bank(account, "50")
    (refund,) = ask(account, "50")
    spend(account, "12.5")
    with pytest.raises(ValidationError) as error:
        refunds.approve(refund_id=refund.pk, user_id=None, decision="")
    assert message(error) == "Only $37.50 of this payment is unspent and can be refunded."
    assert balance(account) == (D("37.5"), D(0))
    going = refunds.approve(refund_id=refund.pk, user_id=None, decision="What is left", amount=D("37.5"))
    refund.refresh_from_db()
    assert (refund.status, going.status, going.request) == ("declined", "approved", refund.request)
    assert refund.decision == "Replaced by a refund of $37.50. What is left"
    assert (going.amount.amount, balance(account)) == (D("37.5"), (D(0), D(0)))
    assert broken_rules() == []


def test_more_than_was_asked_for_is_not_approved(account: Account) -> None:
    pay_by_bank(account, "50")
    (refund,) = ask(account, "20")
    with pytest.raises(ValidationError, match=r"Only \$20.00 was asked for"):
        refunds.approve(refund_id=refund.pk, user_id=None, decision="", amount=D(21))


def test_a_request_is_declined_with_words_for_the_customer(account: Account) -> None:
    pay_by_bank(account, "50")
    (refund,) = ask(account, "20")
    with pytest.raises(ValidationError, match="the customer reads it"):
        refunds.decline(refund_id=refund.pk, user_id=None, decision=" ")
    for _ in range(2):
        refunds.decline(refund_id=refund.pk, user_id=None, decision="Used as a bonus")
    (letter,) = told.letters(f"refund:{refund.pk}:declined")
    assert letter.recipient == "owner@acme.example"
    assert "Your refund request of $20.00 was declined: Used as a bonus\n" in letter.body
    with pytest.raises(ValidationError, match="declined already"):
        refunds.approve(refund_id=refund.pk, user_id=None, decision="")
    assert left(account) == D(50)


def test_calls_in_progress_keep_what_they_hold(account: Account) -> None:
    from tests.usage.events import key_of, question
    from usage.services import authorize

    pay_by_bank(account, "20")
    authorize.authorize(key=key_of("aitelier"), request=question(account, "c"))
    account.wallet.refresh_from_db()
    held = account.wallet.held.amount
    assert held > 0
    assert left(account) == D(20) - held
    payment = Payment.objects.get(wallet=account.wallet)
    with pytest.raises(ValidationError, match="unspent"):
        refunds.refund_payment(payment_id=payment.pk, amount=D(20), reason="All", user_id=None)


def test_staff_refund_a_payment_at_once_and_a_button_pressed_twice_does_it_once(account: Account) -> None:
    payment = pay_by_bank(account, "50")
    token = uuid.uuid4()
    first, again = (
        refunds.refund_payment(payment_id=payment.pk, amount=D(5), reason="Goodwill", user_id=None, reference=token)
        for _ in range(2)
    )
    assert first == again
    assert (first.status, balance(account)) == ("approved", (D(45), D(0)))


def test_staff_leave_a_waiting_request_its_money(account: Account) -> None:
    payment = pay_by_bank(account, "50")
    ask(account, "30")
    with pytest.raises(ValidationError, match=r"Only \$20.00"):
        refunds.refund_payment(payment_id=payment.pk, amount=D(21), reason="Goodwill", user_id=None)


def test_the_payer_gets_the_share_of_price_and_tax_and_the_last_refund_the_exact_rest(
    make_account: Callable[..., Account],
) -> None:
    TaxRate.objects.create(
        country="US", name="Sales tax", percent=D("8.875"), valid_from=timezone.now().date() - timedelta(days=9)
    )
    account = make_account("aitelier")
    payment = pay_by_bank(account, "50")
    assert (payment.total.amount, payment.tax.amount) == (D("54.44"), D("4.44"))
    thirds = [
        refunds.refund_payment(payment_id=payment.pk, amount=D(amount), reason="Third", user_id=None)
        for amount in ("16.666667", "16.666667", "16.666666")
    ]
    assert [each.charge_amount.amount for each in thirds] == [D("18.15"), D("18.14"), D("18.15")]
    assert [each.tax.amount for each in thirds] == [D("1.48"), D("1.48"), D("1.48")]
    assert sum(each.total.amount for each in thirds) == D("54.44")
    moved = Transaction.objects.get(key=f"refund:{thirds[0].pk}").transfers.order_by("id")
    base = account.wallet.pk * 16
    assert [(t.source_id - base, t.target_id - base, t.amount.amount) for t in moved] == [
        (1, 6, D("16.666667")),
        (10, 6, D("1.48")),
    ]
    assert broken_rules() == []


def test_refunds_that_cannot_be_sent_come_back_to_their_lot_once(account: Account, staff: User) -> None:
    payment = pay_by_bank(account, "50")
    refund = refunds.refund_payment(payment_id=payment.pk, amount=D(20), reason="Closing", user_id=staff.pk)
    for _ in range(3):
        refund = refunds.mark_sent(refund_id=refund.pk, bank_reference="SEPA 77")
    assert (refund.status, refund.provider_reference, balance(account)) == ("succeeded", "SEPA 77", (D(30), D(0)))
    for _ in range(3):
        refund = refunds.mark_returned(refund_id=refund.pk, reason="Account closed")
    assert (refund.status, refund.failure_message) == ("failed", "Account closed")
    assert balance(account) == (D(50), D(0))
    assert payment.grant is not None
    payment.grant.refresh_from_db()
    assert payment.grant.remaining.amount == D(50)
    assert keys(account, "refund_back") == [f"refund_back:{refund.pk}"]
    assert Delivery.objects.filter(recipient=staff.email, key__contains="failed").count() == 1
    assert [letter.subject for letter in told.letters(f"refund:{refund.pk}:")] == [
        "Aitelier: Refund approved",
        "Aitelier: Refund sent",
        "Aitelier: Refund failed",
    ]
    assert broken_rules() == []


def test_what_returns_settles_what_is_owed_first(account: Account) -> None:
    payment = pay_by_bank(account, "50")
    refund = refunds.refund_payment(payment_id=payment.pk, amount=D(50), reason="Closing", user_id=None)
    spend(account, "8")
    assert balance(account) == (D(0), D(8))
    refunds.mark_returned(refund_id=refund.pk, reason="Account closed")
    assert balance(account) == (D(42), D(0))
    assert broken_rules() == []


def test_only_an_approved_transfer_is_marked_and_only_with_words(account: Account) -> None:
    pay_by_bank(account, "50")
    (refund,) = ask(account, "20")
    with pytest.raises(ValidationError, match="Only an approved refund"):
        refunds.mark_sent(refund_id=refund.pk, bank_reference="X")
    with pytest.raises(ValidationError, match="never approved"):
        refunds.mark_returned(refund_id=refund.pk, reason="X")
    with pytest.raises(ValidationError, match="reference"):
        refunds.mark_sent(refund_id=refund.pk, bank_reference=" ")


def test_owners_and_billing_members_are_told_and_viewers_are_not(account: Account) -> None:
    owner = make_member(account)
    make_member(account, role="viewer")  # type: ignore[arg-type]
    pay_by_bank(account, "50")
    ask(account, "20", owner)
    assert [letter.recipient for letter in told.letters("refund_request:")] == [owner.email]


@pytest.mark.django_db(transaction=True)
def test_many_approvals_and_charges_at_once_never_spend_the_money_twice(products: Any) -> None:
    account = open_test_account(products["aitelier"])
    payment = pay_by_bank(account, "50")
    (refund,) = ask(account, "50")
    staff = make_user(is_staff=True)

    def approve() -> None:
        refunds.approve(refund_id=refund.pk, user_id=staff.pk, decision="")

    def by_staff() -> None:
        refunds.refund_payment(payment_id=payment.pk, amount=D(30), reason="Twice", user_id=staff.pk)

    at_once([approve, by_staff] * 6)
    assert len(keys(account, "refund")) == 1
    assert balance(account) == (D(0), D(0))
    assert broken_rules() == []
