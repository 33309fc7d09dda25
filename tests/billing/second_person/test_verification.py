"""verify_ledger on what two people decide: clean as the services write it, and each damage found by its name."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from django.db import connection

from billing.models import ProductTerms
from billing.services import credits, second_person
from billing.verification import second_person as rules
from billing.verification.run import verify
from tests.billing.second_person.asked import adjust, asked, limited_wallet
from tests.factories import make_user

pytestmark = pytest.mark.django_db
RULES = [rule.name for rule in rules.INVARIANTS]
TOLD = "nobody_alone_above_the_limit"
DONE = "approvals_are_done"
DAMAGE = [
    ({TOLD, DONE}, "UPDATE billing_approval SET amount = amount - 1 WHERE status = 'approved'"),
    ({TOLD}, "DELETE FROM billing_approval WHERE status = 'approved'"),
    ({TOLD, DONE}, "UPDATE billing_approval SET transaction_key = 'other' WHERE status = 'approved'"),
    ({TOLD, DONE}, "UPDATE billing_transaction SET actor_id = actor_id + 1 WHERE amount = 250"),
    ({TOLD}, "UPDATE billing_transaction SET amount = 41 WHERE amount = 40"),
    ({TOLD}, "UPDATE billing_approval SET status = 'lapsed', transaction_key = '' WHERE status = 'approved'"),
    ({DONE}, "UPDATE billing_transaction SET kind = 'credit' WHERE amount = 250"),
    ({"approval_limits_are_kept"}, "UPDATE billing_productterms SET approval_limit = 100000"),
    ({"approval_limits_are_kept"}, "DELETE FROM billing_approvallimit"),
]


def found() -> set[str]:
    return {finding.name for finding in verify(RULES)}


@pytest.mark.parametrize(("names", "sql"), DAMAGE)
def test_damage_is_found(names: set[str], sql: str) -> None:
    wallet, ann = limited_wallet(paid="500"), make_user()
    second_person.approve(approval_id=asked(wallet, "250", ann).pk, user_id=make_user().pk)
    adjust(wallet, "60", ann)
    adjust(wallet, "40", ann)
    asked(wallet, "-300", ann)
    assert found() == set()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql)
        assert cursor.rowcount >= 1
        cursor.execute("SET session_replication_role = DEFAULT")
    assert names <= found()


def test_what_was_done_before_there_was_a_limit_is_not_judged() -> None:
    wallet, ann = limited_wallet(limit=None), make_user()
    credits.adjust(wallet_id=wallet.pk, amount=D(1000), reason="Start", actor_id=ann.pk, key="a")
    ProductTerms.objects.filter(product=wallet.account.product).update(approval_limit=100)
    assert found() == set()
    assert adjust(wallet, "1", ann).asked is not None  # the 1000 are of today
