"""Coupons become promo credit: once per account, never past a code's limit (DESIGN.md, 'What must always be true', 12).

letustalk.md and osmtalk.md, 'Redeem a coupon code': enter the code, see the bonus, confirm, added at once. Codes are
case-sensitive; blanks around them are forgiven. The wallet's lock comes first, so that an account redeems one code at a
time; a conditional UPDATE of the code's row decides who gets the last of many accounts that ask at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import Coupon, CouponBatch, CouponRedemption, GrantKind, TransactionKind
from billing.services import coupon_attempts
from billing.services.books import Books, Note
from billing.services.ledger import open_books, write
from notifications.models import Event
from notifications.services.notices import Told, tell
from organizations.models import Account

CODE_LENGTH = 40


class CouponRefusedError(Exception):
    """A code that gives nothing; `reason` is stable, the text is fit to show the customer."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Offer:
    """What a code would give this account now. Amounts in the wallet's currency."""

    code: str
    amount: Decimal
    currency: str
    expires_at: datetime | None
    available: Decimal
    available_after: Decimal


def preview(*, wallet_id: int, code: str, user_id: int) -> Offer:
    """What redeeming the code would give; nothing is redeemed. Raises CouponRefusedError, which counts as a guess."""
    with transaction.atomic():
        books, _reads = open_books([wallet_id])  # read under the lock, not written
        found = _usable(books, wallet_id, code, user_id)
    if isinstance(found, CouponRefusedError):
        raise found
    wallet, batch = books.wallets[wallet_id], found.batch
    return Offer(
        code=found.code,
        amount=batch.amount.amount,
        currency=wallet.currency,
        expires_at=_expiry(batch, books.now),
        available=wallet.available,
        available_after=wallet.available + batch.amount.amount,
    )


def redeem(*, wallet_id: int, code: str, user_id: int) -> CouponRedemption:
    """Give the code's promo credit to the account. The same code again is its first redemption, not an error.

    Raises CouponRefusedError, which counts as a guess.
    """
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        own = CouponRedemption.objects.filter(wallet_id=wallet_id, coupon__code=_cleaned(code)).first()
        if own is not None:
            return own
        found = _usable(books, wallet_id, code, user_id)
        if isinstance(found, Coupon):
            open_places = Coupon.objects.filter(pk=found.pk, is_active=True, redeemed__lt=F("limit"))
            if open_places.update(redeemed=F("redeemed") + 1):
                return _give(books, wallet_id, found, user_id)
            # Somebody was quicker: not a guess, and the words say what has become of the code.
            found = _refused("used_up")
    raise found


def _usable(books: Books, wallet_id: int, code: str, user_id: int) -> Coupon | CouponRefusedError:
    """The coupon, or why this account cannot use it; a refused code is counted, with the caller's transaction."""
    account = Account.objects.get(wallet=wallet_id)
    if account.status != Account.Status.ACTIVE:
        return _refused("account_suspended")
    minutes = coupon_attempts.minutes_closed(wallet_id=wallet_id, user_id=user_id, now=books.now)
    if minutes:
        return CouponRefusedError("closed", _closed_words(minutes))
    coupon = _find(account, code)
    reason = _refusal(coupon, wallet_id, books.now)
    if coupon is not None and not reason:
        return coupon
    if reason != "already_redeemed":  # which tells nobody anything new
        coupon_attempts.note_refused(wallet_id=wallet_id, user_id=user_id, now=books.now)
    return _refused(reason)


def _find(account: Account, code: str) -> Coupon | None:
    """The coupon with exactly this code; another product's does not exist."""
    coupons = Coupon.objects.select_related("batch").filter(batch__product_id=account.product_id)
    return coupons.filter(code=_cleaned(code)).first()


def _cleaned(code: str) -> str:
    """The code as it is stored: without blanks around it; what no code can be is none."""
    wanted = code.strip()
    return wanted if wanted.isascii() and wanted.isprintable() and len(wanted) <= CODE_LENGTH else ""


def _refusal(coupon: Coupon | None, wallet_id: int, now: datetime) -> str:
    """Why the account cannot use the coupon; empty when it can."""
    if coupon is None:
        return "unknown_code"
    batch = coupon.batch
    if CouponRedemption.objects.filter(batch=batch, wallet_id=wallet_id).exists():
        return "already_redeemed"
    if not (coupon.is_active and batch.is_active):
        return "switched_off"
    if now < batch.valid_from:
        return "not_yet_valid"
    if batch.valid_until is not None and now >= batch.valid_until:
        return "over"
    if coupon.redeemed >= coupon.limit:
        return "used_up"
    return ""


def _give(books: Books, wallet_id: int, coupon: Coupon, user_id: int) -> CouponRedemption:
    batch = coupon.batch
    posting = books.grant(
        books.wallets[wallet_id],
        GrantKind.PROMO.value,
        batch.amount.amount,
        Note(TransactionKind.COUPON.value, f"coupon:{batch.pk}", f"Coupon {coupon.code}", actor_id=user_id),
        source=f"coupon:{coupon.pk}",
        expires_at=_expiry(batch, books.now),
    )
    write(books)
    grant_id = posting.transfers[0][3]
    assert grant_id is not None
    redemption = CouponRedemption.objects.create(
        coupon=coupon, batch=batch, wallet_id=wallet_id, grant_id=grant_id, user_id=user_id, created_at=books.now
    )
    _tell(redemption, books)
    return redemption


def _tell(redemption: CouponRedemption, books: Books) -> None:
    """What the code gave; in words: `billing.letters.credit`."""
    wallet, batch = books.wallets[redemption.wallet_id], redemption.batch
    facts = {
        "code": redemption.coupon.code,
        "amount": f"{batch.amount.amount:f}",
        "currency": wallet.currency,
        "balance": f"{wallet.balance:f}",
    }
    expires_at = _expiry(batch, books.now)
    if expires_at is not None:
        facts["expires_at"] = expires_at.isoformat()
    key = f"coupon_redemption:{redemption.pk}"
    tell(Told(wallet.account_id, Event.COUPON_REDEEMED, key, subject=key, facts=facts))


def _expiry(batch: CouponBatch, now: datetime) -> datetime | None:
    return now + timedelta(days=batch.grant_days) if batch.grant_days else None


def _refused(reason: str) -> CouponRefusedError:
    words = {
        "unknown_code": _("There is no such code. Capital and small letters differ: write it as you got it."),
        "already_redeemed": _("This account has redeemed this offer already. Each account can do so once."),
        "switched_off": _("This code has been withdrawn and gives nothing any more."),
        "not_yet_valid": _("This code is not valid yet. Try again when the offer has begun."),
        "over": _("This offer is over: its codes are no longer valid."),
        "used_up": _("This code has been used as often as it may be."),
        "account_suspended": _("This account is suspended. Ask support to reactivate it, then redeem the code."),
    }
    return CouponRefusedError(reason, words[reason])


def _closed_words(minutes: int) -> str:
    return ngettext(
        "Too many codes were refused. Try again in %(minutes)s minute.",
        "Too many codes were refused. Try again in %(minutes)s minutes.",
        minutes,
    ) % {"minutes": minutes}
