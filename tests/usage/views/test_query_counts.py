"""No page asks the database much, and none asks more for having more to show.

Every address that the matrix of `tests/isolation` lists, for each product, with a few rows of everything and with many.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import (
    AuditExport,
    BillingPeriod,
    Card,
    CouponRedemption,
    Document,
    DocumentKind,
    Payment,
    Refund,
    TopUp,
    TopUpTerms,
)
from billing.services import coupons
from organizations.models import Account, Membership, Organization, Role
from organizations.services.invitations import create_invitation
from tests.billing.coupons.offers import make_coupon
from tests.billing.documents.filed import filed
from tests.billing.documents.issued import issue_one, make_issuer
from tests.billing.refunds.paid import pay_by_bank
from tests.factories import make_member
from tests.isolation.matrix import ROWS
from tests.isolation.worlds import paid_period, todays_export
from tests.usage.events import charge, event, key_of, question
from usage.models import UsageEvent
from usage.services.authorize import authorize

QUERIES_AT_MOST = 15
FEW, MANY = 8, 40
PRODUCTS = ["aipbx", "aitelier", "atllasx", "letustalk", "osmtalk"]
# The views of a page that read otherwise than its first.
VARIANTS = {
    "history": ["?view=each&when=30&simulated=shown", "?type=call"],
    "calls": ["?simulated=shown"],
    "usage": ["?when=30"],
}

_numbers = itertools.count(1)


def grow(account: Account, count: int) -> None:
    """So many more of everything that an account has many of."""
    service = account.product.services.get(slug=account.product.slug)
    projects = [project.external_id for project in account.projects.all()]
    now = timezone.now()
    for days in (9, 3, 0):
        with time_machine.travel(now - timedelta(days=days), tick=False):
            charge(service.slug, *[_call(account, projects[n % 2], n) for n in range(count)])
    for n in range(count):
        number = next(_numbers)
        authorize(key=key_of(service.slug), request=question(account, f"now-{number}", project=projects[n % 2]))
        make_member(account, Role.VIEWER)
        create_invitation(account=account, email=f"guest{number}@example.com", role=Role.VIEWER)
        Organization.objects.create(account=account, name=f"Branch {number}", tax_id=f"TAX{number}", country="US")
        Card.objects.create(
            wallet=account.wallet, reference=f"pm_{number}", brand="Visa", last4="4242", exp_month=1, exp_year=2099
        )
        made = make_coupon(account.product, f"CODE-{number}", amount="1", name=f"Offer {number}")
        coupons.redeem(wallet_id=account.wallet.pk, code=made.code, user_id=_owner(account).pk)
    _pay(account, count)


def _call(account: Account, project: str, number: int) -> Any:
    costs = {"llm": "0.005", "stt": "0.006", "tts": "0.022", "sip": "0.007"}
    return event(
        account,
        project=project,
        call_id=f"call-{next(_numbers)}",
        caller=f"+1 555 01{number:02d}",
        outcome=("success", "conversation", "spam")[number % 3],
        stt_seconds=60,
        provider_costs=costs,
    )


def _owner(account: Account) -> Any:
    return Membership.objects.filter(account=account, role=Role.OWNER).select_related("user").first().user  # type: ignore[union-attr]


def _pay(account: Account, count: int) -> None:
    """Payments by bank transfer, each with a receipt, a credit note to it, and a refund that is asked for."""
    TopUpTerms.objects.filter(product=account.product).update(providers=["bank", "stripe"])
    terms = TopUpTerms.objects.get(product=account.product)
    issuer = account.product.terms.issuer or make_issuer()
    for _number in range(count):
        payment = pay_by_bank(account, f"{terms.minimum.amount:f}")
        receipt = filed(issue_one(account.wallet, issuer, f"receipt:{payment.pk}", payment=payment))
        note = {"kind": DocumentKind.CREDIT_NOTE, "corrects": receipt}
        filed(issue_one(account.wallet, issuer, f"note:{payment.pk}", **note))
        Refund.objects.create(
            payment=payment, wallet=account.wallet, currency=payment.currency, amount=payment.amount.amount,
            price_currency=payment.price_currency, tax=0, total=payment.total.amount,
            charge_currency=payment.charge_currency, charge_amount=payment.charge_amount.amount,
            created_at=payment.created_at,
        )  # fmt: skip


def ids_of(account: Account) -> dict[str, object]:
    """What stands in addresses, as in `World.ids` of the matrix."""
    project = account.projects.first()
    assert project is not None
    return {
        "account": account.pk,
        "call": UsageEvent.objects.filter(account=account).first().pk,  # type: ignore[union-attr]
        "top_up": TopUp.objects.filter(wallet=account.wallet).first().reference,  # type: ignore[union-attr]
        "document": Document.objects.filter(wallet=account.wallet).first().reference,  # type: ignore[union-attr]
        "period": BillingPeriod.objects.get(wallet=account.wallet).reference,
        "export": AuditExport.objects.get(wallet=account.wallet).reference,
        "export_file": "movements.csv",
        "card": Card.objects.filter(wallet=account.wallet).first().pk,  # type: ignore[union-attr]
        "organization": account.organizations.first().pk,  # type: ignore[union-attr]
        "live_project": project.pk,
        "sandbox_project": project.pk,
        "member": account.memberships.first().pk,  # type: ignore[union-attr]
        "invitation": account.invitations.first().pk,  # type: ignore[union-attr]
    }


def counts(client: Client, ids: dict[str, object], statements: Callable[[], Any]) -> dict[str, int]:
    """Statements per address."""
    found = {}
    for row in ROWS:
        if not row.get or row.of_person:
            continue
        address = reverse(row.name, args=[ids[key] for key in row.args])
        query = {name: str(ids[value[1:]]) if value.startswith(":") else value for name, value in row.query.items()}
        for variant in ["", *VARIANTS.get(row.name, [])]:
            with statements() as sent:
                response = client.get(address + variant, query or None)
                list(response)  # a download reads as it is sent
            assert response.status_code in (200, 303, 404), address  # 404: not every product has each page
            found[f"{row.name}{variant}"] = len(sent)
    return found


@pytest.mark.parametrize("product", PRODUCTS)
def test_pages_ask_little_and_no_more_for_more_rows(
    bare_account: Callable[..., Account], statements: Callable[[], Any], product: str
) -> None:
    account = bare_account(product, paid="5000", projects={"one": "live", "two": "live"})
    client = Client()
    client.force_login(make_member(account, Role.OWNER))
    grow(account, FEW)
    paid_period(account)
    todays_export(account)
    ids = ids_of(account)
    counts(client, ids, statements)  # what a process reads once
    few = counts(client, ids, statements)
    grow(account, MANY - FEW)
    many = counts(client, ids, statements)
    assert CouponRedemption.objects.count() == Payment.objects.count() == MANY
    assert {name: number for name, number in many.items() if number > QUERIES_AT_MOST} == {}
    assert {name: (few[name], number) for name, number in many.items() if number > few[name]} == {}
