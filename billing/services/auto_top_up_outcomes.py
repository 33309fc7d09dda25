"""What becomes of an automatic top-up: the rule goes on, cools down, or is turned off by the third failure in a row.

enabled -> cooling -> disabled -> enabled (DESIGN.md, 'State machines'). Everything here runs under the wallet's lock in
the transaction that finishes the attempt, registered with `billing.services.top_ups.on_finished`. Each failure opens an
incident and writes to the account once; an outcome that nobody knows is no failure until it is resolved.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.models import AutoTopUp, AutoTopUpStatus, TopUp, TopUpOrigin, TopUpStatus, TopUpTerms, Wallet
from billing.models.auto_top_up import FAILURES_MAX
from billing.providers.base import FailureReason
from billing.selectors.auto_top_up import INCIDENT_KIND, automatic, in_flight, next_month_at
from billing.services.auto_top_up_notices import tell_of_ceiling, tell_of_failure
from billing.services.books import Books
from billing.services.doorbells import ring
from billing.services.state import WalletState
from billing.templatetags.money import money_text
from notifications.models import Incident
from notifications.services.incidents import open_incident, resolve
from notifications.services.staff_mail import Letter, tell_staff

ACTING = (AutoTopUpStatus.ON, AutoTopUpStatus.COOLING)
TASK = "billing.attempt_auto_top_up"


def finished(top_up: TopUp, books: Books) -> None:
    """Take note that a top-up has succeeded, failed or expired, as far as it concerns the wallet's rule."""
    wallet = books.wallets[top_up.wallet_id]
    rule = AutoTopUp.objects.filter(pk=wallet.id).first()
    if rule is None:
        return
    is_paid, is_automatic = top_up.status == TopUpStatus.SUCCEEDED, top_up.origin == TopUpOrigin.AUTO
    if is_paid and is_automatic:
        _succeeded(rule, wallet, top_up)
    elif is_paid:
        _paid_by_hand(rule, wallet)
    elif is_automatic:
        failed(rule, wallet, books, top_up, reason=reason_of(top_up))


def failed(rule: AutoTopUp, wallet: WalletState, books: Books, top_up: TopUp, *, reason: FailureReason) -> None:
    """Count a failure: an incident, a letter, and a pause, or the end of it with the third in a row.

    A rule that was turned off meanwhile stays as it is. One that three failures have disabled stays disabled by a
    retry that fails, too.
    """
    if reason == FailureReason.CARD_DECLINED:
        _mark_card(top_up, declined_at=books.now)
    if rule.status == AutoTopUpStatus.OFF:
        return
    was_disabled = rule.status == AutoTopUpStatus.DISABLED
    if not was_disabled:
        _count(rule, books)
    disarm(wallet)
    open_incident(
        account_id=wallet.account_id,
        kind=INCIDENT_KIND,
        reason=reason.value,
        subject=f"top_up:{top_up.pk}",
        details=_details(rule, wallet, top_up),
    )
    tell_of_failure(rule, wallet, top_up, reason, is_turned_off=rule.failures == FAILURES_MAX and not was_disabled)


def ceiling_reached(rule: AutoTopUp, wallet: WalletState, *, month: date) -> None:
    """Wait for the next month: no attempt and no failure. The customer is told once for a month and a ceiling."""
    assert rule.monthly_ceiling is not None
    ceiling = f"{rule.monthly_ceiling.amount:.6f}"
    rule.status, rule.next_attempt_at = AutoTopUpStatus.ON, next_month_at(month, wallet.zone)
    rule.save(update_fields=["status", "next_attempt_at"])
    disarm(wallet)
    subject = f"ceiling:{month:%Y-%m}:{ceiling}"
    known = unresolved(wallet.account_id)
    if known is not None and known.subject == subject:
        return
    open_incident(
        account_id=wallet.account_id,
        kind=INCIDENT_KIND,
        reason=FailureReason.CEILING_REACHED.value,
        subject=subject,
        details={**_asked(rule, wallet), "ceiling": ceiling, "next_attempt_at": rule.next_attempt_at.isoformat()},
    )
    tell_of_ceiling(wallet, key=f"{subject}:{wallet.id}", ceiling=rule.monthly_ceiling.amount)


def unpriced(rule: AutoTopUp, wallet: WalletState, books: Books, *, amount: Decimal, why: str) -> None:
    """The product cannot sell the rule's amount now. That is the operator's to mend: staff are told, nothing counts."""
    rule.status, rule.next_attempt_at = AutoTopUpStatus.COOLING, books.now + _cooling(rule)
    rule.save(update_fields=["status", "next_attempt_at"])
    disarm(wallet)
    open_incident(
        account_id=wallet.account_id,
        kind=INCIDENT_KIND,
        reason=FailureReason.INTERNAL_ERROR.value,
        details={**_asked(rule, wallet), "amount": f"{amount:.6f}", "message": why},
    )
    tell_staff(
        key=f"auto_top_up_unpriced:{wallet.id}:{wallet.local_now:%Y-%m-%d}",
        write=lambda: Letter(
            f"An automatic top-up of wallet {wallet.id} has no price",
            f"{why}\n\nThe rule of wallet {wallet.id} asks for {money_text(amount, wallet.currency)}.",
        ),
    )


