"""Top-ups: a row first, then the provider, then what came of it; a worker may die between any two steps.

`start` commits the intent; `submit` asks the provider outside any transaction, with the top-up's own reference as the
idempotency key, and settles the answer in a new one. What nobody was told is found by `check_due` and asked again,
with the same key as long as the provider remembers it, afterwards by looking it up only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.models import Card, PaymentProvider, TopUp, TopUpOrigin, TopUpStatus, Wallet, WalletMode
from billing.providers import provider as provider_called
from billing.providers.base import (
    ChargeRequest,
    FailureReason,
    Outcome,
    PaymentFacts,
    ProviderError,
    ProviderUnavailableError,
)
from billing.selectors.payers import payer_of
from billing.selectors.prices import Quote, quote
from billing.services import cards, doorbells, settling
from billing.services.payments import result_url
from billing.services.postpay.reckoning import asked_for
from billing.services.settling import KEY_AGE_MAX, next_check, on_finished
from organizations.database import run
from organizations.models import Account

__all__ = ["charge_request", "check", "check_due", "give_up", "new_top_up", "on_finished", "settle", "start", "submit"]

logger = logging.getLogger(__name__)

PAGE_LIFE = timedelta(hours=1)
BATCH = 20
CLAIM_DUE = """
UPDATE billing_topup SET checks = LEAST(checks + 1, 1000),
       next_check_at = now() + (ARRAY[1, 2, 5, 15, 60])[LEAST(checks, 4) + 1] * interval '1 minute'
 WHERE id IN (SELECT id FROM billing_topup WHERE next_check_at <= now()
               ORDER BY next_check_at LIMIT %s::int FOR UPDATE SKIP LOCKED)
