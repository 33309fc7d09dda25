"""May this call start, may it go on, and did it never happen (API.md, 'Calls').

Authorising locks one wallet, asks `billing.services.admission`, and places a hold, so that calls that start at once
cannot spend the same money. The first answer to a `call_id` is the answer while its hold lives. A call whose `caller`
staff blocked is denied as `call_ended`: nothing is wrong with the account or its balance, only with this call.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import HoldStatus
from billing.services import admission, holds, ledger
from billing.services.admission import CallTerms, Refusal
from billing.services.books import Books
from billing.services.holds import HoldRow
from billing.services.state import WalletState
from organizations.database import Statement, merged, run
from organizations.models import OnExhaustion
from organizations.selectors.keys import KeyContext
from usage.models.event import EventType
from usage.rating.engine import minimum_charge
from usage.rating.types import PriceOnRequest
from usage.selectors.blocked import load_blocked
from usage.selectors.cards import load_cards
from usage.selectors.terms import load_terms
from usage.services import context
from usage.services.answers import balance_dict
from usage.services.context import AccountRef, ProjectRef
from usage.services.errors import ServiceError
from usage.services.incoming import AuthorizeRequest
from usage.services.pricing import unknown_project_words

CALL_HAS_ENDED = """
SELECT 1 FROM billing_wallet w JOIN usage_usageevent e ON e.account_id = w.account_id AND e.call_id = %s
 WHERE w.id = %s AND e.call_id <> '' AND e.service_id = %s LIMIT 1