def warn_without_card(rule: AutoTopUp, wallet: WalletState) -> None:
    """Say that a rule which is on has no card to charge, before it needs one (atllasx.md, 'Failed Payments')."""
    known = unresolved(wallet.account_id)
    if known is None or known.reason != FailureReason.NO_PAYMENT_METHOD:
        open_incident(
            account_id=wallet.account_id,
            kind=INCIDENT_KIND,
            reason=FailureReason.NO_PAYMENT_METHOD.value,
            details=_asked(rule, wallet),
        )


def reason_of(top_up: TopUp) -> FailureReason:
    """Why it failed, as a customer can act on it (atllasx.md, 'Failed Payments')."""
    try:
        return FailureReason(top_up.failure_code)
    except ValueError:
        return FailureReason.INTERNAL_ERROR


def arm(rule: AutoTopUp, wallet: WalletState) -> None:
    """Let the wallet's charges ring from here on; at once when the balance is below the threshold already.

    Nothing is armed while an attempt is in flight, while the rule waits, or unless it is on.
    """
    if rule.status != AutoTopUpStatus.ON or rule.next_attempt_at is not None or in_flight(wallet.id) is not None:
        disarm(wallet)
        return
    _set_below(wallet, rule.threshold.amount)
    if wallet.balance < rule.threshold.amount:
        ring(TASK, wallet.id)


def disarm(wallet: WalletState) -> None:
    """No charge rings until `arm`."""
    _set_below(wallet, None)


def unresolved(account_id: int) -> Incident | None:
    """The incident of automatic top-up that is not resolved, dismissed or not."""
    return Incident.objects.filter(account_id=account_id, kind=INCIDENT_KIND, resolved_at__isnull=True).first()


def _set_below(wallet: WalletState, below: Decimal | None) -> None:
    wallet.auto_top_up_below = below
    Wallet.objects.filter(pk=wallet.id).update(auto_top_up_below=below)


def _succeeded(rule: AutoTopUp, wallet: WalletState, top_up: TopUp) -> None:
    """The rule is as good as new, unless this is an older attempt whose money came late."""
    _mark_card(top_up, declined_at=None)
    if automatic(wallet.id).filter(pk__gt=top_up.pk).exists():
        return
    rule.failures = 0
    rule.next_attempt_at = None
    if rule.status != AutoTopUpStatus.OFF:
        rule.status = AutoTopUpStatus.ON
    rule.save(update_fields=["failures", "next_attempt_at", "status"])
    resolve(account_id=wallet.account_id, kind=INCIDENT_KIND)
    arm(rule, wallet)


def _paid_by_hand(rule: AutoTopUp, wallet: WalletState) -> None:
    """Money that the customer brought is what these two banners ask for; a declined card is still declined."""
    known = unresolved(wallet.account_id)
    if (
        known is not None
        and known.reason in (FailureReason.NEEDS_CONFIRMATION, FailureReason.CEILING_REACHED)
        and rule.status in ACTING
        and wallet.balance >= rule.threshold.amount
    ):
        resolve(account_id=wallet.account_id, kind=INCIDENT_KIND)


def _mark_card(top_up: TopUp, *, declined_at: datetime | None) -> None:
    if top_up.card is not None:
        top_up.card.declined_at = declined_at
        top_up.card.save(update_fields=["declined_at"])


def _count(rule: AutoTopUp, books: Books) -> None:
    """aitelier.md, 'The wallet': "Three consecutive failures disable auto top-up and email you"."""
    rule.failures += 1
    if rule.failures >= FAILURES_MAX:
        rule.status, rule.next_attempt_at = AutoTopUpStatus.DISABLED, None
    else:
        rule.status, rule.next_attempt_at = AutoTopUpStatus.COOLING, books.now + _cooling(rule)
    rule.save(update_fields=["failures", "status", "next_attempt_at"])


def _cooling(rule: AutoTopUp) -> timedelta:
    minutes = TopUpTerms.objects.values_list("cooling_minutes", flat=True)
    return timedelta(minutes=minutes.get(product__accounts__wallet=rule.pk))


def _asked(rule: AutoTopUp, wallet: WalletState) -> dict[str, Any]:
    """What a banner says of a rule that has not asked for money; amounts as text with six decimals."""
    return {
        "amount": f"{rule.amount.amount:.6f}",
        "currency": wallet.currency,
        "balance": f"{wallet.balance:.6f}",
        "failures": rule.failures,
    }


def _details(rule: AutoTopUp, wallet: WalletState, top_up: TopUp) -> dict[str, Any]:
    """What a banner says of an attempt that failed."""
    return {
        **_asked(rule, wallet),
        "top_up": top_up.pk,
        "reference": str(top_up.reference),
        "amount": f"{top_up.amount.amount:.6f}",
        "price": f"{top_up.net.amount:.6f}",
        "total": f"{top_up.total.amount:.6f}",
        "price_currency": str(top_up.price_currency),
        "card": str(top_up.card) if top_up.card else "",
        "message": top_up.failure_message,
        "is_disabled": rule.status == AutoTopUpStatus.DISABLED,
        "next_attempt_at": rule.next_attempt_at.isoformat() if rule.next_attempt_at else None,
    }
