"""An account that has everything a customer page can show, every word and figure of it marked, and its neighbours.

Words begin with `MARK`; figures are of so many digits that no page shows them by chance. `figures_of` reads from the
database what the account's money has come to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from billing.documents.content import Line
from billing.models import (
    AuditExport,
    BillingPeriod,
    Card,
    Coupon,
    Document,
    DocumentKind,
    Payment,
    Refund,
    SubscriptionStatus,
    TopUp,
    Transaction,
    Wallet,
)
from billing.services import coupons, top_ups
from billing.services.auto_top_up import save_rule
from billing.services.limits import set_limits
from notifications.models import AlertAddress, TelegramLink
from notifications.services.incidents import open_incident
from organizations.models import Account, Membership, Organization, Product, Role, User
from organizations.services.invitations import create_invitation
from tests.billing.coupons.offers import make_coupon
from tests.billing.documents.filed import filed
from tests.billing.documents.issued import issue_one, make_issuer
from tests.billing.exports.exporting import made
from tests.billing.refunds.paid import pay_by_bank
from tests.billing.subscriptions.plans import make_plan, make_subscription
from tests.factories import make_member, make_user, open_test_account
from tests.usage.events import charge, event, key_of, question
from usage.models import Rate, RateCard, RateCardVersion, UsageEvent
from usage.services.authorize import authorize
from usage.services.rate_cards import draft_version, publish_version
from usage.services.void import void

MARK = "zqx"
PRODUCT = "aitelier"
OTHER_PRODUCT = "aipbx"
# Words that the account's own pages show somewhere, as `text_of` reads them.
WORDS = (
    "Zqx Holding",
    "Zqx-Desk",
    "Zqx-Trial",
    "zqx-call",
    "+1999 zqx",
    "+1998 zqx",
    "Zqx assistant",
    "Zqx Success",
    "Zqx was never called",
    "Zqx bank declined",
    "Zqx bank says no",
    "Zqxcard ending 6203",
    "Zqx Holding GmbH",
    "ZQX-481-TAX",
    "ZQX-KPP",
    "Zqx Street 5",
    "ZQXIBAN55",
    "ZQXBIC",
    "zqx-documents@example.com",
    "ZQX-COUPON",
    "Zqx credited",
    "Zqx chat",
    "zqx-night@example.com",
    "zqx-owner@example.com",
    "zqx-viewer@example.com",
    "Zqx Viewer",
    "zqx-invited@example.com",
)


@dataclass(frozen=True, slots=True)
class World:
    """An account, its members by role, and the ids that stand in addresses and forms."""

    account: Account
    members: dict[Role, User]
    ids: dict[str, object]


def secretive(product: Product) -> World:
    """The account that nobody else may see a byte of."""
    account = open_test_account(
        product,
        external_id=f"{MARK}-account",
        name="Zqx Holding",
        email=f"{MARK}-owner-mail@example.com",
        projects=[(f"{MARK}-desk", "live"), (f"{MARK}-trial", "sandbox")],
        paid="8412907.33",
        promo="53190.77",
    )
    members = {
        role: make_member(account, role, email=f"{MARK}-{role.value}@example.com", name=f"Zqx {role.label}")
        for role in Role
    }
    invitation, _token = create_invitation(account=account, email=f"{MARK}-invited@example.com", role=Role.VIEWER)
    plan = make_plan(product, name="Plus")
    _own_prices(account)
    organization = _organization(account)
    _payments(account, members[Role.OWNER])
    _usage(account)
    incident = open_incident(
        account_id=account.pk,
        kind="auto_top_up",
        reason="card_declined",
        details={"card": "Zqxcard ending 6203", "amount": "91733.50", "message": "Zqx bank says no"},
    )
    set_limits(wallet_id=account.wallet.pk, daily_cap=Decimal("6203411"), concurrency_limit=70611, user_id=None)
    make_subscription(
        account.wallet,
        plan,
        status=SubscriptionStatus.ACTIVE,
        provider_reference=f"sub_{MARK}",
        period_start=timezone.now(),
        period_end=timezone.now() + timedelta(days=30),
    )
    projects = {project.mode: project.pk for project in account.projects.all()}
    ids: dict[str, object] = {
        "account": account.pk,
        "live_project": projects["live"],
        "sandbox_project": projects["sandbox"],
        "call": UsageEvent.objects.filter(account=account, call_id=f"{MARK}-call").get().pk,
        "top_up": TopUp.objects.get(wallet=account.wallet, failure_message="Zqx bank declined").reference,
        "card": Card.objects.get(wallet=account.wallet).pk,
        "organization": organization.pk,
        "incident": incident.pk,
        "member": Membership.objects.get(user=members[Role.VIEWER]).pk,
        "invitation": invitation.pk,
        "plan": plan.pk,
        "waiting_address": _alerts(account, members).pk,
        "export": todays_export(account).reference,
        "export_file": "movements.csv",
        "document": _documents(account, organization).reference,
        "period": paid_period(account).reference,
    }
    account.wallet.refresh_from_db()
    return World(account, members, ids)


def neighbour(product: Product, name: str) -> World:
    """An account with little in it, whose members look for what is not theirs."""
    account = open_test_account(
        product, external_id=name.lower(), name=name, projects=[("front", "live"), ("back", "live")], paid="30"
    )
    members = {role: make_member(account, role) for role in Role}
    return World(account, members, {})


def figures_of(world: World) -> dict[str, Decimal]:
    """The account's money, to be looked for on pages, by what each figure is."""
    wallet = Wallet.objects.get(pk=world.account.wallet.pk)
    balances = {name: getattr(wallet, name).amount for name in ("paid", "promo", "held", "spent_today", "daily_cap")}
    rows = Transaction.objects.filter(wallet=wallet)
    posted = {f"transaction {row.number}": abs(row.amount.amount) for row in rows}
    after = {f"balance after {row.number}": row.balance_after.amount for row in rows}
    refund = Refund.objects.get(wallet=wallet)
    found = {**balances, **posted, **after, "refund": refund.amount.amount, "incident": Decimal("91733.50")}
    return {name: amount for name, amount in found.items() if amount}


