"""Subscriptions: a month's allotment paid for through the provider (atllasx.md, 'Monthly Allotment').

A row first, then the provider, outside any transaction, then what came of it; whoever dies between leaves a row that
`check_due` finds. The plan's price, tax and allotment are frozen in the row, so that an edited plan holds for new
subscriptions only. A wallet has one at a time: another plan begins when the old one has ended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Protocol, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import Plan, Subscription, SubscriptionStatus, Wallet
from billing.providers import provider as provider_called
from billing.providers.base import (
    Outcome,
    ProviderError,
    ProviderUnavailableError,
    SubscriptionFacts,
    SubscriptionRequest,
)
from billing.selectors.payers import payer_of
from billing.selectors.subscriptions import price_of
from billing.services import subscription_settling
from billing.services.locking import lock_wallets
from billing.services.subscription_payments import PROVIDER
from billing.services.subscription_settling import LIVE
from organizations.database import run
from organizations.models import Account

logger = logging.getLogger(__name__)

PAGE_LIFE = timedelta(hours=1)
PAGE_LIFE_MIN = timedelta(minutes=5)  # a page that closes sooner is not offered again
RETRY = timedelta(minutes=5)
BATCH = 20
CLAIM_DUE = """
UPDATE billing_subscription SET next_check_at = %s::timestamptz
 WHERE id IN (SELECT id FROM billing_subscription WHERE next_check_at <= %s::timestamptz
               ORDER BY next_check_at LIMIT %s::int FOR UPDATE SKIP LOCKED)
