"""Asking for a re-rating, confirming what its preview found, and stopping it: what staff decide.

None of it moves money: a worker does, once the job is confirmed (`usage.services.rerating.working`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from billing.services.doorbells import ring
from organizations.models import Account, Project
from usage.models import DailyUsage, RateCardVersion, Rerating, UsageEvent
from usage.models.rerating import REASON_LENGTH
from usage.selectors.blocked import normalised
from usage.services.rerating import TASK

CHOSEN_MAX = 1000
DAYS_MAX = 366


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose charges, and which: of the days from `first_day` to `last_day`, both included, or the `chosen` events.

    Days are those that calls were charged on, in each account's timezone. What is left empty narrows nothing.
    """

    product_id: int
    account_id: int | None = None
    project_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    event_type: str = ""
    model: str = ""
    version_id: int | None = None
    caller: str = ""
    chosen: list[int] = field(default_factory=list)


def of_chosen(event_ids: Collection[int]) -> Scope:
    """The scope of calls chosen one by one. Raises ValidationError for none, too many, or those of several products."""
    if not 0 < len(event_ids) <= CHOSEN_MAX:
        raise ValidationError(f"Choose from 1 to {CHOSEN_MAX:,} calls, or a period.")
    found = dict(UsageEvent.objects.filter(pk__in=event_ids).values_list("pk", "account_id"))
    accounts = set(found.values())
    products = set(Account.objects.filter(pk__in=accounts).values_list("product_id", flat=True))
    if len(products) != 1:
        raise ValidationError("Choose calls of one product: each has prices of its own.")
    account = accounts.pop() if len(accounts) == 1 else None
    return Scope(products.pop(), account_id=account, chosen=sorted(found))


def ask(*, mode: Rerating.Mode, scope: Scope, reason: str, user_id: int) -> Rerating:
    """Have a worker preview the job. Raises ValidationError, keyed by the field to correct."""
    _check(scope, reason)
    with transaction.atomic():
        rerating = Rerating.objects.create(
            mode=mode,
            product_id=scope.product_id,
            account_id=scope.account_id,
            project_id=scope.project_id,
            first_day=scope.first_day,
            last_day=scope.last_day,
            event_type=scope.event_type,
            model=scope.model,
            version_id=scope.version_id,
            caller=scope.caller.strip(),
            chosen=scope.chosen,
            reason=reason.strip(),
            asked_by_id=user_id,
            asked_at=timezone.now(),
            expected=_expected(scope),
        )
        ring(TASK, rerating.pk)
    return rerating


def confirm(*, rerating_id: int, user_id: int) -> bool:
    """Have a worker correct what the preview found; whether this call was the one that said so.

    Raises ValidationError where the preview is not over, found nothing, or was stopped.
    """
    with transaction.atomic():
        rerating = Rerating.objects.select_for_update(no_key=True).get(pk=rerating_id)
        if rerating.state in (Rerating.State.RUNNING, Rerating.State.DONE):
            return False
        if rerating.state != Rerating.State.READY:
            raise ValidationError("Only a finished preview can be confirmed. Ask for a new one.")
        if not rerating.found:
            raise ValidationError("There is nothing to correct: no charge would change.")
        rerating.state = Rerating.State.RUNNING
        rerating.confirmed_by_id, rerating.confirmed_at = user_id, timezone.now()
        rerating.leased_until, rerating.failures = None, 0
        rerating.save(update_fields=["state", "confirmed_by", "confirmed_at", "leased_until", "failures"])
        ring(TASK, rerating_id)
    return True


def stop(*, rerating_id: int) -> bool:
    """End a job between two of its batches: what was corrected stays so, the rest is left alone."""
    open_states = [Rerating.State.PREVIEWING, Rerating.State.READY, Rerating.State.RUNNING]
    stopped = Rerating.objects.filter(pk=rerating_id, state__in=open_states).update(
        state=Rerating.State.STOPPED, finished_at=timezone.now(), leased_until=None
    )
    return bool(stopped)


def _check(scope: Scope, reason: str) -> None:
    faults: dict[str, str] = {}
    if not reason.strip() or len(reason.strip()) > REASON_LENGTH:
        faults["reason"] = f"Say why, in at most {REASON_LENGTH} characters."
    if not scope.chosen:
        faults |= _faults_of_days(scope)
    if scope.caller.strip() and not normalised(scope.caller):
        faults["caller"] = "Write a number, such as +15550100, or leave it empty."
    if scope.project_id is not None:
        if scope.account_id is None:
            faults["project"] = "Choose the project's account, too."
        elif not Project.objects.filter(pk=scope.project_id, account_id=scope.account_id).exists():
            faults["project"] = "The project is another account's."
    if scope.account_id is not None:
        product_id = Account.objects.filter(pk=scope.account_id).values_list("product_id", flat=True).first()
        if product_id != scope.product_id:
            faults["account"] = "The account is another product's."
    if scope.version_id is not None:
        version = RateCardVersion.objects.select_related("card").filter(pk=scope.version_id).first()
        if version is None or version.card.product_id != scope.product_id:
            faults["version"] = "The rate-card version is another product's."
    if faults:
        raise ValidationError(faults)


def _faults_of_days(scope: Scope) -> dict[str, str]:
    if scope.first_day is None or scope.last_day is None:
        return {"first_day" if scope.first_day is None else "last_day": "Choose the first and the last day."}
    if scope.last_day < scope.first_day:
        return {"last_day": "Before the first day. Choose a later one."}
    if (scope.last_day - scope.first_day).days >= DAYS_MAX:
        return {"last_day": f"More than {DAYS_MAX} days. Do it in parts."}
    return {}


def _expected(scope: Scope) -> int:
    """About how many charges there are, by the daily roll-up; what it cannot tell narrows nothing."""
    if scope.chosen:
        return len(scope.chosen)
    wanted = {
        "account_id": scope.account_id,
        "project_id": scope.project_id,
        "event_type": scope.event_type,
        "model": scope.model,
    }
    days = DailyUsage.objects.filter(
        account__product_id=scope.product_id,
        day__range=(scope.first_day, scope.last_day),
        **{name: value for name, value in wanted.items() if value},
    )
    return int(days.aggregate(count=Sum("count"))["count"] or 0)
