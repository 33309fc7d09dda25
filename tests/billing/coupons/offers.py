"""Coupons for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from billing.models import Coupon, CouponBatch
from billing.services.coupon_codes import add_code
from organizations.models import Product


def make_batch(product: Product, amount: str = "5", **fields: Any) -> CouponBatch:
    """An offer that began yesterday."""
    begins = fields.pop("valid_from", timezone.now() - timedelta(days=1))
    return CouponBatch.objects.create(
        product=product,
        currency=product.currency,
        name=fields.pop("name", "Spring fair"),
        amount=amount,
        valid_from=begins,
        **fields,
    )


def make_coupon(product: Product, code: str = "SPRING-7KQ4-XM2P", *, limit: int = 1, **fields: Any) -> Coupon:
    """One code of an offer of its own."""
    return add_code(batch_id=make_batch(product, **fields).pk, code=code, limit=limit)