def _own_prices(account: Account) -> None:
    """A rate card of its own: every label and price another than the product's."""
    default = RateCardVersion.objects.get(card__product=account.product, card__account=None, status="published")
    card = RateCard.objects.create(product=account.product, account=account, name="Zqx own prices")
    draft = draft_version(card=card, based_on=default, starts_at=timezone.now() - timedelta(days=60))
    for rate in Rate.objects.filter(version=draft):
        rate.label, rate.price = f"Zqx {rate.label}", Decimal("7391.47")
        rate.save(update_fields=["label", "price"])
    publish_version(version=draft)


def _organization(account: Account) -> Organization:
    return Organization.objects.create(
        account=account,
        name="Zqx Holding GmbH",
        country="US",
        region="WY",
        tax_id="ZQX-481-TAX",
        tax_registration_code="ZQX-KPP",
        legal_address="Zqx Street 5",
        bank_account="ZQXIBAN55",
        bank_code="ZQXBIC",
        email=f"{MARK}-documents@example.com",
        is_default=True,
    )


def _payments(account: Account, owner: User) -> None:
    """A card, a paid and a failed top-up, a refund that waits, a coupon, and the rule of automatic top-up."""
    wallet = account.wallet
    Card.objects.create(
        wallet=wallet,
        reference=f"pm_{MARK}",
        brand="Zqxcard",
        last4="6203",
        exp_month=1,
        exp_year=2099,
        is_default=True,
    )
    payment = pay_by_bank(account, "77031.19")
    pay_by_bank(account, "63309.28")
    Refund.objects.create(
        payment=payment, wallet=wallet, currency=payment.currency, amount="41877.23", price_currency="USD",
        tax=0, total="41877.23", charge_currency="USD", charge_amount="41877.23", reason="Zqx wants it back",
        requested_by=owner, created_at=timezone.now(),
    )  # fmt: skip
    failed = top_ups.start(
        wallet_id=wallet.pk, amount=Decimal("66120.84"), provider="bank", organization_id=None, saves_card=False,
        user_id=owner.pk,
    )  # fmt: skip
    TopUp.objects.filter(pk=failed.pk).update(
        status="failed", failure_message="Zqx bank declined", finished_at=timezone.now(), next_check_at=None
    )
    make_coupon(account.product, "ZQX-COUPON", amount="51723.66", name="Zqx fair")
    coupons.redeem(wallet_id=wallet.pk, code="ZQX-COUPON", user_id=owner.pk)
    save_rule(
        wallet_id=wallet.pk,
        threshold=Decimal("20511.40"),
        amount=Decimal("30922.60"),
        monthly_ceiling=Decimal("90377.10"),
        is_on=True,
        user_id=owner.pk,
    )


