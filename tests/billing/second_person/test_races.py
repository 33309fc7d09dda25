"""Two people decide at one time: exactly one thing happens."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError

from billing.models import Approval, Transaction
from billing.services import second_person
from tests.billing.second_person.asked import adjust, asked, limited_wallet
from tests.billing.threads import at_once
from tests.billing.wallets import parts
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_people_approve_at_once_and_it_is_done_once() -> None:
    wallet = limited_wallet()
    waiting, people = asked(wallet, "250"), [make_user() for _ in range(4)]
    answers = at_once(
        [lambda user=user: second_person.approve(approval_id=waiting.pk, user_id=user.pk) for user in people]  # type: ignore[misc]
    )
    assert [answer.status for answer in answers if isinstance(answer, Approval)] == ["approved"] * 4
    assert Transaction.objects.filter(wallet=wallet).count() == 1
    assert parts(wallet)["paid"] == D(250)


def test_one_approves_while_the_asker_withdraws() -> None:
    wallet, ann, bob = limited_wallet(), make_user(), make_user()
    waiting = asked(wallet, "250", ann)
    answers = at_once(
        [
            lambda: second_person.approve(approval_id=waiting.pk, user_id=bob.pk),
            lambda: second_person.withdraw(approval_id=waiting.pk, user_id=ann.pk, words="Wrong account"),
        ]
    )
    waiting.refresh_from_db()
    (refused,) = [answer for answer in answers if isinstance(answer, ValidationError)]
    assert "does not wait any more" in str(refused)
    assert parts(wallet)["paid"] == (D(250) if waiting.status == "approved" else D(0))


def test_parts_sent_at_once_do_not_pass_the_limit_together() -> None:
    wallet, ann = limited_wallet(), make_user()
    answers = at_once([lambda: adjust(wallet, "40", ann) for _ in range(5)])
    done = [answer for answer in answers if isinstance(answer, second_person.Answer) and answer.number]
    assert (len(done), Approval.objects.filter(wallet=wallet).count()) == (2, 3)
    assert parts(wallet)["paid"] == D(80)
