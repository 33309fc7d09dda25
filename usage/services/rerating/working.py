"""What a worker does with a job: claims it, then previews or corrects it batch by batch until it is done or stopped."""

from __future__ import annotations

import logging

from django.utils import timezone

from billing.services.doorbells import ring
from usage.models import Rerating
from usage.services.rerating import TASK, lease
from usage.services.rerating.correcting import correct_batch
from usage.services.rerating.previewing import preview_batch

logger = logging.getLogger(__name__)


def work(*, rerating_id: int) -> bool:
    """Work on a job that waits, or that a dead worker left, from where it is; whether this call came to its end."""
    rerating = lease.claim(rerating_id)
    if rerating is None:
        return False
    step = preview_batch if rerating.state == Rerating.State.PREVIEWING else correct_batch
    try:
        while step(rerating):
            pass
    except lease.LostError:
        logger.info("Re-rating %s was stopped, or taken over by another worker.", rerating.pk)
        return False
    except Exception as error:  # whatever it was, it is written down, and tried again
        logger.exception("Re-rating %s failed.", rerating.pk)
        lease.put_back(rerating, error)
        return False
    return True


def ring_for_due() -> int:
    """Ring for every job that waits or was left; returns how many."""
    due = Rerating.objects.filter(lease.claimable(timezone.now())).order_by("id").values_list("pk", flat=True)
    for rerating_id in due:
        ring(TASK, rerating_id)
    return len(due)