def _documents(account: Account, organization: Organization) -> Document:
    """A receipt with its PDF, and a note that credits a part of it."""
    payment, issuer = Payment.objects.filter(wallet=account.wallet).earliest("pk"), make_issuer()
    lines = {"lines": (Line("Zqx top-up", payment.total.amount),)}
    receipt = issue_one(account.wallet, issuer, "receipt", organization=organization, payment=payment, **lines)
    filed(receipt, b"%PDF-1.7 zqx")
    credited = {"lines": (Line("Zqx calls", Decimal("18317.29")),), "reason": "Zqx credited"}
    note = issue_one(
        account.wallet, issuer, "note", kind=DocumentKind.CREDIT_NOTE, corrects=receipt, organization=organization,
        **credited,
    )  # fmt: skip
    filed(note, b"%PDF-1.7 zqx note")
    return receipt


def paid_period(account: Account) -> BillingPeriod:
    """A month that was invoiced and paid."""
    now = timezone.now()
    day, total = now.date() - timedelta(days=40), Decimal("18317.31")
    return BillingPeriod.objects.create(
        wallet=account.wallet, currency=account.wallet.currency, starts_on=day, ends_on=day, starts_at=now,
        ends_at=now + timedelta(days=1), closes_at=now + timedelta(days=1), closed_at=now, paid_at=now, status="paid",
        net=total, total=total, settled=total, last_number=0,
    )  # fmt: skip


def _alerts(account: Account, members: dict[Role, User]) -> AlertAddress:
    """The owner's Telegram chat, one address that gets the alerts, and one that has not confirmed, which it returns."""
    link = TelegramLink.objects.create(
        account=account, user=members[Role.OWNER], token_hash=f"{MARK}-used", expires_at=timezone.now()
    )
    TelegramLink.objects.filter(pk=link.pk).update(chat_id=62034117, chat_name="Zqx chat", linked_at=timezone.now())
    for name, confirmed_at in (("night", timezone.now()), ("day", None)):
        address = AlertAddress.objects.create(
            account=account, email=f"{MARK}-{name}@example.com", token_hash=f"{MARK}-{name}", confirmed_at=confirmed_at
        )
    return address


def todays_export(account: Account) -> AuditExport:
    """Of today, with everything that the account paid and used."""
    today = timezone.now().astimezone(ZoneInfo(account.timezone)).date()
    return made(account, today, today)


def _usage(account: Account) -> None:
    """Calls of every kind, live and simulated, one reversed, one in progress; a crawl and a chat message."""
    told: dict[str, Any] = {"caller": "+1 999 zqx", "assistant": "Zqx assistant", "provider_costs": {"llm": "3.191919"}}
    live, trial = (f"{MARK}-{name}" for name in ("desk", "trial"))
    charge(
        PRODUCT,
        event(account, project=live, call_id=f"{MARK}-call", outcome="success", **told),
        event(account, project=live, call_id=f"{MARK}-wrong", outcome="spam", **told),
        event(account, project=trial, call_id=f"{MARK}-test", outcome="conversation", **told),
        event(account, project=live, event_type="crawl.completed", pages=3, crawler_seconds=7200),
        event(account, project=live, event_type="chat.message", llm_input_tokens=48613, llm_output_tokens=48617),
    )
    void(event=UsageEvent.objects.get(call_id=f"{MARK}-wrong"), reason="Zqx was never called", actor_id=None)
    authorize(key=key_of(PRODUCT), request=question(account, f"{MARK}-running", project=live, caller="+1 998 zqx"))


def open_coupon(product: Product) -> Coupon:
    """A code that everybody may redeem."""
    return make_coupon(product, "OPEN-TO-ALL", limit=50)


def nobody() -> User:
    """A person who is a member of no account."""
    return make_user(email="nobody@example.com")