RETURNING id
"""


def start(
    *, wallet_id: int, amount: Decimal, provider: str, organization_id: int | None, saves_card: bool, user_id: int
) -> TopUp:
    """A member's new top-up of `amount` in the wallet's currency, priced now and not yet asked for.

    Raises ValidationError for what `billing.selectors.prices.quote` refuses, an organization of another account, an
    account that is suspended, and a taxed top-up while an invoice, whose tax is on it, is to be paid.
    """
    wallet = Wallet.objects.select_related("account__product").get(pk=wallet_id)
    account = wallet.account
    if account.status != Account.Status.ACTIVE:
        raise ValidationError(_("The account is suspended. Payments are closed until it is active again."))
    organization = None
    if organization_id is not None:
        organization = account.organizations.filter(pk=organization_id).first()
        if organization is None:
            raise ValidationError({"organization": _("Choose one of the account's organizations.")})
    now = timezone.now()
    price = quote(account=account, amount=amount, provider=provider, organization=organization, at=now)
    if price.tax > 0 and wallet.mode == WalletMode.POSTPAY and asked_for(wallet_id) > 0:
        raise ValidationError(_("An invoice is to be paid first: a top-up would be taxed a second time."))
    top_up = new_top_up(
        wallet_id=wallet_id,
        price=price,
        at=now,
        organization_id=organization_id,
        user_id=user_id,
        saves_card=saves_card and provider == PaymentProvider.STRIPE,
        expires_at=None if provider == PaymentProvider.BANK else now + PAGE_LIFE,
    )
    if provider == PaymentProvider.BANK:
        doorbells.ring("billing.issue_proforma", top_up.pk)
    return top_up


def new_top_up(
    *,
    wallet_id: int,
    price: Quote,
    at: datetime,
    origin: TopUpOrigin = TopUpOrigin.MANUAL,
    organization_id: int | None = None,
    user_id: int | None = None,
    saves_card: bool = False,
    expires_at: datetime | None = None,
    card: Card | None = None,
    ceiling: Decimal | None = None,
    month: date | None = None,
) -> TopUp:
    """Insert the row of an attempt at that price; the sweep asks for it a minute later if nobody else has.

    Raises IntegrityError for a second automatic one in flight.
    """
    return TopUp.objects.create(
        wallet_id=wallet_id,
        currency=price.currency,
        amount=price.amount,
        origin=origin,
        provider=price.provider,
        organization_id=organization_id,
        price_currency=price.price_currency,
        net=price.net,
        tax=price.tax,
        total=price.total,
        tax_lines=price.tax_lines,
        tax_treatment=price.tax_treatment,
        charge_currency=price.charge_currency,
        charge_amount=price.charge_amount,
        exchange_rate=price.exchange_rate,
        card=card,
        saves_card=saves_card,
        ceiling=ceiling,
        month=month,
        created_by_id=user_id,
        created_at=at,
        expires_at=expires_at,
        next_check_at=next_check(at, 0),
    )


def charge_request(top_up: TopUp) -> ChargeRequest:
    """What the provider is asked for: the same words however often it is asked."""
    account = top_up.wallet.account
    page = result_url(top_up)
    is_on_page = top_up.origin == TopUpOrigin.MANUAL
    return ChargeRequest(
        reference=str(top_up.reference),
        order=top_up.pk,
        amount=top_up.charge_amount.amount,
        currency=str(top_up.charge_currency),
        description=f"{account.product.name}: top-up {top_up.pk}",
        payer=payer_of(account),
        asked_at=top_up.created_at,
        success_url=page if is_on_page else "",
        cancel_url=f"{page}?closed=1" if is_on_page else "",
        expires_at=top_up.expires_at,
        card_reference=top_up.card.reference if top_up.card else "",
        saves_card=top_up.saves_card,
        provider_reference=top_up.provider_reference,
    )


def submit(*, top_up_id: int) -> TopUp:
    """Ask the provider for the money, or for the page to pay on, and settle what it answers.

    Safe to repeat at any moment. Never inside a transaction.
    """
    top_up = _read(top_up_id)
    if top_up.status not in (TopUpStatus.CREATED, TopUpStatus.UNKNOWN):
        return top_up
    if timezone.now() - top_up.created_at > KEY_AGE_MAX:
        return check(top_up_id=top_up_id)
    return settle(top_up_id=top_up_id, facts=_answer(top_up, provider_called(top_up.provider).charge))


def settle(*, top_up_id: int, facts: PaymentFacts) -> TopUp:
    """Bring a top-up to what the provider says (`billing.services.settling`), and save the card that paid it if the
    customer wished so. A repeated success saves nothing again: the card may have been removed since.
    """
    was = TopUp.objects.values_list("status", flat=True).get(pk=top_up_id)
    top_up = settling.settle(top_up_id=top_up_id, facts=facts)
    is_new = top_up.status == TopUpStatus.SUCCEEDED != was
    if is_new and top_up.saves_card and facts.card is not None:
        cards.sync(facts=facts.card)
    return top_up


def check(*, top_up_id: int) -> TopUp:
    """Ask the provider what became of a top-up, and settle it; one that it never heard of is asked for again.

    Raises ProviderUnavailableError when there is no answer. Never inside a transaction.
    """
    top_up = _read(top_up_id)
    is_young = timezone.now() - top_up.created_at <= KEY_AGE_MAX
    if top_up.status == TopUpStatus.CREATED and is_young:
        return submit(top_up_id=top_up_id)
    try:
        facts = provider_called(top_up.provider).look_up(charge_request(top_up))
    except ProviderError as error:
        raise ProviderUnavailableError(str(error)) from error  # a question that is refused has no answer
    if facts.outcome == Outcome.MISSING and top_up.status == TopUpStatus.UNKNOWN and is_young:
        return submit(top_up_id=top_up_id)
    return settle(top_up_id=top_up_id, facts=facts)


def give_up(*, top_up_id: int) -> TopUp:
    """The customer came back without paying: close the page at the provider, then settle what it says.

    An unanswered provider changes nothing; the sweep asks again. Never inside a transaction.
    """
    top_up = _read(top_up_id)
    if not top_up.is_in_flight or top_up.origin != TopUpOrigin.MANUAL:
        return top_up
    try:
        facts = provider_called(top_up.provider).give_up(charge_request(top_up))
    except ProviderError as error:
        logger.warning("Top-up %s could not be closed: %s", top_up.pk, error)
        return top_up
    return settle(top_up_id=top_up_id, facts=facts)


def check_due() -> int:
    """Ask about every top-up whose time has come; returns how many. Each is claimed by moving its next time forward."""
    handled = 0
    while True:
        with transaction.atomic():
            (claimed,) = run((CLAIM_DUE, [BATCH]))
        if not claimed:
            return handled
        for (top_up_id,) in claimed:
            try:
                check(top_up_id=top_up_id)
            except ProviderUnavailableError as error:
                logger.warning("Top-up %s: no answer from its provider: %s", top_up_id, error)
            except Exception:  # one that cannot be asked about must not keep the others waiting
                logger.exception("Top-up %s could not be checked", top_up_id)
        handled += len(claimed)


def _read(top_up_id: int) -> TopUp:
    return TopUp.objects.select_related("wallet__account__product", "card").get(pk=top_up_id)


def _answer(top_up: TopUp, ask: Callable[[ChargeRequest], PaymentFacts]) -> PaymentFacts:
    """The provider's answer; a refusal is a failure for which nothing was charged, silence is an unknown outcome."""
    try:
        return ask(charge_request(top_up))
    except ProviderUnavailableError as error:
        logger.warning("Top-up %s: no answer from its provider: %s", top_up.pk, error)
        return PaymentFacts(Outcome.UNKNOWN)
    except ProviderError as error:
        logger.error("Top-up %s was refused by its provider: %s", top_up.pk, error)
        words = gettext_noop("The payment could not be begun. Nothing was charged.")
        return PaymentFacts(Outcome.FAILED, failure=FailureReason.INTERNAL_ERROR, failure_message=words)
