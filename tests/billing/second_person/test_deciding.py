"""Above the limit nothing moves until somebody else says yes, and then it moves once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone

from billing.models import (
    Approval,
    ApprovalLimit,
    ApprovalStatus,
    GrantKind,
    ProductTerms,
    Refund,
    Transaction,
    TransactionKind,
)
from billing.services import alone, credits, refunds, second_person
from notifications.models import Delivery
from organizations.models import Account
from tests.billing.refunds.paid import balance, broken_rules, pay_by_bank, spend
from tests.billing.second_person.asked import adjust, asked, limited_wallet
from tests.billing.wallets import parts
from tests.config.admin_rows import make_clerk
from tests.factories import make_user

pytestmark = pytest.mark.django_db
RECORD = "billing.change_approval"


def test_up_to_the_limit_one_person_is_enough_and_above_it_nothing_moves() -> None:
    wallet, ann = limited_wallet(paid="500"), make_user()
    assert adjust(wallet, "100", ann).number == 2
    answer = adjust(wallet, "-100.000001", ann)
    assert answer.asked is not None
    facts = (answer.asked.amount.amount, answer.asked.limit.amount, answer.asked.done_alone.amount)
    assert facts == (D("-100.000001"), D(100), D(0))
    assert parts(wallet)["paid"] == D(600)
    assert broken_rules() == []


def test_an_approval_does_it_once_in_the_askers_name() -> None:
    wallet, ann, bob = limited_wallet(), make_user(), make_user()
    waiting = asked(wallet, "250", ann)
    for _ in range(2):
        done = second_person.approve(approval_id=waiting.pk, user_id=bob.pk, words="Checked")
        assert (done.status, done.decided_by, done.words) == ("approved", bob, "Checked")
    row = Transaction.objects.get(wallet=wallet, key=waiting.key)
    assert (row.amount.amount, row.actor, row.reason) == (D(250), ann, "Outage of Monday")
    assert parts(wallet)["paid"] == D(250)
    assert adjust(wallet, "250", ann, key=waiting.key).asked == done
    assert broken_rules() == []


def test_nobody_approves_what_they_asked_for() -> None:
    wallet, ann = limited_wallet(), make_user()
    waiting = asked(wallet, "250", ann)
    with pytest.raises(ValidationError, match="somebody else must approve it"):
        second_person.approve(approval_id=waiting.pk, user_id=ann.pk)
    with pytest.raises(DatabaseError, match="approval_two_people"), transaction.atomic():
        Approval.objects.filter(pk=waiting.pk).update(
            status="approved", decided_by=ann, decided_at=timezone.now(), transaction_key="x"
        )
    assert parts(wallet)["paid"] == D(0)


def test_small_sums_of_one_person_within_a_day_count_together() -> None:
    wallet, ann, bob = limited_wallet(paid="500"), make_user(), make_user()
    assert adjust(wallet, "60", ann).number == 2
    assert adjust(wallet, "40", bob).number == 3
    assert adjust(wallet, "-60", ann).number == 4  # taken is not given
    answer = adjust(wallet, "40.01", ann)
    assert answer.asked is not None and answer.asked.done_alone.amount == D(60)
    second_person.approve(approval_id=answer.asked.pk, user_id=bob.pk)
    assert adjust(wallet, "40", ann).number == 6  # what a second person saw does not count
    promo = second_person.grant_promo(
        wallet_id=wallet.pk, amount=D(1), reason="Sorry", actor_id=ann.pk, key="promo:1", expires_at=None
    )
    assert promo.asked is not None
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
        assert adjust(wallet, "100", ann).number == 7
    assert broken_rules() == []


def test_the_services_that_move_money_refuse_a_person_above_the_limit_and_never_the_system() -> None:
    wallet, ann = limited_wallet(paid="500"), make_user()
    with pytest.raises(alone.SecondPersonNeededError, match=r"One person may move \$100\.00 within 24 hours"):
        credits.adjust(wallet_id=wallet.pk, amount=D(101), reason="Wrong", actor_id=ann.pk, key="a")
    promo = {"kind": GrantKind.PROMO, "transaction_kind": TransactionKind.PROMO, "description": "Promo"}
    with pytest.raises(alone.SecondPersonNeededError):
        credits.credit(wallet_id=wallet.pk, amount=D(101), key="b", actor_id=ann.pk, **promo)  # type: ignore[arg-type]
    assert credits.credit(wallet_id=wallet.pk, amount=D(101), key="c", **promo) == 2  # type: ignore[arg-type]


def test_a_limit_of_zero_asks_for_all_and_none_for_nothing() -> None:
    ann = make_user()
    assert adjust(limited_wallet(limit="0"), "0.01", ann).asked is not None
    assert adjust(limited_wallet(limit=None), "1000000", ann).number == 1


def test_what_could_not_be_done_now_is_not_asked_for() -> None:
    wallet = limited_wallet(paid="200")
    with pytest.raises(ValidationError, match="debit of 200 USD at most"):
        adjust(wallet, "-201", make_user())
    with pytest.raises(ValidationError, match="Say why"):
        second_person.adjust(wallet_id=wallet.pk, amount=D(500), reason=" ", actor_id=make_user().pk, key="a")
    assert not Approval.objects.exists()


def test_money_that_is_gone_when_it_is_approved_is_refused_and_goes_on_waiting() -> None:
    wallet, bob = limited_wallet(paid="200"), make_user()
    waiting = asked(wallet, "-150")
    credits.adjust(wallet_id=wallet.pk, amount=D(-100), reason="By rule", actor_id=None, key="rule")
    with pytest.raises(ValidationError, match="debit of 100 USD at most"):
        second_person.approve(approval_id=waiting.pk, user_id=bob.pk)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.decided_by, parts(wallet)["paid"]) == ("requested", None, D(100))


def test_declined_and_withdrawn_requests_stay_so() -> None:
    wallet, ann, bob = limited_wallet(), make_user(), make_user()
    first, second = asked(wallet, "250", ann), asked(wallet, "300", ann)
    with pytest.raises(ValidationError, match="Say why"):
        second_person.decline(approval_id=first.pk, user_id=bob.pk, words=" ")
    with pytest.raises(ValidationError, match="withdraw it instead"):
        second_person.decline(approval_id=first.pk, user_id=ann.pk, words="No")
    with pytest.raises(ValidationError, match="Only who asked"):
        second_person.withdraw(approval_id=second.pk, user_id=bob.pk, words="")
    second_person.decline(approval_id=first.pk, user_id=bob.pk, words="Paid twice")
    second_person.withdraw(approval_id=second.pk, user_id=ann.pk, words="")
    for waiting in (first, second):
        with pytest.raises(ValidationError, match="does not wait any more"):
            second_person.approve(approval_id=waiting.pk, user_id=bob.pk)
        with pytest.raises(DatabaseError, match="what was asked stays"), transaction.atomic():
            Approval.objects.filter(pk=waiting.pk).update(words="Other")
    assert parts(wallet)["paid"] == D(0)
    told = Delivery.objects.get(recipient=ann.email)
    assert "Paid twice" in told.body


def test_those_who_may_approve_are_written_to_but_for_the_asker() -> None:
    ann, bob, _reader = make_clerk(RECORD), make_clerk(RECORD), make_clerk("billing.view_approval")
    waiting = asked(limited_wallet(), "250", ann)
    letter = Delivery.objects.get()
    assert (letter.recipient, f"/admin/billing/approval/{waiting.pk}/change/" in letter.body) == (bob.email, True)
    assert "Adjust the balance, $250.00, Acme (Test)" in letter.subject


def test_what_waits_for_too_long_or_cannot_be_done_lapses() -> None:
    wallet, ann, bob = limited_wallet(), make_user(), make_user()
    soon = timezone.now() + timedelta(hours=1)
    promo = second_person.grant_promo(
        wallet_id=wallet.pk, amount=D(101), reason="Sorry", actor_id=ann.pk, key="promo:1", expires_at=soon
    )
    late = asked(wallet, "250", ann)
    assert promo.asked is not None and second_person.lapse_due() == 0
    with time_machine.travel(soon):
        closed = second_person.approve(approval_id=promo.asked.pk, user_id=bob.pk)
    assert (closed.status, closed.words) == ("lapsed", "The promo credit would have expired already.")
    with time_machine.travel(timezone.now() + timedelta(days=14, seconds=1)):
        assert (second_person.lapse_due(), second_person.lapse_due()) == (1, 0)
    late.refresh_from_db()
    assert (late.status, late.words) == ("lapsed", "Nobody decided within 14 days.")
    assert parts(wallet)["promo"] == D(0)


def test_every_change_of_the_limit_leaves_a_row_that_stays() -> None:
    product = limited_wallet().account.product
    for limit in (D(50), None):
        ProductTerms.objects.filter(product=product).update(approval_limit=limit)
    ProductTerms.objects.filter(product=product).update(floor=1)
    rows = ApprovalLimit.objects.filter(product=product).order_by("id")
    assert list(rows.values_list("limit", flat=True)) == [D(100), D(50), None]
    for change in (lambda: rows.update(limit=9), lambda: rows.all()._raw_delete("default")):
        with pytest.raises(DatabaseError, match="is refused"), transaction.atomic():
            change()


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    found = make_account("aitelier", email="owner@acme.example")
    ProductTerms.objects.filter(product=found.product).update(approval_limit=100)
    return found


def refund(payment_id: int, amount: str, by: int) -> second_person.Answer:
    return second_person.refund_payment(
        payment_id=payment_id, actor_id=by, reason="Closing", reference=uuid.uuid4(), amount=D(amount)
    )


def test_a_refund_above_the_limit_goes_out_when_a_second_person_says_so(account: Account) -> None:
    payment, ann, bob = pay_by_bank(account, "300"), make_user(), make_user()
    waiting = refund(payment.pk, "150", ann.pk).asked
    assert waiting is not None and not Refund.objects.exists()
    with pytest.raises(alone.SecondPersonNeededError):
        refunds.refund_payment(payment_id=payment.pk, amount=D(150), reason="Closing", user_id=ann.pk)
    second_person.approve(approval_id=waiting.pk, user_id=bob.pk)
    second_person.approve(approval_id=waiting.pk, user_id=bob.pk)
    made = Refund.objects.get()
    assert (made.status, made.amount.amount, made.requested_by, balance(account)) == (
        "approved", D(150), ann, (D(150), D(0)),
    )  # fmt: skip
    assert broken_rules() == []


def test_a_refund_is_refused_when_its_money_was_spent_meanwhile(account: Account) -> None:
    payment, ann, bob = pay_by_bank(account, "300"), make_user(), make_user()
    waiting = refund(payment.pk, "150", ann.pk).asked
    assert waiting is not None
    spend(account, "200")
    with pytest.raises(ValidationError, match=r"Only \$100\.00 of this payment is unspent"):
        second_person.approve(approval_id=waiting.pk, user_id=bob.pk)
    assert not Refund.objects.exists()
    assert balance(account) == (D(100), D(0))


def test_a_customers_request_above_the_limit_needs_two_of_the_staff(account: Account) -> None:
    pay_by_bank(account, "300")
    ann, bob = make_user(), make_user()
    (wanted,) = refunds.request(wallet_id=account.wallet.pk, amount=D(200), reason="Closing", user_id=None)
    answer = second_person.approve_refund(refund_id=wanted.pk, actor_id=ann.pk, decision="OK", key="r:1", amount=D(150))
    assert answer.asked is not None
    wanted.refresh_from_db()
    assert wanted.status == "requested"
    second_person.approve(approval_id=answer.asked.pk, user_id=bob.pk)
    amounts = Refund.objects.order_by("id").values_list("status", "amount")
    assert [(status, amount) for status, amount in amounts] == [("declined", D(200)), ("approved", D(150))]
    assert broken_rules() == []


def test_a_request_that_was_declined_meanwhile_lapses(account: Account) -> None:
    pay_by_bank(account, "300")
    (wanted,) = refunds.request(wallet_id=account.wallet.pk, amount=D(200), reason="Closing", user_id=None)
    answer = second_person.approve_refund(
        refund_id=wanted.pk, actor_id=make_user().pk, decision="OK", key="r:1", amount=D(200)
    )
    assert answer.asked is not None
    refunds.decline(refund_id=wanted.pk, user_id=None, decision="No")
    closed = second_person.approve(approval_id=answer.asked.pk, user_id=make_user().pk)
    assert (closed.status, closed.words) == (
        ApprovalStatus.LAPSED, "The customer's request was decided otherwise: declined.",
    )  # fmt: skip
    assert balance(account) == (D(300), D(0))
