"""Working a what-if run off: one worker at a time, a batch per transaction, from where the last one stopped.

A claim is a lease that every batch extends. A batch's sums, its accounts and the mark up to which the run has come are
one transaction, refused to whoever lost the claim: a killed worker leaves a run that the next one continues, and no
call is counted twice. Where the draft was edited meanwhile, the run begins again, so that all of it is of one price.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from billing.services.doorbells import ring
from organizations.database import rows, snapshot
from organizations.database import run as run_statements
from usage.models import WhatIfAccount, WhatIfRun, WhatIfStatus
from usage.rating.types import CardVersion
from usage.selectors.card_content import content_of
from usage.selectors.cards import card_version, read_cards
from usage.services.what_if.comparing import (
    EXAMPLES,
    OwnCards,
    Tally,
    compare,
    merge_components,
    most_changed,
)
from usage.services.what_if.reading import ChargedCall, batches

logger = logging.getLogger(__name__)
TASK = "usage.run_what_if"
LEASE = timedelta(minutes=5)
ATTEMPTS_MAX = 5
PAUSE = timedelta(seconds=30)  # after a failure, longer each time
ERROR_LENGTH = 255
GONE = "The draft was thrown away before it was priced."

SUMS = ("calls", "changed", "own_card", "unpriced", "actual", "would_be", "unpriced_actual")
ADD_ACCOUNTS = """
INSERT INTO usage_whatifaccount AS w (run_id, currency, account_id, calls, changed, own_card, unpriced, actual,
                                      would_be, unpriced_actual)
SELECT %s::bigint, %s::varchar, * FROM {rows} AS v
ON CONFLICT (run_id, account_id) DO UPDATE SET
  calls = w.calls + EXCLUDED.calls, changed = w.changed + EXCLUDED.changed,
  own_card = w.own_card + EXCLUDED.own_card, unpriced = w.unpriced + EXCLUDED.unpriced,
  actual = w.actual + EXCLUDED.actual, would_be = w.would_be + EXCLUDED.would_be,
  unpriced_actual = w.unpriced_actual + EXCLUDED.unpriced_actual
"""


class LostError(Exception):
    """The run was stopped, or another worker has it now."""


def work_off(*, run_id: int, after_batch: Callable[[], None] | None = None) -> bool:
    """Price what is left of a run that waits, or that a dead worker left; whether this call finished it."""
    run = _claim(run_id)
    if run is None:
        return False
    try:
        prepared = _prepare(run)
        if prepared is None:
            return False
        version, own_cards = prepared
        for batch in batches(run):
            _write(run, batch, compare(batch, version=version, own_cards=own_cards))
            if after_batch is not None:
                after_batch()
        return _end(run, WhatIfStatus.DONE)
    except LostError:
        logger.info("What-if %s was stopped or taken over.", run.pk)
        return False
    except Exception as error:  # whatever it was, it is written down, and tried again
        logger.exception("What-if %s failed.", run.pk)
        _put_back(run, error)
        return False


def ring_for_due() -> int:
    """Ring for every run that waits or was left; returns how many."""
    due = list(WhatIfRun.objects.filter(_claimable(timezone.now())).order_by("id").values_list("pk", flat=True))
    for run_id in due:
        ring(TASK, run_id)
    return len(due)


def _claimable(now: datetime) -> Q:
    over = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    return Q(status__in=[WhatIfStatus.REQUESTED, WhatIfStatus.RUNNING]) & over


def _claim(run_id: int) -> WhatIfRun | None:
    now = timezone.now()
    free = WhatIfRun.objects.filter(_claimable(now), pk=run_id)
    taken = free.filter(attempt__lt=ATTEMPTS_MAX).update(
        status=WhatIfStatus.RUNNING, attempt=F("attempt") + 1, leased_until=now + LEASE, error=""
    )
    if taken:
        return WhatIfRun.objects.select_related("product").get(pk=run_id)
    free.update(
        status=WhatIfStatus.FAILED,
        finished_at=now,
        leased_until=None,
        error=f"It could not be finished in {ATTEMPTS_MAX} attempts.",
    )
    return None


def _prepare(run: WhatIfRun) -> tuple[CardVersion, OwnCards] | None:
    """The prices as they are now, and whose own cards go before them; None where the draft is gone."""
    version = run.version
    if version is None:
        _end(run, WhatIfStatus.FAILED, error=GONE)
        return None
    with snapshot():
        fingerprint, card = content_of(version).fingerprint, card_version(version)
        # A run about one account asks what that account would pay on the card, whatever card it has.
        own_cards = read_cards(run.product_id, 0).by_account if run.account_id is None else {}
    if run.fingerprint != fingerprint:
        _begin_anew(run, fingerprint)
    return card, own_cards


@transaction.atomic
def _begin_anew(run: WhatIfRun, fingerprint: str) -> None:
    fresh: dict[str, Any] = dict.fromkeys(SUMS, 0)
    fresh |= {"at_account": 0, "at_day": None, "at_event": 0, "fingerprint": fingerprint}
    fresh |= {"components": {}, "most_changed": [], "first_unpriced": []}
    _update(run, **fresh)
    WhatIfAccount.objects.filter(run=run).delete()
    run.refresh_from_db()


@transaction.atomic
def _write(run: WhatIfRun, batch: list[ChargedCall], tally: Tally) -> None:
    """Add the batch to the run and move its mark, or neither. Raises LostError."""
    run.components = merge_components(run.components, tally.components)
    run.most_changed = most_changed([*run.most_changed, *tally.changes])
    run.first_unpriced = [*run.first_unpriced, *tally.unpriced][:EXAMPLES]
    last = batch[-1]
    _update(
        run,
        **{name: F(name) + tally.total(name) for name in SUMS},
        components=run.components,
        most_changed=run.most_changed,
        first_unpriced=run.first_unpriced,
        at_account=last.account_id,
        at_day=last.day,
        at_event=last.id,
        leased_until=timezone.now() + LEASE,
    )
    ordered = sorted(tally.accounts.items())
    kinds = ("bigint", "bigint", "bigint", "bigint", "numeric", "numeric", "numeric")
    columns = [(kind, [getattr(sums, name) for _, sums in ordered]) for kind, name in zip(kinds, SUMS, strict=True)]
    source, params = rows(("bigint", [account_id for account_id, _ in ordered]), *columns)
    run_statements((ADD_ACCOUNTS.format(rows=source), [run.pk, run.currency, *params]))


def _update(run: WhatIfRun, **values: Any) -> None:
    """Change the run as its worker. Raises LostError where it is no longer."""
    mine = WhatIfRun.objects.filter(pk=run.pk, attempt=run.attempt, status=WhatIfStatus.RUNNING)
    if not mine.update(**values):
        raise LostError


def _end(run: WhatIfRun, status: WhatIfStatus, *, error: str = "") -> bool:
    _update(run, status=status, finished_at=timezone.now(), leased_until=None, error=error)
    return status == WhatIfStatus.DONE


def _put_back(run: WhatIfRun, error: Exception) -> None:
    """Continue it in a while, or give it up."""
    is_last = run.attempt >= ATTEMPTS_MAX
    now = timezone.now()
    WhatIfRun.objects.filter(pk=run.pk, attempt=run.attempt, status=WhatIfStatus.RUNNING).update(
        status=WhatIfStatus.FAILED if is_last else WhatIfStatus.REQUESTED,
        finished_at=now if is_last else None,
        leased_until=None if is_last else now + PAUSE * run.attempt,
        error=f"{type(error).__name__}: {error}"[:ERROR_LENGTH],
    )
