"""Codes of coupons: drawn by `secrets`, easy to read aloud and to type, never twice the same.

`SPRING-7KQ4-XM2P` is a prefix and eight characters of an alphabet of 32 without 0, O, 1 and I (nor small letters, so
that l is none of them): five random bits each, so that a code of eight is one of 10^12.
"""

from __future__ import annotations

import re
import secrets

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.models import Coupon, CouponBatch
from billing.services.coupons import CODE_LENGTH
from organizations.database import run, text_array

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
GROUP = 4
COUNT_MAX = 10_000
LENGTH_MIN, LENGTH_MAX = 8, 24
LIMIT_MAX = 1_000_000
PREFIX = re.compile(r"[A-Za-z0-9]{0,10}", re.ASCII)
CHOSEN_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{3,39}", re.ASCII)
# The unique key decides: a code that exists, in whichever product, is left out and another drawn in its place.
INSERT = """
INSERT INTO billing_coupon (batch_id, code, "limit", redeemed, is_active, created_at)
SELECT %s::bigint, code, %s::int, 0, true, %s::timestamptz FROM unnest(%s::text[]) AS v(code)
ON CONFLICT (code) DO NOTHING RETURNING id
"""


def generate(
    *, batch_id: int, count: int, length: int, prefix: str, limit: int, known: int | None = None
) -> list[Coupon]:
    """New codes of the batch, `length` random characters each, grouped by four, behind the prefix if there is one.

    Ten thousand codes cost one statement. `known` is how many codes the caller believes the batch to have: where there
    are others by now, somebody was quicker or a button was pressed twice, and nothing is made. Raises ValidationError
    for that, for numbers out of bounds and for an unfit prefix.
    """
    _check(count=count, length=length, prefix=prefix, limit=limit)
    ids: list[int] = []
    now = timezone.now().isoformat()
    with transaction.atomic():
        batch = CouponBatch.objects.select_for_update(no_key=True).get(pk=batch_id)
        if known is not None and batch.coupons.count() != known:
            raise ValidationError("The codes of this batch have changed meanwhile. Look at them before making more.")
        while len(ids) < count:
            codes = {_draw(length, prefix) for _ in range(count - len(ids))}
            (inserted,) = run((INSERT, [batch_id, limit, now, text_array(codes)]))
            ids += [row[0] for row in inserted]
    return list(Coupon.objects.filter(batch_id=batch_id, pk__in=ids).order_by("pk"))


def add_code(*, batch_id: int, code: str, limit: int) -> Coupon:
    """One code that staff chose, to be shared. Raises ValidationError when it is taken or unfit."""
    if not CHOSEN_CODE.fullmatch(code):
        raise ValidationError({"code": "Write 4 to 40 letters, digits or dashes, beginning with a letter or digit."})
    _check_limit(limit)
    try:
        with transaction.atomic():
            return Coupon.objects.create(batch_id=batch_id, code=code, limit=limit)
    except IntegrityError:
        raise ValidationError({"code": "This code exists already. Choose another one."}) from None


def _draw(length: int, prefix: str) -> str:
    characters = "".join(secrets.choice(ALPHABET) for _ in range(length))
    groups = [characters[start : start + GROUP] for start in range(0, length, GROUP)]
    return "-".join([prefix, *groups] if prefix else groups)


def _check(*, count: int, length: int, prefix: str, limit: int) -> None:
    if not 1 <= count <= COUNT_MAX:
        raise ValidationError({"count": f"Write a number from 1 to {COUNT_MAX:,}."})
    if not LENGTH_MIN <= length <= LENGTH_MAX:
        raise ValidationError({"length": f"Write a number from {LENGTH_MIN} to {LENGTH_MAX}: short codes are guessed."})
    if not PREFIX.fullmatch(prefix):
        raise ValidationError({"prefix": "At most ten letters and digits."})
    if len(_draw(length, prefix)) > CODE_LENGTH:
        raise ValidationError({"length": f"Prefix, characters and dashes are at most {CODE_LENGTH} together."})
    _check_limit(limit)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= LIMIT_MAX:
        raise ValidationError({"limit": f"Write a number from 1 to {LIMIT_MAX:,}."})


def switch(*, row: CouponBatch | Coupon, is_on: bool) -> None:
    """Accept an offer or a code from now on, or refuse it; credit that was given stays. Again changes nothing."""
    type(row)._default_manager.filter(pk=row.pk).update(is_active=is_on)
