"""Money from and to outside: payments, top-ups, refunds, disputes, cards, subscriptions, what providers told us."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models import Q
from django.db.models.functions import Right

from billing.models import (
    BillingPeriod,
    Card,
    DifferenceKind,
    Dispute,
    Payment,
    PaymentDifference,
    PaymentProvider,
    ProviderEvent,
    Refund,
    Subscription,
    TopUp,
)
from billing.models.top_up import BANK_REFERENCE
from config.searching.lookups import LookUp, Rows
from config.searching.terms import Term
from organizations.admin.amounts import amount_text

OF_WALLET = ("wallet__account__product",)
PROVIDERS = PaymentProvider.values
CONNECTED = {
    # What Stripe keeps of a customer, where the account's own page says less.
    "Customer": ("cus_", "person", "subscriber"),
    "PaymentIntent": ("pi_", "send_money", ""),
    "Charge": ("ch_", "receipt", ""),
    "Invoice": ("in_", "request_quote", ""),
    "Subscription": ("sub_", "event_repeat", ""),
    "PaymentMethod": ("pm_", "credit_card", ""),
    "Event": ("evt_", "bolt", ""),
}


def _payment(term: Term) -> list[Rows]:
    rows: list[Rows] = []
    if term.is_one_word:
        named = Q(provider__in=PROVIDERS, reference=term.text) | Q(charge_reference=term.text)
        rows.append(Payment.objects.filter(named))
    if term.last_four:
        rows.append(Payment.objects.annotate(digits=Right("card", 4)).exclude(card="").filter(digits=term.last_four))
    if not term.is_stripe_id and not term.is_address:
        asked = Payment.objects.annotate(asked=BANK_REFERENCE)
        rows.append(asked.filter(provider=PaymentProvider.BANK, asked=term.text.upper()))
    return [each.order_by("-pk") for each in rows]


def _top_up(term: Term) -> list[Rows]:
    if term.uuid:
        return [TopUp.objects.filter(reference=term.uuid)]
    rows: list[Rows] = [TopUp.objects.filter(pk=term.number)] if term.number else []
    if (quoted := term.number_after("TU-")) is not None:
        rows.append(TopUp.objects.filter(pk=quoted, provider=PaymentProvider.BANK))
    if term.is_one_word:
        rows.append(TopUp.objects.filter(provider_reference=term.text).order_by("-pk"))
    return rows


def _refund(term: Term) -> list[Rows]:
    if term.uuid:
        return [Refund.objects.filter(Q(reference=term.uuid) | Q(request=term.uuid)).order_by("-pk")]
    return _by_reference(Refund, term) + ([Refund.objects.filter(pk=term.number)] if term.number else [])


def _by_reference(model: Any, term: Term) -> list[Rows]:
    if not term.is_one_word or term.is_address:
        return []
    return [model.objects.filter(provider_reference=term.text).order_by("-pk")]


def _dispute(term: Term) -> list[Rows]:
    return _by_reference(Dispute, term)


def _subscription(term: Term) -> list[Rows]:
    if term.uuid:
        return [Subscription.objects.filter(reference=term.uuid)]
    if not term.is_stripe_id:
        return []
    named = Q(provider_reference=term.text) | Q(checkout_reference=term.text)
    return [Subscription.objects.filter(named).order_by("-pk")]


def _period(term: Term) -> list[Rows]:
    if term.uuid:
        return [BillingPeriod.objects.filter(reference=term.uuid)]
    if (quoted := term.number_after("IN-")) is not None:
        return [BillingPeriod.objects.filter(pk=quoted)]
    return _by_reference(BillingPeriod, term)


def _card(term: Term) -> list[Rows]:
    if term.last_four:
        return [Card.objects.filter(last4=term.last_four).order_by("-pk")]
    return [Card.objects.filter(reference=term.text)] if term.is_stripe_id else []


def _provider_event(term: Term) -> list[Rows]:
    if not term.is_one_word or term.is_address:
        return []
    named = Q(provider__in=PROVIDERS, event_id=term.text) | Q(provider__in=PROVIDERS, object_id=term.text)
    return [ProviderEvent.objects.filter(named).order_by("-pk")]


def _difference(term: Term) -> list[Rows]:
    if not term.is_one_word or term.is_address:
        return []
    kinds = DifferenceKind.values
    named = PaymentDifference.objects.filter(provider__in=PROVIDERS, kind__in=kinds, reference=term.text)
    return [named.order_by("-pk")]


def _taken(row: Any) -> str:
    words = amount_text(row.charge_amount.amount, str(row.charge_currency))
    at = getattr(row, "paid_at", None) or getattr(row, "created_at", None) or row.opened_at
    status = row.get_status_display() if hasattr(row, "get_status_display") else row.card
    return ", ".join(part for part in (words, f"{at:%Y-%m-%d}", str(status)) if part)


def _kept(name: str, prefix: str, icon: str, account: str) -> LookUp:
    model = apps.get_model("djstripe", name)

    def named(term: Term) -> list[Rows]:
        # Invoices come as in_, charges of other methods than cards as py_.
        is_such = term.text.startswith(prefix) or (prefix == "ch_" and term.text.startswith("py_"))
        return [model.objects.filter(id=term.text).order_by("-pk")] if is_such else []

    related = (f"{account}__product",) if account else ()
    kind = f"At Stripe: {model._meta.verbose_name}"
    return LookUp(model, icon, named, related=related, account=account, title=lambda row: row.id, kind=kind)


LOOKUPS = (
    LookUp(Payment, "payments", _payment, related=OF_WALLET, account="wallet.account", facts=_taken),
    LookUp(TopUp, "add_card", _top_up, related=OF_WALLET, account="wallet.account", facts=_taken),
    LookUp(Refund, "undo", _refund, related=OF_WALLET, account="wallet.account", facts=_taken),
    LookUp(Dispute, "gavel", _dispute, related=OF_WALLET, account="wallet.account", facts=_taken),
    LookUp(
        Card,
        "credit_card",
        _card,
        related=OF_WALLET,
        account="wallet.account",
        facts=lambda row: "removed" if row.removed_at else f"expires {row.exp_month:02}/{row.exp_year}",
    ),
    LookUp(
        Subscription,
        "event_repeat",
        _subscription,
        related=(*OF_WALLET, "plan"),
        account="wallet.account",
        title=lambda row: str(row.plan),
        facts=lambda row: str(row.get_status_display()),
    ),
    LookUp(
        BillingPeriod,
        "calendar_month",
        _period,
        related=OF_WALLET,
        account="wallet.account",
        title=lambda row: f"{row.starts_on} to {row.ends_on}",
        facts=lambda row: str(row.get_status_display()),
        kind="Postpay period",
    ),
    LookUp(
        PaymentDifference,
        "rule",
        _difference,
        related=OF_WALLET,
        account="wallet.account",
        facts=lambda row: "closed" if row.closed_at else "open",
        kind="Difference",
    ),
    LookUp(
        ProviderEvent,
        "webhook",
        _provider_event,
        facts=lambda row: f"{row.get_status_display()}, {row.received_at:%Y-%m-%d %H:%M}",
        kind="Webhook",
    ),
    *(_kept(name, *how) for name, how in CONNECTED.items()),
)