"""
ATTEMPTS = 3


def authorize(*, key: KeyContext, request: AuthorizeRequest) -> dict[str, Any]:
    """The answer to whether a call may start.

    Raises ServiceError unknown_account (404), unknown_project (422) and idempotency_conflict (409: the `call_id` was
    asked about with another body).
    """
    account, project = _locate(key, request.account, request.project)
    terms = load_terms(key.product_id, key.rates_revision).call
    minimum = _least_charge(key, request, account)
    is_blocked = _is_blocked(key, request, account)
    for _attempt in range(ATTEMPTS):
        with transaction.atomic():
            reads: list[Statement] = [
                holds.find_statement(key.service_id, request.call_id),
                (CALL_HAS_ENDED, [request.call_id, account.wallet_id, key.service_id]),
            ]
            books, (known, ended) = ledger.open_books([account.wallet_id], reads=reads)
            wallet = books.wallets[account.wallet_id]
            refusal = _refusal(wallet, terms, minimum, project)
            hold = holds.as_hold(known)
            if hold is not None and hold.status == HoldStatus.ACTIVE:
                return _first_answer(hold, request)
            if is_blocked:
                refusal = Refusal("call_ended", _("Calls from this number are blocked."))
            if hold is not None or ended:
                refusal = Refusal("call_ended", _("This call has ended already."))
            if refusal is not None:
                ledger.write(books)  # credit that expired on opening
                return _answer(request, terms, wallet, project, refusal)
            answer = _place(books, key, request, account, project, terms, _as_amount(minimum))
            if answer is not None:
                return answer
            transaction.set_rollback(True)  # another request for this call was quicker: see what it did
    raise _busy()


def extend(*, key: KeyContext, call_id: str, elapsed_seconds: int) -> dict[str, Any]:
    """Whether a call in progress may go on; its hold grows with what the call has cost so far and lives on.

    With `on_exhaustion: finish` it always may (letustalk.md, 'Existing calls finish'). A hold that expired because
    heartbeats were late is placed anew. Raises ServiceError unknown_call (404).
    """
    terms = load_terms(key.product_id, key.rates_revision).call
    for _attempt in range(ATTEMPTS):
        found = holds.find(service_id=key.service_id, call_id=call_id)
        found = found or holds.find_expired(service_id=key.service_id, call_id=call_id)
        if found is None:
            raise ServiceError("unknown_call", _("No call with this id was authorised."), status=404)
        if found.wallet_id is None:  # released after its hold had expired, or before it ever had one
            return _no_more(call_id, "call_ended")
        with transaction.atomic():
            reads: list[Statement] = [
                holds.find_statement(key.service_id, call_id),
                (CALL_HAS_ENDED, [call_id, found.wallet_id, key.service_id]),
            ]
            books, (known, ended) = ledger.open_books([found.wallet_id], reads=reads)
            current = holds.as_hold(known)
            if ended or (current is not None and current.status != HoldStatus.ACTIVE):
                ledger.write(books)
                return _no_more(call_id, "call_ended")
            if current is None or current.wallet_id == found.wallet_id:
                answer = _extend(books, key, terms, current, found, call_id, elapsed_seconds)
                if answer is not None:
                    return answer
            transaction.set_rollback(True)  # released, or authorised for another wallet, meanwhile: look again
    raise _busy()


def release(*, key: KeyContext, call_id: str) -> None:
    """The call never connected: its hold ends, or, where it has none yet, its authorisation will be denied."""
    holds.release(service_id=key.service_id, call_id=call_id)


def _extend(
    books: Books,
    key: KeyContext,
    terms: CallTerms,
    current: HoldRow | None,
    found: HoldRow,
    call_id: str,
    elapsed_seconds: int,
) -> dict[str, Any] | None:
    """Grow the active hold, or place one anew where `found` has expired, as far as the balance goes.

    None, with the books to be thrown away, when the call got another hold or its release meanwhile: no wallet's lock
    keeps those out.
    """
    wallet = books.wallets[found.wallet_id or 0]
    used = (terms.cost_per_minute * elapsed_seconds / 60).quantize(Decimal("0.000001"))
    reserved = current.amount if current else Decimal(0)
    wanted = Decimal(0) if found.is_simulated else max(reserved, Decimal(found.answer["hold"]["amount"]) + used)
    amount = min(wanted, reserved + max(wallet.available, Decimal(0)))
    is_overdrawn = wallet.available < 0
    expires_at = books.now + timedelta(seconds=terms.hold_seconds)
    placing: list[Statement] = []
    if current is not None:
        books.resize_hold(wallet, current.id, old=reserved, new=amount, expires_at=expires_at)
    else:
        placing = [
            holds.place_statement(
                books,
                wallet_id=wallet.id,
                service_id=key.service_id,
                call_id=call_id,
                project_id=found.project_id,
                amount=amount,
                expires_at=expires_at,
                request=found.request,
                answer=found.answer,
                is_simulated=found.is_simulated,
            )
        ]
    placed, *_written = run(*placing, *ledger.statements(books))
    if placing and not placed:
        return None
    # A balance below zero no longer covers what the hold says it reserves (atllasx.md, 'Failed Payments').
    is_covered = found.is_simulated or (amount == wanted and not is_overdrawn)
    limit = min(found.request.get("max_duration_seconds") or terms.max_call_seconds, terms.max_call_seconds)
    left = admission.seconds_left(wallet, terms, wallet.available + amount - used, limit)
    return {
        "call_id": call_id,
        "proceed": terms.on_exhaustion == OnExhaustion.FINISH or is_covered,
        "reason": None if is_covered else "insufficient_balance",
        "hold": None if found.is_simulated else _hold_dict(amount, wallet.currency, expires_at.isoformat()),
        "max_duration_seconds": limit if found.is_simulated else min(elapsed_seconds + left, limit),
    }


def _no_more(call_id: str, reason: str) -> dict[str, Any]:
    return {"call_id": call_id, "proceed": False, "reason": reason, "hold": None, "max_duration_seconds": 0}


def _busy() -> ServiceError:
    return ServiceError("try_again", _("Several requests for this call came at once. Ask again."), status=409)


def _locate(key: KeyContext, account_id: str, project_id: str | None) -> tuple[AccountRef, ProjectRef]:
    where = context.find(key.product_id, [(account_id, project_id)])
    account = where.accounts.get(account_id)
    if account is None:
        raise ServiceError("unknown_account", _("No such account."), status=404)
    project = where.projects.get((account_id, project_id))
    if project is None:
        words = unknown_project_words(project_id)
        raise ServiceError("unknown_project", words, errors={"project": [words]})
    return account, project


def _is_blocked(key: KeyContext, request: AuthorizeRequest, account: AccountRef) -> bool:
    """Whether staff blocked the caller, where the request names one; from memory."""
    return bool(request.caller) and load_blocked(key.product_id, key.rates_revision).stops(account.id, request.caller)


def _least_charge(key: KeyContext, request: AuthorizeRequest, account: AccountRef) -> Decimal | PriceOnRequest:
    """What such a call costs at least, or that its price is on request."""
    facts = {"channel": request.channel, "direction": request.direction, "model": request.model, "tier": request.tier}
    cards = load_cards(key.product_id, key.rates_revision)
    try:
        return minimum_charge(cards.version_for(account.id, timezone.now()), EventType.CALL.value, facts)
    except PriceOnRequest as refusal:
        return refusal


def _as_amount(minimum: Decimal | PriceOnRequest) -> Decimal:
    return Decimal(0) if isinstance(minimum, PriceOnRequest) else minimum


def _refusal(
    wallet: WalletState, terms: CallTerms, minimum: Decimal | PriceOnRequest, project: ProjectRef
) -> Refusal | None:
    refusal = admission.refusal(wallet, terms, _as_amount(minimum))
    if project.is_sandbox and refusal is not None and refusal.reason != "account_suspended":
        refusal = None  # the balance never denies in the sandbox
    if isinstance(minimum, PriceOnRequest) and (refusal is None or refusal.reason != "account_suspended"):
        return Refusal(
            "price_on_request", _("The price of this model or tier is on request. Ask sales for a rate card.")
        )
    return refusal


def _first_answer(hold: HoldRow, request: AuthorizeRequest) -> dict[str, Any]:
    if hold.request != request.body:
        detail = _("This call_id was asked about before with another body.")
        raise ServiceError("idempotency_conflict", detail, status=409)
    return hold.answer


def _place(
    books: Books,
    key: KeyContext,
    request: AuthorizeRequest,
    account: AccountRef,
    project: ProjectRef,
    terms: CallTerms,
    minimum: Decimal,
) -> dict[str, Any] | None:
    """Place the hold and answer yes; None when the call got a hold from another request meanwhile.

    A sandbox call gets one that reserves nothing, so that it is followed, extended and ended like any other.
    """
    wallet = books.wallets[account.wallet_id]
    expires_at = books.now + timedelta(seconds=terms.hold_seconds)
    answer = _answer(request, terms, wallet, project, None)
    amount = Decimal(0)
    if not project.is_sandbox:
        amount = admission.hold_amount(wallet, terms, minimum)
        seconds = admission.seconds_left(wallet, terms, wallet.available, request.max_duration_seconds)
        answer["max_duration_seconds"] = seconds
        answer["hold"] = _hold_dict(amount, wallet.currency, expires_at.isoformat())
        answer["balance"] = balance_dict(wallet.available - amount, wallet.held + amount, wallet.currency)
    statement = holds.place_statement(
        books,
        wallet_id=wallet.id,
        service_id=key.service_id,
        call_id=request.call_id,
        project_id=project.id,
        amount=amount,
        expires_at=expires_at,
        request=request.body,
        answer=answer,
        is_simulated=project.is_sandbox,
    )
    (counted,) = run(merged(statement, *ledger.statements(books), counting=True))
    return answer if counted[0][0] else None


def _answer(
    request: AuthorizeRequest, terms: CallTerms, wallet: WalletState, project: ProjectRef, refusal: Refusal | None
) -> dict[str, Any]:
    limit = min(request.max_duration_seconds or terms.max_call_seconds, terms.max_call_seconds)
    return {
        "call_id": request.call_id,
        "allowed": refusal is None,
        "reason": refusal.reason if refusal else None,
        "message": refusal.message if refusal else "",
        "mode": "sandbox" if project.is_sandbox else "live",
        "on_exhaustion": terms.on_exhaustion,
        "max_duration_seconds": 0 if refusal else limit,
        "hold": None,
        "balance": balance_dict(wallet.available, wallet.held, wallet.currency),
    }


def _hold_dict(amount: Decimal, currency: str, expires_at: str) -> dict[str, str]:
    return {"amount": f"{amount:.6f}", "currency": currency, "expires_at": expires_at}