RETURNING id
"""


class SubscriptionProvider(Protocol):
    """What a provider of subscriptions does besides `billing.providers.base.Provider`."""

    def start_subscription(self, request: SubscriptionRequest) -> SubscriptionFacts:
        """Begin or repeat: PENDING with a page to pay on."""

    def look_up_subscription(
        self, request: SubscriptionRequest, provider_reference: str, checkout_reference: str
    ) -> SubscriptionFacts:
        """How it stands."""

    def end_subscription(self, provider_reference: str, *, at_period_end: bool) -> SubscriptionFacts:
        """End it, now or with its period."""

    def resume_subscription(self, provider_reference: str) -> SubscriptionFacts:
        """Let one that ends with its period go on."""


def start(*, wallet_id: int, plan_id: int, user_id: int) -> Subscription:
    """A member subscribes: the row, and at the provider the page to pay on (`redirect_url`).

    A page of the same plan that is still open is used again. `user_id` is who asks, for the log. Raises ValidationError
    for a plan that is not for sale, a subscription that runs, a suspended account, and a provider that refuses.
    """
    with transaction.atomic():
        run(lock_wallets([wallet_id]))
        subscription = _open_page(wallet_id, plan_id) or _new(wallet_id, plan_id)
    logger.info("User %s begins subscription %s", user_id, subscription.pk)
    return submit(subscription_id=subscription.pk)


def submit(*, subscription_id: int) -> Subscription:
    """Ask the provider for the page to pay on, and settle what it answers. Safe to repeat; never in a transaction.

    Raises ValidationError when the provider refuses, which ends it.
    """
    subscription = _read(subscription_id)
    if subscription.status != SubscriptionStatus.CREATED or subscription.redirect_url:
        return subscription
    try:
        facts = stripe().start_subscription(request_of(subscription))
    except ProviderUnavailableError:
        return subscription  # the sweep asks again
    except ProviderError as error:
        logger.warning("Subscription %s was refused: %s", subscription_id, error)
        _close(subscription_id)
        raise ValidationError(
            _("The payment page could not be opened. Nothing was charged. Try again later.")
        ) from error
    return _settle_ours(subscription, facts)


def check(*, subscription_id: int) -> Subscription:
    """Ask the provider how it stands, and settle that. Never in a transaction.

    Raises ProviderError when it does not answer, ValidationError when it refuses to begin.
    """
    subscription = _read(subscription_id)
    if subscription.status == SubscriptionStatus.CREATED and not subscription.checkout_reference:
        return submit(subscription_id=subscription_id)
    facts = stripe().look_up_subscription(
        request_of(subscription), subscription.provider_reference, subscription.checkout_reference
    )
    return _settle_ours(subscription, facts)


def check_due() -> int:
    """Look up every subscription whose time has come; returns how many."""
    handled = 0
    while True:
        now = timezone.now()
        (rows,) = run((CLAIM_DUE, [(now + RETRY).isoformat(), now.isoformat(), BATCH]))
        for (subscription_id,) in rows:
            try:
                check(subscription_id=subscription_id)
            except (ProviderError, ValidationError) as error:
                logger.warning("Subscription %s could not be checked: %s", subscription_id, error)
            except Exception:  # one that cannot be asked about must not keep the others waiting
                logger.exception("Subscription %s could not be checked", subscription_id)
        handled += len(rows)
        if len(rows) < BATCH:
            return handled


def settle(*, facts: SubscriptionFacts) -> Subscription | None:
    """Bring the subscription that the facts name to what they say; None where it is none of ours.

    One that has ended here and still runs at the provider, such as the second of two paid at once, is ended there.
    Never in a transaction.
    """
    subscription = subscription_settling.settle(facts=facts)
    runs = facts.outcome in (Outcome.SUCCEEDED, Outcome.FAILED) and facts.provider_reference
    if subscription is not None and runs and subscription.status == SubscriptionStatus.ENDED:
        try:
            stripe().end_subscription(facts.provider_reference, at_period_end=False)
        except ProviderError as error:
            logger.warning("Subscription %s could not be ended: %s", subscription.pk, error)
            Subscription.objects.filter(pk=subscription.pk).update(next_check_at=timezone.now() + RETRY)
    return subscription


def end(*, subscription_id: int, at_period_end: bool = True) -> Subscription:
    """Cancel: it runs to the end of what is paid, or ends now, as one whose month is not paid always does.

    Raises ValidationError when it does not run, and when the provider cannot be reached: nothing was changed then.
    """
    subscription = _read(subscription_id)
    _check_runs(subscription)
    waits = at_period_end and subscription.status == SubscriptionStatus.ACTIVE
    return _tell_provider(
        subscription, lambda: stripe().end_subscription(subscription.provider_reference, at_period_end=waits)
    )


def resume(*, subscription_id: int) -> Subscription:
    """Take a cancellation back, as long as the period runs.

    Raises ValidationError when it is too late, and when the provider cannot be reached: nothing was changed then.
    """
    subscription = _read(subscription_id)
    _check_runs(subscription)
    if not subscription.ends_at_period_end:
        return subscription
    return _tell_provider(subscription, lambda: stripe().resume_subscription(subscription.provider_reference))


def stripe() -> SubscriptionProvider:
    """The provider of subscriptions."""
    return cast(SubscriptionProvider, provider_called(PROVIDER))


def request_of(subscription: Subscription) -> SubscriptionRequest:
    """What the provider is asked for: the same words however often it is asked."""
    account = subscription.wallet.account
    page = f"{settings.SITE_URL}/billing/subscription/"
    return SubscriptionRequest(
        reference=str(subscription.reference),
        name=f"{account.product.name}: {subscription.plan.name}",
        amount=subscription.price.amount + subscription.tax.amount,
        currency=subscription.price_currency,
        payer=payer_of(account),
        success_url=f"{page}?paid={subscription.reference}",
        cancel_url=f"{page}?closed={subscription.reference}",
        expires_at=subscription.expires_at or subscription.created_at + PAGE_LIFE,
    )


def _open_page(wallet_id: int, plan_id: int) -> Subscription | None:
    """A page of the plan that was opened a moment ago and can still be paid on."""
    created = Subscription.objects.filter(wallet_id=wallet_id, plan_id=plan_id, status=SubscriptionStatus.CREATED)
    return created.filter(expires_at__gt=timezone.now() + PAGE_LIFE_MIN).order_by("-id").first()


def _new(wallet_id: int, plan_id: int) -> Subscription:
    """The row of a subscription to the plan as it is sold now. Under the wallet's lock."""
    wallet = Wallet.objects.select_related("account__product").get(pk=wallet_id)
    account = wallet.account
    plan = Plan.objects.filter(pk=plan_id, product_id=account.product_id, is_active=True).first()
    if plan is None:
        raise ValidationError(_("This plan is not on sale. Choose another one."))
    if account.status != Account.Status.ACTIVE:
        raise ValidationError(_("This account is suspended. Ask support to reactivate it."))
    running = Subscription.objects.filter(wallet_id=wallet_id, status__in=LIVE).select_related("plan").first()
    if running is not None:
        words = _("%(plan)s is running. Cancel it first; another plan can begin when it has ended.")
        raise ValidationError(words % {"plan": running.plan.name})
    now = timezone.now()
    price = price_of(plan, account, now)
    return Subscription.objects.create(
        wallet=wallet,
        plan=plan,
        currency=plan.currency,
        allotment=plan.allotment.amount,
        price_currency=plan.price_currency,
        price=plan.price.amount,
        tax=price.tax,
        tax_lines=price.tax_lines,
        tax_treatment=price.tax_treatment,
        created_at=now,
        expires_at=now + PAGE_LIFE,
        next_check_at=now + timedelta(minutes=1),
    )


def _read(subscription_id: int) -> Subscription:
    return Subscription.objects.select_related("plan", "wallet__account__product").get(pk=subscription_id)


def _check_runs(subscription: Subscription) -> None:
    if subscription.status not in LIVE:
        raise ValidationError(_("This subscription is not running."))


def _tell_provider(subscription: Subscription, ask: Callable[[], SubscriptionFacts]) -> Subscription:
    try:
        facts = ask()
    except ProviderError as error:
        logger.warning("Subscription %s: %s", subscription.pk, error)
        words = _("The payment provider could not be reached. Nothing was changed. Try again in a few minutes.")
        raise ValidationError(words) from error
    return _settle_ours(subscription, facts)


def _settle_ours(subscription: Subscription, facts: SubscriptionFacts) -> Subscription:
    """Settle what was answered about this very subscription."""
    return settle(facts=replace(facts, subscription_reference=str(subscription.reference))) or subscription


def _close(subscription_id: int) -> None:
    """End one that never began."""
    Subscription.objects.filter(pk=subscription_id, status=SubscriptionStatus.CREATED).update(
        status=SubscriptionStatus.ENDED, ended_at=timezone.now(), next_check_at=None
    )
