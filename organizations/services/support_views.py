"""Staff look at a customer's pages as the customer sees them: begun with a reason, over after half an hour.

Each view is a row that stays. It ends once, by whatever comes first; a view whose time is over is closed by the next
request that would have been part of it, and reads as over meanwhile.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from organizations.models import SupportView, User

PERMISSION = "organizations.view_as_customer"
LASTS = timedelta(minutes=30)

log = logging.getLogger(__name__)


def may_view(user: User) -> bool:
    """Whether somebody may look at customers' pages: staff with the permission, as long as they have it."""
    return user.is_active and user.is_staff and user.has_perm(PERMISSION)


def start(*, account_id: int, staff: User, reason: str) -> SupportView:
    """Begin to look at the account's pages. Raises PermissionDenied, and ValidationError where no reason is given."""
    if not may_view(staff):
        raise PermissionDenied
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": "Say why: the reason is kept with the view."})
    now = timezone.now()
    view = SupportView.objects.create(
        account_id=account_id, staff=staff, reason=reason, started_at=now, until=now + LASTS
    )
    log.info("User %s looks at account %s as its customer: %s", staff.pk, account_id, reason)
    return view


def end(*, view_id: int, ending: SupportView.Ending) -> bool:
    """End the view; says whether it was open until now. One whose time was over ended then, however it is closed."""
    now = timezone.now()
    open_views = SupportView.objects.filter(pk=view_id, ended_at=None)
    until = open_views.values_list("until", flat=True).first()
    if until is None:
        return False
    if until <= now:
        return bool(open_views.update(ended_at=until, ending=SupportView.Ending.TIME))
    return bool(open_views.update(ended_at=now, ending=ending))
