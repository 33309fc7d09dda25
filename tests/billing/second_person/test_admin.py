"""The second person in the back office: what waits is said, seen and decided there, never by who asked."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Approval, ProductTerms, Refund
from organizations.models import Account, User
from tests.billing.refunds.paid import balance, pay_by_bank
from tests.billing.wallets import parts
from tests.config.admin_steps import act
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    found = make_account("aitelier", name="Acme", paid="300")
    ProductTerms.objects.filter(product=found.product).update(approval_limit=100)
    return found


@pytest.fixture
def second(db: None) -> tuple[User, Client]:
    """Somebody else of the staff, signed in."""
    bob, client = make_user(is_staff=True), Client()
    client.force_login(bob)
    return bob, client


def address(name: str, pk: int) -> str:
    return reverse(f"admin:billing_{name}", args=[pk])


def page(client: Client, name: str, pk: int) -> str:
    return str(client.get(address(name, pk)).content.decode())


def actions_of(client: Client, approval: Approval) -> set[str]:
    html = page(client, "approval_change", approval.pk)
    names = ("approve", "decline", "withdraw")
    return {name for name in names if address(f"approval_{name}", approval.pk) in html}


def test_an_adjustment_waits_is_seen_everywhere_and_is_done_by_the_second_person(
    account: Account, staff_client: Client, staff: User, second: tuple[User, Client]
) -> None:
    bob, bobs = second
    wallet = account.wallet
    asked, done, _ = act(
        staff_client, address("wallet_adjust", wallet.pk), direction="debit", amount="150", reason="Paid twice"
    )
    assert "Asked for now, done when somebody else approves: one person may move $100.00 within 24 hours." in asked
    assert done.status_code == 302 and parts(wallet)["paid"] == 300
    after = page(staff_client, "wallet_change", wallet.pk)
    assert "Waits for a second person: adjust the balance, " in after and "Nothing has moved yet." in after
    assert "Paid twice" in after and "Nothing of it has moved yet." in after
    account_page = staff_client.get(reverse("admin:organizations_account_change", args=[account.pk]))
    assert "Nothing of it has moved yet." in account_page.content.decode()
    front = bobs.get(reverse("admin:index"))
    (figure,) = [stat for stat in front.context["stats"] if stat["label"] == "Second person"]
    assert (str(figure["figure"]), figure["is_bad"]) == ("1", True)
    approval = Approval.objects.get()
    assert (actions_of(staff_client, approval), actions_of(bobs, approval)) == ({"withdraw"}, {"approve", "decline"})
    confirmation, agreed, sent = act(bobs, address("approval_approve", approval.pk), reason="")
    assert "$150.00" in confirmation and staff.email in confirmation
    assert agreed.status_code == 302 and parts(wallet)["paid"] == 150
    bobs.post(address("approval_approve", approval.pk), {**sent, "step": "confirm"})
    assert parts(wallet)["paid"] == 150
    approval.refresh_from_db()
    assert (approval.status, approval.decided_by, actions_of(bobs, approval)) == ("approved", bob, set())


def test_the_asker_cannot_approve_by_the_address_either(account: Account, staff_client: Client) -> None:
    act(staff_client, address("wallet_grant_promo", account.wallet.pk), amount="500", reason="Sorry")
    approval = Approval.objects.get()
    _, answer, _ = act(staff_client, address("approval_approve", approval.pk), reason="")
    assert "You asked for this: somebody else must approve it." in answer.content.decode()
    _, gone, _ = act(staff_client, address("approval_withdraw", approval.pk), reason="Too much")
    assert gone.status_code == 302 and parts(account.wallet)["promo"] == 0


def test_a_refund_of_a_payment_and_of_a_request_wait(
    account: Account, staff_client: Client, second: tuple[User, Client]
) -> None:
    payment = pay_by_bank(account, "200")
    act(staff_client, address("payment_refund", payment.pk), amount="120", reason="Closing")
    assert not Refund.objects.exists()
    act(second[1], address("approval_decline", Approval.objects.get().pk), reason="It was used")
    assert (Approval.objects.get().status, balance(account)) == ("declined", (D(500), D(0)))
    terms = page(staff_client, "productterms_change", account.product.pk)
    assert "Limit above which a second person approves" in terms and "$100.00" in terms
