"""Asking for an export (aitelier.md, 'Receipts and audit'): the same days once at a time, and not without end."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import AuditExport, Wallet
from billing.models.export import UNFINISHED
from billing.services.doorbells import ring
from billing.services.exports.making import TASK
from organizations.models import Account

A_DAY_MAX = 10
FIRST_DAY_MIN = date(2000, 1, 1)


class ExportRefusedError(Exception):
    """Why no export is made, in words for whoever asked."""


def ask(*, wallet_id: int, first_day: date, last_day: date, user_id: int, is_staff: bool = False) -> AuditExport:
    """Have the days, both included and in the account's timezone, exported by a worker.

    While the same days are still being made, that export is returned. Raises ExportRefusedError for days that are not
    over or in no order, and for customers beyond `A_DAY_MAX` within 24 hours.
    """
    with transaction.atomic():
        # The account's row, as nothing else waits for it: two who ask at once are counted one after the other.
        account = Account.objects.select_for_update(no_key=True, of=("self",)).get(wallet=wallet_id)
        _check_days(first_day, last_day, today=timezone.now().astimezone(ZoneInfo(account.timezone)).date())
        asked = AuditExport.objects.filter(wallet_id=wallet_id)
        same = asked.filter(first_day=first_day, last_day=last_day, status__in=UNFINISHED).first()
        if same is not None:
            return same
        if not is_staff and asked.filter(requested_at__gt=timezone.now() - timedelta(days=1)).count() >= A_DAY_MAX:
            words = _("%(count)s exports were asked for within a day. Wait until tomorrow.")
            raise ExportRefusedError(words % {"count": A_DAY_MAX})
        export = AuditExport.objects.create(
            wallet=Wallet.objects.get(pk=wallet_id),
            first_day=first_day,
            last_day=last_day,
            timezone=account.timezone,
            requested_by_id=user_id,
            requested_at=timezone.now(),
        )
        ring(TASK, export.pk)
        return export


def _check_days(first_day: date, last_day: date, *, today: date) -> None:
    if first_day > last_day:
        raise ExportRefusedError(_("Before the first day. Choose a later one."))
    if last_day > today:
        raise ExportRefusedError(_("In the future. Choose a day up to today."))
    if first_day < FIRST_DAY_MIN:
        raise ExportRefusedError(_("Too long ago. Choose a later day."))
