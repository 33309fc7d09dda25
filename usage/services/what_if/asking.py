"""Asking for a what-if run, and stopping one."""

from __future__ import annotations

from datetime import UTC, date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from billing.services.doorbells import ring
from organizations.models import Account
from usage.models import RateCardVersion, WhatIfRun, WhatIfStatus
from usage.models.what_if import UNFINISHED
from usage.services.what_if.reading import expected
from usage.services.what_if.running import TASK

DAYS_MAX = 366


@transaction.atomic
def ask(
    *, version: RateCardVersion, account: Account | None, first_day: date, last_day: date, user_id: int
) -> WhatIfRun:
    """Have a worker price the calls charged on these days, both included, on the version; it changes nothing else.

    Without an account: whatever the card prices, which for an account's own card is that account. The same question
    while it is still being answered is that run. Raises ValidationError for what cannot be asked.
    """
    locked = RateCardVersion.objects.select_for_update(of=("self",), no_key=True).select_related("card__product")
    version = locked.get(pk=version.pk)
    card = version.card
    _check_days(first_day, last_day, today=timezone.now().astimezone(UTC).date())
    if account is not None and account.product_id != card.product_id:
        words = f"{account} belongs to another product. Choose an account of {card.product}."
        raise ValidationError({"account": words})
    if not version.rates.exists():
        raise ValidationError("The version has no prices yet. Write or import them first.")
    scope = {"account_id": account.pk if account else card.account_id, "first_day": first_day, "last_day": last_day}
    same = WhatIfRun.objects.filter(version=version, status__in=UNFINISHED, **scope).first()
    if same is not None:
        return same
    run = WhatIfRun(
        version=version,
        version_name=str(version),
        product=card.product,
        currency=card.product.currency,
        requested_by_id=user_id,
        **scope,
    )
    run.calls_expected = expected(run)
    run.save()
    ring(TASK, run.pk)
    return run


def stop(*, run: WhatIfRun) -> bool:
    """Have the run end where it is; whether it was still running. What it compared so far stays to be read."""
    unfinished = WhatIfRun.objects.filter(pk=run.pk, status__in=UNFINISHED)
    return bool(
        unfinished.update(status=WhatIfStatus.STOPPED, finished_at=timezone.now(), leased_until=None),
    )


def _check_days(first_day: date, last_day: date, *, today: date) -> None:
    if first_day > last_day:
        raise ValidationError({"last_day": "Before the first day. Choose a later one."})
    if last_day > today + timedelta(days=1):  # somewhere it is tomorrow already
        raise ValidationError({"last_day": "In the future. Choose a day up to today."})
    if (last_day - first_day).days >= DAYS_MAX:
        raise ValidationError({"first_day": f"More than {DAYS_MAX} days. Choose a later one."})
